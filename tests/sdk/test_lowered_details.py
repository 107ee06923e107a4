"""What the lowering says of a script beside its graph: options, types, places, pieces of code."""

from __future__ import annotations

import pytest
from lowered_scripts import problems, written

from kale.control import BODY
from kale.ir import Parameter
from kale.options import SecretEnv, SecurityContext, Toleration, VolumeMount
from kale.sdk.lowering import lower

OPTIONS = '''\
"""A file."""
from __future__ import annotations

import os
import kale.sdk as k
from kale.sdk import log_metric, step as st


@k.step(
    name="load_data", image="repo/img:1", packages=["numpy==1.26", "pandas"],
    limits={"cpu": 2, "memory": "1Gi"}, requests={"cpu": "500m"}, labels={"a": "b"},
    annotations={"x": True}, retry_count=3, retry_interval="2m", timeout=60, cache=False,
    report=True, files=["a.csv"], secrets={"TOKEN": "sec:key"}, env={"A": 1},
    volumes={"claim": "/data"}, tolerations=["a:b:NoSchedule"], node_selectors={"n": "m"},
    image_pull_secrets=["s"], image_pull_policy="Always", run_as_user=3, run_as_non_root=True,
)
def load(n: int, rate=0.5) -> tuple[int, "str"]:
    return n, "a"


# What stands between two functions is not lost.
HERE = os.path.dirname(__file__)


@st
def use(a: int, b: float = 1.0, *, c: "str" = None, d: list[int] | None = None) -> dict[str, int]:
    log_metric("a", 1)
    return {}


@k.pipeline(
    name="My Flow", experiment="e", image="base", marshal_volume=True, marshal_volume_size="1Gi",
    cache=True, steps_defaults={"labels": {"z": "y"}},
)
def flow(n: int = 3, url="http://x", rate: float = 1, tags: list = None):
    """What it does,
    in two lines.

    And more.
    """
    a, b = load(n)
    sum = use(a, c=b)
    use(a, b=2)


if __name__ == "__main__":
    flow()
'''


@pytest.fixture
def pipeline(tmp_path):
    return lower(written(tmp_path, OPTIONS))


def test_options_of_a_step(pipeline):
    options = pipeline.step("load_data").options
    assert (options.image, options.packages) == ("repo/img:1", ("numpy==1.26", "pandas"))
    assert options.limits == (("cpu", "2"), ("memory", "1Gi"))
    assert options.requests == (("cpu", "500m"),)
    assert (options.labels, options.annotations) == ((("a", "b"), ("z", "y")), (("x", "true"),))
    assert (options.retries, options.retry_pause, options.timeout) == (3, 120, 60)
    assert (options.caching, options.report, options.files) == (False, True, ("a.csv",))
    assert options.secrets == (SecretEnv("sec", "key", "TOKEN"),)
    assert (options.env, options.node_selectors) == ((("A", "1"),), (("n", "m"),))
    assert options.volumes == (VolumeMount("claim", "/data"),)
    assert options.tolerations == (Toleration("a", "b", "NoSchedule"),)
    assert (options.pull_secrets, options.pull_policy) == (("s",), "Always")
    assert options.security_context == SecurityContext(run_as_user=3, run_as_non_root=True)


def test_options_of_the_pipeline(pipeline):
    assert (pipeline.name, pipeline.title) == ("my-flow", "My Flow")
    assert (pipeline.experiment, pipeline.image) == ("e", "base")
    assert pipeline.description == "What it does, in two lines."
    assert pipeline.volumes.marshal
    assert pipeline.step("use").options.caching is True
    assert pipeline.step("use").options.labels == (("z", "y"),)
    assert pipeline.diagnostics == ()


def test_settings_from_outside_beat_those_of_the_file(tmp_path):
    path = written(tmp_path, OPTIONS)
    read = lower(path, override={"pipeline_name": "Other"}, default={"experiment_name": "no"})
    assert (read.name, read.experiment) == ("other", "e")


def test_a_pipeline_without_a_name_has_that_of_its_function(tmp_path):
    path = written(tmp_path, OPTIONS.replace('name="My Flow", ', ""))
    assert lower(path, default={"pipeline_name": "no"}).name == "flow"


def test_parameters(pipeline):
    found = [(p.name, p.type, p.literal) for p in pipeline.parameters]
    assert found == [
        ("n", "int", "3"),
        ("url", "str", "'http://x'"),
        ("rate", "float", "1"),
        ("tags", "list", "None"),
    ]
    assert all(isinstance(p, Parameter) and p.at.line == 35 for p in pipeline.parameters)


def test_types_are_checked_of_arguments_that_are_variables_and_of_results(pipeline):
    found = {step.name: [(t.name, t.type, t.what, t.result) for t in step.types]
             for step in pipeline.steps}  # fmt: skip
    assert found == {
        "load_data": [
            ("n", "int", "argument `n` of `load`", False),
            ("a", "int", "result of `load`", True),
            ("b", "str", "result of `load`", True),
        ],
        "use": [
            ("a", "int", "argument `a` of `use`", False),
            ("b", "str | None", "argument `c` of `use`", False),
            ("sum_1", "dict[str, int]", "result of `use`", True),
        ],
        "use-2": [("a", "int", "argument `a` of `use`", False)],
    }


def test_results_of_json_types_are_shown(pipeline):
    assert pipeline.step("load_data").shown == (("a", "int"), ("b", "str"))
    assert pipeline.step("use").shown == (("sum_1", "dict"),)
    assert pipeline.step("use-2").shown == ()


