"""The lesson of a teacher: a task with the signals that a recipe asks for."""

from collections.abc import Callable, Collection, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.cache import Arrays, cached_arrays, fingerprint, made_by_one
from kdnas.config import TeacherSettings
from kdnas.distillation import (
    GENERATOR,
    NEIGHBOURS,
    FurtherTexts,
    Lesson,
    Reader,
    Recipe,
    needs_of,
    signals_of,
)
from kdnas.records import Text, written
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.rewriter import prepare_rewriter
from kdnas.teachers.signals import teacher_signals, team_signals
from kdnas.training import (
    Batch,
    EncodedTexts,
    Inputs,
    choose_device,
    encode,
    logits_of,
    predict,
)


def lesson_of(
    settings: TeacherSettings,
    teacher: Teacher,
    task: Task,
    recipe: Recipe,
    attacked: Sequence[Text] | None = None,
    further: Sequence[Text] | None = None,
    team: Sequence[Teacher] = (),
) -> Lesson:
    """The training texts of a task with what a recipe needs of a teacher.

    Args:
        settings: How the teacher's probes are trained.
        teacher: The teacher; its signals are computed where they are not in the cache.
        task: The texts and labels.
        recipe: What the lesson is for.
        attacked: The attacked form of each training text, where the recipe needs it.
        further: Texts beside them, as many for each, where the recipe needs some.
        team: The teachers of a team, where the recipe needs them.
    """
    tokenizer, length = teacher.tokenizer(), teacher.max_length
    needs = needs_of(recipe)
    signals = teacher_signals(settings, teacher, task, signals_of(recipe))
    return Lesson(
        texts=encode(tokenizer, task.train.texts, length),
        labels=task.train.labels,
        signals=signals | team_signals(settings, team, task, needs),
        live=teacher.load,
        inputs=partial(Inputs.of, tokenizer),
        attacked=None if attacked is None else encode(tokenizer, attacked, length),
        rewriter=prepare_rewriter(settings, task, length) if GENERATOR in needs else None,
        further=None if further is None else _further(teacher, further, task, needs),
    )


def _further(
    teacher: Teacher, texts: Sequence[Text], task: Task, needs: Collection[str]
) -> FurtherTexts:
    """Texts beside the training texts with what the teacher says of them, which is kept."""
    encoded = encode(teacher.tokenizer(), texts, teacher.max_length)
    name = fingerprint(teacher=teacher.identity, texts=list(map(written, texts)))

    def said(kind: str, compute: Callable[[Reader], np.ndarray]) -> np.ndarray:
        def arrays() -> Arrays:
            model = teacher.load(choose_device())
            return {kind: compute(Reader.of(model, partial(Inputs.of, teacher.tokenizer())))}

        with made_by_one(f"further-{kind}-{name}"):
            found = cached_arrays(f"further-{kind}-{name}", arrays)[kind]
        return found.reshape(len(task.train), -1, *found.shape[1:])

    logits = said(
        "logits", lambda r: predict(logits_of(r.model, r.inputs), encoded, r.model.device)
    )
    if NEIGHBOURS not in needs:
        return FurtherTexts(encoded, logits)
    own = encode(teacher.tokenizer(), task.train.texts, teacher.max_length)
    return FurtherTexts(encoded, logits, said("angles", partial(_angles, own, encoded))[..., 0])


def _angles(own: EncodedTexts, others: EncodedTexts, reader: Reader) -> np.ndarray:
    """How far others are from their text in the last state, the angle over pi, (others, 1).

    Args:
        own: The texts.
        others: As many for each of them, one text after the other.
        reader: The teacher.
    """
    device = reader.model.device
    states = predict(lambda batch: reader.see(batch).states[-1], own, device)
    each = len(others) // len(own)

    def angles(batch: Batch) -> Tensor:
        mine = torch.from_numpy(states[batch.index.cpu().numpy() // each]).to(device)
        cosines = F.cosine_similarity(mine, reader.see(batch).states[-1])
        return cosines.clamp(-1, 1).arccos().unsqueeze(1) / torch.pi

    return predict(angles, others, device)
