"""Cuts a text to the tokens that a student sees, at a word boundary."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from kdnas.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def word_boundary_cut(
    tokenizer: "PreTrainedTokenizerBase", max_length: int
) -> Callable[[str], str]:
    """A function that shortens texts to at most `max_length` tokens.

    It returns a text that fits as it is, and otherwise the words before the first token that does
    not fit. Only a first word that is too long by itself is cut inside.

    Args:
        tokenizer: A fast tokenizer, which knows the place of each token in the text.
        max_length: Most tokens of a text, special tokens included.

    Raises:
        UserError: The tokenizer is not a fast one.
    """
    if not tokenizer.is_fast:
        raise UserError(
            f"the tokenizer of {tokenizer.name_or_path} has no fast form, so texts cannot be cut "
            "at words; take a teacher whose folder holds a tokenizer.json"
        )
    room = max_length - tokenizer.num_special_tokens_to_add()

    def cut(text: str) -> str:
        # A token covers at least one ASCII character; some tokenizers put a space before the text.
        if text.isascii() and len(text) < room:
            return text
        # The beginning can split into other tokens than it did in the whole text: look again.
        while (end := _first_outside(tokenizer, text, room)) is not None:
            text = _words_before(text, end)
        return text

    return cut


def _first_outside(tokenizer: "PreTrainedTokenizerBase", text: str, room: int) -> int | None:
    """Where in the text the token after the first `room` ones starts; None if all fit."""
    encoded = tokenizer(
        text,
        add_special_tokens=False,
        truncation=False,
        padding=False,
        return_offsets_mapping=True,
        verbose=False,  # a long text is expected here
    )
    offsets = encoded["offset_mapping"]
    return int(offsets[room][0]) if len(offsets) > room else None


def _words_before(text: str, end: int) -> str:
    """The whole words of `text[:end]`, or the part of the first word if there is none."""
    end = min(end, len(text) - 1)  # shorter each time, or the search for a fit might not end
    head = text[:end]
    kept = head.rstrip()
    if kept == head and not text[end].isspace():
        words = head.rsplit(maxsplit=1)
        kept = words[0] if len(words) > 1 else head
    return kept
