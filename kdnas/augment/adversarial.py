"""Adversarial examples of training texts, for training with them (Guo 2021, section 4.2)."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kdnas.attacks import Attacker, Victim
from kdnas.errors import UserError
from kdnas.records import Text, TextOutcome
from kdnas.tasks import Split


def attacked_share(texts: int, fraction: float, seed: int) -> list[int]:
    """Which of so many texts are attacked, in order; with one seed less is part of more.

    Args:
        texts: How many there are.
        fraction: Share of them, in [0, 1]: the strength of the training.
        seed: Decides which.

    Raises:
        UserError: `fraction` is no share.
    """
    if not 0 <= fraction <= 1:
        raise UserError(f"adversarial training attacks {fraction} of the texts: use 0 to 1")
    drawn = np.random.default_rng(seed).permutation(texts)[: round(fraction * texts)]
    return sorted(drawn.tolist())


def adversarial_examples(
    attacker: Attacker,
    victim: Victim,
    split: Split,
    chosen: Sequence[int],
    on_text: Callable[[TextOutcome], None] = lambda outcome: None,
) -> dict[int, Text]:
    """What fools `victim`: index -> perturbed text, for the successful attacks.

    Args:
        attacker: Whose attack it is.
        victim: The model that is fooled.
        split: Training texts.
        chosen: Which of them are attacked.
        on_text: Called as each text is done.
    """
    texts, labels = [split.texts[i] for i in chosen], [split.labels[i] for i in chosen]
    outcomes = attacker.attack(victim, texts, labels, on_text) if chosen else []
    found = zip(chosen, outcomes, strict=True)
    return {i: o.perturbed for i, o in found if o.outcome == "succeeded"}


def with_examples(split: Split, examples: Mapping[int, Text], chosen: Sequence[int]) -> Split:
    """All texts of `split`, then the examples of the chosen ones with the labels of the originals.

    Args:
        split: The original texts.
        examples: Of any of them, by index.
        chosen: Those whose examples are taken.
    """
    added = [i for i in chosen if i in examples]
    return Split(
        split.texts + tuple(examples[i] for i in added),
        split.labels + tuple(split.labels[i] for i in added),
        f"{split.origin} and adversarial texts of it",
    )
