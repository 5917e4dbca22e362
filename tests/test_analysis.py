"""Analysis of a run: the front, hypervolume, picks, JSON records, tables; nothing heavy loaded."""

import json
import math
from dataclasses import replace
from io import StringIO
from itertools import combinations

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import output_of
from synthetic_students import CONTEXT, DEGENERATE, FAILED, constant, measurement, run, student
from toy_runs import evaluated

from kdnas.analysis import (
    as_records,
    feasible,
    front_table,
    hypervolume,
    hypervolume_history,
    knee,
    pareto_front,
    picks,
    reference_point,
    search_table,
    student_details,
    why_empty,
)
from kdnas.analysis.front import marks
from kdnas.cli.output import PlainConsole, print_table
from kdnas.metrics import (
    ACCURACY,
    FLOPS,
    METRICS,
    PARAMETERS,
    ROBUSTNESS,
    WORST_CLASS_ROBUSTNESS,
    Metric,
    Weights,
    fitness,
    standard_error,
)
from kdnas.problems import TOY_SPACE
from kdnas.records import AttackSpec, Evaluation, Failure, Job
from kdnas.runs import Row
from kdnas.runs.context import largest_seen
from kdnas.space import Op, random_uniform

FLOOR = 0.6
THREE = (ACCURACY, ROBUSTNESS, PARAMETERS)
TWO = (ACCURACY, ROBUSTNESS)
GAINS = {
    ACCURACY: lambda e: e.search.accuracy,
    ROBUSTNESS: lambda e: e.search.robustness,
    WORST_CLASS_ROBUSTNESS: lambda e: e.search.worst_class_robustness,
    PARAMETERS: lambda e: -e.parameters,
}
OBJECTIVE_SETS = [c for size in range(1, 5) for c in combinations(GAINS, size)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return run()


def failed(birth: int) -> Row:
    failure = Failure("oom", "no memory [/left]")
    return replace(student(birth, 0.9, 0.9), status="failed", evaluation=None, failure=failure)


def pending(birth: int) -> Row:
    return replace(student(birth, 0.9, 0.9), status="pending", evaluation=None)


def degenerate(birth: int) -> Row:
    return replace(student(birth, 0.5, 0.5), evaluation=Evaluation(10, 1, 1, constant()))


def picked(
    rows: list[Row], objectives: tuple[Metric, ...], weights: Weights | None = None
) -> dict[str, Row]:
    front = pareto_front(rows, objectives, FLOOR)
    return picks(rows, front, objectives, FLOOR, weights or Weights())


SCORES = st.tuples(st.integers(5, 9), st.integers(0, 4), st.integers(1, 4))


@st.composite
def searches(draw: st.DrawFn) -> list[Row]:
    """Runs on a coarse grid, so that equal objectives and the floor itself are common."""
    made = []
    for birth, kind in enumerate(draw(st.lists(st.sampled_from("ssssfpd"), max_size=8))):
        accuracy, robustness, millions = draw(SCORES)
        makers = {"f": failed, "p": pending, "d": degenerate}
        scores = accuracy / 10, robustness / 10, millions * 1_000_000
        made.append(makers[kind](birth) if kind in makers else student(birth, *scores))
    return made


def dominates(a: Row, b: Row, objectives: tuple[Metric, ...]) -> bool:
    pairs = [(GAINS[o](a.evaluation), GAINS[o](b.evaluation)) for o in objectives]
    return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)


@given(searches(), st.sampled_from(OBJECTIVE_SETS))
def test_front_is_what_brute_force_finds(rows, objectives):
    honest = [r for r in rows if r.evaluation and not r.evaluation.search.degenerate]
    allowed = [r for r in honest if r.evaluation.search.accuracy >= FLOOR]
    expected = [r for r in allowed if not any(dominates(o, r, objectives) for o in allowed)]
    assert feasible(rows, FLOOR) == allowed
    assert pareto_front(rows, objectives, FLOOR) == expected


def test_equal_students_are_all_kept():
    rows = [student(0, 0.8, 0.2), student(1, 0.8, 0.2), student(2, 0.7, 0.1)]
    assert [r.birth for r in pareto_front(rows, THREE, FLOOR)] == [0, 1]


