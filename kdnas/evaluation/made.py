"""A sample of the texts that were made for a training, with what encoder and teacher say of it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from kdnas.attacks.engine.metrics import cosine_similarity
from kdnas.attacks.resources import Encoder, MiniLM, UniversalSentenceEncoder
from kdnas.cache import Arrays, cached_arrays, fingerprint, made_by_one
from kdnas.distillation import Generator, Lesson, Reader
from kdnas.errors import UserError
from kdnas.paper_files import require_paper_files
from kdnas.records import MOST_MADE, AttackSpec, MadeText, Text, written
from kdnas.tasks import Task
from kdnas.teachers import Teacher
from kdnas.training import Inputs, answers_of, choose_device, encode, logits_of, predict, take

Pairs = list[tuple[Text, Text]]
"""Training texts, each with what was made of it."""


def sampled_pairs(originals: Sequence[Text], made: Sequence[Text] | None) -> Pairs:
    """Draw some of the texts that were made, each once, and none that stayed as it was.

    Args:
        originals: The training texts.
        made: As many for each of them, one text after the other; None for none.
    """
    if not made:
        return []
    each = len(made) // len(originals)
    pairs = dict.fromkeys((originals[i // each], text) for i, text in enumerate(made))
    able = [pair for pair in pairs if pair[0] != pair[1]]
    drawn = np.random.default_rng(0).permutation(len(able))[:MOST_MADE]
    return [able[i] for i in sorted(drawn.tolist())]


def rewritten_pairs(
    generator: Generator, share: float, lesson: Lesson, texts: Sequence[Text], tokenizer: Any
) -> Pairs:
    """Have a generator rewrite some of the training texts, as it is now.

    Args:
        generator: At the end of its training.
        share: Of the tokens that it may change.
        lesson: The texts in tokens.
        texts: The same as they are written.
        tokenizer: Of the tokens.
    """
    index = np.sort(np.random.default_rng(0).permutation(len(texts))[:MOST_MADE])
    batch = generator.rewritten(take(lesson.texts, index, generator.model.device), share)
    found: Pairs = []
    for row, i in enumerate(index.tolist()):
        ids, own = batch.ids[row][batch.mask[row]], texts[i]
        read = partial(tokenizer.decode, skip_special_tokens=True)
        if isinstance(own, str) or batch.segments is None:
            found.append((own, read(ids)))
        else:
            second = batch.segments[row][batch.mask[row]].bool()
            found.append((own, (read(ids[~second]), read(ids[second]))))
    return [(own, made) for own, made in found if written(made) not in ("", written(own))]


def made_texts(
    pairs: Pairs, spec: AttackSpec | None, teacher: Teacher, task: Task
) -> tuple[MadeText, ...]:
    """Ask the sentence encoder how alike the texts of each pair are, and the teacher for both.

    What they say is kept.

    Args:
        pairs: Texts.
        spec: The attack of the run, which has resources with an encoder.
        teacher: The teacher.
        task: Whose texts they are.
    """
    if not pairs:
        return ()
    texts = [text for pair in pairs for text in pair]
    lines = list(map(written, texts))

    def answers() -> Arrays:
        model = teacher.load(choose_device())
        inputs = Reader.of(model, partial(Inputs.of, teacher.tokenizer())).inputs
        encoded = encode(teacher.tokenizer(), texts, teacher.max_length)
        return {"answers": answers_of(predict(logits_of(model, inputs), encoded, model.device))}

    def similarities() -> Arrays:
        encoder = _encoder(spec)
        if encoder is None:
            return {"similarities": np.full(len(pairs), np.nan, np.float32)}
        vectors = encoder(lines)
        return {"similarities": cosine_similarity(vectors[::2], vectors[1::2])}

    said = _once("answers", answers, teacher.identity, lines).reshape(-1, 2)
    alike = _once("similarities", similarities, _resources(spec), lines).clip(-1, 1)
    return tuple(
        MadeText(
            own,
            made,
            None if np.isnan(similarity) else float(similarity),
            None if task.of_numbers else bool(first == second),
        )
        for (own, made), similarity, (first, second) in zip(pairs, alike, said, strict=True)
    )


def _once(
    kind: str, compute: Callable[[], Arrays], said_by: str, lines: Iterable[str]
) -> np.ndarray:
    name = f"made-{kind}-{fingerprint(by=said_by, texts=list(lines))}"
    with made_by_one(name):
        return cached_arrays(name, compute)[kind]


def _resources(spec: AttackSpec | None) -> str:
    return "offline" if spec is None else spec.resources


def _encoder(spec: AttackSpec | None) -> Encoder | None:
    """The encoder of the run's resources, or None where it is not there."""
    with suppress(UserError):
        if _resources(spec) == "offline":
            return MiniLM()
        require_paper_files(AttackSpec(resources="textattack"))
        return UniversalSentenceEncoder()
    return None
