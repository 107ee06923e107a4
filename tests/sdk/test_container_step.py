"""A container as a step: what goes in, what comes out, and what is refused; Docker is a stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kale.sdk import ContainerStep

STAND_IN = Path(__file__).with_name("stand_in_docker.py")


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """The calls of a stand-in for Docker, which is all that is on PATH beside the shell's tools."""
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    command = folder / "docker"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("STAND_IN_LOG", str(log))
    return lambda: [json.loads(line) for line in log.read_text().splitlines()]


def shell(script, **rest):
    """A step that runs a shell's script."""
    return ContainerStep(name="it", image="alpine:3", command=["sh", "-c"], args=[script], **rest)


COPY = "cat {inputs.a.path} > {outputs.b.path}"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        pytest.param(str, "größe\n $HOME `x` {inputs.a}", None, id="a text, as it is"),
        pytest.param(str, "", None, id="an empty text"),
        pytest.param(int, 2**80, "1208925819614629174706176", id="an integer"),
        pytest.param(float, 0.1, "0.1", id="a float"),
        pytest.param(bool, True, "true", id="a truth value"),
        pytest.param(list, [1, "a", None], '[1, "a", null]', id="a list"),
        pytest.param(dict, {"a": {"é": 1.5}}, '{"a": {"é": 1.5}}', id="a dictionary"),
    ],
)
def test_values_go_through_as_they_are(docker, kind, value, text):
    copy = ContainerStep(
        image="alpine:3",
        command=["sh", "-c", f'{COPY}; printf %s "$0" > {{outputs.seen.path}}'],
        args=["{inputs.a}"],
        inputs={"a": kind},
        outputs={"b": kind, "seen": str},
    )
    found, seen = copy(value)
    assert (found, type(found)) == (value, kind)
    assert seen == (value if text is None else text)


def test_the_command_line(docker):
    step = ContainerStep(
        image="alpine:3",
        command=["sh", "-c", "true"],
        args=["{inputs.n}", "{inputs.n.path}", "{outputs.o.path}", "{n} {inputs} {{x}}"],
        inputs={"n": int},
        env={"A": "b=c d"},
        outputs=["o"],
    )
    with pytest.raises(RuntimeError) as caught:
        step(n=3)
    assert str(caught.value) == (
        "container step `alpine:3` left no output `o`; it has to write it to the file"
        " {outputs.o.path}"
    )
    ((run, rm, name, one, volume, mount, *words),) = docker()
    assert (run, rm, name, volume) == ("run", "--rm", "--name", "--volume")
    assert one.startswith("kale-")
    assert mount.endswith(":/kale")
    assert words == [
        "--env", "A=b=c d", "--entrypoint", "sh", "alpine:3", "-c", "true",
        "3", "/kale/inputs/n", "/kale/outputs/o", "{n} {inputs} {{x}}",
    ]  # fmt: skip
    assert not Path(mount.removesuffix(":/kale")).exists()


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param(["a"], "1", id="one, which is a text unless it is said"),
        pytest.param({"b": int, "a": str}, (2, "1"), id="several, in their order"),
    ],
)
def test_outputs(docker, outputs, expected):
    write = "; ".join(f"printf {'ab'.index(o) + 1} > {{outputs.{o}.path}}" for o in outputs)
    assert shell(write or "true", outputs=outputs)() == expected


def test_what_the_container_prints_is_printed(docker, capsys):
    shell("echo hello; echo trouble >&2")()
    assert sorted(capsys.readouterr().out.splitlines()) == ["hello", "trouble"]


FAILED = "container step `it` failed: `docker run` ended with status 3; see what it printed above"


