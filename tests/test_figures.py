"""Figures: what is drawn (points, lines, labels, legends, limits), and the files written."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from programs import output_of
from synthetic_students import BELOW_FLOOR, CONTEXT, DEGENERATE, FAILED, run, student

from kdnas.analysis import (
    FIGURES,
    draw_figures,
    hypervolume_history,
    pareto_front,
    picks,
)
from kdnas.analysis.figures import RESOLUTION, methods
from kdnas.analysis.figures.process import running_mean, top_mean, window
from kdnas.analysis.figures.style import STYLE
from kdnas.analysis.front import marks
from kdnas.analysis.paper import Estimate
from kdnas.errors import UserError
from kdnas.metrics import (
    ACCURACY,
    FLOPS,
    ROBUSTNESS,
    SUCCESS_RATE,
    Metric,
    standard_error,
)
from kdnas.runs import Row
from kdnas.runs.context import largest_seen

INFEASIBLE = {*DEGENERATE, *BELOW_FLOOR}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return run()


@pytest.fixture(scope="module")
def figures(rows) -> dict[str, Figure]:
    with mpl.rc_context(STYLE):
        drawn = {name: draw(rows, CONTEXT) for name, draw in FIGURES.items()}
        for figure in drawn.values():
            figure.draw_without_rendering()
    return drawn


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def texts(figure: Figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


def said(figure: Figure) -> str:
    return "\n".join(t.get_text() for t in texts(figure))


def points(collection) -> list[tuple[float, float]]:
    return [tuple(map(float, xy)) for xy in collection.get_offsets()]


def scores(rows: list[Row], births) -> list[tuple[float, float]]:
    found = [rows[b].evaluation.search for b in births]
    return [(100 * s.accuracy, 100 * s.robustness) for s in found]


def feasible_births() -> list[int]:
    return [b for b in range(60) if b not in FAILED and b not in INFEASIBLE]


def test_process_has_both_scores_of_every_student(rows, figures):
    (axes,) = figures["process"].axes
    filled, hollow = axes.collections[::2], axes.collections[1::2]
    for kind, births in ((filled, feasible_births()), (hollow, sorted(INFEASIBLE))):
        drawn = [points(collection) for collection in kind]
        expected = scores(rows, births)
        assert drawn[0] == [(b, s[0]) for b, s in zip(births, expected, strict=True)]
        assert drawn[1] == [(b, s[1]) for b, s in zip(births, expected, strict=True)]
    assert axes.get_xlabel() == "student (birth index)"
    assert axes.get_ylabel() == "accuracy (%)"


def test_process_trends_are_over_feasible_students(rows, figures):
    (axes,) = figures["process"].axes
    accuracy, robustness = np.transpose(scores(rows, feasible_births()))
    trends = [line for line in axes.lines if len(line.get_xdata()) > 2]
    expected = [running_mean(accuracy, 10), running_mean(robustness, 10), top_mean(robustness)]
    for line, values in zip(trends, expected, strict=True):
        np.testing.assert_allclose(line.get_ydata(), values)
    assert set(labels(figures["process"])) == {
        "accuracy",
        "accuracy under attack",
        "infeasible",
        "mean of the last 10",
        "mean of the 10% most robust",
    }


def test_process_names_its_reference_lines(rows, figures):
    (axes,) = figures["process"].axes
    heights = [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
    assert heights == [50, 60, pytest.approx(84.2)]
    for name in ("majority class", "accuracy floor", "teacher"):
        assert name in said(figures["process"])
    bare = replace(CONTEXT, floor=0.0, teacher_accuracy=None)
    (axes,) = FIGURES["process"](rows, bare).axes
    assert [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2] == [50]


def test_trends():
    assert [window(n) for n in (1, 60, 400, 5000)] == [10, 10, 40, 100]
    assert top_mean(np.arange(1.0, 21.0))[-1] == 19.5
    assert running_mean(np.arange(4.0), 3).tolist() == [0, 0.5, 1, 2]


def test_trade_off_tells_students_apart_by_marker_and_colour(rows, figures):
    whole, zoomed = figures["trade-off"].axes
    groups = {c.get_label(): c for c in whole.collections}
    expected = {
        "feasible": feasible_births(),
        "below the floor": BELOW_FLOOR,
        "degenerate": DEGENERATE,
    }
    assert {name: points(c) for name, c in groups.items()} == {
        name: scores(rows, births) for name, births in expected.items()
    }
    assert len({tuple(map(tuple, c.get_paths()[0].vertices)) for c in groups.values()}) == 3
    assert len({tuple(c.get_edgecolor()[0][:3]) for c in groups.values()}) == 3
    assert points(zoomed.collections[0]) == points(groups["feasible"])
    for outer, inner in (
        (whole.get_xlim(), zoomed.get_xlim()),
        (whole.get_ylim(), zoomed.get_ylim()),
    ):
        assert outer[0] < inner[0] < inner[1] < outer[1]  # so the frame around it is seen whole
    assert whole.get_xlim()[0] < 50 < 60 < zoomed.get_xlim()[0]
    assert labels(figures["trade-off"]) == [*expected, "front of these two ± standard error"]


def test_trade_off_front_has_error_bars_and_steps(rows, figures):
    zoomed = figures["trade-off"].axes[1]
    line, _, (horizontal, vertical) = zoomed.containers[0]
    front = pareto_front(rows, (ACCURACY, ROBUSTNESS), CONTEXT.floor)
    members = sorted((r.evaluation.search for r in front), key=lambda s: s.accuracy)
    expected = [(100 * s.accuracy, 100 * s.robustness) for s in members]
    assert list(zip(*line.get_data(), strict=True)) == expected
    assert line.get_drawstyle() == "steps"  # before the next point: down, then right
    for bars, share, axis, texts in ((horizontal, 0, 0, 400), (vertical, 1, 1, 150)):
        lengths = [float(np.ptp(path[:, axis])) for path in bars.get_segments()]
        errors = [200 * standard_error(point[share] / 100, texts) for point in expected]
        assert lengths == pytest.approx(errors)


def test_trade_off_of_feasible_students_needs_one_panel():
    (axes,) = FIGURES["trade-off"]([student(0, 0.8, 0.2), student(1, 0.7, 0.3)], CONTEXT).axes
    assert len(axes.containers) == 1


def patches(axes):
    return [c for c in axes.collections if isinstance(c, PathCollection)]


def bubbles(axes, hollow: bool):
    drawn = [c for c in patches(axes) if len(c.get_offsets()) == 1]
    return [c for c in drawn if (len(c.get_facecolor()) == 0) == hollow]


def test_pareto_bubbles_are_the_front_with_sizes_as_areas(rows, figures):
    (axes,) = figures["pareto"].axes
    front = {r.birth: r for r in pareto_front(rows, CONTEXT.objectives, CONTEXT.floor)}
    front |= {r.birth: r for r in chosen(rows).values()}
    filled = bubbles(axes, hollow=False)
    assert sorted(points(c)[0] for c in filled) == sorted(scores(rows, front))
    by_place = {points(c)[0]: c.get_sizes()[0] for c in filled}
    sizes = [by_place[scores(rows, [b])[0]] / r.evaluation.parameters for b, r in front.items()]
    assert sizes == pytest.approx([sizes[0]] * len(sizes))
    reported = [r.report for r in front.values() if r.report]
    assert reported
    assert sorted(points(c)[0] for c in bubbles(axes, hollow=True)) == sorted(
        (100 * m.accuracy, 100 * m.robustness) for m in reported
    )
    bars = [c.get_segments()[0] for c in axes.collections if isinstance(c, LineCollection)]
    assert len(bars) == 2 * len(front)
    widths = sorted(bar[1][0] - bar[0][0] for bar in bars if bar[0][1] == bar[1][1])
    measured = [r.report or r.evaluation.search for r in front.values()]
    errors = [200 * standard_error(m.accuracy, m.texts) for m in measured]
    assert widths == pytest.approx(sorted(errors))
    joins = [t for t in axes.texts if t.arrow_patch is not None]
    assert len(joins) == len(reported)


def chosen(rows: list[Row]) -> dict[str, Row]:
    front = pareto_front(rows, CONTEXT.objectives, CONTEXT.floor)
    return picks(rows, front, CONTEXT.objectives, CONTEXT.floor, CONTEXT.weights)


def test_pareto_shows_picks_outside_the_front():
    rows = [student(0, 0.9, 0.1), student(1, 0.8, 0.3)]
    (axes,) = FIGURES["pareto"](rows, replace(CONTEXT, objectives=(ACCURACY,))).axes
    assert len(bubbles(axes, hollow=False)) == 2


def test_pareto_letters_stand_at_the_picks(rows, figures):
    (axes,) = figures["pareto"].axes
    letters = {t.xy: t.get_text() for t in axes.texts if t.get_text()}
    assert letters == {
        scores(rows, [row.birth])[0]: marks(chosen(rows), row) for row in chosen(rows).values()
    }
    assert "F best fitness, K knee, R most robust" in said(figures["pareto"])


def test_pareto_legend_shows_true_sizes(rows, figures):
    (axes,) = figures["pareto"].axes
    assert labels(figures["pareto"])[:2] == ["search-val", "report-val"]
    sizes = {c.get_label(): c.get_sizes()[0] for c in patches(axes)}
    sizes = {name: area for name, area in sizes.items() if name.endswith("M parameters")}
    front = [r.evaluation for r in pareto_front(rows, CONTEXT.objectives, CONTEXT.floor)]
    largest = max(e.parameters for e in front)
    scale = max(c.get_sizes()[0] for c in bubbles(axes, hollow=False)) / largest * 1e6
    assert len(sizes) == 3
    for name, area in sizes.items():
        assert area == pytest.approx(scale * float(name.split()[0]))
    bare = [replace(row, report=None) for row in rows]
    assert "report-val" not in labels(FIGURES["pareto"](bare, CONTEXT))


def test_hypervolume_line_is_the_history_from_zero(rows, figures):
    (axes,) = figures["hypervolume"].axes
    (line,) = axes.lines
    history = hypervolume_history(rows, CONTEXT.objectives, CONTEXT.floor, CONTEXT.limits)
    assert line.get_ydata().tolist() == [0, *history]
    assert line.get_xdata().tolist() == list(range(61))
    assert axes.get_ylim()[0] == 0
    reference = "reference: accuracy 0, robustness 0, parameters 50.0 M"
    assert reference in said(figures["hypervolume"])


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_for_other_objectives(name, rows):
    tables = Metric("tables", lambda e: e.parameters - e.block_parameters, maximise=False)
    objectives = (ACCURACY, FLOPS, SUCCESS_RATE, tables)
    limits = largest_seen(rows, objectives)
    figure = FIGURES[name](rows, replace(CONTEXT, objectives=objectives, limits=limits))
    figure.draw_without_rendering()
    if name == "hypervolume":
        scale = f"flops {limits['flops'] / 1e6:.1f} M, attack success rate 1, tables "
        assert f"reference: accuracy 0, {scale}{limits['tables']}" in said(figure)
        (line,) = figure.axes[0].lines
        assert line.get_ydata()[-1] > 0


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_legible(name, figures):
    figure = figures[name]
    assert min(t.get_fontsize() for t in texts(figure)) >= 7
    assert figure.get_figwidth() in (3.4, 5.0)
    assert all(axes.get_xlabel() for axes in figure.axes)
    assert figure.axes[0].get_ylabel()
    assert figure.axes[0].get_title(loc="left") == CONTEXT.title
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)


@pytest.mark.parametrize("name", FIGURES)
def test_only_offline_results_carry_the_caveat(name, rows, figures):
    assert CONTEXT.caveat
    assert CONTEXT.caveat in said(figures[name])
    assert CONTEXT.caveat not in said(FIGURES[name](rows, replace(CONTEXT, offline=False)))


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_evaluated_is_a_user_error(name, rows):
    message = "nothing to draw yet: no student of a run was evaluated"
    with pytest.raises(UserError, match=message):
        FIGURES[name]([rows[7]], CONTEXT)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("births", [[0], sorted(INFEASIBLE)], ids=["one", "all infeasible"])
def test_small_runs_can_be_drawn(name, births, rows):
    figure = FIGURES[name]([rows[b] for b in births], CONTEXT)
    figure.draw_without_rendering()
    assert all(np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all() for axes in figure.axes)


def test_pareto_of_infeasible_students_says_so(rows):
    figure = FIGURES["pareto"]([rows[3]], CONTEXT)
    assert "no feasible student" in said(figure)
    assert not figure.legends


def test_files_are_written_in_both_formats_and_reproducibly(rows, tmp_path):
    before = dict(mpl.rcParams)
    title = replace(CONTEXT, title="no math: $run^2^3$")
    written = draw_figures(rows, title, tmp_path / "new" / "figures", ["hypervolume"])
    again = draw_figures(rows, title, tmp_path, ["hypervolume"])
    assert [p.name for p in written] == ["hypervolume.png", "hypervolume.pdf"]
    png, pdf = [path.read_bytes() for path in written]
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 3.4 * RESOLUTION
    assert pdf.startswith(b"%PDF")
    assert [path.read_bytes() for path in again] == [png, pdf]
    assert dict(mpl.rcParams) == before


def test_all_figures_are_drawn_by_default(rows, tmp_path):
    written = draw_figures(rows, CONTEXT, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert {p.stem for p in written} == set(FIGURES)
    assert all(p.stat().st_size > 1000 for p in written)


def test_unknown_figure_is_refused_before_anything_is_drawn(rows, tmp_path):
    with pytest.raises(UserError, match="no figure 'fig5'; there are process, trade-off, pareto"):
        draw_figures(rows, CONTEXT, tmp_path, ["process", "fig5"])
    assert not list(tmp_path.iterdir())


PYPLOT = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from synthetic_students import CONTEXT, student
from kdnas.analysis import FIGURES
FIGURES["trade-off"]([student(0, 0.8, 0.2)], CONTEXT).draw_without_rendering()
assert "matplotlib.pyplot" not in sys.modules
"""


def test_drawing_does_not_load_pyplot():
    output_of(PYPLOT)


@pytest.mark.parametrize("count", [2, 60])
def test_every_method_of_a_comparison_has_room_for_its_name(count):
    points = [methods.Point(f"method {i}", Estimate(i, 1.0), Estimate(20.0)) for i in range(count)]
    figure = methods.draw({"one": points, "two": points}, "accuracy (%)", "TextFooler")
    figure.draw_without_rendering()  # a figure without room warns, and a warning is an error
    for axes in figure.axes:
        names = [Text.get_window_extent(text) for text in axes.texts]
        assert len(names) == count
        tops = sorted(name.y0 for name in names)
        assert all(b - a > 0.9 * names[0].height for a, b in pairwise(tops))