def test_code_stands_at_its_lines_without_what_is_for_kale_alone(pipeline):
    lines = OPTIONS.split("\n")
    pieces = [*pipeline.imports[1:], *pipeline.functions]
    pieces += [source for step in pipeline.steps for source in step.sources[:1]]
    for source in pieces:
        for number, line in enumerate(source.code.split("\n"), source.at.line):
            assert line in {lines[number - 1], "", "from kale.sdk import log_metric"}
    assert [source.code for source in pipeline.imports] == [
        "__file__ = __import__('os').path.abspath('flow.py')",
        "from __future__ import annotations\n\nimport os",
        "from kale.sdk import log_metric",
    ]
    assert [source.code for source in pipeline.functions] == ["HERE = os.path.dirname(__file__)"]


def test_places_of_the_body_come_after_those_of_the_module_and_name_their_lines(pipeline):
    module = [source.at for source in (*pipeline.imports, *pipeline.functions)]
    body = [source.at for step in pipeline.steps for source in step.sources]
    assert all((at.cell or 0) < BODY for at in module)
    assert [at.cell for at in body] == sorted({at.cell for at in body})
    assert all(at.cell > BODY and at.cell % BODY == at.line for at in body)
    assert [step.at.line for step in pipeline.steps] == [41, 42, 43]
    assert str(pipeline.steps[0].at).endswith("flow.py: line 41 (load_data)")


def test_a_step_has_the_code_of_its_function(pipeline):
    first, call = pipeline.step("load_data").sources
    assert first.code.startswith("def load(n: int, rate=0.5)")
    assert call.code == "a, b = load(n)"


KEPT = """\
from kale.sdk import pipeline, step


@step
def alone(x):
    return x


@step
def counting(x, seen=[]):
    seen.append(x)
    return len(seen)


@step
def helped(x):
    return alone_too(x)


@step
def alone_too(x):
    return x


@step
def passed(x):
    return x


def wrapped(function):
    return function


@wrapped
@step
def decorated(x):
    return x


@pipeline
def flow():
    alone(counting(helped(alone_too(decorated(passed(passed))))))
"""


def test_what_other_code_knows_of_a_step_is_code_of_all_steps(tmp_path):
    pipeline = lower(written(tmp_path, KEPT))
    shared = "\n".join(source.code for source in pipeline.functions)
    own = {s.name: s.sources[0].code.split("(")[0] for s in pipeline.steps if len(s.sources) > 1}
    assert own == {"helped": "def helped", "alone": "def alone"}
    for name in ("counting", "alone_too", "passed", "decorated"):
        assert f"def {name}(" in shared
    assert "@wrapped\n\ndef decorated" in shared
    assert "step" not in shared


CONTAINER = """\
from kale.sdk import ContainerStep, pipeline, step

fetch = ContainerStep(
    name="get", image="curl:8", command=["curl"], args=["{inputs.url}", "{outputs.page.path}"],
    inputs={"url": str, "n": int}, outputs={"page": str, "size": int}, limits={"cpu": 1},
)


@step
def show(text):
    print(text)


@pipeline
def flow(base="http://x"):
    page, size = fetch(base + "/a", n=3)
    show(page)
"""


def test_a_container_step(tmp_path):
    pipeline = lower(written(tmp_path, CONTAINER))
    first, get, show = pipeline.steps
    assert first.sources[0].code == 'value = base + "/a"'
    assert (get.name, show.container) == ("get", None)
    assert get.container.image == "curl:8"
    assert get.container.command == ("curl",)
    assert get.container.args == ("{inputs.url}", "{outputs.page.path}")
    assert get.container.inputs == (("url", "value"), ("n", "3"))
    assert get.container.outputs == (("page", "page"), ("size", "size"))
    assert get.shown == (("page", "str"), ("size", "int"))
    assert get.options.limits == (("cpu", "1"),)
    assert get.sources[-1].code == "page, size = fetch(value, n=3)"
    assert "ContainerStep" in pipeline.imports[0].code
    assert pipeline.functions[0].code.startswith("fetch = ContainerStep(")


def test_steps_of_another_file_of_the_folder(tmp_path):
    """They are read there, and the import is what a step runs."""
    written(tmp_path, KEPT.replace("def alone(", "def alone(n: int, "))
    (tmp_path / "flow.py").rename(tmp_path / "steps.py")
    text = """\
from kale.sdk import pipeline
from steps import alone as first, wrapped

@pipeline
def flow(n=3):
    first(n, 1)
    first("a", 1)
    wrapped(1)
"""
    path = written(tmp_path, text)
    assert problems(path) == [
        '7:11 KALE713 `first` is given `"a"` for `n`, which is declared `int` (correct the value,'
        " or the annotation)",
        "8:5 KALE710 `wrapped` is no step (put the call into a function with the decorator `@step`,"
        " and call that)",
    ]
    path = written(tmp_path, "\n".join(text.split("\n")[:6]))
    (step,) = lower(path).steps
    assert (step.name, [source.code for source in step.sources]) == ("first", ["first(n, 1);"])
    assert [source.code for source in lower(path).imports] == [
        "from steps import alone as first, wrapped"
    ]


def test_small_steps_have_the_options_of_all_steps_without_accelerators(tmp_path):
    text = KEPT.replace("@pipeline\n", PIPELINE).replace(
        "    alone(counting", "    n = alone(1)[0]\n    alone(counting"
    )
    steps = {step.name: step.options for step in lower(written(tmp_path, text)).steps}
    assert steps["alone"].limits == (("cpu", "2"), ("nvidia.com/gpu", "1"))
    assert steps["n"].limits == (("cpu", "2"),)
    assert (steps["n"].env, steps["alone"].env) == ((("A", "1"),), (("A", "1"),))


PIPELINE = """\
@pipeline(steps_defaults={"limits": {"cpu": "2", "nvidia.com/gpu": "1"}, "env": {"A": "1"}})
"""
