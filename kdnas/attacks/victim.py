"""What an attack sees of a model: rows of texts and of their swaps, and float32 logits of rows."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.attacks.parts import Parts, deletion, swap_texts
from kdnas.attacks.tokens import Tokens
from kdnas.records import EvaluationFailed, Text, as_read
from kdnas.training import Batch, Forward, Inputs, Row, logits_of, padded, predict


class Victim(Protocol):
    """The interface of a model under attack; what a row is only the victim knows.

    A text is one string here: a pair comes as its two lines (`kdnas.records.written`), and the
    victim knows whether texts are pairs.
    """

    def encode(self, texts: Sequence[str]) -> list[Any]:
        """One row per text."""
        ...

    def swap_rows(self, parts: Parts, i: int, words: Sequence[str]) -> list[Any]:
        """What `encode` gives for the texts with each of `words` as word i."""
        ...

    def deletion_rows(self, parts: Parts, positions: Sequence[int]) -> list[Any]:
        """What `encode` gives for the texts that lack one of the words at `positions` each."""
        ...

    def logits(self, rows: Sequence[Any]) -> np.ndarray:
        """Scores before the softmax, (texts, classes), float32, all finite."""
        ...


class ModelVictim:
    """A network with its tokens; texts of similar length are padded together.

    Args:
        forward: From a batch to logits (batch, classes).
        tokens: Encodes the texts; students of one run share it.
        device: Where the network computes.

    Attributes:
        read: Texts that the network has read so far; one that comes again counts again.
    """

    def __init__(self, forward: Forward, tokens: Tokens, device: torch.device) -> None:
        self._forward, self._tokens, self._device = forward, tokens, device
        self.read = 0
        self.encode, self.swap_rows = tokens.rows, tokens.swap_rows
        self.deletion_rows = tokens.deletion_rows

    @classmethod
    def of_classifier(
        cls, model: nn.Module, tokenizer: Any, max_length: int, pairs: bool = False
    ) -> "ModelVictim":
        """A Hugging Face sequence classifier, in eval mode on the device it is on."""
        device = next(model.parameters()).device
        forward = logits_of(model, Inputs.of(tokenizer, model))
        return cls(forward, Tokens(tokenizer, max_length, pairs), device)

    def logits(self, rows: Sequence[Row]) -> np.ndarray:
        """Logits (texts, classes), float32.

        Raises:
            EvaluationFailed: A logit is not finite.
        """
        return predict(self._counted, padded(rows, self._tokens.pad), self._device)

    def _counted(self, batch: Batch) -> Tensor:
        logits = self._forward(batch)
        self.read += len(batch.ids)
        return logits


class CallableVictim:
    """A plain function from texts, which are tuples where they are pairs, to logits.

    Args:
        function: Texts to (texts, classes).
        pairs: Whether texts are pairs.
    """

    def __init__(
        self, function: Callable[[Sequence[Any]], np.ndarray], pairs: bool = False
    ) -> None:
        self._function, self._pairs = function, pairs

    def encode(self, texts: Sequence[str]) -> list[Text]:
        """The texts as they are."""
        return list(map(as_read, texts)) if self._pairs else list(texts)

    def swap_rows(self, parts: Parts, i: int, words: Sequence[str]) -> list[Text]:
        """The texts with each of `words` as word i."""
        return self.encode(swap_texts(parts, i, words))

    def deletion_rows(self, parts: Parts, positions: Sequence[int]) -> list[Text]:
        """The texts that lack one of the words at `positions` each."""
        return self.encode([deletion(parts, i) for i in positions])

    def logits(self, rows: Sequence[Text]) -> np.ndarray:
        """The function's logits (texts, classes), float32.

        Raises:
            EvaluationFailed: A logit is not finite.
        """
        logits = np.asarray(self._function(rows), np.float32)
        if not np.isfinite(logits).all():
            raise EvaluationFailed("non_finite", "the model returned a logit that is not finite")
        return logits
