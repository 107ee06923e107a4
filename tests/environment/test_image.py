"""The files of an image: what they say, and that no text breaks out of its line."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import PurePosixPath

import pytest
from codegen.builders import analyzed

from kale.codegen import make_plan
from kale.environment.image import check_folder, image_files
from kale.environment.image_requirements import POD_NEEDS
from kale.environment.shipped import files_digest
from kale.errors import KaleError
from kale.ir import Environment, PackageOptions, SecretEnv, StepOptions
from kale.pod import install

BASE = "python:3.11-slim"


def made(*steps, packages=None, base=BASE, **environment):
    options = {name: StepOptions(packages=words) for name, words in (packages or {}).items()}
    plan = make_plan(analyzed(*(steps or ("train",)), options=options))
    return image_files(plan, Environment(**environment), base)


def text(image, name):
    return image.files[PurePosixPath(name)].decode()


def instructions(image):
    """The Dockerfile as Docker reads it: (instruction, rest), comments and blanks left out."""
    lines = text(image, "Dockerfile").splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def requirements(image):
    return [line for line in text(image, "requirements.txt").splitlines() if line[:1] != "#"]


def test_a_notebook_that_needs_nothing_has_an_image_with_what_every_pod_needs():
    image = made()
    assert [
        name for name, _ in instructions(image)
    ] == "FROM USER ENV RUN WORKDIR COPY RUN USER".split()
    assert sorted(requirements(image)) == sorted(POD_NEEDS)
    assert set(map(str, image.files)) == {
        "Dockerfile",
        "requirements.txt",
        "constraints.txt",
        ".dockerignore",
    }


def test_what_every_pod_needs_is_what_a_pod_would_install():
    pods = (*install._NEEDED, *install._WANTED)  # noqa: SLF001 - the pod has no interface but its run
    assert sorted(POD_NEEDS) == sorted(pods)


def test_the_order_lets_a_changed_module_install_nothing_anew():
    image = made(files={PurePosixPath("a.py"): b"1"})
    names = [name for name, _ in instructions(image)]
    installs = max(number for number, one in enumerate(names) if one == "RUN")
    (copies,) = (
        number for number, (name, rest) in enumerate(instructions(image)) if "files-" in rest
    )
    assert installs < copies
    other = made(files={PurePosixPath("a.py"): b"2"})
    assert instructions(image)[:copies] == instructions(other)[:copies]
    assert image.tag != other.tag


def test_the_image_runs_without_root_and_writes_where_it_may():
    steps = instructions(made())
    assert steps[-1] == ("USER", "1000:0")
    assert re.fullmatch(r"[1-9]\d*:0", steps[-1][1])
    ((_, environment),) = (step for step in steps if step[0] == "ENV")
    assert "HOME=/home/kale" in environment.split()
    assert "PYTHONUNBUFFERED=1" in environment.split()
    folders = json.loads(steps[3][1])
    assert folders[:2] == ["install", "-d"]
    assert folders[-2:] == ["/home/kale", "/home/kale/work"]


def test_pip_leaves_no_cache_and_is_started_without_a_shell():
    runs = [json.loads(rest) for name, rest in instructions(made()) if name == "RUN"]
    assert "--no-cache-dir" in runs[-1]
    assert runs[-1][:3] == ["python3", "-m", "pip"]


def test_the_requirements_of_all_steps_are_there_once():
    image = made(
        "load", "train", "score",
        packages={"train": ("lightgbm==4.5.0",)},
        required={"load": ("requests>=2",), "score": ("requests>=2",)},
        if_missing={"load": ("numpy==2.1.0", "requests==2.32.0"), "train": ("numpy==2.1.0",)},
    )  # fmt: skip
    own = [line for line in requirements(image) if line not in POD_NEEDS]
    assert own == ["lightgbm==4.5.0", "numpy==2.1.0", "requests==2.32.0", "requests>=2"]


def test_a_bare_name_gets_the_version_installed_here_and_an_unknown_one_none():
    lines = requirements(made(packages={"train": ("click", "no-such-package")}))
    assert f"click=={version('click')}" in lines
    assert "no-such-package" in lines


def test_what_a_requirement_needs_has_the_version_that_is_here():
    image = made(if_missing={"train": (f"jinja2=={version('jinja2')}",)})
    lines = text(image, "constraints.txt").splitlines()[1:]
    assert lines == [f"markupsafe=={version('markupsafe')}"]
    image = made(if_missing={"train": ("jinja2==2.0",)})
    assert text(image, "constraints.txt").splitlines()[1:] == []


def test_what_a_step_asks_for_replaces_what_a_pod_would_get():
    lines = requirements(made(packages={"train": ("papermill==2.6.0",)}))
    assert [line for line in lines if "papermill" in line] == ["papermill==2.6.0"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"packages": {"b": ("Num.Py==2.0",), "a": ("num-py==1.0",)}}, id="two tags"),
        pytest.param({"packages": {"a": ("num-py==1.0",)}, "if_missing": {"b": ("num_py==2.0",)}}, id="a tag, and an import of another step"),
    ],
)  # fmt: skip
def test_two_versions_of_one_package_are_refused_with_both_places(second):
    with pytest.raises(KaleError) as caught:
        made("a", "b", **second)
    assert caught.value.code == "KALE432"
    assert "iris.ipynb: cell 10 (a), line 1" in caught.value.message
    assert "iris.ipynb: cell 11 (b), line 1" in caught.value.message


@pytest.mark.parametrize(
    "word",
    ["-r/etc/passwd", "--index-url=http://host", "x\n--index-url http://host", "x @ https://h/${TOKEN}", "x==1 \\"],
)  # fmt: skip
def test_what_a_file_of_requirements_would_read_otherwise_is_refused(word):
    with pytest.raises(KaleError) as caught:
        made(required={"train": (word,)})
    assert caught.value.code == "KALE432"


def test_indexes_are_options_of_pip_and_credentials_a_secret_of_the_build():
    options = PackageOptions(
        index_url="https://host/$HOME/`x`/'\"/simple",
        extra_index_urls=("https://other/simple",),
        trusted_hosts=("other",),
    )
    image = made(options=options)
    (_, pip) = [rest for name, rest in instructions(image) if name == "RUN"]
    words = json.loads(pip)
    assert words[-7:-4] == [
        f"--index-url={options.index_url}", "--extra-index-url=https://other/simple", "--trusted-host=other",
    ]  # fmt: skip
    assert not image.secret
    image = made(options=PackageOptions(index_secrets=(SecretEnv("s", "k", "PIP_INDEX_URL"),)))
    assert image.secret
    assert "RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf,required=true [" in text(
        image, "Dockerfile"
    )
    assert not [step for step in instructions(image) if step[0] == "ARG"]


NASTY = "a b\n# escape=`\nRUN touch canary", 'x"]\nUSER root', "*?[x]!#\\", "ï\u2028.csv", ".env"


def test_no_name_of_a_file_and_no_title_reaches_a_line():
    files = {PurePosixPath("data", name): name.encode() for name in NASTY}
    image = made(files=files)
    digest = files_digest(files)
    assert instructions(image) == [
        *instructions(made(files={PurePosixPath("z"): b""}))[:-2],
        ("COPY", f'--chown=1000:0 ["files-{digest}/", "./"]'), ("USER", "1000:0"),
    ]  # fmt: skip
    copies = {PurePosixPath(f"files-{digest}") / path: files[path] for path in files}
    assert copies.items() <= image.files.items()
    assert text(image, ".dockerignore").splitlines()[1:] == [
        "*", "!requirements.txt", "!constraints.txt", f"!files-{digest}", f"!files-{digest}/**",
    ]  # fmt: skip


def test_no_line_of_the_head_is_a_directive_of_the_parser():
    for name in ("Dockerfile", "requirements.txt", "constraints.txt", ".dockerignore"):
        first = text(made(), name).splitlines()[0]
        assert first.startswith("# ")
        assert "=" not in first


def test_the_same_files_make_the_same_image():
    assert made(files={PurePosixPath("a.py"): b"1"}) == made(files={PurePosixPath("a.py"): b"1"})


def test_pods_that_use_the_kale_of_their_image_are_refused():
    with pytest.raises(KaleError) as caught:
        made(options=PackageOptions(installed_runtime=True))
    assert caught.value.code == "KALE432"


def test_a_folder_is_written_over_only_where_kale_wrote_it(tmp_path):
    names = ["Dockerfile", "requirements.txt"]
    assert not check_folder(tmp_path, names, force=False)
    for path, content in made().files.items():
        (tmp_path / path).write_bytes(content)
    assert check_folder(tmp_path, names, force=False)
    (tmp_path / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    with pytest.raises(KaleError) as caught:
        check_folder(tmp_path, names, force=False)
    assert caught.value.code == "KALE011"
    assert check_folder(tmp_path, names, force=True)
