"""What an image installs: the requirements of all steps, and the versions of what these need."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kale.environment.distributions import InstalledModules, project
from kale.errors import KaleError, PackageError, raise_all
from kale.ir import Environment, Plan

#: What a pod installs where its image has none: what runs notebooks, and what saves values.
POD_NEEDS = "papermill==2.7.0", "ipykernel==7.4.0", "cloudpickle==3.1.2"


def requirement_lines(
    plan: Plan, environment: Environment, installed: InstalledModules
) -> tuple[str, ...]:
    """The requirements of all steps, one each and sorted, and those of every pod.

    A bare name gets the version that is installed here.

    Raises:
        PackageError: two steps want different versions, or a requirement cannot stand in a file
            of requirements (KALE432).
    """
    asked: dict[str, dict[str, str]] = {}  # project -> requirement -> the first step that asks
    errors: list[KaleError] = []
    for task in plan.tasks:
        given = (task.options.packages, environment.required, environment.if_missing)
        words = (*given[0], *given[1].get(task.name, ()), *given[2].get(task.name, ()))
        for word in words:
            if re.match(r"\s*-", word) or re.search(r"[\x00-\x1f]|\$\{|\\\s*$", word):
                errors.append(_no_line(word, task.name, plan))
            asked.setdefault(project(word), {}).setdefault(_pinned(word, installed), task.name)
    for word in POD_NEEDS:
        asked.setdefault(project(word), {word: ""})
    for steps in asked.values():
        exact = [word for word in steps if _version(word)]
        if len({_version(word) for word in exact}) > 1:
            errors.append(_two_versions(exact[:2], steps, plan))
    raise_all(errors)
    return tuple(word for name in sorted(asked) for word in sorted(asked[name]))


def constraint_lines(requirements: Iterable[str], installed: InstalledModules) -> tuple[str, ...]:
    """The versions, as they are here, of all that the requirements need in turn; sorted.

    A constraint installs nothing; so that what is wanted elsewhere only does no harm. What is
    here in another version than the one required says nothing of what that one needs.
    """
    from importlib.metadata import PackageNotFoundError, requires

    known = {project(word) for word in requirements}
    waiting = [word for word in requirements if word not in POD_NEEDS]
    found: dict[str, str] = {}
    while waiting:
        word = waiting.pop()
        one = installed.distribution(project(word))
        if one is None or _version(word) != one.version.partition("+")[0]:
            continue
        try:
            needed = requires(one.name) or []
        except PackageNotFoundError:
            continue
        for name in {project(line) for line in needed if "extra ==" not in line} - known:
            other = installed.distribution(name)
            known.add(name)
            if other is not None and not other.origin:
                found[name] = f"{name}=={other.version.partition('+')[0]}"
                waiting.append(found[name])
    return tuple(found[name] for name in sorted(found))


def _pinned(word: str, installed: InstalledModules) -> str:
    match = re.fullmatch(r"([\w.-]+(?:\[[^\]]*\])?)(\s*;.*)?", word)
    one = installed.distribution(project(word)) if match else None
    if match is None or one is None or one.origin:
        return word
    return f"{match[1]}=={one.version.partition('+')[0]}{match[2] or ''}"


def _version(word: str) -> str:
    """The one version that a requirement allows; empty if there are others."""
    match = re.fullmatch(r"[\w.-]+\s*(?:\[[^\]]*\])?\s*\(?===?\s*([^\s,;*()]+)\)?\s*", word)
    return match[1] if match else ""


def _two_versions(words: list[str], steps: dict[str, str], plan: Plan) -> PackageError:
    first, second = ((word, plan.pipeline.step(steps[word]).at) for word in words)
    return PackageError(
        "KALE432",
        f"no one image holds both `{first[0]}` ({first[1]}) and `{second[0]}` ({second[1]})",
        at=second[1],
        hint="name the same version in the `packages:` tags of both steps, or compile without"
        " this image, so that each pod installs its own",
    )


def _no_line(word: str, step: str, plan: Plan) -> PackageError:
    return PackageError(
        "KALE432",
        f"{word!r} cannot stand in a file of requirements",
        at=plan.pipeline.step(step).at,
        hint="write a name and a version, such as `numpy==2.1.0`",
    )
