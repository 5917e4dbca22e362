"""Adversarial training: a model goes on with what fooled it (Guo 2021, section 4.2)."""

from collections.abc import Callable, Sequence
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


def adversarial_examples(
    attacker: Attacker,
    victim: Victim,
    split: Split,
    fraction: float,
    seed: int,
    on_text: Callable[[TextOutcome], None] = lambda outcome: None,
) -> Split:
    """The texts of successful attacks on a share of `split`, with the labels of the originals.

    The share is drawn; with one seed a smaller one is part of a larger one.

    Args:
        attacker: Whose attack it is.
        victim: The model that is fooled.
        split: Training texts.
        fraction: Share of them that is attacked, in [0, 1]: the strength of the training.
        seed: Decides which.
        on_text: Called as each text is done.

    Raises:
        UserError: `fraction` is no share.
    """
    if not 0 <= fraction <= 1:
        raise UserError(f"adversarial training attacks {fraction} of the texts: use 0 to 1")
    drawn = np.random.default_rng(seed).permutation(len(split))[: round(fraction * len(split))]
    chosen = [int(i) for i in np.sort(drawn)]
    texts, labels = [split.texts[i] for i in chosen], [split.labels[i] for i in chosen]
    outcomes = attacker.attack(victim, texts, labels, on_text) if chosen else []
    fooled = [outcome for outcome in outcomes if outcome.outcome == "succeeded"]
    return Split(
        tuple(outcome.perturbed for outcome in fooled),
        tuple(outcome.label for outcome in fooled),
        f"adversarial texts of {split.origin}",
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
