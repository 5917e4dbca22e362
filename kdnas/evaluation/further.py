"""Texts beside those of a task, for methods that show them to students; made once and kept."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kdnas.attacks.resources import MiniLM
from kdnas.augment import augmented_texts, nearest_texts
from kdnas.cache import cached_arrays, fingerprint
from kdnas.distillation import AUGMENTED, NEIGHBOURS, Recipe, needs_of
from kdnas.errors import UserError
from kdnas.methods import AugmentationSettings, MinimaxSettings
from kdnas.offline import expected_hash
from kdnas.records import AttackSpec, Text, as_read, written
from kdnas.tasks import Task
from kdnas.tasks.packaged import review_sentences

STAGES = {AUGMENTED: "augmented texts", NEIGHBOURS: "neighbours of the texts"}
"""What is made, by the need of a term."""


def further_texts(
    recipe: Recipe, settings: Any, spec: AttackSpec | None, task: Task
) -> tuple[Text, ...] | None:
    """What a recipe has beside the training texts, as many for each, one text after the other.

    Args:
        recipe: What they are for.
        settings: Of its method; its `each` says how many.
        spec: The attack of the run; one of TextFooler says what synonyms are.
        task: The texts.

    Returns:
        None where the recipe has no use for any.

    Raises:
        UserError: They cannot be made of such texts, or the offline extra is missing.
    """
    make = next((_MAKERS[need] for need in needs_of(recipe) if need in _MAKERS), None)
    return None if make is None else make(settings, spec, task)


def _augmented(
    settings: AugmentationSettings, spec: AttackSpec | None, task: Task
) -> tuple[Text, ...]:
    if spec is None or spec.recipe != "textfooler":
        spec = AttackSpec(sentiment=task.sentiment)
    words, each = settings.words, settings.each
    name = fingerprint(task=task.fingerprint, spec=spec.digest, words=words, each=each)
    return _kept(f"augmented-{name}", lambda: augmented_texts(task.train.texts, spec, words, each))


def _neighbours(settings: MinimaxSettings, spec: AttackSpec | None, task: Task) -> tuple[Text, ...]:
    if task.pairs:
        raise UserError("neighbours are found of single texts, and these are pairs: use kd")
    each, pool = settings.each, settings.pool
    known = {"encoder": expected_hash("minilm"), "sentences": expected_hash("rotten_tomatoes")}
    name = fingerprint(task=task.fingerprint, each=each, pool=pool, **known)
    texts = [written(text) for text in task.train.texts]
    return _kept(f"neighbours-{name}", lambda: nearest_texts(texts, _pool(pool), MiniLM(), each))


def _pool(count: int) -> list[str]:
    """Some sentences of film reviews, more of them with the same ones among them."""
    sentences = review_sentences()
    drawn = np.random.default_rng(0).permutation(len(sentences))[:count]
    return [sentences[i] for i in drawn.tolist()]


_MAKERS: Mapping[str, Callable[[Any, AttackSpec | None, Task], tuple[Text, ...]]] = {
    AUGMENTED: _augmented,
    NEIGHBOURS: _neighbours,
}


def _kept(name: str, make: Callable[[], tuple[Text, ...]]) -> tuple[Text, ...]:
    """The texts of that name in the cache, or made now."""

    def arrays() -> dict[str, np.ndarray]:
        content = json.dumps([written(text) for text in make()]).encode()
        return {"texts": np.frombuffer(content, dtype=np.uint8)}

    return tuple(as_read(t) for t in json.loads(cached_arrays(name, arrays)["texts"].tobytes()))
