"""The notebooks that other tests run as pipelines: well formed, and right top to bottom."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.reference import execute_top_to_bottom, run_top_to_bottom

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))
SMALL = sorted((ROOT / "tests" / "notebooks").glob("*.ipynb"))

#: What each small notebook must report, by the stem of its file.
SMALL_METRICS = {
    "class_across_steps": {"balance": 70, "recognised": True, "same_kind": True, "caught": True},
    "comprehension_scope": {
        "x": 10,
        "found": 9,
        "pairs": "[(10, 'outer', 0), (10, 'outer', 1)]",
        "total": 42,
    },
    "conditional_definition": {"payout": 20, "present": "nothing"},
    "diamond": {"total": 15, "square_sum": 55, "combined": "15 [1, 4, 9, 16, 25]"},
    "function_defined_in_step": {"early": 20, "late": 30, "result": 130},
    "import_in_step": {
        "commonest": "an",
        "text": '{"root": 4, "is_tally": true}',
        "lines": 2,
        "stem": "report",
    },
    "loops_and_with": {
        "parsed": "[4, 8]",
        "problem": "invalid literal for int() with base 10: 'x'",
        "shape": "4+1@3",
        "outcome": "['unset', 'ended', 16, '16', {}]",
    },
    "mutation_in_place": {
        "in_order": True,
        "columns": "price amount cost",
        "money": 53.0,
        "rows": "[[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]",
    },
    "parameters_of_all_types": {
        "described": 'It\'s "one" {{two}} {three} \\ %s 🐍/1/0.1/True/True',
        "count": 4,
        "grown": "[1, 2.5, 'a', None, [True], 2]",
        "deepest": 0.8,
    },
    "rebound_builtin": {"answer": 43, "ordered": "[1, 2, 3]", "smallest": 1, "restored": True},
    "shared_cell_value_changed": {
        "rate": 30,
        "counted": "1 2 [2]",
        "THRESHOLD": 6,
        "unlike": True,
    },
    "unicode_names": {
        "umfang": 12.0,
        "länge": 12,
        "text": "Grüß Gott, z\u2028\x85'''\\n🐍\"\"\"",
        "fine": 7,
    },
}


@pytest.mark.parametrize("path", [*EXAMPLES, *SMALL], ids=lambda path: path.stem)
def test_a_committed_notebook_is_valid_clean_and_has_readable_ids(path: Path) -> None:
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert {"pipeline_name", "pipeline_description", "experiment_name"} <= set(
        notebook.metadata.kubeflow_notebook
    )
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(identifier.replace("-", "").isalpha() for identifier in ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_a_small_notebook_computes_what_its_author_meant(path: Path) -> None:
    assert run_top_to_bottom(path) == SMALL_METRICS[path.stem]


def test_parameters_replace_defaults_in_the_reference_run() -> None:
    path = ROOT / "tests" / "notebooks" / "conditional_definition.ipynb"
    assert run_top_to_bottom(path, {"generous": True, "rounds": 2}) == {
        "payout": 198,
        "present": "a book, 2 times",
    }


def test_the_reference_run_refuses_a_parameter_that_the_notebook_does_not_have() -> None:
    path = ROOT / "tests" / "notebooks" / "conditional_definition.ipynb"
    with pytest.raises(ValueError, match="not parameters of this notebook: generos"):
        run_top_to_bottom(path, {"generos": True})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_with_its_exploration_and_without_a_warning(path: Path) -> None:
    notebook = execute_top_to_bottom(path, skipped_too=True)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


@pytest.mark.parametrize(
    ("name", "least"),
    [
        pytest.param("base_example_numpy", {"r2": 0.85, "warmest_day": 195}, id="numpy"),
        pytest.param("breast_cancer", {"accuracy": 0.95, "roc_auc": 0.98}, id="breast cancer"),
        pytest.param("bike_rentals", {"rows_used": 300, "gain": 0.5}, id="bike rentals"),
    ],
)
def test_an_example_reaches_the_quality_it_speaks_of(name: str, least: dict[str, float]) -> None:
    metrics = run_top_to_bottom(ROOT / "examples" / f"{name}.ipynb")
    assert {key: metrics[key] for key in least if metrics[key] < least[key]} == {}
