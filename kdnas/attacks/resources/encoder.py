"""Sentence encoders: what an attack asks of one, and the offline one."""

import math
from collections.abc import Sequence
from copy import copy, deepcopy
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from kdnas.offline import expected_hash, offline_path
from kdnas.training import Batch, choose_device, encode, predict

MetricName = Literal["angular", "cosine"]

LONGEST = 128
"""Tokens that MiniLM sees of a text."""
BATCH_TOKENS = 700
"""About as many are encoded at a time: in larger batches texts are padded to longer ones, and the
states leave the cache; in smaller ones the calls cost more than the arithmetic."""


class Encoder(Protocol):
    """Encodes texts as vectors that say how near two of them are in meaning."""

    @property
    def identity(self) -> str:
        """What no other encoder has; similarities are kept under it."""
        ...

    @property
    def metric(self) -> MetricName:
        """How its vectors are compared: `angular` is 1 - angle / pi, or the `cosine`."""
        ...

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, features), float32."""
        ...


class MiniLM:
    """The offline encoder: MiniLM, mean of the token states; their angles measure meaning."""

    metric: MetricName = "angular"

    def __init__(self) -> None:
        path = str(offline_path("minilm"))
        self.identity = expected_hash("minilm")
        self._device, self._products = choose_device(), torch.float32
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        self._model = AutoModel.from_pretrained(path, use_safetensors=True)
        self._model = self._model.eval().to(self._device)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, 384), float32."""
        encoded = encode(self._tokenizer, texts, LONGEST)
        size = math.ceil(BATCH_TOKENS / max(encoded.lengths.mean(), 1)) if texts else 1
        return predict(self._forward, encoded, self._device, batch_size=size)

    def in_bfloat16(self) -> "MiniLM":
        """The same encoder with its products in bfloat16; sums and norms stay float32."""
        twin = copy(self)
        twin._products, twin._model = torch.bfloat16, deepcopy(self._model)
        for module in twin._model.modules():
            if isinstance(module, nn.Linear):
                module.to(torch.bfloat16)
        return twin

    def _forward(self, batch: Batch) -> Tensor:
        rounded = self._products != torch.float32
        with torch.autocast(self._device.type, self._products, enabled=rounded):
            states = self._model(
                input_ids=batch.ids, attention_mask=batch.mask.long()
            ).last_hidden_state
        states = states.float()
        real = batch.mask.unsqueeze(-1)
        return torch.sum(states * real, dim=1) / real.sum(dim=1)
