"""The paper's tables and statistics against libraries, formulas and what the paper prints."""

import csv
import io
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, f_oneway, norm, pearsonr, rankdata, spearmanr
from synthetic_students import CONTEXT, run

from kdnas.analysis.figures.strength import common_limits, similar
from kdnas.analysis.front import evaluated
from kdnas.analysis.paper import (
    SIZE,
    STUDIED,
    TRAITS,
    Comparison,
    Estimate,
    PaperTable,
    Scores,
    Variance,
    as_csv,
    as_latex,
    as_markdown,
    compare,
    correlations,
    grouped,
    reported,
    table2,
    table5,
    variance_components,
)
from kdnas.metrics import ACCURACY, FLOPS, PARAMETERS, ROBUSTNESS, Score, Weights, fitness
from kdnas.records import AttackOutcome, TextOutcome
from kdnas.reproduce.finalists import hand_made
from kdnas.reproduce.search_tables import scale
from kdnas.reproduce.sweep import Recorded, search_recorded, settings_of, sweep
from kdnas.space import PAPER_SPACE, Op

ROWS = run()


def text(index: int, outcome: str, label: int = 0) -> TextOutcome:
    predicted = 1 - label if outcome == "skipped" else label
    changed = 2 if outcome == "succeeded" else 0
    return TextOutcome(index, label, predicted, outcome, 10, changed, 30, "x" * changed)


def scores(*trainings: str, name: str = "pkd") -> Scores:
    """A letter for each text: - skipped, s succeeded, f failed."""
    kinds = {"-": "skipped", "s": "succeeded", "f": "failed"}
    texts = tuple(
        tuple(text(i, kinds[c], label=i % 2) for i, c in enumerate(told)) for told in trainings
    )
    return Scores(name, 4_000_000, tuple(AttackOutcome.of(t, 2) for t in texts), texts)


# --- scores


def test_one_training_has_the_error_of_its_texts() -> None:
    found = scores("-sff")
    assert found.accuracy == Estimate(75.0, pytest.approx(100 * math.sqrt(0.75 * 0.25 / 4)))
    assert found.robustness.value == 50.0
    assert found.worst.value == 50.0
    assert found.words == Estimate(20.0)
    assert found.queries == Estimate(30.0)
    assert found.size == Estimate(4.0)


def test_several_trainings_have_the_errors_of_trainings_and_of_texts() -> None:
    found = scores("ffff", "ssff", "ssss").robustness
    trainings = 50 / math.sqrt(3)  # 100, 50 and 0 points
    texts = np.std([100 / 3, 100 / 3, 200 / 3, 200 / 3]) / math.sqrt(4)
    assert found == Estimate(50.0, pytest.approx(math.hypot(trainings, texts)))


def test_words_are_those_of_the_trainings_that_were_fooled() -> None:
    assert scores("ffff", "ssff").words == Estimate(20.0)
    assert scores("ffff").words is None


def test_a_training_that_gives_one_answer_is_counted() -> None:
    one_answer = scores("f-f-f-")  # every second text is of the other class
    assert one_answer.constant == 1
    assert scores("ffffff", "f-f-f-", "-f-f-f").constant == 2
    assert one_answer.first == one_answer


def test_accuracy_under_attack_is_accuracy_times_what_the_attack_left() -> None:
    for told in ("-sff", "----", "ssss", "f-fs"):
        (outcome,) = scores(told).outcomes
        left = outcome.accuracy * (1 - outcome.success_rate)
        assert outcome.robustness == pytest.approx(left, abs=1e-12)


def test_one_training_each_is_the_exact_mcnemar_test() -> None:
    first, second = scores("f" * 9 + "s" * 3 + "f" * 5), scores("s" * 9 + "f" * 3 + "f" * 5)
    found = compare(first.held, second.held)
    assert (found.first, found.second) == (9, 3)
    assert found.p == pytest.approx(2 * binom.cdf(3, 12, 0.5))
    assert compare(first.held, first.held) == Comparison(0, 0, 1.0)


