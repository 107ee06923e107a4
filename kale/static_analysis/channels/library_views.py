"""Values that a library makes on another one's memory: saved and loaded, the two come apart.

NumPy's own views are saved as views and need no word. Known gap: other calls that return a view,
and what a library keeps of its arguments inside an object.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Verb
from kale.static_analysis.channels.survey import Sight, Survey
from kale.static_analysis.facts import Kind
from kale.static_analysis.reaching import Flow

_VIEWS = frozenset(
    "torch.from_numpy torch.as_tensor torch.frombuffer torch.utils.dlpack.from_dlpack "
    "tensorflow.experimental.dlpack.from_dlpack pyarrow.py_buffer PIL.Image.frombuffer".split()
)
#: Constructors that make a view when they are told not to copy.
_ON_REQUEST = frozenset("pandas.Series pandas.DataFrame pandas.Index xarray.DataArray".split())


def library_views(survey: Survey, flow: Flow) -> Iterator[Diagnostic]:
    """Warnings of two values on one memory that both travel, one of them being changed later."""
    travels: dict[str, str] = {}
    for wire in flow.wires:
        travels[wire.name] = wire.consumer
    for sight in survey.sights:
        statement = sight.statement
        if not _is_view(sight) or not isinstance(statement, ast.Assign):
            continue
        made = {t.id for t in statement.targets if isinstance(t, ast.Name)} & travels.keys()
        assert isinstance(sight.node, ast.Call)
        whole = {a.id for a in sight.node.args if isinstance(a, ast.Name)}
        for name in sorted(made):
            for other in sorted(whole):
                changed = _changed_later(survey, name, sight) or _changed_later(
                    survey, other, sight
                )
                if changed and (other in travels or sight.cell.owners[0] != changed):
                    yield diagnose(
                        "KALE346",
                        f"`{name}` and `{other}` share their memory here; saved for another step "
                        f"they come apart, and step `{changed}` changes one of them",
                        at=sight.at,
                        hint="make a copy, or do both in one step",
                    )


def _is_view(sight: Sight) -> bool:
    if sight.verb is not Verb.CALL or not isinstance(sight.node, ast.Call):
        return False
    if sight.name in _VIEWS:
        return True
    return sight.name in _ON_REQUEST and any(
        k.arg == "copy" and isinstance(k.value, ast.Constant) and k.value.value is False
        for k in sight.node.keywords
    )


def _changed_later(survey: Survey, name: str, sight: Sight) -> str | None:
    """A step that surely changes a value in a cell below."""
    for write in survey.facts.writes.get(name, ()):
        if write.cell > sight.cell.number and not write.shared and write.kind is Kind.MUTATE:
            return write.owners[0]
    return None
