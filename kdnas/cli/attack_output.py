"""What `kdnas attack` says: a record per text, or a summary; and who executes an attack."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdnas.records import AttackSpec, TextOutcome
    from kdnas.tasks import Split


def warn_of_reference(recipe: str) -> None:
    """Say where the engine cannot execute an attack, before hours are spent on it."""
    from kdnas.cli.output import messages
    from kdnas.records import ATTACKS

    if not ATTACKS[recipe].in_lockstep:
        said = f"{recipe} is executed by TextAttack, text after text"
        messages().print(f"attack: {said}, which takes several times as long")


def say_remark(about: str, remark: str) -> None:
    """Say what a user should know, before it starts, where there is anything."""
    from kdnas.cli.output import messages

    if remark:
        messages().print(f"{about}: {remark}")


def say_numbers(labels: Collection[str | None], names: Sequence[str]) -> None:
    """Say where a label that is a number is the name of another class than the number's."""
    from kdnas.cli.output import messages

    for number, name in enumerate(names):
        if name in labels and name.isdecimal() and int(name) != number:
            read = f"label {name} is the class that id2label calls {name}, class number {number}"
            messages().print(f"data: labels are matched with the names of classes first: {read}")
            return


def records_of(
    split: "Split", outcomes: "list[TextOutcome]", spec: "AttackSpec"
) -> list[dict[str, Any]]:
    """What became of each text, for --json."""
    from kdnas.analysis import spec_record

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
            **spec_record(spec),
        }
        for text, outcome in zip(split.texts, outcomes, strict=True)
    ]


def print_spec(spec: "AttackSpec | None") -> None:
    """The attack in words, with its digest, where one is known."""
    from kdnas.cli.output import results

    if spec is not None:
        results().print(f"attack: {spec}; spec {spec.digest}")


def print_summary(outcomes: "list[TextOutcome]", settled: float, spec: "AttackSpec") -> None:
    """The summary in words; `settled` is the share of choices that were computed one by one."""
    from kdnas.cli.output import counted, results
    from kdnas.metrics import POINTS, points, standard_error
    from kdnas.records import AttackOutcome

    print_spec(spec)
    found = AttackOutcome.of(outcomes, max(o.label for o in outcomes) + 1)
    say = results().print
    for name, value in (("accuracy", found.accuracy), ("robustness", found.robustness)):
        say(f"{name} {POINTS.write(value, standard_error(value, found.texts))} points")
    counts = (sum(found.skipped), sum(found.succeeded), sum(found.failed))
    became = f"{counts[0]} skipped, {counts[1]} succeeded, {counts[2]} failed"
    say(f"{counted(found.texts, 'text')}: {became}")
    attacked = max(found.texts - counts[0], 1)
    sent = sum(o.sent for o in outcomes if o.outcome != "skipped") / attacked
    queries = "" if found.queries is None else f"{found.mean_queries:.1f} queries a text, "
    say(f"{queries}{sent:.1f} sent, {points(found.mean_changed_share):.1f} % of words changed")
    say(f"{points(settled):.1f} % of the choices were too close and settled one by one")
