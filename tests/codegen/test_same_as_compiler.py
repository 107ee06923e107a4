"""The script, compiled by the official compiler, says exactly what the package says."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest
import yaml
from codegen.builders import (
    compiled,
    one,
    package,
    parameter,
    plan,
    source,
    without_version,
)

from kale.codegen import emit_files, emit_script
from kale.ir import (
    METRICS_STEP,
    SecretEnv,
    SecurityContext,
    StepOptions,
    Toleration,
    VolumeMount,
)

HOSTILE = (
    "a\"b'c\\n\n'''\"\"\" {x} %s %(y)s \u2028 \U0001f600 \x00\x7f\x85 \ufeff #{ ${HOME} `id` */"
)

EVERY_OPTION = StepOptions(
    image="registry.example/team/image:1.0",
    packages=("scikit-learn==1.5.0", "git+https://example.org/x.git#egg=x"),
    limits=(("cpu", "1500m"), ("memory", "1.5Gi"), ("nvidia.com/gpu", "2")),
    requests=(("cpu", "0.5"), ("memory", "512M")),
    retries=3,
    timeout=3600,
    caching=False,
    env=(("A", "1"), ("EMPTY", ""), ("TEXT", HOSTILE.replace("\x00", ""))),
    secrets=(SecretEnv("db", "password", "PASSWORD"), SecretEnv("db", "user", "DB_USER")),
    labels=(("team", "a"), ("example.org/tier", "b")),
    annotations=(("note", HOSTILE.replace("\x00", "")),),
    node_selectors=(("disk", "ssd"), ("zone", "a")),
    tolerations=(Toleration("gpu", "yes", "NoSchedule"), Toleration("spot", "", "NoExecute")),
    volumes=(VolumeMount("data", "/data"), VolumeMount("models", "/mnt/models")),
    pull_secrets=("registry", "mirror.example.org"),
    pull_policy="IfNotPresent",
    security_context=SecurityContext(1000, 0, run_as_non_root=True),
)

ALL_TYPES = [
    parameter("text", "x"),
    parameter("empty", ""),
    parameter("count", 3),
    parameter("zero", 0),
    parameter("rate", 0.1),
    parameter("whole", 1, "float"),
    parameter("flag", True),
    parameter("off", False),
    parameter("names", ["a", 1, 1.5, [True], {"k": []}]),
    parameter("nothing", []),
    parameter("table", {"a": {"b": [1, 2]}, "": "x"}),
    parameter("blank", {}),
    parameter("optional", None, "int"),
]

UNFIT = [
    parameter("big", 2**53 + 1),
    parameter("nan", float("inf"), "float"),
    parameter("jinja", "Hello {{name}}"),
    parameter("holes", [1, None]),
    parameter("keys", {1: "a"}),
    parameter("half", "\ud800"),
    parameter("truth", True, "int"),
]


def reading(*parameters):
    names = [p.name for p in parameters]
    return plan("train", parameters=parameters, reads={"train": names})


CASES = [
    pytest.param(plan("train"), id="one step without ports"),
    pytest.param(plan("a", "b", after=[("b", "a")]), id="an order without data"),
    pytest.param(plan("b", "a", wires=[("x", "a", "b")]), id="data against the notebook order"),
    pytest.param(
        plan(
            "load",
            "b",
            "c",
            "d",
            wires=[("x", "load", "b"), ("x", "load", "c"), ("y", "b", "d"), ("z", "c", "d")],
            after=[("d", "load")],
        ),
        id="a diamond",
    ),
    pytest.param(
        plan("a", "b", "c", wires=[("x", "a", "b"), ("x", "a;b", "c")]), id="candidate versions"
    ),
    pytest.param(
        plan("a", "b", wires=[(n, "a", "b") for n in ("random.state", "random_state")]),
        id="a random state beside a variable",
    ),
    pytest.param(plan("train_model", "2nd", "class", "import-data"), id="names Python reserves"),
    pytest.param(
        plan(("a", "x = 1"), metrics=("a", ["x"]), metrics_code="print(x)"), id="metrics in a step"
    ),
    pytest.param(
        plan(
            "a",
            METRICS_STEP,
            wires=[("x", "a", METRICS_STEP)],
            metrics=(METRICS_STEP, ["x"]),
            metrics_code="print(x)",
        ),
        id="metrics in a step of their own",
    ),
    pytest.param(reading(*ALL_TYPES), id="parameters of every type"),
    pytest.param(reading(*UNFIT), id="defaults that only the notebook holds"),
    pytest.param(
        reading(
            *(
                parameter(n, 1)
                for n in (
                    "dsl",
                    "container",
                    "kubernetes",
                    "step_train",
                    "task_train",
                    "NOTEBOOK_TRAIN",
                    "NAME",
                    "metrics",
                    "in_x",
                    "out_x",
                    "self",
                    "Output",
                    "_private",
                    "__dunder",
                    "CamelCase",
                    "float",
                    "print",
                    "args",
                    "kwargs",
                    "name",
                    "größe",
                    "数",
                    "pipeline",
                    "LOADER",
                    "RUNTIME",
                    "DIGEST",
                    "kale_runtime",
                    "executed_notebook",
                    "html_report",
                    "classification_metrics",
                )
            )
        ),
        id="parameters called like everything in the script",
    ),
    pytest.param(
        plan(
            "a",
            "b",
            wires=[
                ("größe", "a", "b"),
                ("gr", "a", "b"),
                ("ñ", "a", "b"),
                ("metrics", "a", "b"),
                ("数", "a", "b"),
            ],
        ),
        id="variables that are not ASCII",
    ),
    pytest.param(
        plan(
            "a",
            "b",
            wires=[("x", "a", "b")],
            parameters=[parameter("in_x", 1), parameter("out_x", 2)],
            reads={"b": ["in_x", "out_x"]},
        ),
        id="parameters called like ports",
    ),
    pytest.param(one(EVERY_OPTION), id="every option"),
    pytest.param(one(StepOptions(report=False)), id="no report"),
    *(
        pytest.param(one(StepOptions(security_context=context)), id=f"{context}")
        for context in (
            SecurityContext(run_as_user=0),
            SecurityContext(run_as_group=0),
            SecurityContext(run_as_non_root=False),
            SecurityContext(2**31 - 1, 2**31 - 1, run_as_non_root=True),
        )
    ),
    pytest.param(
        plan(("a", "roc_curve = f(y, p)"), metrics=("a", ["roc_curve"])), id="a curve as a metric"
    ),
    pytest.param(plan(*(f"s{number}" for number in range(20))), id="a task for the runtime alone"),
    pytest.param(
        one(EVERY_OPTION, parameters=[parameter("kubernetes", 1)]), id="kubernetes is hidden"
    ),
    pytest.param(
        plan(
            ("train", HOSTILE),
            title=HOSTILE,
            description=HOSTILE,
            kernel=HOSTILE,
            name="iris",
            imports=[HOSTILE],
            functions=[HOSTILE],
            experiment=HOSTILE,
            parameters=[parameter("text", HOSTILE), parameter("more", {HOSTILE: [HOSTILE]})],
            reads={"train": ["text", "more"]},
        ),
        id="hostile text everywhere",
    ),
    pytest.param(plan(("train", "x = '\ud800'")), id="half of a surrogate pair in code"),
    pytest.param(plan("train", image="example.org/a:b"), id="an image for all"),
    pytest.param(
        plan("train", name="9-lives", title="", description="two\n\n  lines\n"),
        id="a name of digits",
    ),
    pytest.param(
        plan(
            "load",
            "train",
            wires=[("x", "load", "train")],
            imports=["import math"],
            functions=["def f():\n    return 1"],
            unchanged={"train": {"x": "load"}},
            carried={"train": [source("class A:\n    pass", 10, line=3, cell_id="ab")]},
        ),
        id="all roles of cells",
    ),
]


@pytest.mark.parametrize("made", CASES)
def test_the_script_compiles_to_the_package(made):
    assert compiled(made) == package(made)


def test_the_compiler_writes_the_same_file_as_the_script(tmp_path):
    made = plan(
        "load",
        "train",
        wires=[("x", "load", "train")],
        description="All of it",
        parameters=[parameter("alpha", 0.1)],
        options={"train": EVERY_OPTION},
    )
    script = tmp_path / "iris.kfp.py"
    script.write_bytes(emit_script(made))
    compile_it = (
        "import importlib.util, sys; from kfp import compiler;"
        "spec = importlib.util.spec_from_file_location('script', sys.argv[1]);"
        "script = importlib.util.module_from_spec(spec); spec.loader.exec_module(script);"
        "compiler.Compiler().compile(script.pipeline, 'compiled.yaml')"
    )
    for command in ([str(script)], ["-c", compile_it, str(script)]):
        subprocess.run(
            [sys.executable, "-W", "ignore", *command],
            check=True,
            cwd=tmp_path,
            capture_output=True,
        )
    written = list(yaml.safe_load_all((tmp_path / "iris.yaml").read_text("utf-8")))
    official = list(yaml.safe_load_all((tmp_path / "compiled.yaml").read_text("utf-8")))
    assert without_version(written) == without_version(official)
    assert without_version(written) == without_version(package(made))


@pytest.mark.parametrize("made", CASES)
def test_the_package_loads_as_a_component(made, tmp_path):
    file = tmp_path / "package.yaml"
    file.write_bytes({str(k): v for k, v in emit_files(made).items()}[f"{made.pipeline.name}.yaml"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from kfp import components

        loaded = components.load_component_from_file(str(file))
    assert loaded.component_spec.name == made.pipeline.name


def test_code_is_not_executed_when_the_script_runs(tmp_path):
    canary = tmp_path / "canary"
    bomb = f"open({str(canary)!r}, 'w').close()"
    texts = [bomb, f'"""\n{bomb}\n"""', f"'''\n{bomb}\n'''", f"{{{{ {bomb} }}}}", f'")\n{bomb}\n("']
    code = "\n".join(texts)
    for text in texts:
        description = text.replace("{{", "{")
        made = plan(
            ("train", code),
            title=text,
            description=text,
            imports=[text],
            options={
                "train": StepOptions(
                    env=(("A", description),), image=description, annotations=(("a", description),)
                )
            },
            parameters=[parameter("p", text)],
            reads={"train": ["p"]},
        )
        assert compiled(made) == package(made)
    assert not canary.exists()
