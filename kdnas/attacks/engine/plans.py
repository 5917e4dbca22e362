"""What an attack needs to know of a text before it meets a student: computed once and kept.

Which words may be changed, in which order TextAttack lists them, and what each may become depend on
the recipe and the original text alone. The plans of a set of texts are stored under a hash of
everything they depend on and shared by every student and every process.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np

from kdnas.attacks.parts import Parts
from kdnas.attacks.resources import CLASS_PACKAGES, AttackResources, stopwords, tagger_identity
from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.offline import expected_hash
from kdnas.records import ATTACKS, AttackSpec, Text


@dataclass(frozen=True)
class TextPlan:
    """A text, and what the recipe may do to it.

    Attributes:
        parts: The text, see `kdnas.attacks.parts`.
        order: The words that may be changed, as TextAttack lists them.
        substitutes: For some of these their candidates, which passed all checks of words, in the
            recipe's order. A recipe that draws its candidates has none here.
    """

    parts: Parts
    order: tuple[int, ...]
    substitutes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


FORM = 1
"""Counts on with every change of the code that makes plans."""

Plans = list[TextPlan | None]
"""One per text; None where only TextAttack itself can attack it."""


def cached_plans(
    texts: Sequence[Text], spec: AttackSpec, resources: AttackResources, make: Callable[[], Plans]
) -> Plans:
    """The plans of `texts` by `spec`, made where they are not stored."""
    if not ATTACKS[spec.recipe].stores_plans:
        return make()
    name = fingerprint(
        texts=sha256(json.dumps(texts).encode("utf-8", "surrogatepass")).hexdigest(),
        count=len(texts), recipe=spec.recipe, settings=_of_words(spec), resources=spec.resources,
        vectors=resources.vectors and resources.vectors.identity, valences=expected_hash("vader"),
        stopwords=sorted(stopwords(spec.stopwords)), form=FORM, libraries=_libraries(spec),
    )  # fmt: skip

    def compute() -> Arrays:
        return {"json": np.frombuffer(_to_json(make()).encode(), np.uint8)}

    return _from_json(bytes(cached_arrays(f"plans-{name}", compute)["json"]).decode())


def _of_words(spec: AttackSpec) -> dict[str, Any]:
    """The settings that plans depend on: not those of windows, which the engine compares itself."""
    of_windows = ("similarity", "window") if "encoder" in ATTACKS[spec.recipe].needs else ()
    return {k: v for k, v in spec.as_record()["settings"].items() if k not in of_windows}


def _libraries(spec: AttackSpec) -> dict[str, str]:
    """The versions of what tells the classes of words."""
    kinds = [kind for name, kind in _of_words(spec).items() if name == "word_classes"]
    return {
        kind: tagger_identity() if kind == "tagger" else version(CLASS_PACKAGES[kind][1])
        for kind in kinds
    }


def _to_json(plans: Plans) -> str:
    rows = [p and [p.parts, p.order, list(p.substitutes.items())] for p in plans]
    return json.dumps(rows)


def _from_json(text: str) -> Plans:
    return [row and _plan(*row) for row in json.loads(text)]


def _plan(parts: list[str], order: list[int], substitutes: list[tuple[int, list[str]]]) -> TextPlan:
    return TextPlan(tuple(parts), tuple(order), {i: tuple(words) for i, words in substitutes})
