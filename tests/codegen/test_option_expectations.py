"""What a user asks for by tags and in the notebook's metadata, as the package says it."""

from __future__ import annotations

import pytest


def test_nothing_is_asked_for(compiled):
    made = compiled()
    assert sorted(made.container()) == ["args", "command", "image"]
    assert made.container()["image"] == "python:3.11-slim"
    assert (made.required(), made.if_missing()) == ([], [])
    assert made.task()["cachingOptions"] == {"enableCache": True}
    assert made.pods == {}
    assert "inputDefinitions" not in made.root


def test_the_image_of_a_step(compiled):
    made = compiled("image:registry.example/team/fit:2")
    assert made.container()["image"] == "registry.example/team/fit:2"


def test_the_image_of_the_pipeline_is_weaker_than_that_of_a_step(compiled):
    cells = [("block:load", "x = 1"), ("block:fit prev:load image:b:2", "print(x)")]
    made = compiled(cells=cells, metadata={"docker_image": "a:1"})
    assert [made.container(step)["image"] for step in ("load", "fit")] == ["a:1", "b:2"]


def test_the_image_of_the_command_line(compiled):
    made = compiled("", "--docker-image", "c:3", metadata={"docker_image": "a:1"})
    assert made.container()["image"] == "c:3"


def test_packages(compiled):
    made = compiled("packages:polars==1.9,pyarrow>=1,<99,rich[jupyter]")
    assert made.required() == ["polars==1.9", "pyarrow>=1,<99", "rich[jupyter]"]


def test_a_line_that_installs(compiled):
    cells = [
        ("block:load", "x = 1"),
        ("block:fit prev:load", "%pip install -q polars==1.9\nprint(x)"),
        ("block:show prev:fit", "pass"),
    ]
    made = compiled(cells=cells)
    assert [made.required(step) for step in ("load", "fit", "show")] == [
        [], ["polars==1.9"], ["polars==1.9"],
    ]  # fmt: skip
    assert "# installed before the step starts: %pip install -q polars==1.9" in made.code()


@pytest.mark.parametrize(
    ("tags", "resources"),
    [
        pytest.param(
            "limit:cpu:1500m limit:memory:1.5Gi",
            {
                "cpuLimit": 1.5,
                "resourceCpuLimit": "1500m",
                "memoryLimit": 1.610612736,
                "resourceMemoryLimit": "1536Mi",
            },
            id="limits, a fraction of a Gi as Mi",
        ),
        pytest.param(
            "request:cpu:0.5 request:memory:2G",
            {
                "cpuRequest": 0.5,
                "resourceCpuRequest": "0.5",
                "memoryRequest": 2.0,
                "resourceMemoryRequest": "2G",
            },
            id="requests",
        ),
        pytest.param(
            "limit:nvidia.com/gpu:2",
            {
                "accelerator": {
                    "count": "2",
                    "resourceCount": "2",
                    "resourceType": "nvidia.com/gpu",
                    "type": "nvidia.com/gpu",
                }
            },
            id="a device, its type set too",
        ),
    ],
)
def test_resources(compiled, tags, resources):
    assert compiled(tags).container()["resources"] == resources


def test_retries(compiled):
    assert compiled("retry:3").task()["retryPolicy"]["maxRetryCount"] == 3


def test_a_timeout(compiled):
    assert compiled("timeout:600").pod() == {"activeDeadlineSeconds": "600"}


def test_no_caching(compiled):
    assert compiled("cache:disabled").task()["cachingOptions"] == {}


def test_caching_of_the_whole_notebook_and_of_one_step(compiled):
    cells = [("block:load", "x = 1"), ("block:fit prev:load cache:enabled", "print(x)")]
    made = compiled(cells=cells, metadata={"enable_caching": False})
    cached = [made.task(step)["cachingOptions"] for step in ("load", "fit")]
    assert cached == [{}, {"enableCache": True}]


def test_environment_variables(compiled):
    made = compiled(["env:B=a=b: c", "env:A="])
    assert made.container()["env"] == [{"name": "A"}, {"name": "B", "value": "a=b: c"}]


def test_a_secret(compiled):
    (secret,) = compiled("secret:db:password:DB_PASSWORD").pod()["secretAsEnv"]
    assert secret["secretName"] == "db"
    assert secret["keyToEnv"] == [{"envVar": "DB_PASSWORD", "secretKey": "password"}]


def test_labels_and_annotations(compiled):
    made = compiled(["label:example.org/team:a", "annotation:note:any text: with a colon"])
    assert made.pod()["podMetadata"] == {
        "labels": {"example.org/team": "a"},
        "annotations": {"note": "any text: with a colon"},
    }


