"""Files that only native code opens count when the notebook names them anywhere before."""

from __future__ import annotations

from runners.plans import parameter, plan, task

#: Reads a file in native code, which nobody hears of.
NATIVE = (
    "import ctypes\nlibc = ctypes.CDLL(None)\nf = libc.open(name.encode(), 0)\n"
    "b = ctypes.create_string_buffer(9)\nlibc.read(f, b, 9)\ny = b.value.decode()"
)


def test_a_file_that_an_earlier_step_named_and_native_code_reads_counts(project):
    data = project.folder / "data.csv"
    data.write_text("1")
    made = plan(
        task("load", "name = 'data.csv'", saves=["name"]),
        task("train", NATIVE, loads={"name": "load"}, saves=["y"]),
    )
    project.run(made)
    assert project.run(made).taken == ["load", "train"]
    data.write_text("2")
    after = project.run(made)
    assert (after.ran, after.value("train", "y")) == (["load", "train"], "2")


def test_a_file_that_a_parameter_names_and_native_code_reads_counts(project):
    data = project.folder / "data.csv"
    data.write_text("1")
    made = plan(
        task("load", NATIVE, takes={"name": "''"}, saves=["y"]),
        parameters=[parameter("name", "str", "''")],
    )
    project.run(made, parameters={"name": "data.csv"})
    assert project.run(made, parameters={"name": "data.csv"}).taken == ["load"]
    data.write_text("2")
    after = project.run(made, parameters={"name": "data.csv"})
    assert after.value("load", "y") == "2"