def test_without_a_floor_the_constant_student_is_on_the_front():
    rows = [student(0, 0.8, 0.2), degenerate(1)]
    assert [r.birth for r in pareto_front(rows, THREE, 0.0)] == [0, 1]
    assert [r.birth for r in pareto_front(rows, THREE, 0.1)] == [0]


def test_hypervolume_of_two_rectangles():
    rows = [student(0, 0.8, 0.2), student(1, 0.6, 0.4), student(2, 0.5, 0.9)]
    assert hypervolume(rows, TWO, FLOOR) == pytest.approx(0.8 * 0.2 + 0.6 * 0.2)


def test_hypervolume_counts_parameters_down_from_the_largest():
    rows = [student(0, 0.8, 0.2, 10_000_000)]
    measured = hypervolume(rows, (ACCURACY, PARAMETERS), FLOOR, {"parameters": 40_000_000})
    assert measured == pytest.approx(0.8 * 0.75)
    assert hypervolume(rows, (ACCURACY, PARAMETERS), FLOOR, {"parameters": 9_000_000}) == 0
    assert hypervolume(rows, (PARAMETERS,), FLOOR) == pytest.approx(1 - 1 / 1.1)


def test_reference_point_is_zero_and_the_largest():
    rows = [student(0, 0.8, 0.2, 10_000_000), student(1, 0.3, 0.2, 20_000_000), failed(2)]
    objectives = (ACCURACY, PARAMETERS, WORST_CLASS_ROBUSTNESS)
    assert reference_point(rows, objectives) == (0, pytest.approx(22_000_000), 0)
    assert reference_point(rows, objectives, {"parameters": 7}) == (0, 7, 0)


def exact_volume(boxes: list[tuple[float, ...]]) -> float:
    """The union of boxes at the origin, by inclusion and exclusion."""
    total = 0.0
    for size in range(1, len(boxes) + 1):
        for some in combinations(boxes, size):
            total -= (-1) ** size * math.prod(map(min, zip(*some, strict=True)))
    return total


@given(searches(), st.sampled_from(OBJECTIVE_SETS))
def test_hypervolume_is_exact_and_its_history_leads_up_to_it(rows, objectives):
    limits = {"parameters": 4_000_000}
    scale = GAINS | {PARAMETERS: lambda e: 1 - e.parameters / limits["parameters"]}
    passing = [r.evaluation for r in feasible(rows, FLOOR)]
    boxes = [tuple(scale[o](e) for o in objectives) for e in passing]
    assert hypervolume(rows, objectives, FLOOR, limits) == pytest.approx(exact_volume(boxes))
    history = hypervolume_history(rows, objectives, FLOOR, limits)
    assert history == sorted(history)
    finished = [r for r in rows if r.status != "pending"]
    parts = [finished[: n + 1] for n in range(len(finished))]
    expected = [hypervolume(part, objectives, FLOOR, limits) for part in parts]
    assert history == pytest.approx(expected)


def test_history_keeps_one_reference(rows):
    history = hypervolume_history(rows, THREE, FLOOR)
    assert len(history) == len(rows)
    assert history[-1] == pytest.approx(hypervolume(rows, THREE, FLOOR))
    assert history[7] == history[6]  # student 7 failed


def test_knee_gives_up_least_in_every_objective():
    front = [student(0, 0.9, 0.1), student(1, 0.85, 0.35), student(2, 0.6, 0.4)]
    assert knee(front, TWO).birth == 1
    sizes = [student(0, 0.9, 0, 9_000_000), student(1, 0.88, 0, 3_000_000), student(2, 0.7, 0, 100)]
    assert knee(sizes, (ACCURACY, PARAMETERS)).birth == 1


def test_knee_ignores_the_units_of_an_objective():
    # The middle student loses a tenth of the accuracy span and half of the size span.
    front = [student(0, 0.9, 0, 9_000_000), student(1, 0.89, 0, 5_000_000), student(2, 0.8, 0, 10)]
    assert knee(front, (ACCURACY, PARAMETERS)).birth == 1


def test_knee_ties_go_to_the_lower_birth():
    front = [student(4, 0.9, 0.1), student(2, 0.7, 0.3), student(3, 0.8, 0.2)]
    assert knee(front, TWO).birth == 2
    assert knee(front[:1], TWO).birth == 4


