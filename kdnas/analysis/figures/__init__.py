"""Figures of a run, one file each: `draw(rows, context)` gives a matplotlib figure.

`FIGURES` names them; `draw_figures` draws and saves them with the same style. Nothing global of
matplotlib is used: no pyplot, no backend is chosen, and its settings are put back.
"""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from kdnas.analysis.figures import hypervolume, pareto, process, trade_off
from kdnas.analysis.figures.style import STYLE
from kdnas.errors import UserError
from kdnas.metrics import TASK_METRICS
from kdnas.runs import Row, RunContext
from kdnas.writing import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURES", "draw_figures", "save_figure"]

FIGURES: dict[str, Callable[[Sequence[Row], RunContext], "Figure"]] = {
    "process": process.draw,
    "trade-off": trade_off.draw,
    "pareto": pareto.draw,
    "hypervolume": hypervolume.draw,
}

_WITHOUT_ATTACK = ("hypervolume",)
"""Figures of runs in which nothing is attacked."""

RESOLUTION = 200
"""The resolution of PNG files (dots per inch)."""


def draw_figures(
    rows: Sequence[Row], context: RunContext, folder: Path, names: Sequence[str] | None = None
) -> list[Path]:
    """Draw the figures of these names (default: all) into `folder`, as PNG and PDF each.

    Equal rows give equal files.

    Returns:
        The files written.

    Raises:
        UserError: There is no such figure, or none of numbers, or no student was evaluated.
    """
    unknown = [name for name in names or () if name not in FIGURES]
    if unknown:
        raise UserError(f"no figure {unknown[0]!r}; there are {', '.join(FIGURES)}")
    possible = _WITHOUT_ATTACK if TASK_METRICS[context.metric].numbers else tuple(FIGURES)
    for name in names or ():
        if name not in possible:
            raise UserError(
                f"figure {name} shows accuracy and robustness, and labels are numbers; there are"
                f" {', '.join(possible)}"
            )
    written = []
    for name in possible if names is None else names:
        written += save_figure(partial(FIGURES[name], rows, context), folder, name)
    return written


def save_figure(draw: Callable[[], "Figure"], folder: Path, name: str) -> list[Path]:
    """Draw a figure in the common style and save it as PNG and PDF.

    Returns:
        The files written.

    Raises:
        UserError: One cannot be written.
    """
    from matplotlib import rc_context

    contents: dict[Path, bytes] = {}
    with rc_context(STYLE):
        figure = draw()
        for form, dates in _FORMS.items():
            content = BytesIO()
            figure.savefig(content, format=form, dpi=RESOLUTION, metadata=dates)
            contents[folder / f"{name}.{form}"] = content.getvalue()
    for path, whole in contents.items():
        write_whole(path, whole)
    return list(contents)


_FORMS: dict[str, dict[str, None]] = {"png": {}, "pdf": {"CreationDate": None}}
