"""Texts beside those of a task, for methods that show them to students; made once and kept."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from kdnas.attacks.resources import MiniLM
from kdnas.augment import (
    Sources,
    WordModel,
    augmented_texts,
    nearest_texts,
    require_words,
    words_identity,
)
from kdnas.cache import cached_arrays, fingerprint, made_by_one
from kdnas.config import Config
from kdnas.distillation import AUGMENTED, NEIGHBOURS, Recipe, needs_of
from kdnas.errors import UserError
from kdnas.methods import AugmentationSettings, MinimaxSettings
from kdnas.offline import expected_hash
from kdnas.records import AttackSpec, Text, as_read, written
from kdnas.tasks import Task
from kdnas.tasks.packaged import review_sentences
from kdnas.teachers import load_tokenizer, model_identity
from kdnas.teachers.rewriter import prepare_rewriter

STAGES = {AUGMENTED: "augmented texts", NEIGHBOURS: "neighbours of the texts"}
"""What is made, by the need of a term."""


def further_texts(recipe: Recipe, config: Config, task: Task) -> tuple[Text, ...] | None:
    """What a recipe has beside the training texts, as many for each, one text after the other.

    Args:
        recipe: What they are for.
        config: The run: its method, whose settings say how many, what synonyms are, and the model
            that fills in words.
        task: The texts.

    Returns:
        None where the recipe has no use for any.

    Raises:
        UserError: They cannot be made of such texts, or what they are made with is missing.
    """
    require_further(recipe, config)
    make = next((_MAKERS[need] for need in needs_of(recipe) if need in _MAKERS), None)
    return None if make is None else make(config.distill.table(config.distill.method), config, task)


def require_further(recipe: Recipe, config: Config) -> None:
    """Refuse texts that could not be made, before anything is trained.

    Raises:
        UserError: As `further_texts` does.
    """
    needs = needs_of(recipe)
    if NEIGHBOURS in needs and config.task.of_pairs:
        raise UserError("neighbours are found of single texts, and these are pairs: use kd")
    if AUGMENTED in needs:
        require_words(config.distill.table(config.distill.method).by)


def _augmented(settings: AugmentationSettings, config: Config, task: Task) -> tuple[Text, ...]:
    length = config.student.max_length
    sources = Sources(_textfooler(config, task), partial(_word_model, config, task))
    asked = {"by": settings.by, "words": settings.words, "each": settings.each}
    if "tinybert" in settings.by:
        model = [model_identity(config.teacher.model), config.teacher.seed, length]
        asked |= {"p": settings.probability, "k": settings.candidates, "model": model}
    name = fingerprint(
        task=task.fingerprint, spec=sources.spec.digest, asked=asked,
        words=words_identity(settings.by), form=2,
    )  # fmt: skip
    texts = task.train.texts
    return _kept(f"augmented-{name}", lambda: augmented_texts(texts, settings, sources))


def _textfooler(config: Config, task: Task) -> AttackSpec:
    """The run's attack as one of TextFooler, whose checks of words say what synonyms are."""
    attack = config.attack.model_copy(update={"recipe": "textfooler"})
    return attack.spec(sentiment=task.sentiment, seed=config.search.seed)


def _word_model(config: Config, task: Task) -> WordModel:
    length = config.student.max_length
    rewriter = prepare_rewriter(config.teacher, task, length)
    return WordModel(rewriter, load_tokenizer(config.teacher.model), length)


def _neighbours(settings: MinimaxSettings, config: Config, task: Task) -> tuple[Text, ...]:
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


_MAKERS: Mapping[str, Callable[[Any, Config, Task], tuple[Text, ...]]] = {
    AUGMENTED: _augmented,
    NEIGHBOURS: _neighbours,
}


def _kept(name: str, make: Callable[[], tuple[Text, ...]]) -> tuple[Text, ...]:
    """The texts of that name in the cache, or made now, by one of several processes."""

    def arrays() -> dict[str, np.ndarray]:
        content = json.dumps([written(text) for text in make()]).encode()
        return {"texts": np.frombuffer(content, dtype=np.uint8)}

    with made_by_one(name):
        found = cached_arrays(name, arrays)["texts"].tobytes()
    return tuple(map(as_read, json.loads(found)))