def test_picks_are_feasible_and_named():
    rows = [
        student(0, 0.9, 0.1, 4_000_000),
        student(1, 0.86, 0.32, 20_000_000),
        student(2, 0.62, 0.36, 30_000_000),
        student(3, 0.5, 0.8, 1_000_000),
        failed(4),
        degenerate(5),
    ]
    chosen = picked(rows, TWO)
    births = {name: row.birth for name, row in chosen.items()}
    assert births == {"best fitness": 0, "knee": 1, "most robust": 2}
    free = picked(rows, TWO, Weights(parameters=0))
    assert free["best fitness"].birth == 1
    assert [marks(chosen, row) for row in rows] == ["F", "K", "R", "", "", ""]


def test_most_robust_ties_go_to_accuracy_then_size_then_birth():
    rows = [student(0, 0.7, 0.3), student(1, 0.8, 0.3, 5_000_000), student(2, 0.8, 0.3, 4_000_000)]
    rows.append(student(3, 0.8, 0.3, 4_000_000))
    assert [picked(rows[:n], THREE)["most robust"].birth for n in (1, 2, 4)] == [0, 1, 2]


def test_best_fitness_ties_go_to_the_smaller_student():
    rows = [student(0, 0.8, 0.3, 5_000_000), student(1, 0.8, 0.3, 4_000_000)]
    weights = Weights(parameters=0)
    assert picked(rows, TWO, weights)["best fitness"].birth == 1


@pytest.mark.parametrize("rows", [[], [failed(0), pending(1)], [student(0, 0.4, 0.1)]])
def test_without_feasible_students_all_is_empty(rows):
    assert pareto_front(rows, THREE, FLOOR) == []
    assert picked(rows, THREE) == {}
    assert hypervolume(rows, THREE, FLOOR) == 0
    assert set(hypervolume_history(rows, THREE, FLOOR)) <= {0.0}


def test_records_are_json_in_birth_order(rows):
    records = as_records([*rows, pending(60)], CONTEXT.weights, THREE, FLOOR, AttackSpec())
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert [r["birth"] for r in records] == list(range(61))
    assert len({tuple(r) for r in records}) == 1  # all have the same names
    on_front = [r["birth"] for r in records if r["on_front"]]
    assert on_front == [r.birth for r in pareto_front(rows, THREE, FLOOR)]
    assert [r["birth"] for r in records if r["degenerate"]] == list(DEGENERATE)
    assert sum(r["report"] is not None for r in records) == 8
    assert {r["spec"] for r in records} == {AttackSpec().digest}


def test_record_of_an_evaluated_student(rows):
    row = next(r for r in rows if r.report)
    record = as_records(rows, CONTEXT.weights, THREE, FLOOR, None)[row.birth]
    search, report = row.evaluation.search, row.report
    assert record["architecture"] == json.loads(row.architecture_json)
    assert record["fitness"] == fitness(row.evaluation, CONTEXT.weights)
    expected = (search.accuracy, search.robustness, row.evaluation.parameters, "ok", row.key)
    names = ("accuracy", "robustness", "parameters", "status", "key")
    assert tuple(record[name] for name in names) == expected
    assert record["worst_class_robustness"] == search.worst_class_robustness < record["robustness"]
    assert record["worst_class_accuracy"] == search.worst_class_accuracy < record["accuracy"]
    assert record["accuracy_se"] == standard_error(search.accuracy, 400)
    assert record["robustness_se"] == standard_error(search.robustness, 150)
    assert (record["texts"], record["attacked"], record["queries"]) == (400, 150, 36)
    assert record["report"]["robustness"] == report.robustness
    assert record["report"]["robustness_se"] == standard_error(report.robustness, 400)
    assert (record["report"]["texts"], record["report"]["attacked"]) == (600, 400)


def test_records_of_students_without_scores():
    no_loss = student(2, 0.8, 0.2)
    no_loss = replace(no_loss, evaluation=replace(no_loss.evaluation, loss=math.nan))
    broken, waiting, ok = as_records(
        [failed(0), pending(1), no_loss], Weights(), THREE, FLOOR, None
    )
    assert broken["failure"] == {"kind": "oom", "message": "no memory [/left]"}
    assert broken["accuracy"] is broken["fitness"] is broken["degenerate"] is None
    assert (broken["feasible"], broken["on_front"]) == (False, False)
    assert waiting["status"] == "pending"
    assert waiting["failure"] is None
    assert ok["loss"] is None
    assert ok["train_seconds"] == 0


