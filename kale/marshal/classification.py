"""A confusion matrix or an ROC curve as the metadata that Kubeflow Pipelines draws it from."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise
from math import isfinite
from typing import Any

#: Points of a curve that are kept, and classes of a matrix that is: the record has to stay small.
_MOST_POINTS, _MOST_CLASSES = 1000, 100

#: Values of what is looked at at all.
_MOST_VALUES = 10**6


def drawn(values: Iterable[Any]) -> dict[str, Any]:
    """What can be drawn of the values: the first confusion matrix and the first curve."""
    found: dict[str, Any] = {}
    for value in values:
        with suppress(Exception):  # any class may be asked here what it holds
            found = classification(value) | found
    return found


def classification(value: Any) -> dict[str, Any]:
    """The metadata of an artifact ``system.ClassificationMetrics``; empty for any other value.

    A confusion matrix is a square of at least 2 x 2 integers, of which a frame's index names the
    classes. A curve is a tuple or list of false positive rates, true positive rates and
    thresholds, in the order of scikit-learn's ``roc_curve``; of a long one, points are left out.
    """
    labels, rows = getattr(value, "index", None), _plain(value)
    size = len(rows) if isinstance(rows, list) else 0
    if size < 2 or not all(isinstance(row, list) for row in rows):
        return {}
    if all(len(row) == size and all(type(count) is int for count in row) for row in rows):
        names = range(size) if labels is None or callable(labels) else labels
        specs = [{"displayName": str(name)} for name in names]
        matrix = {"annotationSpecs": specs, "rows": [{"row": row} for row in rows]}
        return {"confusionMatrix": matrix} if size <= _MOST_CLASSES else {}
    if size == 3 and isinstance(value, tuple | list) and len(rows[0]) > 1:
        return _curve(*rows)
    return {}


def _curve(false: list[Any], true: list[Any], thresholds: list[Any]) -> dict[str, Any]:
    if not len(false) == len(true) == len(thresholds):
        return {}
    if not all(type(x) in (int, float) for x in (*false, *true, *thresholds)):
        return {}
    # Nor is anything true of what is not a number.
    rising = all(a <= b for rates in (false, true) for a, b in pairwise((0, *rates, 1)))
    if not (rising and all(a >= b for a, b in pairwise(thresholds)) and isfinite(thresholds[-1])):
        return {}
    # At the first one nothing is positive yet. JSON has no infinity for that.
    highest = max(x for x in thresholds if isfinite(x)) + 1
    last = len(false) - 1
    points = min(last, _MOST_POINTS - 1)
    kept = [last * number // points for number in range(points + 1)]
    return {
        "confidenceMetrics": [
            {
                "confidenceThreshold": thresholds[n] if isfinite(thresholds[n]) else highest,
                "recall": true[n],
                "falsePositiveRate": false[n],
            }
            for n in kept
        ]
    }


def _plain(value: Any) -> Any:
    """The value with lists for all that is an array, a frame or a sequence."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if getattr(value, "size", 0) > _MOST_VALUES:
        return None
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    return value.tolist() if hasattr(value, "tolist") else value
