"""Matplotlib's current figure: ``plt.title`` in one step draws on no figure of another.

Known gap: figures that functions of a library, or of the notebook, open or draw on. The inline
backend closes figures at the end of a cell: there the notebook itself goes on with an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Run, Verb
from kale.static_analysis.channels.survey import Survey

_PYPLOT = "matplotlib.pyplot."
_OPENS = frozenset("figure subplots subplot subplot_mosaic subplot2grid".split())
_CLOSES = frozenset("show close clf".split())
#: What needs a figure that something has been drawn on.
_FINISHES = frozenset(
    "annotate arrow axhline axhspan axis axvline axvspan colorbar figlegend figtext gca gcf grid "
    "legend savefig suptitle text tick_params ticklabel_format tight_layout title twinx twiny "
    "xlabel xlim xscale xticks ylabel ylim yscale yticks".split()
)
_DRAWS = frozenset(
    "bar barh boxplot contour contourf errorbar fill fill_between hexbin hist hist2d imshow "
    "matshow pcolormesh pie plot quiver scatter spy stackplot stairs stem step streamplot "
    "violinplot".split()
)


@dataclass(frozen=True, slots=True)
class _Figure:
    """The figure that a step left open; an empty one waits to be drawn on."""

    run: Run
    empty: bool


def current_figure(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of a step that goes on with the figure of another."""
    figure: _Figure | None = None
    told: set[tuple[str, str]] = set()
    for sight in survey.sights:
        name = sight.name.removeprefix(_PYPLOT)
        if sight.verb is not Verb.CALL or name == sight.name or len(sight.runs) != 1:
            continue
        run = sight.runs[0]
        if name in _CLOSES:
            figure = None
        elif name in _OPENS:
            figure = _Figure(run, empty=True)
        elif name in _FINISHES | _DRAWS:
            other = figure is not None and figure.run.owner != run.owner
            if figure is not None and other and (name in _FINISHES or figure.empty):
                if (figure.run.owner, run.owner) not in told:
                    yield diagnose(
                        "KALE339",
                        f"`{sight.text}` works on the figure that step `{figure.run.owner}` opened "
                        f"in cell {figure.run.cell}; step `{run.owner}` starts without one",
                        at=sight.at,
                        hint="open, draw and save a figure in one step, or keep it in a variable: "
                        "`fig, ax = plt.subplots()`",
                    )
                told.add((figure.run.owner, run.owner))
            if name in _DRAWS or figure is None:
                figure = _Figure(run, empty=False)
