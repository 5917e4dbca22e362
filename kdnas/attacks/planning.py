"""Making the plans of texts, by TextAttack's rules: which words may change, and into what."""

from collections.abc import Callable, Collection, Sequence

from kdnas.attacks.cutting import makes_mark, split_parts, text_words
from kdnas.attacks.engine.plans import Plans, TextPlan
from kdnas.attacks.parts import one_word, words_of
from kdnas.attacks.resources import AttackResources, stopwords
from kdnas.records import ATTACKS, AttackSpec, Text, written
from kdnas.registry import resolve

Substitutes = Callable[[Sequence[str], int], tuple[str, ...]]


def make_plans(texts: Sequence[Text], spec: AttackSpec, resources: AttackResources) -> Plans:
    """The plans of `texts`; None for those that only TextAttack itself can attack."""
    recipe, kept = ATTACKS[spec.recipe], stopwords(spec.stopwords)
    listing = resolve(recipe.substitutes)
    substitutes = None if listing is None else listing(spec.settings, resources)
    return [_plan(text, kept, recipe.keeps_premise, substitutes) for text in texts]


def _plan(
    text: Text, kept: Collection[str], keeps_premise: bool, substitutes: Substitutes | None
) -> TextPlan | None:
    parts = split_parts(written(text))
    if parts is None:
        return None
    words = words_of(parts)
    first = 0 if isinstance(text, str) else len(text_words(text[0]))
    order = _changeable(words, kept, first if keeps_premise else None)
    if substitutes is None:
        return TextPlan(parts, order)
    listed = {i: substitutes(words, i) for i in order}
    for i, others in listed.items():
        if any(not one_word(word) or makes_mark(parts, i, word) for word in others):
            return None
    return TextPlan(parts, order, {i: others for i, others in listed.items() if others})


def _changeable(words: Sequence[str], kept: Collection[str], first: int | None) -> tuple[int, ...]:
    """The words that may be changed, in the order in which TextAttack's sets of them list them.

    It decides between words of equal importance. TextAttack intersects the sets that its checks
    return, one after the other; the order of a set depends on how it was made.

    Args:
        words: Of the text.
        kept: Those that never change.
        first: The first word that may, where the recipe looks at the columns of a text.
    """
    changeable = set(range(len(words))) & {i for i, word in enumerate(words) if word not in kept}
    if first is None:
        return tuple(changeable)
    of_columns = set[int]()
    of_columns |= set(range(first, len(words)))
    return tuple(changeable & of_columns)
