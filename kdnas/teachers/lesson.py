"""The lesson of a teacher: a task with the signals that a recipe asks for."""

from collections.abc import Sequence
from functools import partial

from kdnas.config import TeacherSettings
from kdnas.distillation import Lesson, Recipe, needs_of, signals_of
from kdnas.records import Text
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.signals import teacher_signals, team_signals
from kdnas.training import Inputs, encode


def lesson_of(
    settings: TeacherSettings,
    teacher: Teacher,
    task: Task,
    recipe: Recipe,
    attacked: Sequence[Text] | None = None,
    team: Sequence[Teacher] = (),
) -> Lesson:
    """The training texts of a task with what a recipe needs of a teacher.

    Args:
        settings: How the teacher's probes are trained.
        teacher: The teacher; its signals are computed where they are not in the cache.
        task: The texts and labels.
        recipe: What the lesson is for.
        attacked: The attacked form of each training text, where the recipe needs it.
        team: The teachers of a team, where the recipe needs them.
    """
    tokenizer, length = teacher.tokenizer(), teacher.max_length
    signals = teacher_signals(settings, teacher, task, signals_of(recipe))
    return Lesson(
        texts=encode(tokenizer, task.train.texts, length),
        labels=task.train.labels,
        signals=signals | team_signals(settings, team, task, needs_of(recipe)),
        live=teacher.load,
        inputs=partial(Inputs.of, tokenizer),
        attacked=None if attacked is None else encode(tokenizer, attacked, length),
    )