@pytest.mark.parametrize(
    ("script", "ports", "error", "text"),
    [
        pytest.param("exit 3", {}, RuntimeError, FAILED, id="the command fails"),
        pytest.param(
            "printf no > {outputs.n.path}",
            {"outputs": {"n": int}},
            RuntimeError,
            "container step `it`: output `n` is no int in JSON: 'no'",
            id="an output that is no JSON",
        ),
        pytest.param(
            "printf '\\377' > {outputs.n.path}",
            {"outputs": ["n"]},
            RuntimeError,
            "container step `it`: output `n` cannot be read: 'utf-8' codec can't decode byte 0xff in"
            " position 0: invalid start byte",
            id="an output that is no text",
        ),
        pytest.param(
            "printf 1.5 > {outputs.n.path}",
            {"outputs": {"n": int}},
            RuntimeError,
            "container step `it`: output `n` is no int in JSON: '1.5'",
            id="an output of another type",
        ),
        pytest.param(
            "true",
            {"inputs": ["a"]},
            TypeError,
            "container step `it` takes `a`, each once",
            id="no value for an input",
        ),
    ],
)
def test_failures(docker, script, ports, error, text):
    with pytest.raises(error) as caught:
        shell(script, **ports)()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("values", "named", "text"),
    [
        pytest.param([1, 2, 3], {}, "takes `a`, `b`, each once", id="too many"),
        pytest.param([1], {"a": 1, "b": 2}, "takes `a`, `b`, each once", id="one twice"),
        pytest.param([1], {"c": 1}, "takes `a`, `b`, each once", id="one that is not there"),
        pytest.param([1], {"b": 2}, ": input `b` is a int, not str; convert it", id="another type"),
        pytest.param(
            [True, "x"], {}, ": input `a` is a bool, not int; convert it", id="a truth value"
        ),
    ],
)
def test_arguments_that_do_not_fit(docker, values, named, text):
    step = shell("true", inputs={"a": int, "b": str})
    with pytest.raises(TypeError) as caught:
        step(*values, **named)
    joint = "" if text[0] == ":" else " "
    assert str(caught.value) == f"container step `it`{joint}{text}"


def test_without_docker_and_podman_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError) as caught:
        shell("true")()
    assert str(caught.value) == (
        "container step `it` needs Docker or Podman, and neither `docker` nor `podman` is on PATH;"
        " install one of them"
    )


def test_podman_does_as_well(docker, tmp_path):
    (tmp_path / "bin" / "docker").rename(tmp_path / "bin" / "podman")
    assert shell("printf x > {outputs.o.path}", outputs=["o"])() == "x"


def test_a_container_is_ended_with_what_waits_for_it(docker, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.stdout, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        shell("echo x")()
    run, kill = docker()
    assert kill == ["kill", run[run.index("--name") + 1]]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({"image": ""}, "'' is no image", id="no image"),
        pytest.param({"image": "-v/:/x"}, "'-v/:/x' is no image", id="an option as image"),
        pytest.param(
            {"inputs": ["a b"]},
            "'a b' is no name of an input or output; use letters, digits and _",
            id="a name that is none",
        ),
        pytest.param(
            {"outputs": {"a": tuple}},
            "`a` has to be one of str, int, float, bool, list, dict",
            id="a type that is none",
        ),
        pytest.param(
            {"inputs": ["a"], "outputs": ["a"]},
            "`a` is an input and an output; rename one",
            id="one name for both",
        ),
        pytest.param(
            {"args": ["{inputs.b}"], "inputs": ["a"]},
            "{inputs.b} names no input; there are: `a`",
            id="a placeholder of no input",
        ),
        pytest.param(
            {"command": ["{outputs.b.path}"]},
            "{outputs.b.path} names no output; there are: none",
            id="a placeholder of no output",
        ),
        pytest.param(
            {"args": ["{outputs.a}"], "outputs": ["a"]},
            "{outputs.a} is no placeholder; write {outputs.a.path}",
            id="the value of an output, which is not there yet",
        ),
    ],
)
def test_steps_that_cannot_be(options, text):
    with pytest.raises(ValueError, match="container step 'it': ") as caught:
        ContainerStep(**{"name": "it", "image": "alpine:3"} | options)
    assert str(caught.value) == f"container step 'it': {text}"


SCRIPT = """\
from kale.sdk import ContainerStep, log_metric, pipeline, step

cut = ContainerStep(
    image="alpine:3",
    command=["sh", "-c", "cut -c {inputs.n} < {inputs.text.path} > {outputs.part.path}"],
    inputs={"text": str, "n": int},
    outputs=["part"],
)


@step()
def make(who: str) -> list[str]:
    return [f"hello {who}", "x y"]


@step()
def join(parts):
    print("joined", "".join(parts).split())


@pipeline(name="cuts")
def cuts(who: str = "you", n: int = 1):
    parts = []
    for text in make(who):
        parts.append(cut(text, n))
    join(parts)


if __name__ == "__main__":
    cuts()
"""


def test_the_local_engine_runs_containers_as_plain_python_does(docker, tmp_path, kale):
    path = tmp_path / "cuts.py"
    path.write_text(SCRIPT)
    printed = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    code, out, err = kale("run", path, "--json", "-p", "n=1")
    assert code == 0, err
    result = json.loads(out)
    assert [step["name"] for step in result["steps"]] == ["make", "cut.0", "cut.1", "join"]
    log = Path(result["run_dir"], "logs", "join.log").read_text()
    assert printed == log == "joined ['h', 'x']\n"
