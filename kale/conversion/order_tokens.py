"""Order that no value makes: a script's steps wait for each other's results alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kale.conversion.plain_code import cannot
from kale.conversion.program import free_name
from kale.conversion.step_functions import StepFunction, global_reads
from kale.errors import KaleError
from kale.ir import Branch, Step


def keep_order(
    functions: Sequence[StepFunction],
    deciders: Mapping[str, Step],
    taken: set[str],
    errors: list[KaleError],
) -> None:
    """Let a value travel wherever a step runs after another for no value's sake.

    ``deciders`` are the steps that Kale made, by name; ``taken`` the names that are no more free.
    Errors: KALE780, a step runs after one that stands below it.
    """
    by_name = {function.step.name: function for function in functions}
    before: dict[str, set[str]] = {}
    last: dict[str, set[str]] = {}
    for function in functions:
        reads = {*function.reads, *_decided_by(function.step, deciders)}
        data = {name for read in reads for name in last.get(read, ())}
        known = {*data, *(far for near in data for far in before[near])}
        for name in function.step.after:
            if name in known or name in deciders:
                continue
            if name not in before:
                errors.append(
                    cannot(
                        f"step `{function.step.name}` runs after `{name}`, which stands below it",
                        function.step.at,
                        "put the cells into the order in which the steps run",
                    )
                )
                continue
            if _may_not_run(by_name[name].step, function.step):
                errors.append(
                    cannot(
                        f"step `{function.step.name}` runs after `{name}`, which may not run, and"
                        " reads nothing of it",
                        function.step.at,
                        f"read a value of it, or remove `prev:{name}`",
                    )
                )
                continue
            _token(by_name[name], function, taken)
            known |= {name, *before[name]}
        before[function.step.name] = known
        conditional = any(isinstance(one, Branch) for one in function.step.within)
        for name in function.binds:
            last[name] = {function.step.name, *(last.get(name, ()) if conditional else ())}
        for name in function.changes:
            last.setdefault(name, set()).add(function.step.name)


def _may_not_run(first: Step, second: Step) -> bool:
    """Whether a step stands in a branch that another does not, outside of any loop of its own."""
    around = {context.key for context in second.within}
    own = [context for context in first.within if context.key not in around]
    return bool(own) and isinstance(own[0], Branch)


def _token(first: StepFunction, second: StepFunction, taken: set[str]) -> None:
    """Let ``first`` return that it is done, and ``second`` be given it."""
    if not first.token:
        first.token = free_name(f"{first.name}_done", taken)
        first.pieces.append(f"{first.token} = True")
        first.binds |= {first.token}
        first.certain |= {first.token}
    second.reads = (*second.reads, first.token)


def _decided_by(step: Step, deciders: Mapping[str, Step]) -> set[str]:
    """The names that decide how often a step runs."""
    names = {getattr(context, "decider", "") for context in step.within}
    sources = [source for name in names & deciders.keys() for source in deciders[name].sources]
    return {name for source in sources for name in global_reads(source.python)}
