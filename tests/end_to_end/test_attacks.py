"""The contract on small odd notebooks: the same values, or a refusal, a stop or a warning.

They stand in ``attacks/*.txt``: ``=== name: expected``, then cells, each after ``--- its tags``.
Expected is one of

* ``same``: the pipeline reports what the notebook reports, in every order of its steps;
* ``refused CODE…``: these errors;
* ``stopped``: a step stops with the runtime's own words, no value is wrong;
* ``warned CODE…``: no static reading can tell; these warnings say so, the values may differ;
* ``open``: a known gap, the values differ or a step fails without a warning.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import notebook_json

HERE = Path(__file__).parent
#: Warnings that say that a value may differ.
MAY_DIFFER = {
    *("KALE310", "KALE320", "KALE321", "KALE330", "KALE331", "KALE332", "KALE333", "KALE334"),
    *("KALE335", "KALE336", "KALE337", "KALE338", "KALE339", "KALE341", "KALE344", "KALE345"),
    "KALE346",
}


def read_attacks():
    """Each attack's name with what is expected and its notebook."""
    for path in sorted((HERE / "attacks").glob("*.txt")):
        for text in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, _, body = text.partition("\n")
            name, _, expected = title.rpartition(": ")
            cells = [cell.partition("\n") for cell in re.split(r"^--- ?", body, flags=re.M)[1:]]
            yield name, expected, notebook_json(*((tags, code.rstrip()) for tags, _, code in cells))


ATTACKS = list(read_attacks())
SMALL = sorted((HERE.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What became of every attack and every small notebook, all run by one process."""
    folder = tmp_path_factory.mktemp("attacks")
    given, found = folder / "given.json", folder / "found.json"
    notebooks = {name: text for name, _, text in ATTACKS}
    notebooks |= {path.name: path.read_text(encoding="utf-8") for path in SMALL}
    given.write_text(json.dumps(notebooks), encoding="utf-8")
    subprocess.run(
        [sys.executable, HERE / "shells.py", given, found],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        check=True,
        timeout=300,
    )
    return json.loads(found.read_text(encoding="utf-8"))


def verdict(outcome):
    """What became of a notebook, in the words of the attacks."""
    if "refused" in outcome:
        return " ".join(["refused", *sorted(outcome["refused"])])
    if "MarshalError" in outcome.get("stopped", ""):
        return "stopped"
    # Compared as text, for 1, 1.0 and True are not the same metric.
    if repr(outcome.get("pipeline")) == repr(outcome["notebook"]):
        return "same"
    return " ".join(["warned", *sorted(MAY_DIFFER & set(outcome["codes"]))])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            name,
            "same" if expected == "open" else expected,
            id=name,
            marks=pytest.mark.xfail(reason="known gap") if expected == "open" else (),
        )
        for name, expected, _ in ATTACKS
    ],
)
def test_an_odd_notebook_keeps_the_contract(name, expected, outcomes):
    assert (verdict(outcomes[name]), outcomes[name]) == (expected, outcomes[name])


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_a_small_notebook_gives_the_same_in_every_order(path, outcomes):
    assert (verdict(outcomes[path.name]), outcomes[path.name]) == ("same", outcomes[path.name])


def test_every_attack_has_a_name_of_its_own():
    names = [name for name, _, _ in ATTACKS]
    assert sorted(set(names)) == sorted(names)
