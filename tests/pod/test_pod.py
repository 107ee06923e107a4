"""A package's containers, run as a cluster runs them, but for the container around the process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from codegen.builders import package, parameter, plan

from kale.codegen import emit_runtime
from kale.codegen.runtime_bundle import encode
from kale.ir import METRICS_STEP

BRACES = "{{$}} {{workflow.name}} {{$.inputs.parameters['alpha']}}"


def artifact(path, title="system.Artifact"):
    """An artifact as KFP's launcher names it in the executor input."""
    return {
        "artifacts": [
            {
                "name": path.name,
                "uri": f"minio://bucket/{path.name}",
                "type": {"schemaTitle": title, "schemaVersion": "0.0.1"},
                "metadata": {},
                "customPath": str(path),
            }
        ]
    }


def run_task(spec, key, folder, arguments, env=None):
    """Run one task of a specification as the launcher does; its process and its output file."""
    task = spec["root"]["dag"]["tasks"][key]
    component = spec["components"][task["componentRef"]["name"]]
    container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    wired = task.get("inputs", {})
    inputs = {
        name: artifact(folder / w["producerTask"] / w["outputArtifactKey"])
        for name, feed in wired.get("artifacts", {}).items()
        for w in [feed["taskOutputArtifact"]]
    }
    values = {
        name: arguments[feed["componentInputParameter"]]
        for name, feed in wired.get("parameters", {}).items()
        if feed["componentInputParameter"] in arguments
    }
    outputs = {
        name: artifact(folder / key / name, output["artifactType"]["schemaTitle"])
        for name, output in component.get("outputDefinitions", {}).get("artifacts", {}).items()
    }
    for name in outputs:  # the launcher makes the folders above
        (folder / key / name).parent.mkdir(parents=True, exist_ok=True)
    output_file = folder / f"{key}.json"
    executor_input = {
        "inputs": {"parameterValues": values, "artifacts": inputs},
        "outputs": {"artifacts": outputs, "outputFile": str(output_file)},
    }
    command = [*container["command"], *container["args"]]
    filled = [part.replace("{{$}}", json.dumps(executor_input)) for part in command]
    work = folder / "work"
    work.mkdir(exist_ok=True)
    usual = {**os.environ, "PIP_NO_INDEX": "1", "PYTHONPATH": ""}
    own = {one["name"]: one.get("value", "") for one in container.get("env", ())}
    done = subprocess.run(
        [sys.executable, *filled[1:]],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**(usual if env is None else env), **own},
    )
    return done, output_file


def test_a_package_runs_task_by_task(tmp_path):
    made = plan(
        ("load", f"x = [alpha, 2]\ntext = {BRACES!r}\np = Point(1)\nprint('größe', whole)"),
        (
            "fit-model",
            (
                "import sys\nassert 'kale' not in sys.modules\nassert type(p) is Point\n"
                "x.append(p.value)\nassert text.startswith('{' '{$')"
            ),
        ),
        (METRICS_STEP, ""),
        imports=["import math"],
        functions=["class Point:\n    def __init__(self, value):\n        self.value = value"],
        wires=[
            ("x", "load", "fit-model"),
            ("text", "load", "fit-model"),
            ("p", "load", "fit-model"),
            ("x", "fit-model", METRICS_STEP),
        ],
        parameters=[
            parameter("alpha", 0.5),
            parameter("whole", [1.0]),
            parameter("jinja", "{{x}}"),
        ],
        reads={"load": ["alpha", "whole", "jinja"]},
        metrics=(METRICS_STEP, ["total", "count"]),
        metrics_code="total = sum(x)\ncount = len(x)\nprint(total, count)",
    )
    (spec,) = package(made)
    inputs = spec["root"]["inputDefinitions"]["parameters"]
    arguments = {name: p["defaultValue"] for name, p in inputs.items() if "defaultValue" in p}
    arguments["alpha"] = 0.25
    for key in ("load", "fit-model", "pipeline-metrics"):
        done, output_file = run_task(spec, key, tmp_path, arguments)
        assert done.returncode == 0, done.stderr
        if key == "load":
            assert "größe [1.0]" in done.stdout + done.stderr
    written = json.loads(output_file.read_text("utf-8"))
    (metrics,) = written["artifacts"]["metrics"]["artifacts"]
    assert metrics["metadata"] == {"total": 3.25, "count": 3}


