"""Values that go through a volume: steps run as in a pod, a folder in the place of the mount."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from pod.small_steps import Pod, cell, notebook

from kale.pod.on_volume import follow, new_folder, point

LOAD = '__import__("kale_runtime").load_inputs(globals(), %s)'
SAVE = '__import__("kale_runtime").save_outputs(globals(), %s)'
AS_ANYBODY = 0o777
RUN = "minio://bucket/run"


class Volume:
    """A volume for values, and an artifact store beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "marshal" / ".kale"
        self.store = folder / "store"

    def book(self, *cells, **ports):
        book = notebook(*cells, **ports)
        book["metadata"]["kale"]["on_volume"] = str(self.root)
        return book

    def artifact(self, step, key):
        place = str(self.store / step / key)
        return {"name": key, "uri": f"{RUN}/{step}/{key}", "customPath": place}

    def made(self):
        """The files that a value consists of, whose folders are named at random."""
        return sorted(
            re.sub("-[^/]+", "-*", str(path.relative_to(self.root)), count=1)
            for path in self.root.rglob("*")
            if path.is_file()
        )


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_values_go_through_the_volume(pod: Pod, volume: Volume):
    code = "import numpy; x = numpy.ones(1 << 18); y = {'a': 1}"
    make = volume.book(cell(code), cell(SAVE % ["x", "y"]), outputs={"x": "out_x", "y": "y"})
    outputs = {key: volume.artifact("make", key) for key in ("out_x", "y")}
    done = pod.run("make", make, outputs=outputs)
    assert (done.returncode, done.stderr) == (0, "")
    files = [f"make-*/{name}" for name in ("out_x/manifest.json", "out_x/value.npy")]
    assert [file for file in volume.made() if "out_x" in file] == files
    told = pod.written()["out_x"]["metadata"]
    assert (told["type"], told["digest"][:7]) == ("numpy.ndarray", "sha256:")
    # The store has but the names.
    stored = sorted(path for path in volume.store.rglob("*") if path.is_file())
    assert [path.name for path in stored] == ["on_volume.json"] * 2
    assert sum(path.stat().st_size for path in stored) < 400

    use = volume.book(
        cell(LOAD % ["x", "y"]),
        cell("base = x\nwhile getattr(base, 'base', None) is not None:\n    base = base.base"),
        cell("print(int(x.sum()), type(getattr(base, 'obj', base)).__name__, y)"),
        inputs={"x": ["in_x"], "y": ["in_y"]},
    )
    inputs = {"in_x": outputs["out_x"], "in_y": outputs["y"]}
    done = pod.run("use", use, inputs=inputs)
    assert (done.returncode, done.stdout) == (0, "262144 mmap {'a': 1}\n"), done.stderr


def test_a_value_that_is_passed_on_unchanged_stays_where_it_is(pod: Pod, volume: Volume):
    make = volume.book(cell("x = [1, 2]"), cell(SAVE % ["x"]), outputs={"x": "out_x"})
    made = volume.artifact("make", "out_x")
    uri = {"name": "out_x", "uri": f"{RUN}/make/out_x", "customPath": made["customPath"]}
    assert pod.run("make", make, outputs={"out_x": uri}).returncode == 0
    before = volume.made()

    # Only by its URI can one artifact stand for another: neither has a place of its own here.
    store = volume.store.parent / "s"
    (store / "make").mkdir(parents=True)
    shutil.copytree(made["customPath"], store / "make" / "out_x")
    keep = volume.book(
        cell(LOAD % ["x"]),
        cell(SAVE % ["x"]),
        inputs={"x": ["in_x"]},
        outputs={"x": "out_x"},
    )
    keep["metadata"]["kale"]["single"] = ["x"]
    given, own = f"{store}/make/out_x", f"{store}/keep/out_x"
    done = pod.run(
        "keep",
        keep,
        inputs={"in_x": {"name": "in_x", "uri": given}},
        outputs={"out_x": {"name": "out_x", "uri": own}},
    )
    assert done.returncode == 0, done.stderr
    assert pod.written()["out_x"]["uri"] == given
    assert volume.made() == before
    assert not Path(own).exists()


def test_a_step_that_fails_leaves_no_values(pod: Pod, volume: Volume):
    make = volume.book(
        cell("x = [1]"), cell(SAVE % ["x"]), cell("1 / 0", cell=3, line=1), outputs={"x": "out_x"}
    )
    done = pod.run("make", make, outputs={"out_x": volume.artifact("make", "out_x")})
    assert done.returncode == 1
    assert "step `make` failed: cell 3, line 1: ZeroDivisionError" in done.stderr
    assert [*volume.root.iterdir()] == []