def test_several_trainings_are_compared_by_all_signs_of_the_texts() -> None:
    first, second = scores("ffffs", "fffs-"), scores("fsssf", "ffsff")
    found = compare(first.held, second.held)
    sums = [0, 1, 2, 0, -2]  # of the differences of each text over the two pairs
    signed = [sum(np.multiply(signs, sums)) for signs in itertools.product((-1, 1), repeat=5)]
    assert found.p == pytest.approx(np.mean([abs(total) >= abs(sum(sums)) for total in signed]))
    assert (found.first, found.second) == ((3 + 1) / 2, (1 + 2) / 2)
    swapped = compare(second.held, first.held)
    assert (swapped.first, swapped.second, swapped.p) == (found.second, found.first, found.p)


def test_a_single_training_is_paired_with_each_of_the_other() -> None:
    """A model is as good as itself, whichever of the two was trained how often."""
    once, thrice = scores("ffssf"), scores("ffssf", "ffssf", "ffssf")
    assert compare(once.held, thrice.held).p == compare(thrice.held, once.held).p == 1.0
    found = compare(scores("fffss").held, scores("sssss", "sssss").held)
    assert (found.first, found.second) == (3, 0)
    assert found.p == pytest.approx(2 / 8)


# --- groups and correlations


def test_variance_components_are_those_of_the_analysis_of_variance() -> None:
    values = np.random.default_rng(0).normal([[30.0], [35.0], [38.0]], 2.0, (3, 4))
    found = variance_components(values.tolist())
    ratio = 1 + 4 * found.between**2 / found.within**2
    assert ratio == pytest.approx(f_oneway(*values).statistic)
    assert found.architectures == 3
    assert found.trainings == 12


def test_equal_architectures_have_no_variance_of_their_own() -> None:
    found = variance_components([[30.0, 34.0], [34.0, 30.0]])
    assert found.between == 0
    assert found.reliability == 0
    assert found.within == pytest.approx(math.sqrt(8))
    with pytest.raises(ValueError, match="fewest"):
        variance_components([[30.0], [34.0]])


@pytest.mark.parametrize("within", [1.0, 2.5])
@pytest.mark.parametrize("difference", [1.5, 3.0])
def test_that_many_trainings_are_enough_and_one_fewer_is_not(
    within: float, difference: float
) -> None:
    def power(trainings: int) -> float:
        return norm.cdf(difference / (within * math.sqrt(2 / trainings)) - norm.isf(0.025))

    needed = Variance(2, 4, 0.0, within).trainings_for(difference)
    assert power(needed) >= 0.8
    assert needed == 2 or power(needed - 1) < 0.8


@pytest.mark.parametrize("metric", STUDIED, ids=lambda score: score.name)
@pytest.mark.parametrize("trait", TRAITS)
def test_groups_are_the_plain_means(trait: str, metric: Score) -> None:
    students = evaluated(ROWS)
    for group in grouped(ROWS, trait, metric):
        members = [
            metric.shown(e) for r, e in students if TRAITS[trait](r.architecture) == group.count
        ]
        assert group.students == len(members) >= 5
        assert group.mean == pytest.approx(np.mean(members))
        assert group.error == pytest.approx(np.std(members, ddof=1) / math.sqrt(len(members)))


def test_the_counts_are_those_of_the_block() -> None:
    arch = hand_made(ROWS[0].architecture, Op("glu"))
    counts = {trait: count(arch) for trait, count in TRAITS.items()}
    assert counts == {
        "vertices": 1, "edges": 3, "conv": 0, "sepconv": 0, "glu": 1, "attention": 0,
    }  # fmt: skip


def test_correlations_are_scipys_and_lie_in_their_intervals() -> None:
    students = evaluated(ROWS)
    x = [TRAITS["edges"](row.architecture) for row, _ in students]
    y = [ROBUSTNESS.shown(e) for _, e in students]
    found = correlations(ROWS, "edges", ROBUSTNESS)
    assert found is not None
    assert found["Pearson"].value == pytest.approx(pearsonr(x, y).statistic)
    assert found["Spearman"].value == pytest.approx(spearmanr(x, y).statistic)
    assert all(c.low <= c.value <= c.high for c in found.values())
    assert correlations(ROWS[:3], "edges", ROBUSTNESS) is None


