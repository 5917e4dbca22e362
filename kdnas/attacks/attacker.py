"""`Attacker`: a spec and its resources, ready to attack any victim."""

from collections.abc import Callable, Iterator, Sequence

from kdnas.attacks.resources import AttackResources, load_resources
from kdnas.attacks.victim import Victim
from kdnas.records import AttackSpec, Outcome, TextOutcome


class Attacker:
    """Attacks victims by one spec.

    Args:
        spec: What the attack does.
        resources: Loaded for the spec by default.
    """

    def __init__(self, spec: AttackSpec, resources: AttackResources | None = None) -> None:
        self.spec = spec
        self._resources = resources or load_resources(spec)

    def attack(
        self,
        victim: Victim,
        texts: Sequence[str],
        labels: Sequence[int],
        on_text: Callable[[TextOutcome], None] = lambda outcome: None,
    ) -> list[TextOutcome]:
        """Attack each text that `victim` classifies correctly; the others are skipped.

        Args:
            victim: The model.
            texts: What is attacked.
            labels: The true classes.
            on_text: Called after each text.

        Returns:
            What became of each text, in order.

        Raises:
            EvaluationFailed: The victim returned a value that is not finite.
        """
        found = []
        for outcome in self._outcomes(victim, texts, labels):
            found.append(outcome)
            on_text(outcome)
        return found

    def _outcomes(
        self, victim: Victim, texts: Sequence[str], labels: Sequence[int]
    ) -> Iterator[TextOutcome]:
        # Imported here, this one first: it imports textattack, which takes seconds.
        from kdnas.attacks.textfooler import build_textfooler  # isort: skip
        from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult

        attack = build_textfooler(victim, self.spec, self._resources)
        for index, (text, label) in enumerate(zip(texts, labels, strict=True)):
            result = attack.attack(text, label)
            before, after = (
                r.attacked_text for r in (result.original_result, result.perturbed_result)
            )
            skipped = isinstance(result, SkippedAttackResult)
            succeeded = isinstance(result, SuccessfulAttackResult)
            outcome: Outcome = "skipped" if skipped else "succeeded" if succeeded else "failed"
            yield TextOutcome(
                index=index,
                label=label,
                predicted=int(result.original_result.output),
                outcome=outcome,
                words=before.num_words,
                words_changed=len(before.all_words_diff(after)) if succeeded else 0,
                queries=result.num_queries,
                perturbed=after.text if succeeded else "",
            )
