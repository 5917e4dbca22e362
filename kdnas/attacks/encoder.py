"""The offline sentence encoder: MiniLM, mean of the token states."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from kdnas.offline import offline_path
from kdnas.training import choose_device, encode, predict

LONGEST = 128
BATCH = 32
"""Windows a batch: more would be padded to a longer one, and are no faster on two cores."""


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
        return predict(self._forward, encoded, self._device, batch_size=BATCH)

    def _forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self._model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        real = mask.unsqueeze(-1)
        return torch.sum(states * real, dim=1) / real.sum(dim=1)
