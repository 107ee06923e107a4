"""Write bike_rentals.csv: one synthetic year of a city's bike hire, with the dirt of a real export.

Run `python make_bike_rentals.py` to make the file anew, byte for byte.
"""

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

FIRST_DAY = date(2023, 1, 1)
HOLIDAYS = {(1, 1), (4, 7), (4, 10), (5, 1), (5, 18), (5, 29), (10, 3), (12, 25), (12, 26)}
WEEKDAY_FACTOR = [0.98, 1.03, 1.06, 1.05, 1.08, 0.86, 0.74]
WEATHER_FACTOR = {"clear": 1.0, "cloudy": 0.9, "rain": 0.58, "snow": 0.3}
SPELLINGS = {
    "clear": ["clear"] * 8 + ["Clear", "CLEAR", "clear ", "sunny"],
    "cloudy": ["cloudy"] * 8 + ["Cloudy", " cloudy", "overcast"],
    "rain": ["rain"] * 8 + ["Rain", "RAIN", "rainy"],
    "snow": ["snow"] * 4 + ["Snow", "snow "],
}


def weather_of(temperature: float, draw: random.Random) -> str:
    """One of the keys of WEATHER_FACTOR; rain near the freezing point is snow."""
    sky = draw.choices(["clear", "cloudy", "rain"], weights=[45, 33, 22])[0]
    return "snow" if sky == "rain" and temperature < 1.0 else sky


def thousands(count: int, draw: random.Random) -> str:
    """The count as text, now and then with a thousands separator."""
    return f"{count:,}" if draw.random() < 0.15 else str(count)


def rows(draw: random.Random) -> list[list[str]]:
    """The year's rows as text, in order of date; a few of them twice."""
    table, anomaly = [], 0.0
    for n in range(365):
        day = FIRST_DAY + timedelta(days=n)
        anomaly = 0.75 * anomaly + draw.gauss(0, 1.9)
        temperature = 10.5 - 10 * math.cos(2 * math.pi * (n - 19) / 365) + anomaly
        wind = max(2.0, draw.gauss(14, 6))
        weather = weather_of(temperature, draw)
        holiday = (day.month, day.day) in HOLIDAYS
        expected = (
            (420 + 62 * max(temperature, -3) - 0.9 * max(temperature - 24, 0) ** 2)
            * WEEKDAY_FACTOR[day.weekday()]
            * WEATHER_FACTOR[weather]
            * (0.7 if holiday else 1.0)
            * (1 - 0.006 * max(wind - 10, 0))
        )
        rentals = max(12, round(expected * draw.gauss(1, 0.07)))
        table.append(
            [
                day.strftime("%d.%m.%Y") if draw.random() < 0.2 else day.isoformat(),
                "" if draw.random() < 0.03 else draw.choice(SPELLINGS[weather]),
                dirty_number(temperature, draw, missing=["", "n/a", "-99"]),
                dirty_number(wind, draw, missing=["", "n/a"]),
                draw.choice(["yes", "Yes", "Y"] if holiday else ["no"] * 9 + ["No", "N", ""]),
                "" if draw.random() < 0.015 else thousands(rentals, draw),
            ]
        )
    for n in sorted(draw.sample(range(len(table)), 7), reverse=True):
        table.insert(n, list(table[n]))  # the export sometimes sends a day twice
    return table


def dirty_number(value: float, draw: random.Random, missing: list[str]) -> str:
    """The value with one decimal, or now and then one of the spellings of "missing"."""
    return draw.choice(missing) if draw.random() < 0.035 else f"{value:.1f}"


if __name__ == "__main__":
    target = Path(__file__).parent / "bike_rentals.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["date", "weather", "temp_c", "wind_kmh", "holiday", "rentals"])
        writer.writerows(rows(random.Random(2023)))
