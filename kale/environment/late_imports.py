"""What libraries and IPython import when they are asked for something: no cell imports it.

A word too many does no harm: what is not installed here is passed over, and what an image lacks is
installed beside the rest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from kale.options import Pickling

#: By library, by the module that it needs: the attributes whose use asks for it.
_ASKED_BY = {
    "pandas": {
        "pyarrow": "read_parquet to_parquet read_feather to_feather read_orc to_orc",
        "openpyxl": "read_excel to_excel ExcelFile ExcelWriter",
        "tables": "read_hdf to_hdf HDFStore",
        "lxml": "read_html read_xml to_xml",
        "sqlalchemy": "read_sql read_sql_query read_sql_table to_sql",
        "matplotlib": "plot hist boxplot scatter_matrix",
        "jinja2": "style to_latex",
        "tabulate": "to_markdown",
    },
    "polars": {
        "fastexcel": "read_excel",
        "xlsxwriter": "write_excel",
        "deltalake": "read_delta scan_delta write_delta",
        "pyarrow": "to_arrow to_pandas from_arrow from_pandas",
        "altair": "plot",
    },
}

#: By the beginning of an address the module that opens it, for all that build on fsspec.
_OPENERS = {b"s3://": "s3fs", b"gs://": "gcsfs", b"gcs://": "gcsfs", b"abfs": "adlfs"}

#: What saves values without pickle, by the library whose values they are.
_WITHOUT_PICKLE = {"pandas": "pyarrow", "sklearn": "skops"}


def late_imports(notebook: bytes, tops: Collection[str], pickling: Pickling) -> Iterator[str]:
    """The modules that a step's ``notebook`` asks for by way of the top-level modules ``tops``.

    Those that save its values are among them, but for what a pod is given.
    """
    known = _ASKED_BY.keys() & tops
    if known:
        words = {word.decode() for word in re.findall(rb"\.(\w+)", notebook)}
        for library in sorted(known):
            for module, asked in _ASKED_BY[library].items():
                if not words.isdisjoint(asked.split()):
                    yield module
        yield from (module for start, module in _OPENERS.items() if start in notebook)
    if b"%" in notebook:
        yield from ("matplotlib" for start in (b"%matplotlib", b"%pylab") if start in notebook)
        yield from (name.decode() for name in re.findall(rb"%load_ext[ \t]+([\w.]+)", notebook))
    yield from _saving(tops, pickling)


def _saving(tops: Collection[str], pickling: Pickling) -> Iterable[str]:
    if pickling.no_pickle:
        return [_WITHOUT_PICKLE[top] for top in sorted(_WITHOUT_PICKLE.keys() & tops)]
    # A pod is given cloudpickle; joblib comes with scikit-learn, whose values it saves.
    return ["dill"] if pickling.pickler == "dill" else []
