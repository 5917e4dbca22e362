"""What an attack sees of a model: ids of texts, and float32 logits of ids."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.records import EvaluationFailed
from kdnas.training import EncodedTexts, encode, predict


class Victim(Protocol):
    """The interface of a model under attack; what `encode` returns only `logits` reads."""

    def encode(self, texts: Sequence[str]) -> Any:
        """`texts` as the model takes them."""
        ...

    def logits(self, ids: Any) -> np.ndarray:
        """Scores before the softmax, (texts, classes), float32, all finite."""
        ...


class ModelVictim:
    """A network with its tokenizer; texts of similar length are padded together.

    Args:
        forward: (ids, mask), both (batch, length), to logits (batch, classes).
        tokenizer: A Hugging Face tokenizer.
        max_length: Tokens that the network sees.
        device: Where it computes.
    """

    def __init__(
        self,
        forward: Callable[[Tensor, Tensor], Tensor],
        tokenizer: Any,
        max_length: int,
        device: torch.device,
    ) -> None:
        self._forward, self._tokenizer = forward, tokenizer
        self._max_length, self._device = max_length, device

    @classmethod
    def of_classifier(cls, model: nn.Module, tokenizer: Any, max_length: int) -> "ModelVictim":
        """A Hugging Face sequence classifier, in eval mode on the device it is on."""

        def forward(ids: Tensor, mask: Tensor) -> Tensor:
            return model(input_ids=ids, attention_mask=mask.long()).logits

        return cls(forward, tokenizer, max_length, next(model.parameters()).device)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Token ids of `texts`, cut at the longest length."""
        return encode(self._tokenizer, texts, self._max_length)

    def logits(self, ids: EncodedTexts) -> np.ndarray:
        """Logits (texts, classes), float32.

        Raises:
            EvaluationFailed: A logit is not finite.
        """
        return predict(self._forward, ids, self._device)


class CallableVictim:
    """A plain function from texts to logits (texts, classes)."""

    def __init__(self, function: Callable[[Sequence[str]], np.ndarray]) -> None:
        self._function = function

    def encode(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts as they are."""
        return texts

    def logits(self, ids: Sequence[str]) -> np.ndarray:
        """The function's logits (texts, classes), float32.

        Raises:
            EvaluationFailed: A logit is not finite.
        """
        logits = np.asarray(self._function(ids), np.float32)
        if not np.isfinite(logits).all():
            raise EvaluationFailed("non_finite", "the model returned a logit that is not finite")
        return logits
