"""Cuts a text to the tokens that a student sees, at word boundaries."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from kdnas.errors import UserError
from kdnas.records import Text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def word_boundary_cut(
    tokenizer: "PreTrainedTokenizerBase", max_length: int
) -> Callable[[Text], Text]:
    """A function that shortens texts to at most `max_length` tokens.

    It returns a text that fits as it is, and otherwise the words before the first token that does
    not fit. Only a first word that is too long by itself is cut inside. Of a pair the longer string
    gives way, as tokenizers truncate pairs: the shorter one is cut only where it has more than half
    of the tokens that there is room for.

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
    single, pair = (max_length - tokenizer.num_special_tokens_to_add(two) for two in (False, True))

    def cut(text: Text) -> Text:
        if isinstance(text, str):
            return _cut(tokenizer, text, single)
        if all(map(str.isascii, text)) and len("".join(text)) + 1 < pair:
            return text
        first, second = (len(_offsets(tokenizer, each)) for each in text)
        least = min(first, second, pair // 2)
        rooms = (pair - least, least) if first > second else (least, pair - least)
        one, other = (_cut(tokenizer, *each) for each in zip(text, rooms, strict=True))
        return one, other

    return cut


def _cut(tokenizer: "PreTrainedTokenizerBase", text: str, room: int) -> str:
    """The words of a text that fit into so many tokens."""
    # A token covers at least one ASCII character; some tokenizers put a space before the text.
    if text.isascii() and len(text) < room:
        return text
    # The beginning can split into other tokens than it did in the whole text: look again.
    while len(offsets := _offsets(tokenizer, text)) > room:
        text = _words_before(text, offsets[room][0])
    return text


def _offsets(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[tuple[int, int]]:
    """Say where each token of a text starts and ends."""
    encoded = tokenizer(
        text,
        add_special_tokens=False,
        truncation=False,
        padding=False,
        return_offsets_mapping=True,
        verbose=False,  # a long text is expected here
    )
    found: list[tuple[int, int]] = encoded["offset_mapping"]
    return found


def _words_before(text: str, end: int) -> str:
    """The whole words of `text[:end]`, or the part of the first word if there is none."""
    end = min(end, len(text) - 1)  # shorter each time, or the search for a fit might not end
    head = text[:end]
    kept = head.rstrip()
    if kept == head and not text[end].isspace():
        words = head.rsplit(maxsplit=1)
        kept = words[0] if len(words) > 1 else head
    return kept
