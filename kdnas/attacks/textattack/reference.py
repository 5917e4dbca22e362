"""The reference: TextAttack attacks one text after the other."""

import random
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from kdnas.attacks.resources import AttackResources
from kdnas.attacks.textattack.build import build_attack
from kdnas.attacks.textattack.importing import import_textattack
from kdnas.attacks.victim import Victim
from kdnas.records import AttackSpec, Outcome, Text, TextOutcome, written
from kdnas.seeds import derived_seed

import_textattack()

from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult  # noqa: E402

_COLUMNS = ("premise", "hypothesis")


class Reference:
    """TextAttack executing a spec against a victim."""

    def __init__(self, victim: Victim, spec: AttackSpec, resources: AttackResources) -> None:
        self._attack, self._spec = build_attack(victim, spec, resources), spec

    def attack(self, text: Text, label: int) -> TextOutcome:
        """What becomes of one text; its draws depend on the spec's seed and the text alone.

        TextAttack's recipes know the strings of a pair as premise and hypothesis, whatever the
        data call their columns.
        """
        is_pair = isinstance(text, tuple)
        given = OrderedDict(zip(_COLUMNS, text, strict=True)) if is_pair else text
        with _seeded(derived_seed(self._spec.seed, written(text))):
            result = self._attack.attack(given, label)
        before, after = (r.attacked_text for r in (result.original_result, result.perturbed_result))
        skipped = isinstance(result, SkippedAttackResult)
        succeeded = isinstance(result, SuccessfulAttackResult)
        outcome: Outcome = "skipped" if skipped else "succeeded" if succeeded else "failed"
        return TextOutcome(
            index=0,
            label=label,
            predicted=int(result.original_result.output),
            outcome=outcome,
            words=before.num_words,
            words_changed=len(before.all_words_diff(after)) if succeeded else 0,
            queries=None if self._spec.lazy else result.num_queries,
            perturbed=after.tokenizer_input if succeeded else "",
            sent=result.num_queries,
        )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The global generators, which TextAttack draws from, seeded for a while."""
    numpy_state, state = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(state)
