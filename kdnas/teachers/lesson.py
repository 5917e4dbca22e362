"""The lesson of a teacher: a task with the signals that a recipe asks for."""

from collections.abc import Sequence
from functools import partial

from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.config import TeacherSettings
from kdnas.distillation import GENERATOR, FurtherTexts, Lesson, Reader, Recipe, needs_of, signals_of
from kdnas.records import Text, written
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.rewriter import prepare_rewriter
from kdnas.teachers.signals import teacher_signals, team_signals
from kdnas.training import Inputs, choose_device, encode, logits_of, predict


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
        further=None if further is None else _further(teacher, further, len(task.train)),
    )


def _further(teacher: Teacher, texts: Sequence[Text], training: int) -> FurtherTexts:
    """Texts beside the training texts with what the teacher says of them, which is kept."""
    encoded = encode(teacher.tokenizer(), texts, teacher.max_length)

    def compute() -> Arrays:
        device = choose_device()
        model = teacher.load(device)
        reader = Reader.of(model, partial(Inputs.of, teacher.tokenizer()))
        return {"logits": predict(logits_of(model, reader.inputs), encoded, device)}

    name = fingerprint(teacher=teacher.identity, texts=list(map(written, texts)))
    logits = cached_arrays(f"further-logits-{name}", compute)["logits"]
    return FurtherTexts(encoded, logits.reshape(training, -1, logits.shape[-1]))
