"""Bodies of pipelines, the steps that they lower to, and that both compute the same.

The rows stand in ``bodies/*.txt``, each with its title, the body of a pipeline whose file has
:data:`lowered_scripts.HEAD`, and the lines that :func:`lowered_scripts.graph` makes of it.
"""

from __future__ import annotations

import pytest
from lowered_scripts import graph, lowered_run, plain_run, rows, script, written

TOPICS = ("calls", "loops", "lists", "conditions", "exit_handlers")
BODIES = [row for topic in TOPICS for row in rows(f"bodies/{topic}.txt")]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_a_body_lowers_to_steps_that_compute_what_it_computes_as_plain_python(
    tmp_path, body, expected
):
    path = written(tmp_path, script(body))
    assert graph(path) == expected
    assert lowered_run(path) == plain_run(path)


def test_there_are_more_than_eighty_bodies():
    assert len({row.id for row in BODIES}) > 80
