"""What is not the same in two keys of a step, in words: pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from kale.runners.cache.records import StepKey
from kale.runners.failures.masking import HIDDEN, names_secret
from kale.script_words import BODY, script_line

#: How many differences a sentence names, and how much it shows of a value.
_MOST = 3
_WIDEST = 40

_CELL = re.compile(r"(?:(.+), )?cell (\d+)")
_DIGEST = re.compile(r"(?:[\w.-]+:)?[0-9a-fA-F]{16,}")

#: Code that Kale puts into a step's notebook, and what it means when that is another now.
_GENERATED = {
    "load": "it loads other values",
    "save": "it saves other values",
    "record": "it reports other metrics",
    "item": "it takes another item of its loop",
    "decide": "it tells of other loops or conditions",
    "types": "it checks other types",
    "show": "it shows other values",
}

#: What a part of the engine is to somebody who wrote a notebook.
_ENGINE = {
    "python": "Python",
    "machine": "the machine",
    "kernel": "the kernel",
    "runtime": "Kale itself",
    "folder": "the notebook's folder",
    "packages": "its `packages:`",
    "pickling": "how values are pickled",
}

#: The content of what is looked for and not there.
_MISSING = (None, "missing")

Items = Mapping[str, str]

#: Says for the name of an input which step's doing it is that the value is another, or nothing.
RootOf = Callable[[str], str]


def differences(
    now: StepKey,
    before: StepKey,
    *,
    values: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
    root_of: RootOf = lambda _: "",
) -> list[str]:
    """The differences, the likeliest to be somebody's doing first; none for equal keys.

    ``values`` are those of the pipeline's parameters now and before, so far as they are known. What
    came or went along with an edit of the code is not told, for the edit tells it.
    """
    new, old = _parts(now), _parts(before)

    def each(part: str, *, tell: Callable[[str, str | None, str | None], str]) -> list[str]:
        here, there = new.get(part, {}), old.get(part, {})
        names = sorted({*here, *there})
        if cells:
            names = [name for name in names if name in here and name in there]
        found = ((name, here.get(name), there.get(name)) for name in names)
        return [tell(name, is_, was) for name, is_, was in found if is_ != was]

    def of_input(name: str, is_: str | None, was: str | None) -> str:
        text = f'its input "{name}" {_what(is_, was)}'
        root = root_of(name) if is_ is not None else ""
        return f"{text} ({root})" if root else text

    def of_parameter(name: str, is_: str | None, was: str | None) -> str:
        return _parameter(name, is_, was, values)

    code = new.get("code", {}), old.get("code", {})
    cells = code_changes(*code)
    found = [
        *cells,
        *each("parameters", tell=of_parameter),
        *each("inputs", tell=of_input),
        *each("files", tell=_file),
        *each("modules", tell=_file),
        *each("environment", tell=lambda n, i, w: f'environment variable "{n}" {_what(i, w)}'),
        *each("versions", tell=_version),
        *each("engine", tell=lambda n, i, w: _version(_ENGINE.get(n, n), i, w)),
    ]
    for part in sorted({*new, *old} - _KNOWN_PARTS):
        found += each(part, tell=lambda n, i, w: f"{n} {_what(i, w)}")
    return found or _other_code(*code)


_KNOWN_PARTS = frozenset("code parameters inputs files modules environment versions engine".split())


def sentence(found: list[str]) -> str:
    """The first of some differences in a row, and how many more there are."""
    if len(found) <= _MOST:
        return ", ".join(found)
    more = len(found) - _MOST
    return f"{', '.join(found[:_MOST])} and {more} more change{'s' if more > 1 else ''}"


def _parts(key: StepKey) -> Mapping[str, Items]:
    return key.parts


def _what(now: str | None, before: str | None) -> str:
    if before in _MISSING:
        return "is new"
    return "is gone" if now in _MISSING else "changed"


def _file(path: str, now: str | None, before: str | None) -> str:
    return f"{path} {_what(now, before)}"


def _version(name: str, now: str | None, before: str | None) -> str:
    """As in ``pandas 2.1 -> 3.1``: of longer texts, the first words, if it is they that differ."""
    if now is None or before is None or "missing" in {now, before}:
        return f"{name} {_what(now, before)}"
    new, old = now.partition(" ")[0], before.partition(" ")[0]
    if new == old or _DIGEST.fullmatch(new) or _DIGEST.fullmatch(old):
        return f"{name} changed"
    return f"{name} {_short(old)} -> {_short(new)}"


def _parameter(
    name: str,
    now: str | None,
    before: str | None,
    values: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> str:
    text = f'parameter "{name}" {_what(now, before)}'
    if now is None or before is None or not all(name in known for known in values):
        return text
    new, old = (shown_value(name, known[name]) for known in values)
    return text if new == old else f"{text} from {old} to {new}"


def shown_value(name: str, value: object) -> str:
    """A parameter's value as short JSON; a secret's stays hidden."""
    if names_secret(name) and value not in (None, ""):
        return HIDDEN
    try:
        return _short(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return _short(repr(value))


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


# -------------------------------------------------------------------------------- code


def code_changes(now: Items, before: Items) -> list[str]:
    """Which cells were edited, are new or gone, each with its number now, or else then.

    A cell that only has another number, since one was put in before it, is the same cell.
    """
    here, there = _without_common(_written(now), _written(before))
    told: dict[str, list[str]] = {"edited": [], "added": [], "removed": []}
    for role in dict.fromkeys(_role(name) for name in (*here, *there)):
        new = [name for name in here if _role(name) == role]
        old = [name for name in there if _role(name) == role]
        # The same number first, then one after the other.
        same = [name for name in new if name in old]
        new, old = ([name for name in names if name not in same] for names in (new, old))
        paired = min(len(new), len(old))
        edited = [*same, *new[:paired]]
        told["edited"] += [name for name in here if name in edited]
        told["added"] += new[paired:]
        told["removed"] += old[paired:]
    return [f"{_cells(names)} {what}" for what, names in told.items() if names]


def _written(items: Items) -> Items:
    """The cells that an author wrote; what Kale loads and saves follows from them."""
    return {name: digest for name, digest in items.items() if name not in _GENERATED}


def _other_code(now: Items, before: Items) -> list[str]:
    """What is to be told of the code when no cell was edited and nothing else is the reason."""
    found = [text for name, text in _GENERATED.items() if now.get(name) != before.get(name)]
    if not found and [*now.values()] != [*before.values()]:
        return ["its cells stand in another order"]
    return found


def _without_common(now: Items, before: Items) -> tuple[list[str], list[str]]:
    """The names of items of which the other side has none with the same role and content."""
    left: dict[tuple[str, str], list[str]] = {}
    for name, digest in before.items():
        left.setdefault((_role(name), digest), []).append(name)
    new = []
    for name, digest in now.items():
        same = left.get((_role(name), digest))
        if same:
            same.remove(name) if name in same else same.pop(0)
        else:
            new.append(name)
    gone = {name for names in left.values() for name in names}
    return new, [name for name in before if name in gone]


def _role(name: str) -> str:
    """``imports`` of ``imports, cell 1``, nothing of ``cell 3``, and any other name itself."""
    match = _CELL.fullmatch(name)
    return name if match is None else match[1] or ""


def _cells(names: list[str]) -> str:
    """``cells 7, 8 and 11``, with the role of those that are no step's own."""
    plain, told = [], []
    for name in names:
        match = _CELL.fullmatch(name)
        if match is None:
            told.append(name)
        elif int(match[2]) >= BODY:
            told.append(f"line {script_line(int(match[2]))}")
        elif match[1]:
            told.append(f"cell {match[2]} ({match[1]})")
        else:
            plain.append(match[2])
    if plain:
        told.insert(0, f"cell{'s' if len(plain) > 1 else ''} {_listed(plain)}")
    return _listed(told)


def _listed(items: list[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last
