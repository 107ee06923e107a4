"""Each step of a notebook as a function: its name, what it is given, its body, what it returns."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import symtable
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from kale.conversion.options_text import call
from kale.conversion.plain_code import cannot, check_body, plain_code
from kale.dataclass import dataclass
from kale.errors import KaleError
from kale.ir import (
    METRICS_STEP,
    AnalyzedPipeline,
    InputKind,
    Loop,
    Reason,
    Source,
    Step,
    StepSummary,
)
from kale.nbparser.loop_names import target_names
from kale.nbparser.scripts import bound_by
from kale.nbparser.syntax import parse_quietly

_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(slots=True)
class StepFunction:
    """A step on its way to a function.

    ``reads`` are names that the code reads before it binds them, in their order; ``binds`` those
    that it may bind and ``certain`` those that it surely does; ``changes`` those whose objects it
    surely changes in place. ``head`` is code of other steps that it needs. ``token`` is a value
    that only says that the step is done. ``arguments``, ``results`` and ``appends``, pairs of
    a loop and a name of which the loop keeps a list, are filled in when the steps are put together.
    """

    step: Step
    name: str
    reads: tuple[str, ...]
    binds: frozenset[str]
    certain: frozenset[str]
    changes: frozenset[str]
    pieces: list[str]
    head: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    appends: list[tuple[str, str]] = field(default_factory=list)
    token: str = ""


def top_level_names(sources: Iterable[Source]) -> set[str]:
    """The names that cells bind at their top level."""
    trees = [parse_quietly(source.python) for source in sources]
    return {n for tree in trees if tree for one in tree.body for n in bound_by(one)}


def global_reads(code: str) -> set[str]:
    """The names that code looks up among its module's variables, in functions and outside."""
    table = symtable.symtable(code, "<cell>", "exec")
    found: set[str] = set()
    waiting = [table]
    while waiting:
        one = waiting.pop()
        waiting += one.get_children()
        found.update(
            symbol.get_name()
            for symbol in one.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or one is table)
        )
    return found


def identifier(text: str, taken: set[str]) -> str:
    """A function's name made of another one, which is ``taken`` then."""
    name = re.sub(r"\W", "_", text)
    if not name.isidentifier():
        name = f"step_{name}"
    while name in taken or keyword.iskeyword(name):
        name += "_step"
    taken.add(name)
    return name


def shared_definitions(analyzed: AnalyzedPipeline, known: set[str]) -> dict[str, str]:
    """Code of steps that others need and that can stand at the top of a file, by its name.

    ``known`` are the names that the file's top has; they become more.
    """
    wanted = {name for summary in analyzed.summaries for name in top_level_names(summary.carried)}
    found: dict[str, str] = {}
    times: dict[str, int] = {}
    for source in _sources(analyzed):
        tree = parse_quietly(source.python)
        for one in tree.body if tree else ():
            for name in bound_by(one):
                times[name] = times.get(name, 0) + 1
            if not isinstance(one, _CODE):
                continue
            names = [*bound_by(one)]
            text = _text(source.python, one)
            free = global_reads(text) - known - {*names} - {*dir(builtins)}
            if text and wanted.issuperset(names) and names and not free:
                known.update(names)
                found.update(dict.fromkeys(names, text))
    return {name: text for name, text in found.items() if times[name] == 1}


def _sources(analyzed: AnalyzedPipeline) -> Iterator[Source]:
    for step in analyzed.pipeline.steps:
        yield from step.sources


def _text(code: str, one: ast.stmt) -> str:
    """The lines of a statement with its decorators; empty where it shares a line with others."""
    first = min([one.lineno, *(d.lineno for d in getattr(one, "decorator_list", ()))])
    text = "\n".join(code.split("\n")[first - 1 : one.end_lineno])
    tree = parse_quietly(text)
    return text if tree is not None and len(tree.body) == 1 else ""


