"""The plans of texts are TextAttack's: which words may change, in which order, and into what.

TextAttack's own objects are asked, word by word, with the same offline resources.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from attack_texts import small, texts, weigh_words
from hypothesis import given, settings
from hypothesis import strategies as st

from kdnas.attacks import AttackResources, CallableVictim, load_resources
from kdnas.attacks.cutting import split_parts
from kdnas.attacks.engine import TextPlan
from kdnas.attacks.parts import words_of
from kdnas.attacks.planning import make_plans
from kdnas.attacks.recipes.textfooler import in_case_of
from kdnas.attacks.resources import stopwords, tags_agree
from kdnas.records import AttackSpec
from kdnas.tasks.packaged import bbc_news, rotten_tomatoes

pytestmark = pytest.mark.textattack

ODD = (
    "", "film", "!?", "The GOOD Film, the bAd ending", "it's 'tis rock-n-roll self- -made",
    "a <b>good</b> film for <user>", "the <SPOON> and <word>", "İstanbul is a good city",
    "ΟΔΟΣ.film and good ΟΔΟΣ", "`good` film \u00d7 2 \u02d7 bad", "good\u00a0film\x1fbad\u200bfilm",
    "GOOD good Good gOOD", "word " * 80, "the film of the " * 30 + "good problem",
)  # fmt: skip


@pytest.fixture(scope="module")
def resources() -> AttackResources:
    return load_resources(small())


def real_texts() -> list[str]:
    """Sentences, and the starts of articles."""
    sentences = rotten_tomatoes().tables["train"].columns["text"]
    articles = bbc_news().tables["train"].columns["text"]
    return [*sentences[::30], *(text[:700] for text in articles[::50])]


class TextAttack:
    """TextAttack's recipe, without its comparison of windows, asked for plans.

    Args:
        spec: The attack.
        resources: The offline ones.
        in_context: Whether a word's substitutes are asked for in its text; else in a text of this
            one word, once for all texts, which is quicker.
    """

    def __init__(self, spec: AttackSpec, resources: AttackResources, in_context: bool) -> None:
        from kdnas.attacks.textattack.build import build_attack

        from textattack.constraints.semantics.sentence_encoders import SentenceEncoder  # isort: skip
        from textattack.shared import AttackedText  # isort: skip

        self._text, self._in_context, self._known = AttackedText, in_context, {}
        self._lists = spec.recipe == "textfooler"
        self._attack = build_attack(CallableVictim(weigh_words), spec, resources)
        kinds = self._attack.constraints
        self._attack.constraints = [c for c in kinds if not isinstance(c, SentenceEncoder)]

    def plan(self, text: str) -> TextPlan:
        """What the recipe does to a text."""
        attacked = self._text(text)
        order = tuple(self._attack.get_indices_to_order(attacked)[1])
        found = {i: self._substitutes(attacked, i) for i in order} if self._lists else {}
        return TextPlan(split_parts(text) or ("",), order, {i: w for i, w in found.items() if w})

    def _substitutes(self, attacked, i: int) -> tuple[str, ...]:
        if self._in_context:
            return self._asked(attacked, i)
        word = attacked.words[i]
        if word not in self._known:
            self._known[word] = self._asked(self._text(word), 0)
        return self._known[word]

    def _asked(self, attacked, i: int) -> tuple[str, ...]:
        """What passes all checks, in the recipe's order; TextAttack sorts it by the texts."""
        passing = self._attack.get_transformations(attacked, attacked, indices_to_modify=[i])
        passing = {swap.text for swap in passing}
        swaps = self._attack._get_transformations_uncached(attacked, indices_to_modify=[i])
        return tuple(swap.words[i] for swap in swaps if swap.text in passing)


def assert_equal_plans(
    given: Sequence[str], spec: AttackSpec, resources: AttackResources, in_context: bool = False
) -> list[TextPlan]:
    textattack = TextAttack(spec, resources, in_context)
    plans = make_plans(given, spec, resources)
    ours = [(text, plan) for text, plan in zip(given, plans, strict=True) if plan is not None]
    for text, plan in ours:
        assert plan == textattack.plan(text), text
    return [plan for _, plan in ours]


OWN = ({"polarity": "on"}, {"polarity": "off", "word_cosine": 0.6, "candidates": 9})