def test_a_node(compiled):
    assert compiled("node:disk:ssd").pod() == {"nodeSelector": {"labels": {"disk": "ssd"}}}


def test_tolerations(compiled):
    made = compiled("toleration:gpu:yes:NoSchedule toleration:spot::NoExecute")
    assert made.pod()["tolerations"] == [
        {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
        {"key": "spot", "operator": "Exists", "effect": "NoExecute"},
    ]


def test_a_volume(compiled):
    (volume,) = compiled("volume:claim:/data").pod()["pvcMount"]
    assert (volume["constant"], volume["mountPath"]) == ("claim", "/data")


def test_what_lies_on_a_volume_is_in_no_key_of_the_cache(compiled):
    """So a step that mounts one is executed each time, unless the author knows better."""
    assert compiled("volume:claim:/data").task()["cachingOptions"] == {}
    kept = compiled("volume:claim:/data cache:enabled").task()["cachingOptions"]
    assert kept == {"enableCache": True}


def test_defaults_of_all_steps(compiled):
    cells = [("block:load", "x = 1"), ("block:fit prev:load retry:0", "print(x)")]
    made = compiled(cells=cells, metadata={"steps_defaults": ["retry:2", "limit:cpu:1"]})
    assert made.task("load")["retryPolicy"]["maxRetryCount"] == 2
    assert "retryPolicy" not in made.task("fit")
    assert made.container("fit")["resources"]["resourceCpuLimit"] == "1"


def test_names_and_description(compiled):
    made = compiled(
        metadata={"pipeline_name": "Été à Nice!", "pipeline_description": "two\nlines: 1"}
    )
    assert made.info == {
        "name": "ete-a-nice",
        "displayName": "Été à Nice!",
        "description": "two\nlines: 1",
    }


def test_a_step_keeps_its_name_beside_that_of_kubernetes(compiled):
    made = compiled(cells=[("block:train_model", "x = 1")])
    assert made.task("train-model")["taskInfo"] == {"name": "train_model"}


def test_the_experiment_is_the_default_of_the_script(compiled, tmp_path):
    compiled(metadata={"experiment_name": 'The "first"'})
    script = (tmp_path / "nb.kfp.py").read_text("utf-8")
    assert """add_argument("--experiment", default='The "first"',""" in script


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("'a b'", {"parameterType": "STRING", "defaultValue": "a b"}),
        ("''", {"parameterType": "STRING", "defaultValue": ""}),
        ("3", {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0}),
        ("0.5", {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.5}),
        ("True", {"parameterType": "BOOLEAN", "defaultValue": True}),
        ("False", {"parameterType": "BOOLEAN", "defaultValue": False}),
        ("[1, 'a']", {"parameterType": "LIST", "defaultValue": [1.0, "a"]}),
        ("{'a': [1]}", {"parameterType": "STRUCT", "defaultValue": {"a": [1.0]}}),
    ],
)
def test_parameters(compiled, literal, expected):
    made = compiled(cells=[("pipeline-parameters", f"p = {literal}"), ("block:fit", "print(p)")])
    assert made.parameters() == {"p": {"isOptional": True, **expected}}
    assert made.task()["inputs"] == {"parameters": {"p": {"componentInputParameter": "p"}}}


def test_a_parameter_that_may_be_missing(compiled):
    cells = [("pipeline-parameters", "p: float | None = None"), ("block:fit", "print(p)")]
    assert compiled(cells=cells).parameters() == {
        "p": {"isOptional": True, "parameterType": "NUMBER_DOUBLE"}
    }


def test_metrics(compiled):
    cells = [("block:fit", "score = 0.5"), ("pipeline-metrics", "print(score)")]
    assert compiled(cells=cells).outputs()["metrics"] == "system.Metrics"


def test_the_report_and_the_executed_notebook(compiled):
    cells = [("block:fit", "x = 1"), ("block:show prev:fit report:disabled", "print(x)")]
    made = compiled(cells=cells)
    assert made.outputs("fit")["executed_notebook"] == "system.Artifact"
    assert made.outputs("fit")["html_report"] == "system.HTML"
    assert made.outputs("show").keys() & {"executed_notebook", "html_report"} == {
        "executed_notebook"
    }


def test_a_confusion_matrix_has_an_output(compiled):
    cells = [
        (
            "block:fit",
            "from sklearn.metrics import confusion_matrix\nm = confusion_matrix([0],[1])",
        ),
        ("pipeline-metrics", "print(m)"),
    ]
    made = compiled(cells=cells)
    assert made.outputs()["classification_metrics"] == "system.ClassificationMetrics"
