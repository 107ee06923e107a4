"""Containers of constants that are only read tie nothing and travel nowhere; all others do."""

import pytest
from pipelines import chain

from kale.static_analysis import analyze

HEAD = "from m import df, unknown\nCOLUMNS = ['a', 'b']\nNAMES = {'x': 'y'}"

READ = [
    "df[COLUMNS]",
    "df[COLUMNS] = 1",
    "y = NAMES['x']\ny = [y]",
    "y = NAMES.get('x')",
    "for one in COLUMNS: print(one)",
    "[one for one in COLUMNS if one in NAMES]",
    "y = COLUMNS + ['c']\ny.append(1)",
    "y = list(COLUMNS)\ny.append(1)",
    "y = df.x.map(NAMES)",
    "df.drop(COLUMNS)",
    "f'{COLUMNS}'",
]

CHANGED = [
    "COLUMNS.append('c')",
    "COLUMNS += ['c']",
    "NAMES['x'] = 1",
    "del NAMES['x']",
    "y = COLUMNS\ny.append('c')",
    "y = [COLUMNS]\ny[0].append('c')",
    "unknown(COLUMNS)",
    "unknown.rename(unknown(COLUMNS))",
    "def change(what): what.append('c')\nchange(COLUMNS)",
    "class Frame:\n    def drop(self, what): what.append('c')\nFrame().drop(COLUMNS)",
    "add = COLUMNS.append\nadd('c')",
    "NAMES.update(x=1)",
]


def wires(code):
    notebook = chain(("imports", HEAD), ("a", "1"), ("b", code), ("c", "print(COLUMNS, NAMES)"))
    return {w.name for w in analyze(notebook).wires} & {"COLUMNS", "NAMES"}


def test_a_table_with_a_second_name_is_no_table():
    notebook = chain(("a", "x = y = ['a']"), ("b", "x.append('b')"), ("c", "print(y)"))
    assert ("y", ("b",)) in {(w.name, w.producers) for w in analyze(notebook).wires}


@pytest.mark.parametrize("code", READ)
def test_a_table_that_is_only_read_stays_at_home(code):
    assert wires(code) == set()


@pytest.mark.parametrize("code", CHANGED)
def test_a_table_that_may_be_changed_travels(code):
    assert wires(code)
