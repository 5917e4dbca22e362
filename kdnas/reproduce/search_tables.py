"""Tables of the searches that the paper does not have: what is needed to believe the others."""

from dataclasses import replace
from itertools import product
from statistics import mean, stdev

from kdnas.analysis import hypervolume
from kdnas.analysis.front import MARKS, evaluated, feasible, marks, picks
from kdnas.analysis.paper import (
    COEFFICIENTS,
    METRICS,
    SIZE,
    TRAITS,
    Correlation,
    Estimate,
    PaperTable,
    correlations,
)
from kdnas.analysis.paper.table import Cell
from kdnas.errors import UserError
from kdnas.objectives import Weights, fitness
from kdnas.records import Evaluation, Measurement
from kdnas.reproduce.finalists import Run, pareto_set
from kdnas.reproduce.material import Material
from kdnas.reproduce.searches import NO_FLOOR, UNIFORM, WEIGHTED, search_configs
from kdnas.reproduce.sweep import Recorded, settings_of, sweep
from kdnas.runs import Row, RunContext

_MEASURED = ("accuracy", "robustness", "worst-class robustness")


def splits_table(m: Material) -> PaperTable:
    """The texts of the task."""
    splits = m.run(WEIGHTED).splits
    rows = tuple(
        (name, split["texts"], Estimate(100 * split["majority_share"]), split.get("sha256"))
        for name, split in splits.items()
    )
    header = ("split", "texts", "largest class %", "SHA-256 of its lines")
    note = "A line is a text, a tab, its class number and a line feed, in UTF-8."
    return PaperTable("splits", "The splits of the task", header, rows, (note,))


def searches_table(m: Material) -> PaperTable:
    """What each search found, where it got to, and the time that its own students took."""
    context, population = common_context(m), m.config.search.population
    known: set[tuple[str, int]] = set()
    rows: list[tuple[Cell, ...]] = []
    for name in (name for name in search_configs(m.config) if name in m.runs):
        students = m.runs[name].rows
        own = [(row, e) for row, e in evaluated(students) if (row.key, row.seed) not in known]
        known |= {(row.key, row.seed) for row, _ in own}
        last = [e for _, e in evaluated(students)[-population:]]
        means = [_spread([METRICS[metric](e) for e in last]) for metric in METRICS]
        training = sum(e.train_seconds for _, e in own) / 3600
        attacks = sum(e.attack_seconds for _, e in own) / 3600
        found = _found(students, context)
        rows.append((name, len(evaluated(students)), len(own), *found, *means,
                     f"{training:.2f}", f"{attacks:.2f}"))  # fmt: skip
    means_of = [f"{metric}, last {population}" for metric in METRICS]
    header = ("search", "students", "evaluated for it", "keep the floor", "best fitness",
              "hypervolume", *means_of, "training h", "attacks h")  # fmt: skip
    note = (
        "One seed: an observation. Hypervolume: share of the box from nothing right at "
        f"{context.largest / 1e6:.2f} M parameters to everything right at none. Last {population}: "
        "mean ± standard error over the students that were evaluated last. Hours of a core."
    )
    return PaperTable("searches", "The searches", header, tuple(rows), (note,))


def _found(students: list[Row], context: RunContext) -> tuple[Cell, ...]:
    """How many keep the floor, the best fitness among them, and their hypervolume."""
    kept = [e for _, e in evaluated(feasible(students, context.floor))]
    best = max((fitness(e, context.weights) for e in kept), default=None)
    volume = hypervolume(students, context.objectives, context.floor, context.largest)
    return len(kept), None if best is None else Estimate(best), f"{volume:.4f}"


def common_context(m: Material) -> RunContext:
    """That of the weighted search, with one reference point for the hypervolumes of all."""
    largest = max(run.context.largest for run in m.runs.values())
    return replace(m.run(WEIGHTED).context, largest=largest)


def front_table(m: Material) -> PaperTable:
    """The Pareto set of the weighted search on both splits, with the picks."""
    run = m.run(WEIGHTED)
    context, members = run.context, pareto_set(run)
    chosen = picks(run.rows, members, context.objectives, context.floor, context.weights)
    rows: list[tuple[Cell, ...]] = []
    for row, e in evaluated(members):
        report: list[Cell] = [*_measured(row.report)] if row.report else [None] * 3
        costs = (Estimate(e.parameters / 1e6), Estimate(fitness(e, context.weights)))
        rows.append((row.key, marks(chosen, row), *_measured(e.search), *report, *costs))
    split = [f"{name} ({part})" for part in ("search", "report") for name in _MEASURED]
    header = ("student", "pick", *split, "parameters M", "fitness")
    legend = ", ".join(f"{letter} {name}" for name, letter in MARKS.items())
    of = next((row.report.texts for row in members if row.report), 0)
    note = (
        f"Report: the search's own training on {of} texts of report-val; the tables of models are "
        "of new trainings, all on the attacked texts."
    )
    notes = (legend, note) if of else (legend,)
    return PaperTable("front", "The front of the weighted search", header, tuple(rows), notes)


