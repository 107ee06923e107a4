"""Parameter cells: literals with their types, and every statement that is none."""

from __future__ import annotations

import pytest

STEP = ("pass", "block:a")


@pytest.fixture
def parameters(parse):
    def build(*sources):
        cells = [(source, "pipeline-parameters") for source in sources]
        return [(p.name, p.type, p.default) for p in parse(*cells, STEP).parameters]

    return build


@pytest.mark.parametrize(
    "source", ["", "# only a comment", '"""A docstring."""', "pass", "\n\n", "'a'; pass"]
)
def test_comments_and_docstrings_are_no_parameters(parameters, source):
    assert parameters(source) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", [("x", "int", 1)]),
        ("x = -1.5e3", [("x", "float", -1500.0)]),
        ("x = True", [("x", "bool", True)]),
        ("x = None", [("x", "str", None)]),
        ("x = 'a\"\\n\u2028🎉'", [("x", "str", 'a"\n\u2028🎉')]),
        ("x = '''{{$}}'''", [("x", "str", "{{$}}")]),
        ("x = 'a' 'b'", [("x", "str", "ab")]),
        ("x = [1, [None, 'a'], {}]", [("x", "list", [1, [None, "a"], {}])]),
        ("x = {'a': [1.0], 'b': {'c': True}}", [("x", "dict", {"a": [1.0], "b": {"c": True}})]),
        ("x = 0x10", [("x", "int", 16)]),
        ("x = 9007199254740993", [("x", "int", 9007199254740993)]),
        ("x: float = 1", [("x", "float", 1)]),
        ("x: int = None", [("x", "int", None)]),
        ("x: 'int' = 1", [("x", "int", 1)]),
        ("x: 'int | None' = 1", [("x", "int", 1)]),
        ("x: None | str = None", [("x", "str", None)]),
        ("x: Optional[float] = 2", [("x", "float", 2)]),
        ("x: typing.Union[int, None] = 2", [("x", "int", 2)]),
        ("x: Optional['int'] = 2", [("x", "int", 2)]),
        ("x: list[int] = []", [("x", "list", [])]),
        ("x: typing.List[str] = []", [("x", "list", [])]),
        ("x: Dict[str, int] = {}", [("x", "dict", {})]),
        ("a = b = 1", [("a", "int", 1), ("b", "int", 1)]),
        ("a, b = 1, 'x'", [("a", "int", 1), ("b", "str", "x")]),
        ("[a, (b, c)] = 1, [2, 3]", [("a", "int", 1), ("b", "int", 2), ("c", "int", 3)]),
        ("a = 1; b = 2;", [("a", "int", 1), ("b", "int", 2)]),
        ("  a = 1", [("a", "int", 1)]),
        ("é = 1", [("é", "int", 1)]),
        ("a = 1\r\nb = 2\r\n", [("a", "int", 1), ("b", "int", 2)]),
    ],
)
def test_literals_are_parameters_of_their_type(parameters, source, expected):
    found = parameters(source)
    assert found == expected
    assert [type(default) for *_, default in found] == [type(value) for *_, value in expected]


def test_parameters_know_their_places_over_several_cells(parse):
    pipeline = parse(
        ("a = 1\n\nb = 2", "parameters"), ("c = 3",), STEP, ("d = 4", "pipeline-parameters")
    )
    assert [(p.name, p.at.cell, p.at.line) for p in pipeline.parameters] == [
        ("a", 1, 1),
        ("b", 1, 3),
        ("c", 2, 1),
        ("d", 4, 1),
    ]


def test_both_names_of_the_tag_on_one_cell_are_one(parse):
    pipeline = parse(("a = 1", "parameters", "pipeline-parameters"), STEP)
    assert [p.name for p in pipeline.parameters] == ["a"]
    assert pipeline.diagnostics == ()


