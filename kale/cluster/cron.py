"""Crontab's five fields as the six that Kubeflow Pipelines takes, or the reason why not.

Kubeflow Pipelines reads schedules by version 1.2 of the Go package `cron`: seconds come first,
Sunday is 0 and never 7, and five fields would silently be taken for seconds to months. As in
crontab, a run is due on either day if both day fields say one.
"""

from __future__ import annotations

import re
from calendar import monthrange

from kale.dataclass import dataclass
from kale.errors import UsageError
from kale.printable import printable

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()

#: What stands for five fields.
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: what it may hold, and names for some of that."""

    title: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, ("", *_MONTHS)),
    # Crontab's Sunday is 0 or 7.
    _Field("day of the week", 0, 7, tuple(_DAYS)),
)


def kfp_cron(text: str) -> str:
    """Six fields for Kubeflow Pipelines, of crontab's five or a nickname such as ``@daily``.

    Raises:
        UsageError: it is neither, or no day ever is as it says (KALE610).
    """
    words = text.split()
    if len(words) == 1 and words[0].startswith("@"):
        words = _NICKNAMES.get(words[0].lower(), "").split()
        if not words:
            known = ", ".join(_NICKNAMES)
            raise _refused(text, "there is no such nickname", f"there are {known}")
    if len(text) > _LONGEST:
        raise _refused(text[:_LONGEST] + "…", "it is too long")
    if len(words) == 6:
        raise _refused(
            text, "it has six fields", "leave out the seconds, or the year: crontab has five fields"
        )
    if len(words) != 5:
        raise _refused(text, f"it has {len(words)} fields where crontab has five")
    minute, hour, day, month, weekday = (
        _converted(text, field, word) for field, word in zip(_FIELDS, words, strict=True)
    )
    if weekday.startswith("*") and not _some_day(day, month):
        raise _refused(text, "none of its months has such a day")
    return f"0 {minute} {hour} {day} {month} {weekday}"


def _converted(text: str, field: _Field, word: str) -> str:
    if word == "?" and field.title.startswith("day"):
        return "*"
    items = [_item(text, field, item) for item in word.split(",")]
    if len(items) > 1 and any(item.startswith("*") for item in items):
        raise _refused(text, f"`*` in a list says nothing, in its {field.title} `{word}`")
    return ",".join(dict.fromkeys(items))


def _item(text: str, field: _Field, item: str) -> str:
    """A number, a range or a star, each with or without a step."""
    found = re.fullmatch(r"(\*|(\w+)(?:-(\w+))?)(?:/(\w+))?", item, re.ASCII)
    if found is None:
        raise _refused(text, f"its {field.title} cannot be `{item}`", _sample(field))
    span, low, high, step = found.groups()
    if step is not None:
        _checked_step(text, field, step)
    if span == "*":
        return item
    first = _number(text, field, low)
    if high is None:
        if step is not None:
            raise _refused(
                text,
                f"not every cron understands `{item}` in the same way, in its {field.title}",
                f"write the range: {first}-{field.most if field.most != 7 else 6}/{step}",
            )
        return str(first % 7 if field.most == 7 else first)
    last = _number(text, field, high)
    if field.most == 7 and last == 0 < first:
        last = 7
    if last < first:
        raise _refused(
            text, f"the range `{item}` goes backwards, in its {field.title}", "write both parts"
        )
    return _week(first, last, step) if field.most == 7 else _spelled(first, last, step)


def _week(first: int, last: int, step: str | None) -> str:
    """A range of days of the week, in which Sunday is 0 also when it comes last."""
    if last < 7:
        return _spelled(first, last, step)
    days = {day % 7 for day in range(first, last + 1, int(step or 1))}
    return "0-6" if len(days) == 7 else ",".join(map(str, sorted(days)))


def _spelled(first: int, last: int, step: str | None) -> str:
    text = str(first) if first == last else f"{first}-{last}"
    return text if step is None or first == last else f"{text}/{int(step)}"


def _number(text: str, field: _Field, word: str) -> int:
    if word.lower() in field.names:
        return field.names.index(word.lower())
    if not _is_within(word, field.least, field.most):
        raise _refused(text, f"its {field.title} cannot be `{word}`", _sample(field))
    return int(word)


def _checked_step(text: str, field: _Field, step: str) -> None:
    widest = field.most - field.least + 1
    if not _is_within(step, 1, widest):
        raise _refused(
            text, f"the step `{step}` of its {field.title} is none", f"steps are 1 to {widest}"
        )


def _is_within(word: str, least: int, most: int) -> bool:
    """Whether a word is a number from ``least`` to ``most``; :data:`_LONGEST` bounds its digits."""
    return word.isdecimal() and least <= int(word) <= most


def _some_day(days: str, months: str) -> bool:
    """Whether one of the months has one of the days; of a leap year, whose February has most."""
    lengths = [monthrange(2024, month)[1] for month in _members(months, 1, 12)]
    return min(_members(days, 1, 31)) <= max(lengths)


def _members(text: str, least: int, most: int) -> set[int]:
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        low, _, high = (f"{least}-{most}" if span == "*" else span).partition("-")
        found |= {*range(int(low), int(high or low) + 1, int(step or 1))}
    return found


def _sample(field: _Field) -> str:
    names = [name for name in field.names if name]
    named = f", or {names[0]} to {names[-1]}" if names else ""
    return f"it is {field.least} to {field.most}{named}, `*`, a range, or a list with commas"


def _refused(text: str, why: str, hint: str = "") -> UsageError:
    return UsageError(
        "KALE610",
        f"the schedule `{printable(text)}` cannot be used: {printable(why)}",
        hint=hint or "write minute, hour, day, month and day of the week: '30 6 * * 1-5'",
    )
