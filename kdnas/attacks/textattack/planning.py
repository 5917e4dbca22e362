"""Making plans: the recipe's own objects are asked about every word of a text."""

from collections.abc import Callable, Sequence

from kdnas.attacks.engine.plans import Plans, TextPlan
from kdnas.attacks.parts import one_word, split_parts
from kdnas.attacks.resources import AttackResources
from kdnas.attacks.textattack.build import NOBODY, build_attack
from kdnas.attacks.textattack.importing import import_textattack
from kdnas.records import ATTACKS, AttackSpec
from kdnas.registry import resolve

import_textattack()

from textattack import Attack  # noqa: E402
from textattack.shared import AttackedText  # noqa: E402

Substitutes = Callable[[Sequence[str], int], tuple[str, ...]]


def make_plans(texts: Sequence[str], spec: AttackSpec, resources: AttackResources) -> Plans:
    """The plans of `texts`; None for those that only TextAttack itself can attack."""
    attack = build_attack(NOBODY, spec, resources)
    listing = resolve(ATTACKS[spec.recipe].substitutes)
    substitutes = None if listing is None else listing(attack)
    return [_plan(text, attack, substitutes) for text in texts]


def _plan(text: str, attack: Attack, substitutes: Substitutes | None) -> TextPlan | None:
    attacked = AttackedText(text)
    words = attacked.words
    parts = split_parts(text, words)
    if parts is None:
        return None
    order = tuple(attack.get_indices_to_order(attacked)[1])
    if substitutes is None:
        return TextPlan(parts, order)
    listed = {i: substitutes(words, i) for i in order}
    if not all(one_word(word) for others in listed.values() for word in others):
        return None
    return TextPlan(parts, order, {i: others for i, others in listed.items() if others})