def printed(renderable, width: int = 80) -> list[str]:
    console = PlainConsole(width=width, file=StringIO(), force_terminal=True, color_system=None)
    print_table(renderable, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_front_table_fits_80_columns_and_shows_both_splits(rows):
    lines = printed(front_table(rows, CONTEXT))
    assert not any("…" in line for line in lines)
    chosen = picked(rows, THREE, CONTEXT.weights)
    row = chosen["best fitness"]
    (line,) = [line for line in lines if row.key[:8] in line]
    assert line.split()[0].startswith("F")
    search, report = row.evaluation.search, row.report
    for m in (search, report):
        error = 100 * standard_error(m.accuracy, m.texts)
        assert f"{100 * m.accuracy:.1f} ± {error:.1f}" in line
    worst = [f"{100 * m.worst_class_robustness:.1f}" for m in (search, report)]
    assert line.endswith("/".join(worst))
    keys = [r.key[:8] for r in pareto_front(rows, THREE, FLOOR)]
    shown = [line for line in lines if any(key in line for key in keys)]
    assert len(shown) == len(keys)
    assert lines[-1] == CONTEXT.caveat


def test_front_table_is_sorted_by_accuracy():
    rows = [student(0, 0.7, 0.3), student(1, 0.9, 0.1), student(2, 0.8, 0.2)]
    table = front_table(rows, CONTEXT)
    assert [line[-1] for line in table.columns[1].cells] == ["0"] * 3
    assert list(table.columns[4].cells) == ["90.0 ± 1.5", "80.0 ± 2.0", "70.0 ± 2.3"]


def test_front_table_leaves_out_what_was_not_reported(rows):
    bare = front_table([replace(row, report=None) for row in rows], CONTEXT)
    assert len(front_table(rows, CONTEXT).columns) - len(bare.columns) == 2
    assert not any("report" in line for line in printed(bare))


def test_front_table_shows_picks_outside_the_front():
    rows = [student(0, 0.9, 0.1), student(1, 0.8, 0.3)]
    table = front_table(rows, replace(CONTEXT, objectives=(ACCURACY,)))
    assert list(table.columns[0].cells) == ["K", "FR"]


def test_a_front_too_long_to_read_is_cut_and_keeps_its_picks():
    rows = [*(student(n, 0.8, 0.3) for n in range(150)), student(150, 0.7, 0.5)]
    table = front_table(rows, CONTEXT)
    assert [mark for mark in table.columns[0].cells if mark] == ["K", "FR"]
    assert list(table.columns[1].cells)[-1] == rows[-1].key[:8]
    assert table.row_count == 101
    assert "50 more members: --json lists them" in printed(table)


def test_search_table_has_every_student(rows):
    table = search_table(rows, CONTEXT)
    assert table.row_count == len(rows)
    assert not any("…" in line for line in printed(table))
    notes = list(table.columns[-1].cells)
    assert [i for i, note in enumerate(notes) if note == "degenerate"] == list(DEGENERATE)
    assert {i: note for i, note in enumerate(notes) if "failed" in note} == {
        birth: f"failed: {kind}" for birth, kind in FAILED.items()
    }
    assert notes[3] == "below floor"
    front = [r.birth for r in pareto_front(rows, THREE, FLOOR)]
    assert [i for i, note in enumerate(notes) if note.startswith("front")] == front


def test_search_table_shows_pending_students_and_brackets_as_they_are():
    lines = printed(search_table([pending(0)], replace(CONTEXT, title="run [/1]")))
    assert lines[0] == "run [/1]"
    assert any(line.endswith("pending") for line in lines)


def layer(op: Op) -> str:
    names = {"glu": "glu", "attention": f"attention, {op.size} heads"}
    return names.get(op.kind, f"{op.kind}, kernel {op.size}")


def test_details_draw_the_block_that_is_built(rows):
    row = next(r for r in rows if r.report and len(r.architecture.active) > 1)
    text = printed(student_details(row, rows, CONTEXT))
    architecture = row.architecture.canonical()
    nodes = [line for line in text if line.startswith(("v1 ", "v2 ", "v3 ", "v4 ", "out "))]
    assert len(nodes) == len(architecture.active) + 1
    assert f"{architecture.repeats} blocks, hidden width {architecture.width}" in "".join(text)
    for vertex, line in zip(architecture.active, nodes, strict=False):
        node = architecture.nodes[vertex - 1]
        assert f"  {layer(node.op)}  " in line
        assert f"-> {node.width}" in line
        assert line.endswith(node.activation)
        merges = len(architecture.sources(vertex)) > 1
        assert (f" {node.mode} " in line) == merges
    assert f"-> {architecture.width}" in nodes[-1]
    scores = next(line for line in text if line.startswith("robustness"))
    assert f"{100 * row.evaluation.search.robustness:.1f} ± " in scores
    assert f"{100 * row.report.robustness:.1f} ± " in scores
    (counted,) = [line.split() for line in text if line.startswith("texts")]
    (attacked,) = [line.split() for line in text if line.startswith("attack set")]
    assert (counted[1:], attacked[2:]) == (["400", "600"], ["150", "400"])


def test_details_tell_the_lineage(rows):
    row = next(r for r in reversed(rows) if r.parents and rows[r.parents[0]].parents)
    text = " ".join(printed(student_details(row, rows, CONTEXT), width=200))
    parent = rows[row.parents[0]]
    grandparent = rows[parent.parents[0]]
    start = f"lineage: {row.birth} ({row.operation}) <- {parent.birth} ({parent.operation})"
    assert f"{start} <- {grandparent.birth} ({grandparent.operation})" in text
    crossed = replace(rows[0], birth=99, operation="crossover", parents=(1, 2))
    text = " ".join(printed(student_details(crossed, rows, CONTEXT), width=200))
    assert "lineage: 99 (crossover with 2) <- 1 (initial)" in text


def test_details_of_a_failed_student(rows):
    row = replace(rows[0], status="failed", evaluation=None, failure=failed(0).failure)
    text = printed(student_details(row, rows, CONTEXT), width=120)
    assert text[0].endswith("birth 0, failed: oom (no memory [/left])")
    assert not any("robustness" in line for line in text)


def test_synthetic_shares_are_those_asked_for():
    made = measurement(0.75, 0.2)
    assert (made.accuracy, made.robustness, made.attack.texts) == (0.75, 0.2, 150)
    assert made.attack.accuracy == pytest.approx(0.75, abs=0.01)
    assert sum(made.predicted) == made.texts
    assert not made.degenerate


LIGHT = """
import sys, kdnas.analysis
heavy = {"matplotlib", "moocore", "rich", "torch", "pymoo", "transformers", "pandas", "datasets"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


def test_import_loads_nothing_heavy():
    output_of(LIGHT)


# Every metric as an objective

DIRECTED = [metric for metric in METRICS.values() if metric.maximise is not None]
ADDED = Metric("multiplications", lambda e: e.flops // 2, maximise=False)


@pytest.fixture(scope="module")
def toy_rows() -> list[Row]:
    """Fifty students of the toy problem."""
    rng = np.random.default_rng(1)
    architectures = [random_uniform(TOY_SPACE, rng).architecture for _ in range(50)]
    evaluations = [evaluated(Job(n, arch, seed=0)) for n, arch in enumerate(architectures)]
    return [
        Row(n, arch.key, arch.to_json(), "initial", (), 0, "ok", evaluation)
        for n, (arch, evaluation) in enumerate(zip(architectures, evaluations, strict=True))
    ]


def shares_of_the_box(rows: list[Row], metric: Metric) -> list[float]:
    """How far each student is from the worst value, as a share of the way to the ideal."""
    values = [metric.read(row.evaluation) for row in rows]
    end = 1.0 if metric.unit.most else max(values)
    return [value / end if metric.maximise else 1 - value / end for value in values]


@pytest.mark.parametrize("metric", [*DIRECTED, ADDED], ids=lambda metric: metric.name)
def test_every_metric_has_a_scale_of_its_own(metric, toy_rows):
    others = [ACCURACY, ROBUSTNESS, FLOPS]
    objectives = [metric, *(other for other in others if other is not metric)]
    limits = largest_seen(toy_rows, objectives)
    volume = hypervolume(toy_rows, objectives, 0.0, limits)
    boxes = np.transpose([shares_of_the_box(toy_rows, objective) for objective in objectives])
    assert volume == pytest.approx(moocore.hypervolume(boxes, ref=0, maximise=True))
    assert 0 < volume < 1
    history = hypervolume_history(toy_rows, objectives, 0.0, limits)
    assert history == sorted(history)
    assert history[-1] == pytest.approx(volume)


def test_the_scale_of_a_metric_does_not_depend_on_its_unit(toy_rows):
    objectives = (ACCURACY, FLOPS, ROBUSTNESS)
    thousands = [
        replace(row, evaluation=replace(row.evaluation, flops=1000 * row.evaluation.flops))
        for row in toy_rows
    ]
    volumes = [hypervolume(rows, objectives, 0.0) for rows in (toy_rows, thousands)]
    assert volumes[0] == pytest.approx(volumes[1])
    assert reference_point(thousands, objectives)[1] == pytest.approx(
        1000 * reference_point(toy_rows, objectives)[1]
    )


def test_a_limit_of_a_metric_is_the_end_of_its_scale():
    rows = [student(0, 0.8, 0.2, 10_000_000)]
    limited = replace(PARAMETERS, limit=40e6)
    assert reference_point(rows, (ACCURACY, limited)) == (0, 40e6)
    assert hypervolume(rows, (ACCURACY, limited), FLOOR) == pytest.approx(0.8 * 0.75)
    assert largest_seen(rows, (ACCURACY, limited)) == {}


def test_values_that_are_all_zero_have_a_scale_too():
    free = Metric("cost", lambda _: 0.0, maximise=False)
    rows = [student(0, 0.8, 0.2)]
    assert largest_seen(rows, (free,)) == largest_seen([], (free,)) == {"cost": 1}
    assert hypervolume(rows, (ACCURACY, free), FLOOR) == pytest.approx(0.8)


def test_tables_and_records_have_every_objective(rows):
    context = replace(CONTEXT, objectives=(ACCURACY, FLOPS, ADDED))
    evaluation = rows[0].evaluation
    told = [metric.written(evaluation) for metric in (PARAMETERS, FLOPS, ADDED)]
    front = front_table([rows[0]], context)
    assert [list(column.cells) for column in front.columns[2:5]] == [[value] for value in told]
    listed = search_table(rows, context)
    (place,) = [i for i, column in enumerate(listed.columns) if column.header == "flops\nM"]
    cells = [[*column.cells] for column in listed.columns[place - 1 : place + 2]]
    assert place == 3  # beside the size, which is no objective but counts in fitness
    assert [column[0] for column in cells] == told
    assert [column[7] for column in cells] == ["", "", ""]  # student 7 failed
    assert f"multiplications {told[2]}" in " ".join(
        printed(student_details(rows[0], rows, context), 200)
    )
    records = as_records(rows, Weights(), context.objectives, FLOOR, None)
    assert records[0]["multiplications"] == ADDED.read(evaluation)
    assert records[7]["multiplications"] is None
    assert len({tuple(record) for record in records}) == 1
    on_front = [r["birth"] for r in records if r["on_front"]]
    assert on_front == [r.birth for r in pareto_front(rows, context.objectives, FLOOR)]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no student is evaluated yet"),
        ([pending(0)], "no student is evaluated yet"),
        ([failed(0), failed(1)], "all 2 students failed"),
        ([student(0, 0.4, 0.1), student(1, 0.5, 0.1)], "none of 2 students keeps the accuracy"),
        ([student(0, 0.9, 0.1)], ""),
    ],
)
def test_an_empty_front_says_why(rows, reason):
    assert why_empty(rows, CONTEXT).removeprefix("the front is empty: ").startswith(reason)
    assert bool(why_empty(rows, CONTEXT)) == (pareto_front(rows, THREE, CONTEXT.floor) == [])


def test_an_empty_front_names_the_accuracies_around_the_floor():
    why = why_empty([student(0, 0.4, 0.1), student(1, 0.53, 0.1)], CONTEXT)
    for value in (CONTEXT.floor, 0.53, CONTEXT.majority_share, CONTEXT.teacher_accuracy):
        assert f" {100 * value:.1f}" in why
    assert "constraints.accuracy_floor" in why
