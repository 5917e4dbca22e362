"""What `kdnas attack` says: a record per text, or a summary."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdnas.records import TextOutcome
    from kdnas.tasks import Split


def records_of(split: "Split", outcomes: "list[TextOutcome]") -> list[dict[str, Any]]:
    """What became of each text, for --json."""
    return [
        {
            "original": text,
            "label": outcome.label,
            "outcome": outcome.outcome,
            "perturbed": outcome.perturbed or None,
            "queries_textattack": outcome.queries,
            "queries_sent": outcome.sent,
            "predicted": outcome.predicted,
            "words": outcome.words,
            "words_changed": outcome.words_changed,
        }
        for text, outcome in zip(split.texts, outcomes, strict=True)
    ]


def print_summary(outcomes: "list[TextOutcome]", settled: float) -> None:
    """The summary in words; `settled` is the share of choices that were computed one by one."""
    from kdnas.cli.output import results
    from kdnas.metrics import POINTS, points, standard_error
    from kdnas.records import AttackOutcome

    found = AttackOutcome.of(outcomes, max(o.label for o in outcomes) + 1)
    say = results().print
    for name, value in (("accuracy", found.accuracy), ("robustness", found.robustness)):
        say(f"{name} {POINTS.write(value, standard_error(value, found.texts))} points")
    counts = (sum(found.skipped), sum(found.succeeded), sum(found.failed))
    say(f"{found.texts} texts: {counts[0]} skipped, {counts[1]} succeeded, {counts[2]} failed")
    attacked = max(found.texts - counts[0], 1)
    sent = sum(o.sent for o in outcomes if o.outcome != "skipped") / attacked
    counted = "" if found.queries is None else f"{found.mean_queries:.1f} queries a text, "
    say(f"{counted}{sent:.1f} sent, {points(found.mean_words_changed):.1f} % of words changed")
    say(f"{points(settled):.1f} % of the choices were too close and settled one by one")
