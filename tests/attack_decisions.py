"""Both engines on the same texts: whether the lock-step engine decides as TextAttack does."""

from collections.abc import Sequence
from dataclasses import replace

from kdnas.attacks import Attacker, AttackResources, Victim
from kdnas.records import AttackSpec, Text, TextOutcome, written


def labels_of(victim: Victim, texts: Sequence[Text]) -> list[int]:
    """The victim's own answers."""
    return victim.logits(victim.encode(list(map(written, texts)))).argmax(axis=1).tolist()


def uncounted(outcomes: Sequence[TextOutcome]) -> list[TextOutcome]:
    return [replace(outcome, queries=None) for outcome in outcomes]


def assert_equal_decisions(
    victim: Victim, texts: Sequence[Text], spec: AttackSpec, resources: AttackResources, renew
) -> list[TextOutcome]:
    """Every mode, cold and warm, by old and by new attackers, decides as TextAttack does.

    So it does with the encoder's rough twin, whether or not that pays on this machine.
    The victim's own answers are the labels, but for the last text, which it has wrong.
    """
    *right, last = labels_of(victim, texts)
    labels = [*right, int(not last)]
    expected = Attacker(spec, resources, "textattack").attack(victim, texts, labels)
    lazy = replace(spec, mode="lazy")
    for parts in (replace(resources, rough=None), resources):
        renew()
        assert Attacker(spec, parts).attack(victim, texts, labels) == expected
        if spec.query_budget is None:
            renew()
            attacker = Attacker(lazy, parts)
            for _ in ("cold", "warm"):
                assert attacker.attack(victim, texts, labels) == uncounted(expected)
        for again in (spec, lazy):
            found = Attacker(again, parts).attack(victim, texts, labels)
            assert found == (uncounted(expected) if again.lazy else expected)
    return expected
