"""Adversarial training: a model goes on with what fooled it (Guo 2021, section 4.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from kdnas.attacks import Attacker, Victim
from kdnas.errors import UserError
from kdnas.records import TextOutcome
from kdnas.tasks import Split
from kdnas.training import (
    EncodedTexts,
    Forward,
    Recipe,
    decay_groups,
    epoch_plan,
    fit,
    label_loss,
)


@dataclass(frozen=True)
class AdversarialRecipe:
    """How a trained model goes on with the adversarial texts beside the original ones."""

    learning_rate: float
    epochs: int = 3
    batch_size: int = 32


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
) -> dict[int, str]:
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


def with_examples(split: Split, examples: Mapping[int, str], chosen: Sequence[int]) -> Split:
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


def train_on_labels(
    model: nn.Module,
    forward: Forward,
    texts: EncodedTexts,
    labels: Sequence[int],
    recipe: AdversarialRecipe,
    seed: int,
) -> float:
    """Train `model` in place with the cross entropy of true labels alone; no teacher has a part.

    Args:
        model: Trained already; it is left in eval mode.
        forward: (ids, mask), both (batch, length), to its logits (batch, classes).
        texts: The original texts and the adversarial ones.
        labels: Their true classes.
        recipe: Rate and epochs.
        seed: Decides dropout and the order of the texts.

    Returns:
        The mean loss of the last epoch.

    Raises:
        EvaluationFailed: The loss is not finite.
    """
    torch.manual_seed(seed)
    loss_of = label_loss(forward, texts, labels, next(model.parameters()).device)
    rng = np.random.default_rng(seed)
    plan = epoch_plan(texts.lengths, recipe.batch_size, recipe.epochs, rng)
    loss = fit(decay_groups(model.train()), plan, loss_of, Recipe(recipe.learning_rate))
    model.eval()
    return loss
