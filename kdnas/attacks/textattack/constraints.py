"""Checks of kdnas as constraints of TextAttack."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kdnas.attacks.resources import Encoder, classes_agree, polarity_agrees
from kdnas.attacks.textattack.importing import import_textattack

import_textattack()

from textattack.constraints import Constraint  # noqa: E402
from textattack.constraints.semantics.sentence_encoders import SentenceEncoder  # noqa: E402


class SameWordClasses(Constraint):
    """Swaps between words that can have the same class (compared with the original word)."""

    def __init__(self) -> None:
        super().__init__(compare_against_original=True)

    def _check_constraint(self, transformed_text: Any, reference_text: Any) -> bool:
        return all(classes_agree(a, b) for a, b in _swaps(transformed_text, reference_text))


class SamePolarity(Constraint):
    """Swaps that keep the sentiment (compared with the original word)."""

    def __init__(self) -> None:
        super().__init__(compare_against_original=True)

    def _check_constraint(self, transformed_text: Any, reference_text: Any) -> bool:
        return all(polarity_agrees(a, b) for a, b in _swaps(transformed_text, reference_text))


def _swaps(transformed: Any, reference: Any) -> Iterator[tuple[str, str]]:
    """(word before, word after) at each newly changed position."""
    for i in transformed.attack_attrs["newly_modified_indices"]:
        yield reference.words[i], transformed.words[i]


class OfflineEncoder(SentenceEncoder):
    """The recipe's comparison of windows as it is set, by another encoder and its metric."""

    def __init__(self, recipe: SentenceEncoder, encoder: Encoder) -> None:
        super().__init__(
            threshold=recipe.threshold,
            metric=encoder.metric,
            compare_against_original=recipe.compare_against_original,
            window_size=recipe.window_size,
            skip_text_shorter_than_window=recipe.skip_text_shorter_than_window,
        )
        self._encoder = encoder

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        """Vectors of the sentences, (sentences, features)."""
        return self._encoder(sentences)
