"""A text's parts are cut, joined, windowed and counted as TextAttack does it; typos are its own."""

import random
import string
from importlib.util import find_spec

import numpy as np
import pytest
from attack_texts import swaps, texts
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kdnas.attacks.cutting import CHINESE, makes_mark, split_parts, text_words
from kdnas.attacks.parts import (
    Parts,
    deletion,
    one_word,
    swap_texts,
    swapped,
    windows,
    words_changed,
    words_of,
)
from kdnas.attacks.recipes.deepwordbug import MOST_EDITS, Typos, within_distance
from kdnas.attacks.textattack.importing import import_textattack

if find_spec("textattack") is None:
    pytest.skip("textattack is not installed: kdnas[textattack]", allow_module_level=True)
import_textattack()

from textattack.constraints.overlap import LevenshteinEditDistance  # noqa: E402
from textattack.shared import AttackedText  # noqa: E402
from textattack.shared.utils import words_from_text  # noqa: E402
from textattack.transformations import (  # noqa: E402
    WordSwapNeighboringCharacterSwap,
    WordSwapRandomCharacterDeletion,
    WordSwapRandomCharacterInsertion,
    WordSwapRandomCharacterSubstitution,
)

pytestmark = pytest.mark.textattack

TYPOS = (
    WordSwapNeighboringCharacterSwap(),
    WordSwapRandomCharacterSubstitution(),
    WordSwapRandomCharacterDeletion(),
    WordSwapRandomCharacterInsertion(),
)
"""DeepWordBug's, in the order in which it draws them."""


def cut(text: str) -> tuple[AttackedText, Parts]:
    """The text as TextAttack has it, and its parts; none where the engine leaves it alone."""
    return AttackedText(text), split_parts(text) or ("",)


@given(texts)
def test_parts_join_to_the_text_and_hold_its_words(text: str) -> None:
    parts = split_parts(text)
    if parts is not None:
        words = AttackedText(text).words
        assert "".join(parts) == text
        assert list(words_of(parts)) == words
        assert len(parts) == 2 * len(words) + 1


@pytest.mark.parametrize(
    "text",
    ["", "film", "it's 2 good, 'really'!", "العربية", "😀 good 😀", "a <word> b", "<>", "İstanbul",
     "ΟΔΟΣ.film", "<split>", "a SPLIT b"],
)  # fmt: skip
def test_most_texts_have_parts(text: str) -> None:
    assert split_parts(text) is not None


def test_every_character_is_cut_as_textattack_cuts_it() -> None:
    chunks = [f"a{chr(c)}b '{chr(c)}-" for c in range(0x32000)]
    for start in range(0, len(chunks), 4096):
        text = " . ".join(c for c in chunks[start : start + 4096] if not CHINESE.search(c))
        assert text_words(text) == words_from_text(text)


@pytest.mark.parametrize(
    "text",
    ["这部电影很好", "a 好 film", "<SPLIT>", "<film SPLIT>", "good <SPLIT film>", "a <SLPIT> b",
     "<SPIT>", "<SPLITS>", "<SPLiT>"],
)  # fmt: skip
def test_texts_whose_cut_depends_on_their_words_are_left_to_textattack(text: str) -> None:
    assert split_parts(text) is None


@given(st.integers(0, 2**31), st.lists(st.sampled_from("SPLITsx"), min_size=4, max_size=6))
def test_no_typing_error_makes_a_mark_between_two_inputs(seed: int, letters: list[str]) -> None:
    """TextAttack would cut the text there."""
    word = "".join(letters)
    assume(split_parts(f"a <{word}> b"))
    assert "SPLIT" not in Typos(seed)(word)


def test_a_mark_between_two_inputs_is_seen() -> None:
    parts = split_parts("a <word> b")
    assert [makes_mark(parts, i, "SPLIT") for i in range(3)] == [False, True, False]
    assert not makes_mark(parts, 1, "split")