def _measured(m: Measurement) -> tuple[Estimate, Estimate, Estimate]:
    values = (m.accuracy, m.robustness, m.worst_class_robustness)
    a, b, c = (Estimate(100 * value) for value in values)
    return a, b, c


def floor_table(m: Material) -> PaperTable:
    """The trivial optimum: what the printed fitness is best at with and without a floor."""
    run = m.run(WEIGHTED)
    weights, known = run.context.weights, [e for _, e in evaluated(m.everyone)]
    lines = {
        "always the same answer (smallest student, by the formula)": _constant(run, known, weights),
        "best of all searches, default floor": _best(
            [e for _, e in evaluated(feasible(m.everyone, run.context.floor))], weights
        ),
        "best of all searches, no floor": _best(known, weights),
    }
    if NO_FLOOR in m.runs:
        found = [e for _, e in evaluated(m.runs[NO_FLOOR].rows)]
        lines |= {
            f"best of a search without a floor ({len(found)} students)": _best(found, weights)
        }
    header = ("student", *_MEASURED, "parameters M", "fitness", "degenerate")
    rows = tuple((name, *cells) for name, cells in lines.items() if cells)
    note = (
        f"Default floor: accuracy {100 * run.context.floor:.1f}, on search-val. The search without "
        "a floor is a short one."
    )
    title = "The accuracy floor and the trivial optimum"
    return PaperTable("floor", title, header, rows, (note,))


def _constant(run: Run, known: list[Evaluation], weights: Weights) -> tuple[Cell, ...]:
    """A constant student cannot be attacked: accuracy and robustness are the majority's share."""
    share, size = run.context.majority_share, min(e.parameters for e in known)
    points = 100 * share * (weights.accuracy + weights.robustness)
    value = points - weights.parameters * size / 1e6
    shares = (Estimate(100 * share), Estimate(100 * share), Estimate(0.0))
    return (*shares, Estimate(size / 1e6), Estimate(value), "yes")


def _best(known: list[Evaluation], weights: Weights) -> tuple[Cell, ...]:
    if not known:
        return ()
    best = max(known, key=lambda e: fitness(e, weights))
    costs = (Estimate(best.parameters / 1e6), Estimate(fitness(best, weights)))
    return (*_measured(best.search), *costs, "yes" if best.search.degenerate else "no")


def weights_table(m: Material) -> PaperTable:
    """What each weight of the fitness does, by searches in the recorded students."""
    run, seeds = m.run(WEIGHTED), m.config.reproduce.sweep_seeds
    table, population = Recorded.of(m.everyone), m.config.search.population
    if len(table) < 2 * population:
        raise UserError(f"{len(table)} recorded students: the sweep needs {2 * population}")
    found = sweep(table, settings_of(run.context.weights, run.context.floor), population, seeds)
    usual = found["as configured"]
    rows: list[tuple[Cell, ...]] = []
    for name, best in found.items():
        signs = [_signs(best, usual, metric) if best is not usual else "" for metric in METRICS]
        values = [_spread([METRICS[metric](e) for e in best]) for metric in METRICS]
        size = _spread([e.parameters / 1e6 for e in best])
        worst = _spread([100 * e.search.worst_class_robustness for e in best])
        rows.append((name, values[0], signs[0], values[1], signs[1], worst, size))
    header = ("fitness", "accuracy", "accuracy +/-", "robustness", "robustness +/-",
              "worst-class robustness", "parameters M")  # fmt: skip
    note = (
        f"Searches in {len(table)} recorded students, nothing is trained; {seeds} seeds, mean ± "
        "standard error of the best student on search-val; +/-: in how many seeds it is above and "
        "below the fitness as configured."
    )
    return PaperTable("weights", "The weights of the fitness", header, tuple(rows), (note,))


def _signs(best: list[Evaluation], usual: list[Evaluation], metric: str) -> str:
    pairs = [(METRICS[metric](a), METRICS[metric](b)) for a, b in zip(best, usual, strict=True)]
    return f"{sum(a > b for a, b in pairs)}/{sum(a < b for a, b in pairs)}"


def _spread(values: list[float]) -> Estimate:
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return Estimate(mean(values), error)


def structure_table(m: Material) -> PaperTable:
    """Correlations of the scores with what a block is made of, in two archives."""
    m.run(WEIGHTED)
    rows: list[tuple[Cell, ...]] = []
    for name, metric, trait in product((WEIGHTED, UNIFORM), METRICS, (*TRAITS, SIZE)):
        students = m.runs[name].rows if name in m.runs else []
        found = correlations(students, trait, metric)
        if found:
            told = [_coefficient(found.get(kind)) for kind in COEFFICIENTS]
            rows.append((name, metric, trait, len(evaluated(students)), *told))
    header = ("archive", "metric", "of a student", "students", *COEFFICIENTS)
    notes = (
        "Vertices, edges and layers of each type are counted in a block; block parameters are all "
        "outside the embeddings. At equal size: the partial correlation, block parameters held.",
        "In brackets: 95 % intervals of 999 bootstrap samples.",
    )
    return PaperTable("correlations", "Scores and structure", header, tuple(rows), notes)


def _coefficient(found: Correlation | None) -> str | None:
    return None if found is None else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
