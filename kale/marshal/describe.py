"""What people read of a saved value: its KFP artifact type and a short description."""

from __future__ import annotations

from .dispatch import TypeDispatcher, full_name

#: Functions that describe an object in one line and preview it: they return a line, such as
#: ``150 rows, 5 columns``, and a text of a few lines, neither of them escaped.
describe = TypeDispatcher("describe")

#: The artifact types, with the bases of which objects are such; from Kubeflow Pipelines.
_ARTIFACTS = {
    "Model": {
        "sklearn.base.BaseEstimator",
        "torch.nn.modules.module.Module",
        "xgboost.core.Booster",
        "lightgbm.basic.Booster",
        "keras.src.models.model.Model",
    },
    "Dataset": {
        "pandas.DataFrame",
        "pandas.Series",
        "pandas.core.frame.DataFrame",
        "pandas.core.series.Series",
        "polars.dataframe.frame.DataFrame",
        "polars.series.series.Series",
        "pyarrow.lib.Table",
        "numpy.ndarray",
    },
}


def artifact_type(kind: type) -> str:
    """``Model``, ``Dataset`` or ``Artifact``: what Kubeflow Pipelines calls such an object."""
    bases = {full_name(base) for base in kind.__mro__}
    return next((name for name, known in _ARTIFACTS.items() if bases & known), "Artifact")