@given(texts, swaps, st.data())
def test_a_swapped_word_is_one_word_in_its_place(text: str, word: str, data) -> None:
    attacked, parts = cut(text)
    assume(words_of(parts))
    assert one_word(word)
    i = data.draw(st.integers(0, attacked.num_words - 1))
    found = attacked.replace_word_at_index(i, word)
    assert swap_texts(parts, i, [word]) == [found.text] == ["".join(swapped(parts, i, word))]
    assert words_of(swapped(parts, i, word)) == tuple(found.words)


@given(texts)
@example("good film")
@example(" good film ")
def test_a_deleted_word_takes_a_space_with_it(text: str) -> None:
    attacked, parts = cut(text)
    for i in range(len(words_of(parts))):
        assert deletion(parts, i) == attacked.delete_word_at_index(i).text


@given(texts, swaps, st.data())
def test_windows_are_textattacks(text: str, word: str, data) -> None:
    attacked, parts = cut(text)
    assume(words_of(parts))
    i = data.draw(st.integers(0, attacked.num_words - 1))
    swap = attacked.replace_word_at_index(i, word)
    for size in range(1, 21):
        expected = [other.text_window_around_index(i, size) for other in (attacked, swap)]
        assert windows(parts, i, size, [attacked.words[i], word]) == expected


@pytest.mark.parametrize("length", [1, 2, 7, 15, 16, 40])
def test_windows_at_every_place_of_a_text(length: int) -> None:
    attacked, parts = cut(" ".join(f"w{k}" for k in range(length)))
    for size in range(1, 21):
        for i in range(length):
            expected = attacked.text_window_around_index(i, size)
            assert windows(parts, i, size, [f"w{i}"]) == [expected]


@given(texts, st.integers(0, 2**31), st.data())
def test_changed_words_are_counted_as_textattack_cuts_them(text: str, seed: int, data) -> None:
    """A typing error can push a hyphen to a word's end, where it is none of the word's letters."""
    attacked, parts = cut(text)
    assume(words_of(parts))
    typos, after, mine = Typos(seed), attacked, parts
    for i in data.draw(st.sets(st.integers(0, attacked.num_words - 1), max_size=5)):
        for word in typos(words_of(mine)[i])[-1:]:
            after, mine = after.replace_word_at_index(i, word), swapped(mine, i, word)
    assert "".join(mine) == after.text
    assert words_changed(parts, mine) == len(attacked.all_words_diff(after))


@pytest.mark.parametrize("word", ["film", "-film", "film'", "_film*@", "fi-lm", "Film"])
def test_what_is_stripped_of_a_word_does_not_change_it(word: str) -> None:
    attacked, parts = cut("a good film indeed")
    expected = attacked.all_words_diff(attacked.replace_word_at_index(2, word))
    assert words_changed(parts, swapped(parts, 2, word)) == len(expected)


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.text(st.sampled_from("aab-'é😀"), min_size=1, max_size=6), min_size=1),
)
def test_typos_are_drawn_as_textattack_draws_them(seed: int, words: list[str]) -> None:
    typos = Typos(seed)
    states = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        for word in words:
            drawn = [w for kind in TYPOS for w in kind._get_replacement_words(word) if w != word]
            assert typos(word) == list(dict.fromkeys(drawn))
    finally:
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])


def test_typos_draw_from_no_global_generator() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert Typos(3)("letters") == Typos(3)("letters") != Typos(4)("letters")
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


@given(texts, st.text(st.sampled_from("aab \ud800é"), max_size=60), st.booleans())
def test_the_distance_is_textattacks(text: str, other: str, near: bool) -> None:
    import editdistance

    other = text.replace("a", "b").replace(" ", "") + other if near else other
    assert within_distance(text, other) is (editdistance.eval(text, other) <= MOST_EDITS)


def test_the_distance_is_the_recipes() -> None:
    limit = LevenshteinEditDistance(30)
    for edits in (MOST_EDITS, MOST_EDITS + 1):
        a, b = string.ascii_letters, string.ascii_letters.replace("a", "A" * edits)
        expected = limit._check_constraint(AttackedText(b), AttackedText(a))
        assert within_distance(a, b) is expected is (edits == MOST_EDITS)
