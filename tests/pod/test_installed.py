"""`python -m kale.pod`, the command of a pod whose image holds Kale."""

from __future__ import annotations

import json
import subprocess
import sys

from kale.codegen.runtime_bundle import installed_digest


def run(digest, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "kale.pod", digest, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_another_kale_is_refused():
    assert run("sha256:0", "{}", "train", "") == (
        1,
        "",
        "kale: step train: the image holds another Kale than the one that compiled the package."
        " Compile with the version of the image, or without `--runtime installed`.\n",
    )


def test_the_same_kale_starts_the_pod(tmp_path):
    output = tmp_path / "out" / "executor.json"
    given = {"inputs": {}, "outputs": {"artifacts": {}, "outputFile": str(output)}}
    # Without a notebook a pod has nothing to do but to say so.
    assert run(installed_digest(), json.dumps(given), "train") == (0, "", "")
    assert json.loads(output.read_text()) == {"artifacts": {}}