def test_at_equal_size_is_the_correlation_of_what_the_size_leaves_of_the_ranks() -> None:
    students = evaluated(ROWS)
    size, edges, score = (
        rankdata(values)
        for values in (
            [e.block_parameters for _, e in students],
            [TRAITS["edges"](row.architecture) for row, _ in students],
            [ROBUSTNESS.shown(e) for _, e in students],
        )
    )
    left = [ranks - np.polyval(np.polyfit(size, ranks, 1), size) for ranks in (edges, score)]
    found = correlations(ROWS, "edges", ROBUSTNESS)
    assert found is not None
    assert found["at equal size"].value == pytest.approx(pearsonr(*left).statistic)
    of_size = correlations(ROWS, SIZE, ROBUSTNESS)
    assert of_size is not None
    assert of_size["Spearman"].value == pytest.approx(spearmanr(size, score).statistic)
    assert "at equal size" not in of_size


def test_a_count_that_hardly_varies_has_no_correlation() -> None:
    assert correlations(ROWS, "sepconv", ACCURACY) is None  # no student has any
    assert correlations(ROWS, "attention", ACCURACY) is None  # one has
    assert correlations(ROWS, "glu", ACCURACY) is not None  # five have


# --- tables


TABLE = PaperTable(
    "t",
    "A & B",
    ("model", "accuracy", "paper", "held"),
    (("x_1", Estimate(81.23, 0.5), Estimate(80.0), 3), ("y", Estimate(70.0), None, 0)),
    ("50 % of it.",),
)


def test_a_table_as_markdown() -> None:
    assert as_markdown(TABLE) == (
        "**A & B**\n\n| model | accuracy | paper | held |\n| --- | --- | --- | --- |\n"
        "| x_1 | 81.2 ± 0.5 | 80.0 | 3 |\n| y | 70.0 | - | 0 |\n\n50 % of it.\n"
    )


def test_a_table_as_csv_has_errors_in_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(TABLE))))
    assert rows[0] == {
        "model": "x_1", "accuracy": "81.23", "accuracy error": "0.5", "paper": "80.0",
        "paper error": "", "held": "3",
    }  # fmt: skip
    assert rows[1]["paper"] == ""


def test_a_table_as_latex_is_escaped_and_balanced() -> None:
    found = as_latex(TABLE)
    assert r"A \& B" in found
    assert r"x\_1 & 81.2 $\pm$ 0.5 & 80.0 & 3 \\" in found
    assert r"50 \% of it." in found
    assert found.count(r"\begin") == found.count(r"\end") == 2


def test_the_paper_s_fitness_of_its_own_students() -> None:
    models = reported("glue/sst2")
    values = {
        name: m["accuracy"] + m["robustness"] - 2 * m["parameters"]
        for name, m in models.items()
        if "parameters" in m
    }
    assert values["searched"] == pytest.approx(81.9)
    assert values["cells"] == pytest.approx(83.3)  # above the searched one
    assert values["pkd"] == pytest.approx(-37.1)
    assert reported("rotten_tomatoes") == {}


def test_a_table_names_what_is_missing_and_stands_beside_the_paper() -> None:
    table = table5(
        {"pkd": scores("ffs-"), "student-1": scores("ffff", name="student-1")},
        reported("sst2"),
        {"searched: best fitness": "student-1"},
        ["student-1"],
    )
    assert [row[0] for row in table.rows] == ["PKD", "searched: best fitness"]
    assert table.header[:4] == ("model", "trainings", "accuracy", "accuracy, paper")
    assert table.rows[0][1:4:2] == (1, Estimate(90.7))
    assert table.rows[1][3] == Estimate(84.1)
    assert "worst-class robustness, paper" not in table.header  # the paper has none
    assert "teacher (AT)" in table.notes[0]


