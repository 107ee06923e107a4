"""Lines of a cell that install packages: ``%pip install a==1``, ``!pip install a`` and their like.

What they ask for is installed before the step starts, as by a ``packages:`` tag, so a pod need
not run the line again. A line that asks for more than requirements is left to run as written.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from kale.dataclass import dataclass
from kale.nbparser.syntax import parse_quietly

#: What may run pip; ``{sys.executable}`` is the notebook's own Python.
_PYTHON = re.compile(r"(?:\S*/)?python[\d.]*|\{sys\.executable\}|\$sys\.executable")
_PIP = re.compile(r"(?:\S*/)?pip[\d.]*")

#: Options that say how to install and not what, and whether a value follows.
_DROPPED = {
    **dict.fromkeys(
        "-q -qq -qqq -v -vv -vvv -y -U -I --quiet --verbose --yes --upgrade --no-cache-dir --user"
        " --no-cache --disable-pip-version-check --force-reinstall --ignore-installed --no-input"
        " --break-system-packages --no-warn-script-location --no-warn-conflicts --no-color"
        " --system --no-python-version-warning --use-feature=2020-resolver --reinstall".split(),
        False,
    ),
    **dict.fromkeys(
        "--progress-bar --root-user-action --timeout --default-timeout --retries --log"
        " --upgrade-strategy --exists-action".split(),
        True,
    ),
}

#: Those of one letter that take no value, together: ``-Uqq``.
_TOGETHER = re.compile(r"-[qvyUI]+")

_VERSION = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+"
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\s*(?:\[[\w\s,.-]*\])?"
    rf"\s*(?:{_VERSION}(?:\s*,\s*{_VERSION})*)?(?:\s*;\s*[^\x00-\x1f{{}}$]+)?",
    re.ASCII,
)

#: A file or folder, not a project of the package index.
_FILE = re.compile(r"(?:\.zip|\.whl|\.gz|\.bz2|\.xz|\.txt)\Z")

#: What only redirects or shortens what pip prints.
_REDIRECTION = re.compile(r"(?:\d|&)?>>?\S*")
_FILTERS = frozenset({"cat", "grep", "head", "tail", "tee"})


@dataclass(frozen=True, slots=True)
class Install:
    """A command that installs packages, from line ``first`` to line ``last`` of its cell.

    ``reason`` says what in it is no requirement; then it runs as it was written, and
    ``requirements`` is empty.
    """

    text: str
    first: int
    last: int
    requirements: tuple[str, ...] = ()
    reason: str = ""


def installs(code: str, python: str) -> tuple[Install, ...]:
    """The install commands of a cell, in order; ``python`` is ``code`` as plain Python.

    Raises nothing: what cannot be understood is no install command.
    """
    if "install" not in code:
        return ()
    tree = parse_quietly(python)
    if tree is None:
        return ()
    written = code.split("\n")
    found: dict[int, Install] = {}
    for node, value in _commands(tree):
        first = last = node.lineno
        while last < len(written) and written[last - 1].endswith("\\"):
            last += 1
        text = re.sub(r"\s*\\?\s+", " ", "\n".join(written[first - 1 : last])).strip()
        understood = _understand(value)
        if understood is None:
            continue
        requirements, reason = understood
        if not re.match(r"[%!]|(?:pip|uv|conda|mamba|micromamba)\s", text):
            requirements, reason = (), "its output is used"
        # Two commands on one line, as in `if x: !pip install a`, cannot be told apart.
        found[first] = Install(text, first, last, requirements, reason)
    return tuple(found[line] for line in sorted(found))


def _commands(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """The shell's view of each command: ``%pip install a`` is ``pip install a``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="get_ipython")),
                    attr="system" | "getoutput",
                ),
                args=[ast.Constant(value=str(text)), *_],
            ):
                yield node, text
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_line_magic"
                ),
                args=[ast.Constant(value=str(name)), ast.Constant(value=str(text)), *_],
            ):
                yield node, text if name in {"sx", "system"} else f"{name} {text}"


def _understand(command: str) -> tuple[tuple[str, ...], str] | None:
    """The requirements of a command, or why it must run; ``None`` for one that installs nothing."""
    try:
        words = _words(command)
    except ValueError:  # an open quote
        return None
    parts: list[list[str]] = [[]]
    joints: list[str] = []
    if words[-1:] == [";"]:
        del words[-1]
    for word in words:
        if word in {"&&", ";", "||", "|", "&"}:
            joints.append(word)
            parts.append([])
        else:
            parts[-1].append(word)
    arguments = [_arguments(part) for part in parts]
    if all(found is None for found in arguments):
        return None
    requirements: list[str] = []
    for joint, part, found in zip(["", *joints], parts, arguments, strict=True):
        if joint == "|" and part and part[0] in _FILTERS:
            continue
        if found is None or joint in {"||", "&"}:
            return (), "it runs other commands too"
        names, reason = _requirements(found)
        if reason:
            return (), reason
        requirements += names
    return (tuple(requirements), "") if requirements else ((), "it names no package")


def _words(command: str) -> list[str]:
    """The words as the shell splits them; ``;`` and ``&&`` are words, ``>=`` is part of one.

    Raises:
        ValueError: a quote is not closed.
    """
    spaced = re.sub(r"""("[^"]*"|'[^']*')|(\s*(?:&&|\|\||;|\|)\s*)""", _spaced, command)
    return shlex.split(spaced, comments=True)


def _spaced(match: re.Match[str]) -> str:
    return match[1] or f" {match[2].strip()} "


def _arguments(words: list[str]) -> list[str] | None:
    """What follows ``install`` if the words run pip or conda; ``conda`` itself comes first."""
    rest = list(words)
    if rest[:1] == ["sudo"]:
        del rest[0]
    if rest and _PYTHON.fullmatch(rest[0]) and rest[1:2] == ["-m"]:
        del rest[:2]
    if rest[:2] == ["uv", "pip"]:
        del rest[0]
    if rest[:2] == ["conda", "install"] or rest[:2] in (
        ["mamba", "install"],
        ["micromamba", "install"],
    ):
        return [rest[0], *rest[2:]]
    if not rest or not _PIP.fullmatch(rest[0]):
        return None
    while len(rest) > 1 and rest[1] in _DROPPED:
        del rest[1 : 3 if _DROPPED[rest[1]] else 2]
    return ["", *rest[2:]] if rest[1:2] == ["install"] else None


def _requirements(arguments: list[str]) -> tuple[list[str], str]:
    """The requirements among the arguments of ``install``, or what else is there."""
    if arguments[0]:
        return [], f"a pod has no {arguments[0]}, and its packages have other names"
    names: list[str] = []
    rest = iter(arguments[1:])
    for word in rest:
        option, equals, _ = word.partition("=")
        if _TOGETHER.fullmatch(word):
            continue
        if word in _DROPPED or (equals and _DROPPED.get(option)):
            if not equals and _DROPPED[word]:
                next(rest, None)
        elif _REDIRECTION.fullmatch(word):
            if word.endswith(">"):
                next(rest, None)
        elif word.startswith("-"):
            return [], f"a `packages:` tag cannot say `{word}`"
        elif "{" in word or "$" in word:
            return [], f"`{word}` is known only when the notebook runs"
        elif not _REQUIREMENT.fullmatch(word) or _FILE.search(word):
            return [], f"`{word}` is no package of the index"
        else:
            names.append(
                re.sub(r"\s*([<>=!~,;\[\]]+)\s*", r"\1", word) if ";" not in word else word
            )
    return names, ""
