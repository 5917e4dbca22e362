"""The transformers between a teacher and its students: each is trained once and kept."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kdnas.cache import cached_folder, fingerprint
from kdnas.config import TeacherSettings
from kdnas.distillation import distill
from kdnas.distillation.recipes import kd
from kdnas.errors import UserError
from kdnas.methods import Chain, KDSettings, Link
from kdnas.students import save_model
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher, schedule_of_teacher
from kdnas.teachers.first_layers import first_layers
from kdnas.teachers.lesson import lesson_of
from kdnas.teachers.pretrained import load_config, model_identity, require_vocabulary
from kdnas.training import choose_device


def require_chain(settings: TeacherSettings, chain: Chain) -> None:
    """Refuse a chain with a transformer that is larger than the teacher.

    Raises:
        UserError: As it says, or the teacher's model cannot be found.
    """
    if not chain.links:
        return
    depth = load_config(settings.model).num_hidden_layers
    for link in chain.links:
        layers = load_config(link.model).num_hidden_layers if link.model else link.layers
        if isinstance(layers, int) and layers > depth:
            raise UserError(
                f"an assistant of {layers} layers is larger than the teacher, which has"
                f" {depth}: name 1 to {depth} layers, or a model of as many"
            )


def taught_chain(
    settings: TeacherSettings,
    teacher: Teacher,
    task: Task,
    chain: Chain,
    say: Callable[[str], None] = lambda remark: None,
) -> Teacher:
    """The last of a chain, which teaches the students; the teacher itself where there is no other.

    Args:
        settings: How a teacher is trained; the others are trained with its rate and epochs.
        teacher: The teacher of the run.
        task: The texts and labels.
        chain: Who teaches whom; each one that is not in the cache is trained.
        say: Called with a line as each begins.
    """
    for number, link in enumerate(chain.links, start=1):
        say(f"  model {number} of {len(chain.links)} between teacher and student")
        teacher = _trained(settings, teacher, task, link, chain.kd)
    return teacher


def _trained(
    settings: TeacherSettings, source: Teacher, task: Task, link: Link, how: KDSettings
) -> Teacher:
    """One link of a chain: trained, or from the cache."""
    identity = fingerprint(
        link=asdict(link),
        kd=[how.share, how.temperature] if link.taught else [],
        source=source.identity,
        model=model_identity(link.model or settings.model),
        task=task.fingerprint,
        settings=settings.model_dump(exclude={"probe_epochs", "probe_learning_rate"}),
    )

    def make(folder: Path) -> None:
        save_model(_model(settings, source, task, link, how), source.tokenizer(), folder)

    return Teacher(cached_folder(f"teacher-{identity}", make), identity, source.max_length)


def _model(
    settings: TeacherSettings, source: Teacher, task: Task, link: Link, how: KDSettings
) -> Any:
    """Train the first layers of a model, by KD or with the labels of a teacher."""
    name = link.model or settings.model
    require_vocabulary(name, source.tokenizer())
    if not settings.epochs:  # the teacher was trained elsewhere
        settings = settings.model_copy(update={"epochs": "auto"})
    own = how if link.taught else replace(how, share=0.0)
    if not link.taught:
        task = replace(task, train=task.train.head(settings.labelled(len(task.train))))
    schedule = schedule_of_teacher(settings, len(task.train), link.steps)
    recipe = kd.recipe(schedule, own)
    lesson = lesson_of(settings, source, task, recipe)
    depth = load_config(name).num_hidden_layers
    layers = depth if link.layers == "all" else None if link.layers == "half" else link.layers
    model = first_layers(name, task.label_names, layers, settings.seed, choose_device())
    distill(model, lesson, recipe, settings.seed, goes_on=True)
    return model
