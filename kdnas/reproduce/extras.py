"""Tables that the paper does not have: what is needed to believe the others."""

from statistics import mean, stdev

from kdnas.analysis.front import MARKS, evaluated, feasible, marks, picks
from kdnas.analysis.paper import (
    LABELS,
    METRICS,
    TRAITS,
    Estimate,
    PaperTable,
    Scores,
    correlations,
    held,
    mcnemar,
)
from kdnas.analysis.paper.table import Cell
from kdnas.errors import UserError
from kdnas.objectives import Weights, fitness
from kdnas.records import Evaluation, Measurement
from kdnas.reproduce.finalists import Run, pareto_set
from kdnas.reproduce.material import Material
from kdnas.reproduce.searches import UNIFORM, WEIGHTED
from kdnas.reproduce.sweep import Recorded, settings_of, sweep

_MEASURED = ("accuracy", "robustness", "worst-class robustness")


def front(m: Material) -> PaperTable:
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
    return PaperTable("front", "The front of the weighted search", header, tuple(rows), (legend,))


def _measured(m: Measurement) -> tuple[Estimate, Estimate, Estimate]:
    values = (m.accuracy, m.robustness, m.worst_class_robustness)
    a, b, c = (Estimate(100 * value) for value in values)
    return a, b, c


def floor(m: Material) -> PaperTable:
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
    if "no-floor" in m.runs:
        found = [e for _, e in evaluated(m.runs["no-floor"].rows)]
        lines |= {
            f"best of a search without a floor ({len(found)} students)": _best(found, weights)
        }
    header = ("student", *_MEASURED, "parameters M", "fitness", "degenerate")
    rows = tuple((name, *cells) for name, cells in lines.items() if cells)
    note = f"Default floor: accuracy {100 * run.context.floor:.1f}, on search-val."
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


def weights(m: Material) -> PaperTable:
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
    header = ("fitness", "accuracy", "seeds +/-", "robustness", "seeds +/-",
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


def structure(m: Material) -> PaperTable:
    """Correlations of the scores with what a block is made of, in two archives."""
    m.run(WEIGHTED)
    rows: list[tuple[Cell, ...]] = []
    for name in (WEIGHTED, UNIFORM):
        students = m.runs[name].rows if name in m.runs else []
        for metric in METRICS:
            for trait in TRAITS:
                found = correlations(students, trait, metric)
                if found:
                    told = [f"{c.value:.2f} [{c.low:.2f}, {c.high:.2f}]" for c in found.values()]
                    rows.append((name, metric, trait, len(evaluated(students)), *told))
    header = ("archive", "metric", "count in a block", "students", "Pearson", "Spearman")
    note = "In brackets: 95 % intervals of 999 bootstrap samples."
    return PaperTable("correlations", "Scores and structure", header, tuple(rows), (note,))


def attacks(m: Material) -> PaperTable:
    """Every model under every attack: robustness to one alone may be an artefact."""
    rows: list[tuple[Cell, ...]] = []
    for what, name in _named(m).items():
        direct = m.direct[name]
        others = [m.scores[attack].get(name) for attack in ("other-threshold", "deepwordbug")]
        rows.append((what, direct.accuracy, direct.robustness, direct.worst,
                     *(s.robustness if s else None for s in others)))  # fmt: skip
    header = ("model", "accuracy", "TextFooler", "worst class", "TextFooler, other threshold",
              "DeepWordBug")  # fmt: skip
    title = "Accuracy under three attacks; no search saw the last"
    return PaperTable("attacks", title, header, tuple(rows))


def significance(m: Material) -> PaperTable:
    """McNemar's test between our students and every other model, on the same texts."""
    named = _named(m)
    ours = {what: name for what, name in named.items() if what.startswith("searched")}
    rows: list[tuple[Cell, ...]] = []
    for what, name in ours.items():
        for other, rival in named.items():
            if other not in ours:
                rows.append((what, other, *_tested(m.direct[name], m.direct[rival])))
    header = ("student", "against", "only the student holds", "only the other holds", "p")
    note = "Texts that most trainings of a model hold under TextFooler; exact McNemar test."
    title = "Robustness text by text"
    return PaperTable("mcnemar", title, header, tuple(rows), (note,))


def _tested(student: Scores, rival: Scores) -> tuple[Cell, ...]:
    only_student, only_rival, p = mcnemar(held(student), held(rival))
    return only_student, only_rival, f"{p:.2g}"


def _named(m: Material) -> dict[str, str]:
    """Names of scores by what the model is: baselines, then our students."""
    baselines = ("teacher", "teacher-at", "pkd", "pkd-at", "cells", "cells-at")
    found = {LABELS[name]: name for name in baselines if name in m.direct}
    return found | m.students
