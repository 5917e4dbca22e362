"""The offline sentence encoder: MiniLM, mean of the token states."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from kdnas.offline import offline_path
from kdnas.training import choose_device, encode, predict

LONGEST = 128
BATCH_TOKENS = 700
"""About as many are encoded at a time: in larger batches texts are padded to longer ones, and the
states leave the cache; in smaller ones the calls cost more than the arithmetic."""


class SentenceEncoder:
    """Encodes texts as vectors whose angles measure difference in meaning."""

    def __init__(self) -> None:
        path = str(offline_path("minilm"))
        self._device = choose_device()
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        self._model = AutoModel.from_pretrained(path, use_safetensors=True)
        self._model = self._model.eval().to(self._device)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, 384), float32."""
        encoded = encode(self._tokenizer, texts, LONGEST)
        size = math.ceil(BATCH_TOKENS / max(encoded.lengths.mean(), 1)) if texts else 1
        return predict(self._forward, encoded, self._device, batch_size=size)

    def _forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self._model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        real = mask.unsqueeze(-1)
        return torch.sum(states * real, dim=1) / real.sum(dim=1)
