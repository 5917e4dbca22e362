"""An invented but plausible run for the tests of the analysis: scores made from counts."""

import numpy as np

from kdnas.metrics import ACCURACY, PARAMETERS, ROBUSTNESS, Weights
from kdnas.records import AttackOutcome, Evaluation, Failure, Measurement
from kdnas.runs import Row, RunContext
from kdnas.space import (
    PAPER_SPACE,
    NetworkShape,
    count_flops,
    count_parameters,
    mutate,
    random_edits,
)

CONTEXT = RunContext(
    title="a run",
    objectives=(ACCURACY, ROBUSTNESS, PARAMETERS),
    floor=0.6,
    majority_share=0.5,
    weights=Weights(),
    teacher_accuracy=0.842,
    offline=True,
    limits={"parameters": 50_000_000},
)
STUDENTS, REPORTS = 60, 8
FAILED = {7: "oom", 23: "timeout", 41: "non_finite"}
DEGENERATE, BELOW_FLOOR = (12, 30), (3, 18)


def measurement(
    accuracy: float, robustness: float, texts: int = 400, attacked: int = 150
) -> Measurement:
    """A student of two balanced classes with about these shares; class 1 is its favourite."""
    right, held = round(accuracy * texts), round(robustness * attacked)
    correct = (round(0.46 * right), right - round(0.46 * right))
    predicted = (texts // 2 - correct[1] + correct[0], texts // 2 + correct[1] - correct[0])
    flipped = max(round(accuracy * attacked) - held, 0)
    shares = ((attacked - held - flipped, 0.6), (flipped, 0.55), (held, 0.4))
    halves = [(round(first * n), n - round(first * n)) for n, first in shares]
    attack = AttackOutcome(
        *halves, queries=36 * (held + flipped), summed_changed_shares=0.2 * flipped
    )
    return Measurement(correct, (texts // 2, texts // 2), predicted, attack, "spec")


def constant(texts: int = 400, attacked: int = 150) -> Measurement:
    """A student that always says 1: half right, and never to be attacked."""
    half, held = texts // 2, attacked // 2
    attack = AttackOutcome((held, 0), (0, 0), (0, attacked - held), queries=36 * held)
    return Measurement((0, half), (half, half), (0, texts), attack, "spec")


def student(birth: int, accuracy: float, robustness: float, parameters: int = 4_000_000) -> Row:
    """An evaluated student with these scores; its architecture is of no concern."""
    evaluation = Evaluation(parameters, 100_000, 10**8, measurement(accuracy, robustness))
    return Row(birth, f"{birth:016x}", "{}", "initial", (), 0, "ok", evaluation)


def run(students: int = STUDENTS) -> list[Row]:
    """A search that makes some progress, with failures, degenerate and infeasible students."""
    rng, rows = np.random.default_rng(5), []
    seen: set[str] = set()
    for birth in range(students):
        rows.append(_born(birth, rows, seen, rng))
        seen.add(rows[-1].key)
    front = sorted(rows, key=lambda r: -r.evaluation.search.robustness if r.evaluation else 0)
    feasible = [r for r in front if r.birth not in (*FAILED, *DEGENERATE, *BELOW_FLOOR)]
    return [_reported(r, rng) if r in feasible[:REPORTS] else r for r in rows]


def _born(birth: int, rows: list[Row], seen: set[str], rng: np.random.Generator) -> Row:
    parent = int(rng.integers(birth)) if birth >= 20 else None
    accept = lambda arch: arch.key not in seen  # noqa: E731
    if parent is None:
        edit, parents = random_edits(PAPER_SPACE, rng, accept=accept), ()
    else:
        edit = mutate(rows[parent].architecture, PAPER_SPACE, rng, accept=accept)
        parents = (parent,)
    arch = edit.architecture
    row = Row(birth, arch.key, arch.to_json(), edit.operation, parents, birth, "ok")
    if birth in FAILED:
        failure = Failure(FAILED[birth], f"student {birth} could not be trained")
        return _with(row, status="failed", failure=failure)
    return _with(row, evaluation=_evaluation(birth, arch, rng))


def _evaluation(birth: int, arch, rng: np.random.Generator) -> Evaluation:
    shape = NetworkShape()
    parameters = count_parameters(arch, shape)
    size = np.log(parameters / 4e6) / np.log(10)
    accuracy = 0.745 + 0.04 * size + rng.normal(0, 0.012)
    robustness = 0.14 + 0.0012 * birth + 0.04 * size - (accuracy - 0.76) + rng.normal(0, 0.02)
    if birth in DEGENERATE:
        search = constant()
    elif birth in BELOW_FLOOR:
        search = measurement(0.55 + rng.normal(0, 0.01), 0.3)
    else:
        search = measurement(accuracy, max(robustness, 0.02))
    blocks, flops = parameters - 30_000 * arch.width, count_flops(arch, shape, 64)
    return Evaluation(parameters, blocks, flops, search, 0.31, 41.0, 25.0)


def _reported(row: Row, rng: np.random.Generator) -> Row:
    search = row.evaluation.search
    accuracy = search.accuracy + rng.normal(-0.01, 0.01)
    robustness = max(search.robustness + rng.normal(-0.02, 0.015), 0.0)
    return _with(row, report=measurement(accuracy, robustness, 600, 400))


def _with(row: Row, **changes) -> Row:
    from dataclasses import replace

    return replace(row, **changes)