NOT_HERE = "does not belong among pipeline parameters, which are assignments of literals"
MOVE = "move it to a cell of its own, tagged `block:NAME`, `imports` or `functions`"


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("import os", 1, "`import os`"),
        ("x = 1\ny = x", 2, "`y = x`"),
        ("x = 1 / 3", 1, "`x = 1 / 3`"),
        ("x = f'{1}'", 1, "`x = f'{1}'`"),
        ("x = {**{}}", 1, "`x = {**{}}`"),
        ("def f():\n    pass", 1, "`def f():`"),
        ("x = 1\nx", 2, "`x`"),
        ("x = 1\nx += 1", 2, "`x += 1`"),
        ("x: int", 1, "`x: int` gives `x` no value;"),
        ("a, b = 1, 2, 3", 1, "`(a, b) = (1, 2, 3)`"),
        ("a.b = 1", 1, "`a.b = 1`"),
        ("a.b: int = 1", 1, "`a.b: int = 1`"),
        ("a = b = []", 1, "several names for one []"),
        ("x = 1\n%time y = 2", 2, "`%time y = 2`"),
        ("x = 1\ny = !ls", 2, "`y = !ls`"),
        ("%%time\nx = 1", 1, "`%%time`"),
        ("print('hi')", 1, "`print('hi')`"),
    ],
)
def test_another_statement_is_refused_with_its_line(problems, source, line, what):
    assert problems((source, "pipeline-parameters"), STEP) == [
        f"nb.ipynb: cell 1, line {line}: KALE113: {what} {NOT_HERE} ({MOVE})"
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("(1, 2)", "JSON has no `tuple`"),
        ("[(1,)]", "JSON has no `tuple`"),
        ("{1, 2}", "JSON has no `set`"),
        ("b'a'", "JSON has no `bytes`"),
        ("1 + 2j", "JSON has no `complex`"),
        ("...", "JSON has no `ellipsis`"),
        ("1e999", "JSON has no `inf`"),
        ("{'a': -1e999}", "JSON has no `-inf`"),
        ("{1: 'a'}", "the key `1` of a dict is not text"),
        ("{None: 'a'}", "the key `None` of a dict is not text"),
        ("['\\ud800']", "it holds half of a character (a lone surrogate)"),
        ("{'\\ud800': 1}", "it holds half of a character (a lone surrogate)"),
    ],
)
def test_a_value_that_json_would_change_is_refused(problems, value, reason):
    assert problems((f"x = {value}", "pipeline-parameters"), STEP) == [
        (
            "nb.ipynb: cell 1, line 1: KALE114: the value of the parameter `x` cannot travel as"
            " JSON:"
            f" {reason} (use text, numbers, booleans, lists, and dicts whose keys are text, or"
            " compute"
            " the value in a step)"
        )
    ]


def test_a_parameter_assigned_twice_is_refused_with_both_lines(problems):
    assert problems(("a = 1\nb = 2", "parameters"), STEP, ("\na = 1", "parameters")) == [
        (
            "nb.ipynb: cell 3, line 2: KALE115: the parameter `a` is assigned twice, first in"
            " cell 1,"
            " line 1 (keep one of the two assignments)"
        )
    ]


@pytest.mark.parametrize(
    "annotation",
    [
        "tuple",
        "np.ndarray",
        "int | str",
        "Any",
        "None",
        "Optional[set]",
        "str[int]",
        "'a b'",
        "''",
        "Literal['a']",
        "List[int][0]",
        "1",
        "Union[int]",
    ],
)
def test_a_declaration_of_another_type_is_refused(problems, annotation):
    assert problems((f"x: {annotation} = 1", "pipeline-parameters"), STEP) == [
        (
            f"nb.ipynb: cell 1, line 1: KALE116: the parameter `x` is declared `{annotation}`,"
            " which is"
            " no type of a parameter (use `str`, `int`, `float`, `bool`, `list` or `dict`)"
        )
    ]


@pytest.mark.parametrize(
    ("source", "declared", "actual"),
    [
        ("x: int = 1.5", "int", "float"),
        ("x: int = True", "int", "bool"),
        ("x: float = True", "float", "bool"),
        ("x: str = 1", "str", "int"),
        ("x: list[int] = {}", "list", "dict"),
    ],
)
def test_a_declaration_that_the_value_belies_is_refused(problems, source, declared, actual):
    assert problems((source, "pipeline-parameters"), STEP) == [
        (
            f"nb.ipynb: cell 1, line 1: KALE116: the parameter `x` is declared `{declared}`, but"
            " its"
            f" value is of type `{actual}` (declare it `{actual}`, or change the value)"
        )
    ]


def test_a_syntax_error_in_a_parameters_cell_is_told_once(problems):
    assert problems(("x = (", "pipeline-parameters"), STEP) == [
        (
            "nb.ipynb: cell 1, line 1: KALE009: the cell is not valid Python: '(' was never closed"
            " (correct the line, or tag the cell `skip`)"
        )
    ]
