"""The lesson of a teacher: a task with the signals that a recipe asks for."""

from functools import partial

from kdnas.config import TeacherSettings
from kdnas.distillation import Lesson, Recipe, signals_of
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.signals import teacher_signals
from kdnas.training import Inputs, encode


def lesson_of(settings: TeacherSettings, teacher: Teacher, task: Task, recipe: Recipe) -> Lesson:
    """The training texts of a task with what a recipe needs of a teacher.

    Args:
        settings: How the teacher's probes are trained.
        teacher: The teacher; its signals are computed where they are not in the cache.
        task: The texts and labels.
        recipe: What the lesson is for.
    """
    tokenizer = teacher.tokenizer()
    return Lesson(
        texts=encode(tokenizer, task.train.texts, teacher.max_length),
        labels=task.train.labels,
        signals=teacher_signals(settings, teacher, task, signals_of(recipe)),
        live=teacher.load,
        inputs=partial(Inputs.of, tokenizer),
    )
