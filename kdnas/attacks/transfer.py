"""Transfer: adversarial texts made against one model, shown to another."""

from collections.abc import Sequence

from kdnas.attacks.victim import Victim
from kdnas.records import TextOutcome, written


def transfer(outcomes: Sequence[TextOutcome], target: Victim) -> dict[int, bool]:
    """Whether `target` is right on each adversarial text (Guo 2021, section 6.4).

    Only successful attacks give a text to show, so that the model they were made against is right
    on none. What the target already gets wrong unchanged is counted as well.

    Args:
        outcomes: Of an attack on another model.
        target: Classifies the perturbed texts.

    Returns:
        Index of each successfully attacked text -> whether the target gives its true class.
    """
    shown = [outcome for outcome in outcomes if outcome.outcome == "succeeded"]
    if not shown:
        return {}
    rows = target.encode([written(outcome.perturbed) for outcome in shown])
    predicted = target.logits(rows).argmax(axis=1)
    return {o.index: bool(p == o.label) for o, p in zip(shown, predicted, strict=True)}