def without(code: str, names: Collection[str]) -> str:
    """Code without the definitions of ``names``, which stand in other places."""
    tree = parse_quietly(code)
    lines = code.split("\n")
    for one in reversed(tree.body if tree else []):
        if isinstance(one, _CODE) and all(name in names for name in bound_by(one)):
            first = min([one.lineno, *(d.lineno for d in getattr(one, "decorator_list", ()))])
            del lines[first - 1 : one.end_lineno]
    return "\n".join(lines).strip("\n")


def lent_functions(analyzed: AnalyzedPipeline) -> dict[str, set[str]]:
    """The functions that steps define and only other steps use, by the step's name."""
    wanted = {name for one in analyzed.summaries for name in top_level_names(one.carried)}
    found: dict[str, set[str]] = {}
    for step in analyzed.pipeline.steps:
        trees = [parse_quietly(source.python) for source in step.sources]
        body = [one for tree in trees if tree for one in tree.body]
        own = {one.name for one in body if isinstance(one, ast.FunctionDef)} & wanted
        used = {
            node.id
            for one in body
            for node in ast.walk(one)
            if isinstance(node, ast.Name) and getattr(one, "name", "") != node.id
        }
        saved = {wire.name for wire in analyzed.wires if step.name in wire.producers}
        found[step.name] = own - used - saved
    return found


def step_function(
    step: Step,
    summary: StepSummary,
    name: str,
    shared: Collection[str],
    lent: Collection[str],
    notes: Mapping[int, str],
    errors: list[KaleError],
) -> StepFunction:
    """A step as a function whose arguments and results nobody has found yet.

    Definitions of ``shared`` stand at the top of the file, those of ``lent`` in other steps.
    ``notes`` are comments that belong before a cell, by its number. Errors: KALE780.
    """
    pieces: list[str] = []
    for number, source in enumerate(step.sources):
        code = plain_code(source, errors)
        check_body(code, source.at, errors)
        code = without(code, {*shared, *lent})
        note = notes.get(source.at.cell or 0) if number else None
        pieces += [part for part in (note, code) if part]
    head: list[str] = []
    for source in summary.carried:
        if top_level_names([source]).issubset(shared):
            continue
        tree = parse_quietly(source.python)
        if any(isinstance(one, ast.ClassDef) for one in (tree.body if tree else ())):
            errors.append(
                cannot(
                    f"the class that step `{step.name}` takes over from another step reads"
                    " variables of that step",
                    source.at,
                    "move the class to a cell tagged `functions`",
                )
            )
        head.append(plain_code(source, errors))
    text = " ".join([*(source.python for source in step.sources), *head])
    words = {*re.findall(r"\w+", text)}
    # Code is there; and what only shares an object with a name that is read is the same object.
    others = {
        one.name
        for one in summary.inputs
        if one.kind is InputKind.CODE or one.reason not in {Reason.READ, Reason.CODE}
    }
    binds = top_level_names(step.sources)
    # An item is a loop's own: nothing outside sees what becomes of it.
    loops = [one for one in step.within if isinstance(one, Loop)]
    items = {name for loop in loops for name in target_names(loop.target)}
    return StepFunction(
        step,
        name,
        tuple(n for n in summary.uses if n in words and n not in others),
        frozenset(binds.difference(shared, lent)),
        frozenset(summary.certain & binds),
        frozenset((summary.mutations.keys() & summary.certain) - items),
        pieces,
        head,
    )


def function_text(function: StepFunction, extra: Sequence[str], body: str) -> str:
    """The function's text, without decorator: ``body`` moved in, ``extra`` lines at its end."""
    lines = [*call(f"def {function.name}", function.arguments).split("\n"), body]
    lines[-2] += ":"
    lines += [f"    {line}" for line in extra]
    tree = parse_quietly(textwrap.dedent(body))
    if function.results:
        lines.append(f"    return {', '.join(function.results)}")
    elif not extra and tree is not None and not tree.body:
        lines.append("    pass")
    return "\n".join(line for line in lines if line)


def is_metrics(step: Step) -> bool:
    """Whether a step was made of the metrics alone."""
    return step.name == METRICS_STEP
