"""polars: frames and series in its own flavour of Arrow files.

Known gaps: marks that a column is sorted, and the pieces that columns are in, are lost.
"""

from __future__ import annotations

from typing import Any

from ..describe import describe
from ..digest import content
from ..manifest import MarshalError
from ..resources import resource_load, resource_save
from .tables import COLUMNS, ROWS, count_text, size_text, table_text

_TYPES = r"polars\.(dataframe\.frame\.DataFrame|series\.series\.Series)"


@resource_save.register(_TYPES, safe=True)
def save_polars(obj: Any, path: str, **_: Any) -> Any:
    """Save as ``path.polars.arrow`` or ``path.polars-series.arrow``; decline Python objects."""
    import polars as pl

    is_frame = isinstance(obj, pl.DataFrame)
    frame = obj if is_frame else obj.to_frame()
    own = {"_df"} if is_frame else {"_s"}
    if vars(obj).keys() - own or not all(map(_survives, frame.dtypes)):
        return NotImplemented
    uri = f"{path}.polars{'' if is_frame else '-series'}.arrow"
    # In one piece, which is the fastest to read.
    frame.write_ipc(uri, record_batch_size=max(frame.height, 1))
    return uri


def _survives(dtype: Any) -> bool:
    """Whether the format has this dtype, and reading it runs nobody's code."""
    import polars as pl

    below = [field.dtype for field in getattr(dtype, "fields", ())]
    below += [inner] if (inner := getattr(dtype, "inner", None)) is not None else []
    known = type(dtype).__module__.startswith("polars.") and type(dtype).__name__ != "Map"
    odd = isinstance(dtype, pl.Object | pl.Unknown | getattr(pl, "BaseExtension", pl.Unknown))
    return known and not odd and all(map(_survives, below))


@resource_load.register(r".*\.polars(-series)?\.arrow", safe=True)
def load_polars(uri: str, **_: Any) -> Any:
    """What :func:`save_polars` wrote.

    Raises:
        MarshalError: it is not such a file.
    """
    import polars as pl

    try:
        frame = pl.read_ipc(uri)
        if uri.endswith(".polars.arrow"):
            return frame
        (column,) = frame.get_columns()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise MarshalError(
            f"{uri} is nothing of polars that this version of Kale saved ({error!r}); save it again"
        ) from None
    return column


@describe.register(_TYPES)
def describe_polars(obj: Any) -> tuple[str, str]:
    """Rows, columns and dtypes; the first rows."""
    import polars as pl

    if isinstance(obj, pl.Series):
        line = f"{count_text(len(obj), 'row')}, {_dtype_text(obj.dtype)}"
        return line, table_text([obj.name], [obj.head(ROWS).to_list()])
    columns = obj.get_columns()[:COLUMNS]
    pairs = [(column.name, _dtype_text(column.dtype)) for column in columns]
    cells = [column.head(ROWS).to_list() for column in columns]
    return size_text(obj.height, obj.width, pairs), table_text([name for name, _ in pairs], cells)


def _dtype_text(dtype: Any) -> str:
    return str(dtype) if _survives(dtype) else type(dtype).__name__


@content.register(_TYPES)
def polars_content(obj: Any) -> Any:
    """Names, dtypes and values; categories by their texts, not their numbers."""
    import polars as pl

    frame = obj if isinstance(obj, pl.DataFrame) else obj.to_frame()
    if not all(map(_survives, frame.dtypes)):
        return NotImplemented
    try:
        table = frame.cast(
            dict(zip(frame.columns, map(_plain, frame.dtypes), strict=True))
        ).to_arrow()
    except ImportError:  # without pyarrow
        return NotImplemented
    return repr(list(frame.schema.items())), frame.height, table


def _plain(dtype: Any) -> Any:
    """The dtype with texts in the place of categories, and of what Arrow does not know."""
    import polars as pl

    if type(dtype).__name__ in ("Categorical", "Enum", "Int128", "UInt128"):
        return pl.String()
    if isinstance(dtype, pl.Array):
        return pl.Array(_plain(dtype.inner), dtype.size)
    if isinstance(dtype, pl.List):
        return pl.List(_plain(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pl.Struct([pl.Field(field.name, _plain(field.dtype)) for field in dtype.fields])
    return dtype