def test_a_random_state_goes_from_pod_to_pod(tmp_path):
    draw = "import random\nprint('drawn', round(random.random(), 6))"
    made = plan(
        ("load", f"import random\nrandom.seed(3)\nrandom_state = 7\n{draw}"),
        ("fit", f"{draw}\nassert random_state == 7"),
        wires=[(name, "load", "fit") for name in ("random.state", "random_state")],
    )
    (spec,) = package(made)
    rng = random.Random(3)
    for key in ("load", "fit"):
        done, _ = run_task(spec, key, tmp_path, {})
        assert done.returncode == 0, done.stderr
        assert f"drawn {round(rng.random(), 6)}" in done.stdout


def test_a_failing_cell_is_a_failing_task(tmp_path):
    made = plan(("train", "x = 1\n1 / 0"))
    done, _ = run_task(package(made)[0], "train", tmp_path, {})
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "cell 10" in done.stderr


def test_a_pod_needs_no_environment_and_no_folder_that_it_may_write(tmp_path):
    made = plan(
        ("load", "import os\nx = sorted({'HOME', 'USER', 'LANG'} & set(os.environ))"),
        ("show", "print('found', x, 'größe')"),
        wires=[("x", "load", "show")],
    )
    (spec,) = package(made)
    (tmp_path / "work").mkdir(mode=0o555)
    for key in ("load", "show"):
        done, _ = run_task(spec, key, tmp_path, {}, env={})
        assert done.returncode == 0, done.stderr
    assert "found [] größe" in done.stdout
    assert list((tmp_path / "work").iterdir()) == []


@pytest.fixture
def pod(tmp_path):
    """Run the pod's entry on a step that prints ``done``, some modules hidden from it."""
    for path, content in emit_runtime(()).items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(content)
    notebook = encode(plan(("train", "print('done')")).task("train").notebook)
    given = json.dumps({"outputs": {"outputFile": str(tmp_path / "output.json")}})

    def run(*packages, hide=(), **environment):
        code = (
            f"import sys; sys.modules.update(dict.fromkeys({hide!r}));"
            f"sys.path.insert(0, {str(tmp_path)!r}); from kale import pod as kale_pod;"
            "sys.exit(kale_pod.main(*sys.argv[1:]))"
        )
        return subprocess.run(
            [sys.executable, "-c", code, given, "train", notebook, *packages],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            cwd=tmp_path,
            env={**os.environ, "PIP_NO_INDEX": "1", **environment},
        )

    return run


def test_what_is_there_needs_no_network(pod):
    done = pod("papermill", "papermill>=2", f"pyyaml=={__import__('yaml').__version__}")
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout


def test_a_package_that_pip_cannot_find(pod, tmp_path):
    done = pod("papermill", "no-such-package-of-anyone==1", "-r/etc/passwd")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "kale: step train: pip could not install no-such-package-of-anyone==1, -r/etc/passwd."
        " Use an image that holds them, or give the pod a package index that it can reach."
    )
    assert not Path(tmp_path / "output.json").exists()


def test_an_image_without_papermill(pod):
    done = pod(hide=["papermill"], PIP_CONSTRAINT="/no/such/file")
    assert done.returncode == 1
    assert "kale: step train: pip could not install papermill==2.7.0." in done.stderr


def test_an_image_without_cloudpickle_goes_on(pod):
    done = pod(hide=["cloudpickle"], PIP_CONSTRAINT="/no/such/file")
    assert done.returncode == 0, done.stderr
    assert "kale: step train: goes on without cloudpickle==3.1.2." in done.stderr
    assert "done" in done.stdout


def test_parameters_with_names_of_their_own_in_the_package(tmp_path):
    made = plan(
        ("train", "print('got', größe, _rate, alpha)"),
        parameters=[parameter("größe", 1), parameter("_rate", 0.5), parameter("alpha", "a")],
        reads={"train": ["größe", "_rate", "alpha"]},
    )
    (spec,) = package(made)
    chosen = {"groe_5bd3a989": 2.0, "p__rate": 0.25, "alpha": "b"}
    assert chosen.keys() == spec["root"]["inputDefinitions"]["parameters"].keys()
    done, _ = run_task(spec, "train", tmp_path, chosen)
    assert done.returncode == 0, done.stderr
    assert "got 2 0.25 b" in done.stdout
