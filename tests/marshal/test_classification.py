"""What Kubeflow Pipelines draws of metrics: as its own SDK would have written it, or nothing."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from kale.marshal import record_metrics
from kale.marshal.classification import classification

MATRIX = [[5, 1], [2, 7]]
CURVE = ([0.0, 0.5, 1.0], [0.0, 1.0, 1.0], [1.9, 0.9, 0.1])


def curve(count):
    rates = [number / (count - 1) for number in range(count)]
    return rates, rates, rates[::-1]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param(np.array(MATRIX), ["0", "1"], id="an array"),
        pytest.param(np.array(MATRIX, dtype="uint8"), ["0", "1"], id="an array of bytes"),
        pytest.param(MATRIX, ["0", "1"], id="a list"),
        pytest.param([np.array(row) for row in MATRIX], ["0", "1"], id="a list of arrays"),
        pytest.param(
            pd.DataFrame(MATRIX, index=["no", 1], columns=["a", "b"]), ["no", "1"], id="a frame"
        ),
    ],
)
def test_a_matrix_is_as_the_sdk_logs_it(value, names):
    from kfp.dsl import ClassificationMetrics

    logged = ClassificationMetrics()
    logged.log_confusion_matrix(names, MATRIX)
    found = json.loads(json.dumps(classification(value)))
    assert found == logged.metadata


@pytest.mark.parametrize(
    ("value", "thresholds"),
    [
        pytest.param(CURVE, CURVE[2], id="lists"),
        pytest.param([np.array(part) for part in CURVE], CURVE[2], id="arrays"),
        pytest.param(tuple(pd.Series(part) for part in CURVE), CURVE[2], id="series"),
        pytest.param((*CURVE[:2], [math.inf, 0.9, 0.1]), [1.9, 0.9, 0.1], id="from infinity on"),
        pytest.param(([0, 0, 1, 1], [0, 1, 1, 1], [3, 2, 1, 0]), [3, 2, 1, 0], id="integers"),
    ],
)
def test_a_curve_is_as_the_sdk_logs_it(value, thresholds):
    from kfp.dsl import ClassificationMetrics

    logged = ClassificationMetrics()
    logged.log_roc_curve([float(x) for x in value[0]], [float(x) for x in value[1]], thresholds)
    assert json.loads(json.dumps(classification(value), allow_nan=False)) == logged.metadata


def test_a_curve_of_scikit_learn_is_drawn():
    from sklearn.metrics import roc_curve

    found = classification(roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
    points = found["confidenceMetrics"]
    assert [p["falsePositiveRate"] for p in points] == [0, 0, 0.5, 0.5, 1]
    assert [p["recall"] for p in points] == [0, 0.5, 0.5, 1, 1]
    assert [p["confidenceThreshold"] for p in points] == [1.8, 0.8, 0.4, 0.35, 0.1]


def test_of_a_long_curve_points_are_left_out():
    kept = [p["recall"] for p in classification(curve(100_001))["confidenceMetrics"]]
    assert (len(kept), kept[0], kept[-1]) == (1000, 0, 1)
    assert set(kept) <= set(curve(100_001)[1])
    assert len(classification(curve(1000))["confidenceMetrics"]) == 1000


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(0.5, id="a number"),
        pytest.param("text", id="a text"),
        pytest.param([], id="nothing"),
        pytest.param([[1]], id="one class"),
        pytest.param([[1, 2]], id="no square"),
        pytest.param([[1, 2], [3]], id="rows that differ"),
        pytest.param([[1, 2], 3], id="a row that is none"),
        pytest.param([[0.5, 0.5], [0.1, 0.9]], id="shares"),
        pytest.param([[True, False], [False, True]], id="booleans"),
        pytest.param(np.zeros((2, 2, 2), int), id="three dimensions"),
        pytest.param(np.zeros((101, 101), int), id="too many classes"),
        pytest.param([[0.9, 0.8, 0.7]] * 3, id="scores of three folds"),
        pytest.param((*CURVE[:2], [1.9, 0.9]), id="lengths that differ"),
        pytest.param((*CURVE[:2], CURVE[2][::-1]), id="thresholds that rise"),
        pytest.param(([0.0, math.nan, 1.0], *CURVE[1:]), id="not a number"),
        pytest.param((*CURVE[:2], [math.inf] * 3), id="no threshold"),
        pytest.param((CURVE[0], [0.0, 1.5, 2.0], CURVE[2]), id="no rates"),
        pytest.param(({0.0, 1.0}, *CURVE[1:]), id="a set"),
        pytest.param((["0", "1", "2"], *CURVE[1:]), id="texts"),
    ],
)
def test_anything_else_is_not_drawn(value):
    assert classification(value) == {}


class Trap:
    @property
    def index(self):
        raise RuntimeError


def test_the_first_of_each_is_recorded(context):
    told = json.loads((context / "context.json").read_text())
    told["classification"] = str(context / "drawn.json")
    (context / "context.json").write_text(json.dumps(told))
    values = {"t": Trap(), "m": MATRIX, "n": [[9, 9], [9, 9]], "roc": CURVE, "f1": 0.5}
    record_metrics(values, [*values])
    drawn = json.loads((context / "drawn.json").read_text())
    assert drawn == classification(CURVE) | classification(MATRIX)
    metrics = json.loads((context / "results" / "metrics.json").read_text())
    assert (metrics["m"], metrics["f1"]) == ("[[5, 1], [2, 7]]", 0.5)
