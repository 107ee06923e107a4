"""The lock: what all steps install, in a file that gives the same package on another machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from environment.site_folders import install, installed

from kale import core
from kale.environment.lock import lock
from kale.environment.requirements import read_requirements
from kale.ir import Environment


@pytest.fixture
def locked(notebook, tmp_path):
    """The lines of a lock beyond the first, and the findings; ``wanted`` is what is inferred."""
    site = tmp_path / "site-packages"
    install(site, "numpy", "2.1.0", ["numpy.py"])
    install(site, "torch", "2.3.0+cpu", ["torch.py"])
    install(site, "edited", "1.0", ["edited.py"], direct_url={"dir_info": {}})

    def locked(*cells, wanted=None, required=None):
        planned = core.plan(notebook(*cells))
        environment = Environment(required or {}, wanted or {})
        text, found = lock(planned, environment, installed(site))
        first, *lines = text.splitlines()
        assert first == "# What the steps of nb install; for `kale compile --requirements`."
        return lines, [(one.code, one.message) for one in found]

    return locked


def step(name, tags=""):
    return ([f"block:{name}", *tags.split()], "x = 1")


LOCKED = [
    pytest.param([step("a")], {}, [], id="nothing"),
    pytest.param([step("a"), step("b")], {"a": ("pandas==2", "Numpy==1"), "b": ("pandas==2",)},
                 ["Numpy==1  # a", "pandas==2  # a, b"], id="inferred ones, sorted, with their steps"),
    pytest.param([step("a", "packages:numpy==1.26.4")], {}, ["numpy==1.26.4  # a"],
                 id="what a tag names"),
    pytest.param([step("a", "packages:numpy"), step("b")], {"b": ("numpy==2.1.0",)},
                 ["numpy==2.1.0  # a, b"], id="a name gets the version of this machine"),
    pytest.param([step("a", "packages:torch")], {}, ["torch==2.3.0  # a"],
                 id="the public part of it"),
    pytest.param([step("a", "packages:edited packages:unknown packages:x>=2")], {},
                 ["edited  # a", "unknown  # a", "x>=2  # a"],
                 id="what has no version here stays as it is"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "wanted", "expected"), LOCKED)
def test_a_lock(locked, cells, wanted, expected):
    assert locked(*cells, wanted=wanted) == (expected, [])


def test_two_versions_are_left_to_the_steps(locked):
    lines, found = locked(step("a", "packages:numpy==1.26.4"), step("b"),
                          wanted={"b": ("numpy==2.1.0", "zeta==1")})  # fmt: skip
    assert lines == [
        "# left to the steps: numpy==1.26.4  # a",
        "# left to the steps: numpy==2.1.0  # b",
        "zeta==1  # b",
    ]
    assert found == [(
        "KALE424",
        "steps want different versions of numpy, and the lock leaves it to them:"
        " a: numpy==1.26.4; b: numpy==2.1.0",
    )]  # fmt: skip


def test_a_lock_of_a_lock_is_the_same(locked):
    lines, _ = locked(step("a"), required={"a": ("numpy==2.1.0",)}, wanted={})
    assert lines == ["numpy==2.1.0  # a"]


def test_what_a_lock_says_is_what_is_installed_where_it_is_given_back(notebook, tmp_path):
    path = notebook(("block:a", "import numpy"), ("block:b", "import yaml"))
    first = core.compile_notebook(path, tmp_path / "first", lock=True)
    given = {"requirements": str(first.lock)}
    again = [core.compile_notebook(path, tmp_path / name, given, lock=True) for name in ("b", "c")]
    assert again[0].package.read_bytes() == again[1].package.read_bytes()
    names = [word.partition("==")[0] for word in read_requirements(first.lock)]
    assert names == ["numpy", "PyYAML"]
    assert read_requirements(again[0].lock) == read_requirements(first.lock)
    assert replace(first, lock=None).as_json()["files"].keys() == {"script", "package", "notebooks"}
    assert first.as_json()["files"]["lock"] == str(first.lock)
