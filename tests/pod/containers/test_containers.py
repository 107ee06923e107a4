"""Steps of compiled packages in real containers, with the command that KFP's launcher runs."""

from __future__ import annotations

import json
import sysconfig
import zipfile
from pathlib import Path

import pytest
import yaml
from pod.containers.podman import run_in
from pod.launcher import Launcher

from kale import core
from tests.reference import run_top_to_bottom

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"

#: What makes an image in which all is installed, Kale too: this machine's packages, where the
#: image's Python looks for them, and the folder to which one of them points.
INSTALLED = (
    f"{sysconfig.get_path('purelib')}"
    f":/usr/local/lib/python{sysconfig.get_python_version()}/site-packages:ro",
    f"{ROOT}:{ROOT}:ro",
)


class Cluster:
    """Runs the tasks of one notebook's package, in containers on one root folder."""

    def __init__(self, root, folder, notebook, *, installed=True, **settings):
        found = core.compile_notebook(notebook, folder / "package", settings)
        spec = next(yaml.safe_load_all(found.package.read_text("utf-8")))
        self.root, self.installed = root, installed
        self.launcher = Launcher(spec, folder / "store", folder / "results")
        self.metrics = {}

    def run(self, task, mounts=(), **environment):
        """Run one task, without root and on a root folder that is read only if all is installed."""
        launcher = self.launcher
        argv = launcher.argv(task)
        mounts = [
            *mounts,
            f"{launcher.store}:/minio/bucket",
            f"{launcher.results}:{launcher.seen_results}",
            *(INSTALLED if self.installed else ()),
        ]
        done = run_in(
            self.root,
            argv,
            mounts=mounts,
            environment={**launcher.environment(task), **environment},
            restricted=self.installed,
        )
        if done.returncode == 0:
            written = launcher.finish(task)
            self.metrics |= written.get("metrics", {}).get("metadata", {})
        return done

    def run_all(self, **environment):
        for task in self.launcher.order():
            done = self.run(task, **environment)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def cluster(root, tmp_path):
    def make(notebook, **rest):
        return Cluster(root, tmp_path, notebook, **rest)

    return make


@pytest.mark.parametrize(
    ("example", "rest"),
    [
        pytest.param(
            "base_example_numpy",
            {"installed": False},
            id="an image of Python only: pip installs what is missing",
        ),
        pytest.param(
            "bike_rentals",
            {"include": "data/bike_rentals.csv"},
            id="an image that has all, no root, a read-only file system, no package index",
        ),
    ],
)
def test_an_example_reports_from_containers_what_its_notebook_reports(example, rest, cluster):
    notebook = EXAMPLES / f"{example}.ipynb"
    ran = cluster(notebook, **rest)
    ran.run_all(**({} if "installed" in rest else {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}))
    assert ran.metrics == run_top_to_bottom(notebook)
    left = ran.launcher.artifacts
    for task in ran.launcher.order():
        for output, start in (("executed_notebook", b"{"), ("html_report", b"<!")):
            assert ran.launcher.file_of(left[task, output]).read_bytes().startswith(start)


#: Every character of Latin-1 but those that no line of Python holds as they are.
LATIN = "".join(map(chr, range(256))).translate(dict.fromkeys(map(ord, "\0\r\n\\'")))

#: What the launcher, Argo, Jinja and ``str.format`` would each make something else of.
LIVE = f"""\
texts = ["{{{{$}}}}", "{{{{$.inputs.parameters['x']}}}}", "{{{{workflow.name}}}}"]
texts += ["{{% for a in x %}}{{{{ a }}}}{{% endfor %}}", f"{{{{{{x}}}}}}", f"{{{{x}}}}", '{LATIN}']
"""

CHECK = "import zlib\ncount, checksum = len(texts), zlib.crc32(repr(texts).encode())"


def test_code_that_others_would_expand_runs_as_it_was_written(cluster, notebook):
    path = notebook(
        ("pipeline-parameters", "x = 7"),
        ("block:write", LIVE),
        ("block:read prev:write", CHECK),
        ("pipeline-metrics", "print(count)\nprint(checksum)"),
    )
    ran = cluster(path)
    ran.run_all()
    here = {"x": 7}
    exec(LIVE + CHECK, here)
    assert ran.metrics == {"count": len(here["texts"]), "checksum": here["checksum"]}


def test_a_failing_cell_fails_the_container_and_its_log_gives_the_notebook_back(
    cluster, notebook, kale, tmp_path
):
    path = notebook(
        ("block:load", "rows = [1, 2, 3]"),
        ("block:train prev:load", "print('so far, so good')\ntotal = sum(rows)\ntotal / 0"),
    )
    ran = cluster(path, runtime="installed")
    assert ran.run("load").returncode == 0
    done = ran.run("train")
    assert done.returncode == 1
    assert "so far, so good" in done.stdout
    assert "ZeroDivisionError" in done.stderr.splitlines()[-1]
    assert "cell 2" in done.stderr
    log = tmp_path / "pod.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    code, _, err = kale("logs", log, "-o", tmp_path / "logs")
    assert code == 0, err
    cells = json.loads((tmp_path / "logs" / "train.ipynb").read_text("utf-8"))["cells"]
    assert any(
        output.get("ename") == "ZeroDivisionError" for cell in cells for output in cell["outputs"]
    )


def test_packages_are_installed_without_root_and_on_a_file_system_that_is_read_only(
    cluster, notebook, tmp_path
):
    (tmp_path / "wheels").mkdir()
    make_wheel(tmp_path / "wheels", "parcel_of_a_test", "ADDRESS = 'here'")
    code = "import parcel_of_a_test\nprint(parcel_of_a_test.ADDRESS, parcel_of_a_test.__file__)"
    path = notebook(("block:unpack packages:parcel-of-a-test==1.0", code))
    ran = cluster(path)
    wheels = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
    done = ran.run("unpack", mounts=[f"{tmp_path}/wheels:/wheels:ro"], **wheels)
    assert done.returncode == 0, done.stderr
    assert "here /tmp/" in done.stdout


def make_wheel(folder, name, code):
    """A wheel of one module, version 1.0."""
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": code,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
