"""Crontab's schedules as Kubeflow Pipelines takes them: exactly, or refused with the reason."""

import pytest

from kale.cluster.cron import kfp_cron
from kale.errors import UsageError

TAKEN = [
    pytest.param("* * * * *", "0 * * * * *", id="every minute"),
    pytest.param("30 6 * * 1-5", "0 30 6 * * 1-5", id="working days"),
    pytest.param("0 0 1,15 * *", "0 0 0 1,15 * *", id="a list"),
    pytest.param("*/15 * * * *", "0 */15 * * * *", id="a step"),
    pytest.param("10-50/20 8-18 * * *", "0 10-50/20 8-18 * * *", id="a range with a step"),
    pytest.param("0 9 * jan-mar MON-FRI", "0 0 9 * 1-3 1-5", id="names of months and days"),
    pytest.param("0 9 * Dec,feb Sun", "0 0 9 * 12,2 0", id="names in a list, in any case"),
    pytest.param("0 0 * * 7", "0 0 0 * * 0", id="Sunday is 7 in crontab and 0 there"),
    pytest.param("0 0 * * 5-7", "0 0 0 * * 0,5,6", id="a range that ends with Sunday"),
    pytest.param("0 0 * * fri-sun", "0 0 0 * * 0,5,6", id="such a range by names"),
    pytest.param("0 0 * * sun-tue", "0 0 0 * * 0-2", id="a range that begins with Sunday"),
    pytest.param("0 0 * * 1-7/2", "0 0 0 * * 0,1,3,5", id="a step up to Sunday"),
    pytest.param("0 0 * * 2-7/2", "0 0 0 * * 2,4,6", id="a step that leaves Sunday out"),
    pytest.param("0 0 1 * 0-7", "0 0 0 1 * 0-6", id="all days by number are not a star"),
    pytest.param("0 0 13 * 5", "0 0 0 13 * 5", id="both day fields: on either, here as there"),
    pytest.param("0 9 ? * 1", "0 0 9 * * 1", id="a question mark for any day"),
    pytest.param("  05   09 * * *  ", "0 5 9 * * *", id="blanks and leading zeros"),
    pytest.param("0 0 29 2 *", "0 0 0 29 2 *", id="a day of leap years"),
    pytest.param("0 0 31 2 1", "0 0 0 31 2 1", id="no such day, but Mondays"),
    pytest.param("0 0 31 2,3 *", "0 0 0 31 2,3 *", id="a day that one of the months has"),
    pytest.param("@daily", "0 0 0 * * *", id="daily"),
    pytest.param("@Midnight", "0 0 0 * * *", id="midnight, in any case"),
    pytest.param("@hourly", "0 0 * * * *", id="hourly"),
    pytest.param("@weekly", "0 0 0 * * 0", id="weekly"),
    pytest.param("@monthly", "0 0 0 1 * *", id="monthly"),
    pytest.param("@yearly", "0 0 0 1 1 *", id="yearly"),
]

