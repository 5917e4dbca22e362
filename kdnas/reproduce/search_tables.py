"""Tables of the searches that the paper does not have: what is needed to believe the others."""

from dataclasses import replace
from itertools import product
from statistics import mean, stdev

from kdnas.analysis import hypervolume
from kdnas.analysis.front import MARKS, evaluated, feasible, marks, picks
from kdnas.analysis.paper import (
    COEFFICIENTS,
    SIZE,
    STUDIED,
    TRAITS,
    Correlation,
    Estimate,
    PaperTable,
    correlations,
)
from kdnas.analysis.paper.table import Cell
from kdnas.errors import UserError
from kdnas.metrics import (
    ACCURACY,
    PARAMETERS,
    ROBUSTNESS,
    WORST_CLASS_ROBUSTNESS,
    Metric,
    Weights,
    fitness,
    points,
)
from kdnas.records import Evaluation, Measurement
from kdnas.reproduce.finalists import Run, pareto_set
from kdnas.reproduce.material import Material
from kdnas.reproduce.searches import NO_FLOOR, UNIFORM, WEIGHTED, search_configs
from kdnas.reproduce.sweep import Recorded, settings_of, sweep
from kdnas.runs import Row, RunContext

_MEASURED = (ACCURACY, ROBUSTNESS, WORST_CLASS_ROBUSTNESS)


