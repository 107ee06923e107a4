"""The decorators in plain Python: they change nothing, to a type checker either."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kale.sdk import exit_handler, parallel, pipeline, step


@pytest.mark.parametrize(
    "decorator",
    [
        pytest.param(step, id="step without parentheses"),
        pytest.param(step(), id="step with empty ones"),
        pytest.param(step(name="add", limits={"cpu": 1}, retry_count=2), id="step with options"),
        pytest.param(pipeline, id="pipeline without parentheses"),
        pytest.param(pipeline(name="p", marshal_volume=True), id="pipeline with options"),
    ],
)
def test_a_decorated_function_is_the_function_itself(decorator):
    def add(x, y=1):
        return x + y

    assert decorator(add) is add


def test_a_loop_goes_over_what_parallel_is_given():
    items = [1, 2]
    assert parallel(items, 4) is items


def test_the_exit_step_runs_at_the_end():
    told = []
    with exit_handler(told.append, "end"):
        told.append("body")
    assert told == ["body", "end"]


def test_the_exit_step_runs_when_the_body_fails():
    told = []
    with pytest.raises(ZeroDivisionError), exit_handler(told.append, "end"):
        told.append(1 / 0)
    assert told == ["end"]


def test_the_arguments_of_the_exit_step_are_those_at_the_beginning():
    told = []

    def end(value, *, more):
        told.append((value, more))

    place = "a"
    with exit_handler(end, place, more=1):
        place = "b"
    assert (told, place) == ([("a", 1)], "b")


def test_names_of_the_sdk_are_there_and_no_others():
    import kale.sdk

    assert {*kale.sdk.__all__} <= {*dir(kale.sdk)}
    assert all(getattr(kale.sdk, name) is not None for name in kale.sdk.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'stp'"):
        kale.sdk.stp  # noqa: B018 - that it cannot be read


def test_importing_the_decorators_imports_nothing_heavy():
    code = """\
import sys
from kale.sdk import pipeline, step
print(sorted({"ast", "json", "subprocess", "kale.ir", "kale.nbparser", "numpy"} & {*sys.modules}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


TYPED = """\
from kale.sdk import exit_handler, parallel, pipeline, step

@step
def one(x: int, y: str = "") -> float:
    return 1.0

@step(name="two", limits={"cpu": 1}, packages=["numpy"])
def two(x: int) -> list[str]:
    return []

@pipeline(name="p", cache=True)
def p(n: int = 3) -> None:
    with exit_handler(two, 3):
        for s in parallel(two(n), 4):
            reveal_type(s)

reveal_type(one)
reveal_type(two)
reveal_type(p)
one("x")
exit_handler(two, "x")
step(nam="x")
"""


#: What the names of the SDK do not need is left out: it would take ten times as long.
CONFIG = """\
[mypy]
strict = True
[mypy-kale.core,kale.original,kale.compilation,kale.errors]
follow_imports = skip
"""


def test_a_type_checker_sees_the_functions_own_signatures(tmp_path):
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    path = tmp_path / "typed.py"
    path.write_text(TYPED, encoding="utf-8")
    config = tmp_path / "mypy.ini"
    config.write_text(CONFIG, encoding="utf-8")
    out, _, _ = api.run(["--config-file", str(config), "--cache-dir", os.devnull, str(path)])
    told = [line.partition("typed.py:")[2] for line in out.splitlines() if "typed.py" in line]
    assert told == [
        '15: note: Revealed type is "str"',
        '17: note: Revealed type is "def (x: int, y: str =) -> float"',
        '18: note: Revealed type is "def (x: int) -> list[str]"',
        '19: note: Revealed type is "def (n: int =)"',
        '20: error: Argument 1 to "one" has incompatible type "str"; expected "int"  [arg-type]',
        (
            '21: error: Argument 2 to "exit_handler" has incompatible type "str"; expected "int" '
            " [arg-type]"
        ),
        (
            '22: error: Unexpected keyword argument "nam" for overloaded function "step"; did you'
            ' mean "name"?  [call-overload]'
        ),
    ]
