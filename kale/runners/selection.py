"""Which steps a run is to bring about, and which of them run whatever is known: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kale.diagnostics import nearest
from kale.errors import KaleError, UsageError, raise_all
from kale.ir import Plan
from kale.runners.options import RunOptions

#: How the reason of a step begins that an option left out.
NOT_ASKED_FOR = "not asked for"

#: How many steps an error names when none is spelled like the one given.
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Selection:
    """The steps of a run.

    ``run`` are those to bring about, by running them or from an earlier run. ``asked`` has those
    that run in any case, and by which words of the user's. ``until`` and ``only`` are as in
    :class:`RunOptions`.
    """

    run: frozenset[str]
    asked: Mapping[str, str]
    until: frozenset[str] = frozenset()
    only: str | None = None

    @property
    def force(self) -> frozenset[str]:
        """The steps that run although their results may be known."""
        return frozenset(self.asked)

    def left_out(self, step: str) -> str:
        """Why a step is not in the run; empty if it is."""
        if step in self.run:
            return ""
        if self.only is not None:
            return f"{NOT_ASKED_FOR}: `--only {self.only}`"
        named = " ".join(f"--until {name}" for name in sorted(self.until))
        return f"{NOT_ASKED_FOR}: `{named}` does not need it"


def select(plan: Plan, options: RunOptions) -> Selection:
    """The steps that ``options`` ask for.

    ``until`` keeps these steps and all that they wait for; ``start`` has these and all that
    waits for them run again, as far as they are kept; ``only`` is one step alone.

    Raises:
        UsageError: a step does not exist, or two options contradict each other (KALE509).
        RefusedError: several of these.
    """
    names = [task.name for task in plan.tasks]
    _check_names(names, options)
    if options.only is not None:
        _check_alone(options)
        only = frozenset([options.only])
        return Selection(only, {options.only: "asked to by --only"}, only=options.only)
    kept = _with_ancestors(plan, options.until) if options.until else frozenset(names)
    _check_kept(kept, options)
    asked = {
        step: _asked_by_start(step, options.start)
        for step in _with_descendants(plan, options.start)
        if step in kept
    }
    asked |= dict.fromkeys(sorted(options.refresh), "asked to by --refresh")
    return Selection(kept, asked, options.until)


def _asked_by_start(step: str, start: frozenset[str]) -> str:
    if step in start:
        return "asked to by --from"
    return f"asked to by {' '.join(f'--from {name}' for name in sorted(start))}"


def _with_ancestors(plan: Plan, steps: frozenset[str]) -> frozenset[str]:
    found = set(steps)
    for task in reversed(plan.tasks):
        if task.name in found:
            found.update(task.after)
    return frozenset(found)


def _with_descendants(plan: Plan, steps: frozenset[str]) -> frozenset[str]:
    found = set(steps)
    for task in plan.tasks:
        if not found.isdisjoint(task.after):
            found.add(task.name)
    return frozenset(found)


# ---------------------------------------------------------------------------- refusals


def _given(options: RunOptions) -> dict[str, Iterable[str]]:
    """The steps named, by the option that names them."""
    return {
        "--from": sorted(options.start),
        "--until": sorted(options.until),
        "--only": [] if options.only is None else [options.only],
        "--refresh": sorted(options.refresh),
    }


def _check_names(names: list[str], options: RunOptions) -> None:
    known = frozenset(names)
    raise_all(
        _unknown(option, step, names)
        for option, steps in _given(options).items()
        for step in steps
        if step not in known
    )


def _unknown(option: str, step: str, names: list[str]) -> KaleError:
    close = nearest(step, names)
    if step.partition(".")[0] in names:
        hint = f"name `{step.partition('.')[0]}`, which means all items of its loop"
    elif close:
        hint = f"did you mean `{close}`?"
    else:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        hint = "it has " + ", ".join(f"`{name}`" for name in names[:_SHOWN]) + more
    return UsageError("KALE509", f"`{option} {step}`: the notebook has no such step", hint=hint)


def _check_alone(options: RunOptions) -> None:
    """See that nothing is asked of other steps than the only one."""
    raise_all(
        UsageError(
            "KALE509",
            f"`--only {options.only}` runs one step, so `{option} {step}` means nothing beside it",
            hint="leave one of the two out",
        )
        for option, steps in _given(options).items()
        for step in steps
        if option in {"--from", "--until"} or step != options.only
    )


def _check_kept(kept: frozenset[str], options: RunOptions) -> None:
    """See that the steps to run again are among those that the run is about."""
    until = " ".join(f"--until {name}" for name in sorted(options.until))
    raise_all(
        UsageError(
            "KALE509",
            f"`{until}` leaves out step `{step}`, which `{option}` asks for",
            hint="leave one of the two out, or name a later step after `--until`",
        )
        for option, steps in (("--from", options.start), ("--refresh", options.refresh))
        for step in sorted(steps - kept)
    )
