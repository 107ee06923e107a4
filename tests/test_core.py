"""The composition root: the verbs from Python, and the original project's names."""

import networkx as nx
import pytest

import kale
from kale.codegen import gen_kfp_code, make_plan
from kale.nbparser import parse_notebook
from kale.original import Kale

CELLS = (
    ("imports", "import math"),
    ("block:load", "x = 16"),
    ("block:root prev:load", "y = math.sqrt(x)"),
)


def test_the_public_names_are_there():
    assert sorted(kale.__all__) == kale.__all__
    for name in kale.__all__:
        assert getattr(kale, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'kale' has no attribute 'nothing'"):
        _ = kale.nothing


def test_kale_converts_a_notebook(notebook, tmp_path):
    converter = Kale(
        notebook(*CELLS),
        pipeline_name="My Pipeline",
        pipeline_descr="what it does",
        docker_image="image:1",
        experiment_name="tests",
        output_dir=tmp_path / "out",
    )
    compilation = converter.run()
    assert compilation.pipeline == "my-pipeline"
    assert compilation.package == tmp_path / "out" / "my-pipeline.yaml"
    assert "what it does" in compilation.package.read_text(encoding="utf-8")
    assert list(compilation.notebooks) == ["load", "root"]
    assert all(path.is_file() for path in compilation.notebooks.values())


def test_the_graph_of_a_notebook(notebook):
    path = notebook(*CELLS)
    for graph in (parse_notebook(path), Kale(path).notebook_to_graph()):
        assert isinstance(graph, nx.DiGraph)
        assert list(graph.edges) == [("load", "root")]
        assert graph.nodes["root"]["code"] == ("y = math.sqrt(x)",)


def test_the_script_as_text(notebook):
    analyzed = kale.check(notebook(*CELLS))
    assert gen_kfp_code(analyzed) == gen_kfp_code(make_plan(analyzed))
    assert "math.sqrt(x)" in gen_kfp_code(analyzed)


def test_a_plan_lists_the_tasks_in_the_order_in_which_they_can_run(notebook):
    plan = kale.plan(notebook(("block:late prev:early", "x = 1"), ("block:early", "y = 2")))
    assert [task.name for task in plan.tasks] == ["early", "late"]
