"""What all steps of a package install, as a file that ``--requirements`` takes back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kale.diagnostics import Diagnostic, diagnose
from kale.environment.distributions import InstalledModules, project
from kale.errors import Location
from kale.ir import Environment, Plan


def lock(
    plan: Plan, environment: Environment, installed: InstalledModules
) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text of the file, the same for the same requirements, and KALE424.

    A requirement without a version gets the one that is installed here. A project of which steps
    want different versions is left to the steps, in a comment.
    """
    asked: dict[str, dict[str, list[str]]] = {}
    for task in plan.tasks:
        required = environment.required.get(task.name, ())
        wanted = environment.if_missing.get(task.name, ())
        for name, word in _of_step((*wanted, *required, *task.options.packages)).items():
            asked.setdefault(name, {}).setdefault(_pinned(word, installed), []).append(task.name)
    lines = [
        f"# What the steps of {plan.pipeline.name} install; for `kale compile --requirements`."
    ]
    found = []
    for name in sorted(asked):
        versions = asked[name]
        texts = [f"{word}  # {', '.join(steps)}" for word, steps in sorted(versions.items())]
        if len(versions) == 1:
            lines += texts
            continue
        lines += [f"# left to the steps: {text}" for text in texts]
        told = "; ".join(f"{', '.join(steps)}: {word}" for word, steps in sorted(versions.items()))
        found.append(
            diagnose(
                "KALE424",
                f"steps want different versions of {name}, and the lock leaves it to them: {told}",
                at=Location(plan.pipeline.path),
                hint="name the same version in all `packages:` tags, unless the steps differ on"
                " purpose",
            )
        )
    return "".join(f"{line}\n" for line in lines), tuple(found)


def _of_step(words: Iterable[str]) -> dict[str, str]:
    """By project what a step asks for; what says no more than a name gives way."""
    chosen: dict[str, str] = {}
    for word in words:
        if not re.fullmatch(r"[\w.-]+", word) or project(word) not in chosen:
            chosen[project(word)] = word
    return chosen


def _pinned(word: str, installed: InstalledModules) -> str:
    match = re.fullmatch(r"([\w.-]+(?:\[[^\]]*\])?)(\s*;.*)?", word)
    one = installed.distribution(project(word)) if match else None
    if match is None or one is None or one.origin:
        return word
    return f"{match[1]}=={one.version.partition('+')[0]}{match[2] or ''}"