def splits_table(m: Material) -> PaperTable:
    """The texts of the task."""
    splits = m.run(WEIGHTED).splits
    rows = tuple(
        (name, split["texts"], Estimate(points(split["majority_share"])), split.get("sha256"))
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
        means = [_spread(score, last) for score in STUDIED]
        training = sum(e.train_seconds for _, e in own) / 3600
        attacks = sum(e.attack_seconds for _, e in own) / 3600
        found = _found(students, context)
        rows.append((name, len(evaluated(students)), len(own), *found, *means,
                     f"{training:.2f}", f"{attacks:.2f}"))  # fmt: skip
    means_of = [f"{score.label}, last {population}" for score in STUDIED]
    header = ("search", "students", "evaluated for it", "keep the floor", "best fitness",
              "hypervolume", *means_of, "training h", "attacks h")  # fmt: skip
    note = (
        f"One seed: an observation. Hypervolume: share of the box from {scale(context)}. Last "
        f"{population}: mean ± standard error over the students that were evaluated last. Hours of "
        "a core."
    )
    return PaperTable("searches", "The searches", header, tuple(rows), (note,))


def _found(students: list[Row], context: RunContext) -> tuple[Cell, ...]:
    """How many keep the floor, the best fitness among them, and their hypervolume."""
    kept = [e for _, e in evaluated(feasible(students, context.floor))]
    best = max((fitness(e, context.weights) for e in kept), default=None)
    volume = hypervolume(students, context.objectives, context.floor, context.limits)
    return len(kept), None if best is None else Estimate(best), f"{volume:.4f}"


def common_context(m: Material) -> RunContext:
    """The context of the weighted search, with one reference point for the hypervolumes of all."""
    context = m.run(WEIGHTED).context
    limits = {
        name: max(run.context.limits[name] for run in m.runs.values()) for name in context.limits
    }
    return replace(context, limits=limits)


def scale(context: RunContext) -> str:
    """The worst and the ideal corner of the hypervolume in words."""
    ends = [
        f"{metric.unit.convert(context.limits[metric.name]):.2f} {metric.unit.header}".rstrip()
        + f" {metric.label}"
        for metric in context.objectives
        if metric.name in context.limits and not metric.maximise
    ]
    if not ends:
        return "nothing right to everything right"
    return f"nothing right at {' and '.join(ends)} to everything right at none"


def front_table(m: Material) -> PaperTable:
    """The Pareto set of the weighted search on both splits, with the picks."""
    run = m.run(WEIGHTED)
    context, members = run.context, pareto_set(run)
    chosen = picks(run.rows, members, context.objectives, context.floor, context.weights)
    rows: list[tuple[Cell, ...]] = []
    for row, e in evaluated(members):
        report: list[Cell] = [*_measured(row.report)] if row.report else [None] * 3
        costs = (Estimate(PARAMETERS.shown(e)), Estimate(fitness(e, context.weights)))
        rows.append((row.key, marks(chosen, row), *_measured(e.search), *report, *costs))
    split = [f"{score.header} ({part})" for part in ("search", "report") for score in _MEASURED]
    header = ("student", "pick", *split, PARAMETERS.header, "fitness")
    legend = ", ".join(f"{letter} {name}" for name, letter in MARKS.items())
    of = next((row.report.texts for row in members if row.report), 0)
    note = (
        f"Report: the search's own training on {of} texts of report-val; the tables of models are "
        "of new trainings, all on the attacked texts."
    )
    notes = (legend, note) if of else (legend,)
    return PaperTable("front", "The front of the weighted search", header, tuple(rows), notes)


def _measured(m: Measurement) -> list[Estimate]:
    return [Estimate(score.shown_of(m)) for score in _MEASURED]


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
    header = ("student", *(score.header for score in _MEASURED), PARAMETERS.header, "fitness",
              "degenerate")  # fmt: skip
    rows = tuple((name, *cells) for name, cells in lines.items() if cells)
    note = (
        f"Default floor: accuracy {points(run.context.floor):.1f}, on search-val. The search "
        "without a floor is a short one."
    )
    title = "The accuracy floor and the trivial optimum"
    return PaperTable("floor", title, header, rows, (note,))


def _constant(run: Run, known: list[Evaluation], weights: Weights) -> tuple[Cell, ...]:
    """A constant student cannot be attacked: accuracy and robustness are the majority's share."""
    share, size = points(run.context.majority_share), min(map(PARAMETERS.value, known))
    value = share * (weights.accuracy + weights.robustness)
    value -= PARAMETERS.unit.convert(weights.parameters * size)
    shares = (Estimate(share), Estimate(share), Estimate(0.0))
    return (*shares, Estimate(PARAMETERS.unit.convert(size)), Estimate(value), "yes")


def _best(known: list[Evaluation], weights: Weights) -> tuple[Cell, ...]:
    if not known:
        return ()
    best = max(known, key=lambda e: fitness(e, weights))
    costs = (Estimate(PARAMETERS.shown(best)), Estimate(fitness(best, weights)))
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
        compared: list[Cell] = []
        for score in STUDIED:
            signs = _signs(best, usual, score) if best is not usual else ""
            compared += [_spread(score, best), signs]
        others = [_spread(metric, best) for metric in (WORST_CLASS_ROBUSTNESS, PARAMETERS)]
        rows.append((name, *compared, *others))
    both = [name for score in STUDIED for name in (score.header, f"{score.header} +/-")]
    header = ("fitness", *both, WORST_CLASS_ROBUSTNESS.header, PARAMETERS.header)
    note = (
        f"Searches in {len(table)} recorded students, nothing is trained; {seeds} seeds, mean ± "
        "standard error of the best student on search-val; +/-: in how many seeds it is above and "
        "below the fitness as configured."
    )
    return PaperTable("weights", "The weights of the fitness", header, tuple(rows), (note,))


def _signs(best: list[Evaluation], usual: list[Evaluation], metric: Metric) -> str:
    pairs = [(metric.value(a), metric.value(b)) for a, b in zip(best, usual, strict=True)]
    return f"{sum(a > b for a, b in pairs)}/{sum(a < b for a, b in pairs)}"


def _spread(metric: Metric, students: list[Evaluation]) -> Estimate:
    """The mean of a metric and its standard error over students."""
    values = [metric.shown(e) for e in students]
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return Estimate(mean(values), error)


def structure_table(m: Material) -> PaperTable:
    """Correlations of the scores with what a block is made of, in two archives."""
    m.run(WEIGHTED)
    rows: list[tuple[Cell, ...]] = []
    for name, score, trait in product((WEIGHTED, UNIFORM), STUDIED, (*TRAITS, SIZE)):
        students = m.runs[name].rows if name in m.runs else []
        found = correlations(students, trait, score)
        if found:
            told = [_coefficient(found.get(kind)) for kind in COEFFICIENTS]
            rows.append((name, score.label, trait, len(evaluated(students)), *told))
    header = ("archive", "metric", "of a student", "students", *COEFFICIENTS)
    notes = (
        "Vertices, edges and layers of each type are counted in a block; block parameters are all "
        "outside the embeddings. At equal size: the partial correlation, block parameters held.",
        "In brackets: 95 % intervals of 999 bootstrap samples.",
    )
    return PaperTable("correlations", "Scores and structure", header, tuple(rows), notes)


def _coefficient(found: Correlation | None) -> str | None:
    return None if found is None else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
