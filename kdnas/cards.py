"""What the model cards of students have in common: their scores, and the attack behind them."""

from collections.abc import Mapping

from kdnas.metrics import ATTACKED, TASK_METRICS, TEXTS, shown_scores
from kdnas.records import AttackSpec, Measurement
from kdnas.runs.context import OFFLINE


def score_table(metric: str, splits: Mapping[str, Measurement]) -> str:
    """Write the scores on each split as a Markdown table.

    Args:
        metric: What the task is scored by.
        splits: The measurement on each split by its name.
    """
    last = TEXTS if TASK_METRICS[metric].numbers else ATTACKED  # numbers are not attacked
    columns = [*shown_scores(metric), last]
    lines = [["split", *(column.label for column in columns)], ["---"] * (len(columns) + 1)]
    lines += [[name, *(column.written_of(m) for column in columns)] for name, m in splits.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def attack_line(spec: AttackSpec | None) -> str:
    """Say what attack is behind the scores; None where labels are numbers."""
    if spec is None:
        return "Labels are numbers, so nothing was attacked."
    caveat = f" {OFFLINE.capitalize()}." if spec.resources == "offline" else ""
    return f"Robustness is accuracy under attack. Attack: {spec}; spec {spec.digest}.{caveat}"