@pytest.mark.parametrize("own", OWN, ids=["polarity", "few"])
def test_textfoolers_plans_are_textattacks(own: dict, resources: AttackResources) -> None:
    plans = assert_equal_plans([*real_texts(), *ODD], small(own=own), resources)
    assert len(plans) == len(real_texts()) + len(ODD) > 300
    assert sum(len(words) for plan in plans for words in plan.substitutes.values()) > 1000


def test_so_they_are_where_words_are_asked_for_in_their_texts(resources: AttackResources) -> None:
    given = [*real_texts()[:10], *(text for text in ODD if len(text) < 60)]
    assert_equal_plans(given, small(own=OWN[0]), resources, in_context=True)


@pytest.mark.parametrize("where", ["offline", "textattack"])
def test_deepwordbugs_plans_are_textattacks(where) -> None:
    """With TextAttack's resources they leave out NLTK's stop words, offline TextFooler's."""
    spec = AttackSpec("deepwordbug", resources=where)
    plans = assert_equal_plans([*real_texts(), *ODD], spec, load_resources(spec))
    assert any(plan.order != tuple(sorted(plan.order)) for plan in plans), "order shows nothing"


@given(st.lists(texts, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_so_are_those_of_odd_texts(given: list[str]) -> None:
    resources = load_resources(small())
    assert_equal_plans(given, small(), resources)
    assert_equal_plans(given, AttackSpec("deepwordbug"), resources)


def test_cosines_at_the_threshold_are_textattacks(resources: AttackResources) -> None:
    """The threshold is the cosine of a pair, by the operation that decides about it."""
    vectors = resources.vectors
    row = vectors.words.index("film")
    for other in vectors.neighbours[row][5:15]:
        exact = vectors._cosine(row, other)
        for floor in (exact, np.nextafter(exact, 2), exact + 1e-7, exact - 1e-7):
            assert vectors.within(floor, row, [other]) == [exact >= floor]
        assert_equal_plans(["a good film"], small(own={"word_cosine": exact}), resources)


@given(st.text(min_size=1, max_size=4), st.sampled_from(["movie", "Film", "USA"]))
def test_case_is_recovered_as_textattack_does_it(model: str, word: str) -> None:
    from kdnas.attacks.textattack.importing import import_textattack

    import_textattack()
    from textattack.transformations.word_swaps.word_swap_embedding import recover_word_case

    assert in_case_of(model, word) == recover_word_case(word, model)


def test_the_tagger_is_asked_as_textattack_asks_it(resources: AttackResources) -> None:
    import nltk

    try:
        nltk.pos_tag(["film"], tagset="universal")
    except LookupError:
        pytest.skip("NLTK's tagger is not installed (nltk.download('averaged_perceptron_tagger'))")
    spec = small(own={"word_classes": "tagger", "polarity": "off"})
    given = [*real_texts()[:10], "film film a film", "run the run to run a film"]
    plans = assert_equal_plans(given, spec, resources, in_context=True)
    words = words_of(plans[0].parts)
    assert any(not tags_agree(words, i, "quickly") for i in range(len(words)))


def stopwords_in(attack) -> set[str]:
    kinds = attack.pre_transformation_constraints
    return next(kind.stopwords for kind in kinds if type(kind).__name__ == "StopwordModification")


@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi"])
def test_textattack_too_has_the_stop_words_of_the_spec(recipe: str) -> None:
    """Whatever NLTK has installed: its list has changed since."""
    from kdnas.attacks.textattack.build import build_attack

    found = {}
    for where in ("offline", "textattack"):
        spec = AttackSpec(recipe, resources=where)
        built = build_attack(CallableVictim(weigh_words), spec, load_resources(spec))
        assert stopwords_in(built) == stopwords(spec.stopwords)
        found[where] = len(stopwords_in(built))
    assert found == {"offline": 266, "textattack": 179}


def test_textfoolers_stop_words_are_textattacks(resources: AttackResources) -> None:
    from kdnas.attacks.recipes.textfooler import build
    from kdnas.attacks.textattack.build import VictimWrapper, _offered
    from kdnas.attacks.textattack.importing import nltk_offline

    with nltk_offline(), _offered(resources.vectors):
        model = VictimWrapper(CallableVictim(weigh_words))
        built = build(model, small().settings, resources)
    assert stopwords_in(built) == stopwords("textfooler")
