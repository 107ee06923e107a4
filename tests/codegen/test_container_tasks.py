"""Container steps in a package: the container, and what hands it texts and takes its files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from codegen.builders import compiled, package, refused, without_version
from pod.small_steps import Pod

from kale import core
from kale.codegen.package_layout import lay_out
from kale.errors import KaleError

HEAD = """\
from kale.sdk import ContainerStep, pipeline, step

@step()
def make(who):
    return "hello " + who

@step()
def show(text):
    print(text)

"""

CUT = """\
cut = ContainerStep(
    image="alpine:3",
    command=["sh", "-c", "cut -c {inputs.n} < {inputs.text.path} > {outputs.part.path}"],
    inputs={"text": str, "n": int},
    outputs=["part"],
)
"""

ECHO = 'echo = ContainerStep(image="alpine:3", args=["{inputs.what}"], inputs=["what"])\n'


def plan_of(folder: Path, containers: str, *body: str, parameters: str = ""):
    lines = [f"@pipeline(name='p')\ndef p({parameters}):", *(f"    {line}" for line in body)]
    path = folder / "script.py"
    path.write_text(HEAD + containers + "\n" + "\n".join(lines) + "\n")
    return core.plan(path)


def tasks_of(made):
    """Each task with what feeds it, but for the runtime, which is no part of the question."""
    feeds = {}
    for task in lay_out(made):
        wires = {**task.artifacts, **task.fed}
        found = {
            f"{key}={producer}.{output}"
            for key, (producer, output) in wires.items()
            if key != "kale_runtime"
        }
        found |= {f"{port.key}=${port.name}" for port in task.parameters}
        feeds[task.key] = " ".join(sorted(found))
    return feeds


@pytest.mark.parametrize(
    ("containers", "body", "parameters", "expected"),
    [
        pytest.param(ECHO, ["echo('hi')"], "", {"echo": ""}, id="a literal stands in the command"),
        pytest.param(
            ECHO, ["echo(w)"], "w='x'", {"echo": "what=$w"}, id="a text parameter goes there"
        ),
        pytest.param(
            'echo = ContainerStep(image="a", args=["{inputs.n}"], inputs={"n": int})\n',
            ["echo(n)"],
            "n=1",
            {"echo-inputs": "n=$n", "echo": "n=echo-inputs.kale_input_n"},
            id="a number becomes a text before",
        ),
        pytest.param(
            ECHO,
            ["t = make('x')", "echo(t)"],
            "",
            {
                "make": "",
                "echo-inputs": "in_t=make.out_t",
                "echo": "what=echo-inputs.kale_input_what",
            },
            id="a step's value becomes an argument",
        ),
        pytest.param(
            CUT,
            ["t = make('x')", "part = cut(t, 3)", "show(part)"],
            "",
            {
                "make": "",
                "cut-inputs": "in_t=make.out_t",
                "cut-container": "text_file=cut-inputs.kale_file_text",
                "cut": "kale_file_part=cut-container.part",
                "show": "in_part=cut.out_part",
            },
            id="values as files, and back",
        ),
        pytest.param(
            CUT,
            ["part = cut('a b', 3)"],
            "",
            {
                "cut-inputs": "",
                "cut-container": "text_file=cut-inputs.kale_file_text",
                "cut": "kale_file_part=cut-container.part",
            },
            id="a literal as a file",
        ),
    ],
)
def test_tasks(tmp_path, containers, body, parameters, expected):
    made = plan_of(tmp_path, containers, *body, parameters=parameters)
    assert tasks_of(made) == expected


def test_the_command_has_the_placeholders_of_kubeflow_pipelines(tmp_path):
    made = plan_of(tmp_path, CUT, "t = make('x')", "part = cut(t, 3)", "show(part)")
    executors = package(made)[0]["deploymentSpec"]["executors"]
    assert executors["exec-cut-container"]["container"] == {
        "image": "alpine:3",
        "command": [
            "sh",
            "-c",
            "cut -c 3 < {{$.inputs.artifacts['text_file'].path}}"
            " > {{$.outputs.artifacts['part'].path}}",
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(["t = make('x')", "part = cut(t, n)", "show(part)"], id="one after the other"),
        pytest.param(
            ["for t in ['a', 'b']:", "    part = cut(t, n)", "    show(part)", "    echo(part)"],
            id="in a loop",
        ),
    ],
)
def test_the_official_compiler_makes_the_same_of_it(tmp_path, body):
    made = plan_of(tmp_path, CUT + ECHO, *body, parameters="n=1")
    assert without_version(compiled(made)) == without_version(package(made))


def test_values_go_through_the_pods_as_they_are(tmp_path):
    """The tasks of a container step, one after the other; a shell is the container."""
    text = "größe {{$}} $HOME\n  end"
    containers = (
        CUT.replace("cut -c {inputs.n} <", "cat")
        .replace('outputs=["part"]', 'outputs={"part": str, "size": int}')
        .replace(
            "{outputs.part.path}", "{outputs.part.path}; printf {inputs.n} > {outputs.size.path}"
        )
    )
    made = plan_of(
        tmp_path, containers, f"part, size = cut({text!r}, n)", "show(part)", "show(size)",
        parameters="n=12",
    )  # fmt: skip
    before, container, after, *_ = lay_out(made)
    folder = tmp_path / "out"
    outputs = {key: str(folder / key) for key in ("kale_file_text", "part", "size")}
    pod = Pod(tmp_path)
    done = pod.run(
        before.title,
        json.loads(before.notebook),
        values={"n": 12.0},
        outputs={"kale_file_text": outputs["kale_file_text"]},
    )
    assert (done.returncode, done.stderr) == (0, "")
    written = json.loads((pod.folder / "out" / "output.json").read_bytes())
    assert written["parameterValues"] == {"kale_input_n": "12"}
    assert Path(outputs["kale_file_text"]).read_bytes().decode() == text
    placeholders = {
        "{{$.inputs.artifacts['text_file'].path}}": outputs["kale_file_text"],
        "{{$.inputs.parameters['n']}}": "12",
        "{{$.outputs.artifacts['part'].path}}": outputs["part"],
        "{{$.outputs.artifacts['size'].path}}": outputs["size"],
    }
    command = [*container.command, *container.args]
    for placeholder, value in placeholders.items():
        command = [word.replace(placeholder, value) for word in command]
    subprocess.run(command, check=True)
    done = pod.run(
        after.title,
        json.loads(after.notebook),
        values={"n": 12.0},
        inputs={"kale_file_part": outputs["part"], "kale_file_size": outputs["size"]},
        outputs={key: str(folder / key) for key in ("out_part", "out_size")},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "out_part" / "value.txt").read_bytes().decode() == text
    assert json.loads((folder / "out_size" / "value.json").read_text()) == 12


@pytest.mark.parametrize(
    ("argument", "options", "message"),
    [
        pytest.param("{{x}}", "", "`{{`, which Kubeflow Pipelines", id="double braces"),
        pytest.param("kill $$", "", "`$$`, which Kubernetes", id="two dollar signs"),
        pytest.param(
            "$(A)",
            'env={"A": "1"},',
            "`$(A)`, which Kubernetes",
            id="a variable in Kubernetes' way",
        ),
    ],
)
def test_what_a_cluster_would_change_is_refused(tmp_path, argument, options, message):
    code = f'it = ContainerStep(image="a", {options} args=["{argument}"])\n'
    ((code, place, text, hint),) = refused(plan_of(tmp_path, code, "it()"))
    assert (code, text) == ("KALE766", f"an argument of the container holds {message} would expand")
    assert place.endswith("script.py: line 15 (it)")
    assert hint == "have a script in the image build that text"


def test_what_a_shell_expands_is_the_shells(tmp_path):
    code = 'it = ContainerStep(image="a", args=["$(date) $HOME ${x} {x} $(B)"], env={"A": "1"})\n'
    assert tasks_of(plan_of(tmp_path, code, "it()")) == {"it": ""}


def test_kubeflows_local_runner_is_not_given_containers(tmp_path, kale):
    plan_of(tmp_path, ECHO, "echo('x')")
    status, _, err = kale("run", tmp_path / "script.py", "--engine", "kfp-local")
    assert status == 2
    assert (
        "line 15 (echo): error KALE765: step `echo` is a container, which KFP's local runner is not"
        " given"
    ) in err


def test_the_types_of_arguments_are_checked_before_and_of_results_after(tmp_path):
    made = plan_of(tmp_path, CUT, "t = make('x')", "part = cut(t, 3)", "show(part)")
    before, _, after = (task for task in lay_out(made) if task.key.startswith("cut"))

    def roles(task):
        cells = json.loads(task.notebook)["cells"]
        return [cell["metadata"]["kale"]["role"] for cell in cells]

    assert roles(before) == ["imports", "functions", "load", "types", "container"]
    assert roles(after) == ["imports", "functions", "container", "save", "show"]


def test_a_literal_of_another_type_is_refused(tmp_path):
    with pytest.raises(KaleError) as caught:
        plan_of(tmp_path, CUT, "cut('x', 'three')")
    assert "declared `int`" in str(caught.value)