def test_a_table_says_which_trainings_give_one_answer() -> None:
    table = table5({"pkd": scores("f-f-", "ff-s", "f-f-")}, {}, {})
    assert table.notes[1].endswith("or nearly: PKD (2 of 3).")
    assert not any("paper" in name for name in table.header)


@pytest.mark.parametrize("trainings", [1, 3])
def test_a_text_that_is_shown_in_every_training_counts_once_for_the_error(trainings: int) -> None:
    n = trainings
    transfers = {
        ("cells", "pkd"): [(n, n)] * 15 + [(n, 0)] * 25, ("cells", "cells"): [(n, 0)] * 40,
        ("pkd", "cells"): [(1, 1)] * 4, ("pkd", "pkd"): [(1, 0)] * 4,
    }  # fmt: skip
    table = table2(transfers, None, beside=True)
    error = pytest.approx(100 * math.sqrt(0.375 * 0.625 / 40))
    assert table.rows[0] == (
        "AdaBERT cells", 40 * n, Estimate(0.0, 0.0), Estimate(0.0), Estimate(37.5, error),
        Estimate(61.0),
    )  # fmt: skip
    assert table.rows[1][1:3] == (4, Estimate(100.0, 0.0))


# --- figures 6a and 6b


def test_the_students_of_figure_6b_have_the_largest_fitness() -> None:
    shown = similar(ROWS, CONTEXT)
    least = min(fitness(e, CONTEXT.weights) for e in shown)
    feasible = [
        e
        for _, e in evaluated(ROWS)
        if e.search.accuracy >= CONTEXT.floor and not e.search.degenerate
    ]
    assert sum(fitness(e, CONTEXT.weights) >= least for e in feasible) == len(shown) == 5
    (left, right), (low, high) = common_limits({0.0: scores("ffs-")}, ROWS, CONTEXT)
    for e in shown:
        assert left < 100 * e.search.accuracy < right
        assert low < 100 * e.search.robustness < high
    assert left < 75 < right


# --- the sweep


def test_a_sweep_trains_nothing_and_finds_what_its_weights_ask_for() -> None:
    table = Recorded.of(ROWS)
    assert (table.distances.diagonal() == 0).all()
    assert (table.distances == table.distances.T).all()
    found = sweep(table, settings_of(Weights(), CONTEXT.floor), population=6, seeds=5)
    known = set(table.evaluations)
    assert all(set(best) <= known for best in found.values())
    small = np.mean([e.parameters for e in found["mu3 = 8"]])
    large = np.mean([e.parameters for e in found["mu3 = 0"]])
    assert small <= large
    assert sweep(table, settings_of(Weights(), CONTEXT.floor), 6, 5) == found


def test_a_search_of_the_whole_table_finds_its_best() -> None:
    table = Recorded.of(ROWS)
    (setting, *_) = settings_of(Weights(), 0.0)
    best = search_recorded(table, setting, 6, len(table), seed=1)
    values = [fitness(e, setting.weights) for e in table.evaluations]
    assert values[best] == max(values)


def test_hand_made_students_are_in_the_paper_s_space() -> None:
    for op in (Op("conv", 3), Op("sepconv", 5), Op("attention", 4), Op("glu")):
        for layers in (1, 4):
            made = hand_made(ROWS[0].architecture, op, layers)
            assert made in PAPER_SPACE
            assert (TRAITS["vertices"](made), TRAITS["edges"](made)) == (layers, layers + 2)


@pytest.mark.parametrize(
    ("objectives", "told"),
    [
        ((ACCURACY, ROBUSTNESS), "nothing right to everything right"),
        ((ACCURACY, PARAMETERS),
         "nothing right at 50.00 M parameters to everything right at none"),
        ((ACCURACY, FLOPS, PARAMETERS),
         "nothing right at 1.50 M flops and 50.00 M parameters to everything right at none"),
    ],
)  # fmt: skip
def test_the_scale_of_hypervolumes_in_words(objectives, told) -> None:
    limits = {"parameters": 50_000_000, "flops": 1_500_000}
    known = {metric.name: limits[metric.name] for metric in objectives if metric.most is None}
    assert scale(replace(CONTEXT, objectives=objectives, limits=known)) == told
