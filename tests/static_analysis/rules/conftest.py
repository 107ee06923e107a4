"""Fixtures that the tests of the rules share."""

from __future__ import annotations

import pytest
from both_ways import Shells, check, refusals_of, run_both_ways, wires


@pytest.fixture(scope="session")
def shells(tmp_path_factory):
    process = Shells(tmp_path_factory.mktemp("both"))
    yield process
    process.close()


@pytest.fixture
def both(shells, tmp_path):
    """Run a notebook both ways; see :func:`both_ways.run_both_ways`."""
    return lambda *cells, after=None: run_both_ways(shells, tmp_path, cells, after)


@pytest.fixture
def analyzed(tmp_path):
    """Analyse a notebook; see :func:`both_ways.check`."""
    return lambda *cells, after=None: check(tmp_path, cells, after)


@pytest.fixture
def refusals(tmp_path):
    """What refuses a notebook, which is not run; see :func:`both_ways.refusals_of`."""
    return lambda *cells, after=None: refusals_of(tmp_path, cells, after)


@pytest.fixture
def computes_the_same(both):
    """Assert that pipeline and notebook report the same, over these wires if any are given."""

    def run(cells, after, expected):
        found = both(*cells, after=after)
        assert found.same, found
        assert expected is None or wires(found.analyzed) == expected

    return run
