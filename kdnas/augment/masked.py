"""What a masked language model puts in the place of words, as TinyBERT augments (Jiao 2020)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kdnas.attacks.cutting import split_parts
from kdnas.attacks.parts import one_word, swapped, words_of
from kdnas.attacks.resources import WordVectors
from kdnas.distillation import Rewriter
from kdnas.training import Batch, autocast, choose_device, encode, predict

_SPARE = 2
"""How many times as many tokens are looked at as words are wanted: some are pieces of words."""


@dataclass(frozen=True)
class WordModel:
    """A masked language model that is asked for words.

    Attributes:
        rewriter: The model and its mask.
        tokenizer: Its own.
        length: Longest text that it sees (tokens).
    """

    rewriter: Rewriter
    tokenizer: Any
    length: int

    def single(self, word: str) -> bool:
        """Whether a word is one token."""
        return len(self.tokenizer.tokenize(word)) == 1

    def likeliest(self, texts: Sequence[str], count: int) -> list[list[str]]:
        """The likeliest words in the place of the mask of each text, likeliest first.

        There are none where the mask is cut off.
        """
        if not texts:
            return []
        device, wanted = choose_device(), min(_SPARE * count, self.rewriter.tokens)
        model = self.rewriter.load(device)

        def forward(batch: Batch) -> Tensor:
            masked = batch.ids == self.rewriter.mask
            with autocast(device):
                states = model(input_ids=batch.ids, attention_mask=batch.mask.long()).logits
            seen = states[torch.arange(len(masked)), masked.long().argmax(dim=1)]
            best = seen[:, : self.rewriter.tokens].float().topk(wanted, dim=1).indices
            return torch.where(masked.any(dim=1, keepdim=True), best, -1)

        encoded = encode(self.tokenizer, texts, self.length)
        rows = predict(forward, encoded, device).astype(int).tolist()  # float32 holds every id
        tokens = self.tokenizer.convert_ids_to_tokens(range(self.rewriter.tokens))
        named = ([tokens[k] for k in row if k >= 0] for row in rows)
        return [[word for word in words if one_word(word)][:count] for words in named]


@dataclass(frozen=True)
class Candidates:
    """The K candidates of each word of some texts: a `Listing` of these texts.

    Attributes:
        found: By the words of a text, and the place of one of them.
    """

    found: dict[tuple[tuple[str, ...], int], tuple[str, ...]]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        model: WordModel,
        vectors: WordVectors,
        kept: Collection[str],
        count: int,
    ) -> "Candidates":
        """The likeliest words for words of one token, the nearest by vector for the others.

        The authors show the model the whole text before the one with the mask; here it is shown
        the second alone.

        Args:
            texts: Single strings.
            model: Tells what is likely.
            vectors: Tell what is near.
            kept: Words that are left alone.
            count: K.
        """
        rows = {word: row for row, word in enumerate(vectors.words)}
        found: dict[tuple[tuple[str, ...], int], tuple[str, ...]] = {}
        masked: dict[tuple[tuple[str, ...], int], str] = {}
        for parts in filter(None, map(split_parts, texts)):
            for i, word in _changing(words_of(parts), kept):
                place = (words_of(parts), i)
                if model.single(word):
                    masked[place] = "".join(swapped(parts, i, model.tokenizer.mask_token))
                elif word.lower() in rows:
                    near = vectors.neighbours[rows[word.lower()]][1 : count + 1]
                    found[place] = tuple(vectors.words[row] for row in near)
        likely = model.likeliest(list(masked.values()), count + 1)
        for place, words in zip(masked, likely, strict=True):
            own = place[0][place[1]].lower()
            found[place] = tuple(word for word in words if word.lower() != own)[:count]
        return cls(found)

    def __call__(self, words: Sequence[str], i: int) -> tuple[str, ...]:
        """The candidates of word i."""
        return self.found.get((tuple(words), i), ())


def _changing(words: Sequence[str], kept: Collection[str]) -> Iterator[tuple[int, str]]:
    return ((i, word) for i, word in enumerate(words) if word not in kept and one_word(word))
