"""Files of requirements, as pip reads them: what every step of a package is to have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kale.errors import KaleError, Location, UsageError, raise_all
from kale.printable import printable
from kale.requirement_form import requirement_form

#: No file of requirements is larger.
_MAX_BYTES = 1 << 20


def read_requirements(path: Path) -> tuple[str, ...]:
    """The requirements in a file and those it includes by ``-r``, one each, in order.

    Raises:
        KaleError: a file cannot be read, or a line is no requirement of an index (KALE420).
    """
    errors: list[KaleError] = []
    found = dict.fromkeys(_read(path, path.parent.resolve(), [], errors))
    raise_all(errors)
    return tuple(found)


def _read(path: Path, folder: Path, above: list[Path], errors: list[KaleError]) -> Iterator[str]:
    """The requirements of one file; ``above`` are those that include it, one the other."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        text, reason = "", getattr(error, "strerror", "") or "it is no text in UTF-8"
    else:
        reason = "it is larger than a megabyte" if len(text) > _MAX_BYTES else ""
    if reason:
        errors.append(_wrong(str(path), f"the requirements cannot be read: {reason}"))
        return
    for number, line in _lines(text):
        at = f"{path}:{number}"
        included = re.match(r"(?:-r\s*|--requirement(?:\s+|=))(\S.*)", line)
        if included is None:
            problem = _problem(line)
            if problem:
                errors.append(_wrong(at, problem))
            else:
                yield line if ";" in line else re.sub(r"\s+", "", line)
            continue
        other = path.parent / included[1].strip("'\"")
        if not other.resolve().is_relative_to(folder):
            errors.append(_wrong(at, "an included file has to lie in the folder of the first"))
        elif other.resolve() in (one.resolve() for one in (*above, path)):
            errors.append(_wrong(at, "a file includes itself"))
        else:
            yield from _read(other, folder, [*above, path], errors)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines as pip joins and cuts them, each with the number of its first."""
    pending, first = "", 0
    for number, line in enumerate(re.split(r"\r\n|[\r\n]", text), start=1):
        first = first or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            pending += line[:-1]
            continue
        whole = re.split(r"(?:^|(?<=\s))#", pending + line, maxsplit=1)[0].strip()
        if whole:
            yield first, whole
        pending, first = "", 0
    if pending.strip():
        yield first, pending.strip()


def _problem(line: str) -> str:
    """What is wrong with a line, without what it may keep secret; empty if nothing is."""
    if line.startswith("-"):
        option = re.split(r"[\s=]", line, maxsplit=1)[0]
        return f"`{printable(option)}` is an option, and a package takes none from a file"
    if " --" in line:
        return "a requirement with options, such as hashes, cannot be handed to a pod"
    if "://" in line or re.search(r"\s@\s|^[./~]|/", line):
        return "an address or a path is no package of an index"
    # pip puts variables of the environment in place of `${NAME}`, and Argo those of braces.
    if not requirement_form(line)[0] or re.search(r"[{}$]", line):
        return f"`{printable(line[:80])}` is no requirement"
    return ""


def _wrong(where: str, problem: str) -> KaleError:
    return UsageError(
        "KALE420",
        problem,
        at=Location(where),
        hint="write requirements such as numpy==2.1.0, one a line, without hashes; say where"
        " packages are with --index-url, and credentials with --index-secret",
    )
