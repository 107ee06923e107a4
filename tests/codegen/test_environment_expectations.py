"""What the pods of a package get, by the notebook and the options of ``kale compile``."""

from __future__ import annotations

import importlib.metadata
import warnings

import pytest
import yaml


def test_what_a_step_imports_is_there_in_the_version_of_this_machine(compiled):
    cells = [
        ("imports", "import json"),
        ("block:load", "import yaml\nx = yaml.safe_load('1')"),
        ("block:fit prev:load", "print(x)"),  # and may need what it takes to load it
        ("block:show prev:fit", "print(1)"),
    ]
    made = compiled(cells=cells)
    words = [f"PyYAML=={importlib.metadata.version('PyYAML')}"]
    assert [made.if_missing(step) for step in ("load", "fit", "show")] == [words, words, []]


def test_no_installation(compiled):
    made = compiled(["packages:polars==1.9"], "--no-install")
    assert "--no-install" in made.container()["args"]


def test_a_file_of_requirements(compiled, tmp_path):
    (tmp_path / "needed.txt").write_text("# for all\npolars==1.9\n\nrich>=13  # pretty\n")
    made = compiled("", "--requirements", "needed.txt")
    assert made.required() == ["polars==1.9", "rich>=13"]


def test_package_indexes(compiled):
    made = compiled(
        "", "--index-url", "https://pypi.example.org/simple",
        "--extra-index-url", "https://one.example.org", "--extra-index-url", "http://two.example.org",
        "--trusted-host", "two.example.org",
    )  # fmt: skip
    assert {pair["name"]: pair["value"] for pair in made.container()["env"]} == {
        "PIP_INDEX_URL": "https://pypi.example.org/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example.org http://two.example.org",
        "PIP_TRUSTED_HOST": "two.example.org",
    }


def test_an_index_whose_address_is_a_secret(compiled):
    made = compiled("", "--index-secret", "pip:address")
    (secret,) = made.pod()["secretAsEnv"]
    assert secret["secretName"] == "pip"
    assert secret["keyToEnv"] == [{"envVar": "PIP_INDEX_URL", "secretKey": "address"}]
    assert "env" not in made.container()


def test_an_older_cluster_is_not_told_what_it_does_not_know(compiled):
    made = compiled("secret:db:password:P limit:cpu:1", "--kfp-version", "2.0")
    (secret,) = made.pod()["secretAsEnv"]
    assert sorted(secret) == ["keyToEnv", "secretName"]
    assert made.container()["resources"] == {"cpuLimit": 1.0}


def test_a_runtime_of_the_image(compiled):
    cells = [("block:load", "x = 1"), ("block:fit prev:load", "print(x)")]
    made = compiled("", "--runtime", "installed", cells=cells)
    for step in ("load", "fit"):
        *command, digest = made.container(step)["command"]
        assert command == ["python3", "-m", "kale.pod"]
        assert digest.startswith("sha256:")
    assert "kale_runtime" not in made.outputs("load")


def test_the_runtime_travels_once(compiled):
    cells = [("block:load", "x = 1"), ("block:fit prev:load", "print(x)")]
    made = compiled(cells=cells)
    carried, taken = (made.container(step)["command"][-1] for step in ("load", "fit"))
    assert len(carried) > 1000
    assert taken.startswith("sha256:")
    source = made.task("fit")["inputs"]["artifacts"]["kale_runtime"]["taskOutputArtifact"]
    assert source == {"outputArtifactKey": "kale_runtime", "producerTask": "load"}


def test_a_file_that_is_included(compiled, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ä.csv").write_bytes(b"a,b\n\xff")
    carried = compiled("", "--include", "data/*.csv").bundle()
    shipped = {k: v.encode("latin-1") for k, v in carried.items() if k.startswith("kale_files/")}
    assert shipped == {"kale_files/data/ä.csv": b"a,b\n\xff"}


def test_a_module_beside_the_notebook(compiled, tmp_path):
    (tmp_path / "own_helpers.py").write_text("import own_words\nONE = own_words.ONE\n")
    (tmp_path / "own_words.py").write_text("ONE = 1\n")
    (tmp_path / "unused.py").write_text("TWO = 2\n")
    made = compiled(cells=[("block:fit", "import own_helpers\nprint(own_helpers.ONE)")])
    shipped = {name for name in made.bundle() if name.startswith("kale_files/")}
    assert shipped == {"kale_files/own_helpers.py", "kale_files/own_words.py"}
    assert made.if_missing() == []


EVERYTHING = [
    (
        "pipeline-parameters",
        "none: int | None = None\nbraced = {'{{': 1}\nrates: list = [0.5, 1]",
    ),
    (
        "block:load_it timeout:5 label:a:b limit:cpu:1 limit:nvidia.com/gpu:1 secret:s:k:E"
        " volume:c:/d retry:2 toleration:a:b:NoSchedule packages:q==1 env:A=1",
        "import own\nx = own.X",
    ),
    ("block:fit prev:load_it report:disabled", "print(x, none, braced, rates)"),
]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("", id="no option"),
        pytest.param("--kfp-version 2.0", id="an old cluster"),
        pytest.param("--kfp-version 2.4", id="a cluster of the middle ages"),
        pytest.param("--runtime installed", id="a runtime of the image"),
        pytest.param("--no-install", id="no installation"),
        pytest.param(
            "--index-url https://x.example --index-secret s:k:PIP_EXTRA_INDEX_URL"
            " --trusted-host x.example",
            id="indexes and a secret",
        ),
        pytest.param("--include data", id="files of any bytes"),
    ],
)
def test_the_script_says_what_the_package_says(compiled, tmp_path, options):
    (tmp_path / "own.py").write_bytes("X = 'ü'\n# \x0c\r\n".encode())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "all.bin").write_bytes(bytes(range(256)))
    made = compiled("", *options.split(), cells=EVERYTHING)
    script = {"__name__": "script"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK's, about Python and what it will drop
        text = (tmp_path / "nb.kfp.py").read_bytes()
        exec(compile(text, "nb.kfp.py", "exec", dont_inherit=True), script)
        written = list(yaml.safe_load_all(script["package"]()))
    assert written == made.documents