REFUSED = [
    pytest.param("", "it has 0 fields", id="nothing"),
    pytest.param("0 9 * *", "it has 4 fields", id="a field is missing"),
    pytest.param("0 0 9 * * 1-5", "it has six fields", id="with seconds already"),
    pytest.param("0 0 9 ? * 2-6 2027", "it has 7 fields", id="with a year, too"),
    pytest.param("TZ=UTC 0 9 * * *", "it has six fields", id="a time zone"),
    pytest.param("60 * * * *", "its minute cannot be `60`", id="no such minute"),
    pytest.param("0 24 * * *", "its hour cannot be `24`", id="no such hour"),
    pytest.param("0 0 0 * *", "its day of the month cannot be `0`", id="no such day"),
    pytest.param("0 0 * 13 *", "its month cannot be `13`", id="no such month"),
    pytest.param("0 0 * * 8", "its day of the week cannot be `8`", id="no such weekday"),
    pytest.param("0 0 * * funday", "its day of the week cannot be `funday`", id="no such name"),
    pytest.param("0 0 * 99999999999999999999 *", "its month cannot be", id="a huge number"),
    pytest.param("-5 * * * *", "its minute cannot be `-5`", id="a negative number"),
    pytest.param("000000000999 * * * *", "its minute cannot be", id="behind many zeros"),
    pytest.param("0-59/000000001999 * * * *", "the step", id="such a step"),
    pytest.param("٣ * * * *", "its minute cannot be `٣`", id="digits of another script"),
    pytest.param("0 0 L * *", "its day of the month cannot be `L`", id="the last day"),
    pytest.param("0 0 * * 5#2", "its day of the week cannot be `5#2`", id="the second Friday"),
    pytest.param("0 0 15W * *", "its day of the month cannot be `15W`", id="the nearest weekday"),
    pytest.param("H * * * *", "its minute cannot be `H`", id="a hash of Jenkins"),
    pytest.param("? * * * *", "its minute cannot be `?`", id="a question mark for a minute"),
    pytest.param("30-10 * * * *", "goes backwards", id="a range backwards"),
    pytest.param("0 0 * * 5-1", "goes backwards", id="a range over the weekend"),
    pytest.param("5/15 * * * *", "not every cron understands", id="a step without a range"),
    pytest.param("*/0 * * * *", "the step `0` of its minute is none", id="a step of zero"),
    pytest.param("*/61 * * * *", "the step `61` of its minute is none", id="a step too wide"),
    pytest.param("*,5 * * * *", "`*` in a list says nothing", id="a star in a list"),
    pytest.param("1,,2 * * * *", "its minute cannot be ``", id="an empty item"),
    pytest.param("0 0 30 2 *", "none of its months has such a day", id="the 30th of February"),
    pytest.param("0 0 31 4,6,9,11 *", "none of its months has such a day", id="the 31st of short ones"),
    pytest.param("0 0 31 2 */2", "none of its months has such a day", id="a starred weekday beside it"),
    pytest.param("@reboot", "there is no such nickname", id="when a machine starts"),
    pytest.param("@every 1h", "it has 2 fields", id="an interval"),
    pytest.param("0 0 * * \x1b[31m", r"cannot be `\x1b[31m`", id="escapes of a terminal"),
    pytest.param("* " * 200, "it is too long", id="a very long text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TAKEN)
def test_taken(text, expected):
    assert kfp_cron(text) == expected


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_refused(text, why):
    with pytest.raises(UsageError) as refused:
        kfp_cron(text)
    assert why in refused.value.message
    assert "\x1b" not in refused.value.message
    assert refused.value.code == "KALE610"
    assert refused.value.hint


def due(fields, date, *, sunday_is_seven):
    """Whether five fields are due on a day, read the slow way: each value of each item."""

    def members(text, least, most):
        found = set()
        for item in text.split(","):
            span, _, step = item.partition("/")
            low, _, high = (f"{least}-{most}" if span == "*" else span).partition("-")
            found |= {*range(int(low), int(high or low) + 1, int(step or 1))}
        return found

    _, _, day, month, weekday = fields
    week = members(weekday, 0, 7 if sunday_is_seven else 6)
    on_day = date.day in members(day, 1, 31)
    on_weekday = (
        bool({date.isoweekday() % 7, date.isoweekday()} & week)
        if sunday_is_seven
        else (date.isoweekday() % 7 in week)
    )
    starred = day.startswith("*") or weekday.startswith("*")
    either = (on_day and on_weekday) if starred else (on_day or on_weekday)
    return date.month in members(month, 1, 12) and either


@pytest.mark.parametrize("day", ["*", "1", "*/2", "1-7", "13,27"])
@pytest.mark.parametrize("weekday", ["*", "0", "7", "5-7", "0-7", "*/2", "1-7/3", "2,7", "7-7"])
def test_due_on_the_same_days(day, weekday):
    from datetime import date, timedelta

    ours = f"0 0 {day} * {weekday}".split()
    theirs = kfp_cron(" ".join(ours)).split()[1:]
    days = [date(2027, 1, 1) + timedelta(days=number) for number in range(366)]
    assert [due(ours, each, sunday_is_seven=True) for each in days] == [
        due(theirs, each, sunday_is_seven=False) for each in days
    ]