def test_a_value_that_was_changed_on_the_volume_stops_the_step(pod: Pod, volume: Volume):
    make = volume.book(cell("x = 'right'"), cell(SAVE % ["x"]), outputs={"x": "out_x"})
    made = volume.artifact("make", "out_x")
    assert pod.run("make", make, outputs={"out_x": made}).returncode == 0
    [file] = volume.root.rglob("value.*")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"right", b"wrong"))
    use = volume.book(cell(LOAD % ["x"]), cell("print(x)"), inputs={"x": ["in_x"]})
    done = pod.run("use", use, inputs={"in_x": made})
    assert done.returncode == 1
    assert "wrong" not in done.stdout
    assert re.search(r"`x` from step `make`.* cannot be loaded: .*value", done.stderr)

    shutil.rmtree(volume.root)
    done = pod.run("use", use, inputs={"in_x": made})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("step `use` failed: RuntimeError: `x` cannot be loaded: its folder")
    assert last.endswith("is not there; run the pipeline without cache, so that it is written anew")


def test_a_volume_that_is_not_there_stops_the_step(pod: Pod, volume: Volume, tmp_path: Path):
    (tmp_path / "marshal").write_text("no folder")
    make = volume.book(cell("x = 1"), cell(SAVE % ["x"]), outputs={"x": "out_x"})
    done = pod.run("make", make, outputs={"out_x": volume.artifact("make", "out_x")})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("step `make` failed: RuntimeError: the volume for values cannot be")


# --------------------------------------------------------------------------- pointers


def saved(volume: Volume, text="{}"):
    folder = new_folder(str(volume.root), "make") / "x"
    folder.mkdir()
    (folder / "manifest.json").write_text(text)
    return folder


def test_a_pointer_leads_to_what_was_saved(volume: Volume, tmp_path: Path):
    folder, artifact = saved(volume), str(tmp_path / "artifact")
    point(artifact, folder, str(volume.root))
    assert follow(artifact, "x", str(volume.root)) == str(folder)


def test_a_value_that_is_no_pointer_is_taken_as_it_is(volume: Volume, tmp_path: Path):
    assert follow(str(tmp_path), "x", str(volume.root)) == str(tmp_path)


def test_two_pods_never_share_a_folder_and_every_user_may_read_it(volume: Volume):
    before = os.umask(0o077)
    try:
        one, other = (new_folder(str(volume.root), "make") for _ in range(2))
        assert os.umask(0o077) == 0o077  # what the step itself writes is the author's concern
    finally:
        os.umask(before)
    assert one != other
    assert one.stat().st_mode & AS_ANYBODY == 0o755
    assert volume.root.stat().st_mode & AS_ANYBODY == 0o777


@pytest.mark.parametrize(
    ("note", "told"),
    [
        pytest.param({"folder": "../../secret"}, "none of the volume for values", id="it climbs"),
        pytest.param({"folder": "/etc"}, "none of the volume for values", id="an absolute path"),
        pytest.param({"folder": "."}, "none of the volume for values", id="the volume itself"),
        pytest.param({"folder": "out"}, "none of the volume for values", id="a link that leaves"),
        pytest.param({"folder": "gone/x"}, "is not there", id="a folder that is gone"),
        pytest.param({"folder": "old"}, "another than the one that was saved", id="another value"),
        pytest.param({"folder": 7}, "cannot be read", id="a number"),
        pytest.param({"folder": "a\0b"}, "cannot be read", id="a zero byte"),
        pytest.param({"files": []}, "cannot be read", id="another note"),
        pytest.param([], "cannot be read", id="no note"),
    ],
)
def test_a_pointer_that_is_wrong_reads_nothing(volume: Volume, tmp_path: Path, note, told):
    for name in ("secret", "marshal/.kale/old"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text("{}")
    (volume.root / "out").symlink_to(tmp_path / "secret")
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    if isinstance(note, dict):
        note = {"manifest": "sha256:00", **note}
    (artifact / "on_volume.json").write_text(json.dumps(note))
    with pytest.raises(RuntimeError, match="`x` cannot be loaded: its folder") as caught:
        follow(str(artifact), "x", str(volume.root))
    assert told in str(caught.value)


def test_a_pointer_that_is_no_json_reads_nothing(volume: Volume, tmp_path: Path):
    (tmp_path / "on_volume.json").write_text("{")
    with pytest.raises(RuntimeError, match="`x` cannot be loaded"):
        follow(str(tmp_path), "x", str(volume.root))
