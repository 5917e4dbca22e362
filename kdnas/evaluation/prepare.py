"""What a run computes once: its task, its teacher, the teacher's signals."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kdnas.attacks.cutting import require_cut
from kdnas.config import Config
from kdnas.distillation import ATTACKED, Lesson, chain_of, needs_of, recipe_of
from kdnas.errors import UserError
from kdnas.evaluation.attacked import attacked_texts
from kdnas.evaluation.further import STAGES, further_texts, require_further
from kdnas.feasible import require_possible
from kdnas.metrics import TASK_METRICS, accuracy_floor, headline, points, score, standard_error
from kdnas.records import AttackSpec, Measurement, written
from kdnas.resources import other_heads
from kdnas.space import NetworkShape
from kdnas.tasks import Task, build_task, word_boundary_cut
from kdnas.teachers import (
    Teacher,
    lesson_of,
    load_tokenizer,
    prepare_teacher,
    require_chain,
    require_team,
    taught_chain,
    taught_team,
    teacher_signals,
)
from kdnas.training import answers_of

OnStage = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What a run computes once.

    Attributes:
        task: The data.
        teacher: The teacher, fine-tuned on it.
        lesson: What the teacher gives to the students of the search, or the last of its chain.
        search_logits: The teacher's logits on search-val, (texts, classes).
        tokenizer: Of the teacher and all students.
        shape: What the sizes of students depend on besides their architectures.
        spec: The attack on every student; None where labels are numbers, which none flips.
    """

    task: Task
    teacher: Teacher
    lesson: Lesson
    search_logits: np.ndarray
    tokenizer: Any
    shape: NetworkShape
    spec: AttackSpec | None

    @property
    def teacher_accuracy(self) -> float:
        """The teacher's score on search-val, by the task's metric."""
        return score(self._teacher_on_search)

    @property
    def _teacher_on_search(self) -> Measurement:
        task, answers = self.task, answers_of(self.search_logits)
        truth, classes = np.array(task.search.labels), len(task.label_names)
        return Measurement.of(truth, answers, classes, metric=task.metric)

    @property
    def majority_share(self) -> float:
        """The score on search-val of always giving the most frequent class, or the mean."""
        return self.task.majority_share(self.task.search)

    def floor(self, config: Config) -> float:
        """The least score that a student must reach on search-val."""
        chosen = config.constraints.accuracy_floor
        if chosen != "auto":
            return chosen
        return accuracy_floor(self.majority_share, self.teacher_accuracy)

    def require_taught(self, config: Config) -> None:
        """Refuse a teacher that does no better than always giving the most frequent class.

        With a floor of the user's own it is taken all the same. Where chance gives a score of 0 it
        is the score that is compared, else the accuracy.

        Raises:
            UserError: It lies within two standard errors of that.
        """
        task, texts = self.task, len(self.task.search)
        by_chance = TASK_METRICS[task.metric].by_chance
        share = 0.0 if by_chance else replace(task, metric="accuracy").majority_share(task.search)
        error = 1 / math.sqrt(texts) if by_chance else standard_error(share, texts)
        reached = self.teacher_accuracy if by_chance else self._teacher_on_search.accuracy
        if config.constraints.accuracy_floor != "auto" or reached > share + 2 * error:
            return
        always = "the mean" if task.of_numbers else "the most frequent class"
        raise UserError(
            f"the teacher has learned nothing: on search-val its"
            f" {headline(task.metric if by_chance else 'accuracy').label} is"
            f" {points(reached):.1f}, always {always} gives {points(share):.1f}"
            f" (± {points(error):.1f}): train it longer (teacher.epochs, teacher.learning_rate),"
            " give more texts or another teacher.model, or set constraints.accuracy_floor yourself"
        )


def attack_spec(config: Config, task: Task) -> AttackSpec:
    """The spec of a run's attack on `task`, whose labels are classes."""
    return config.attack.spec(sentiment=task.sentiment, seed=config.search.seed)


def load_task(config: Config) -> Task:
    """The run's task, its texts cut to what the students see."""
    tokenizer = load_tokenizer(config.teacher.model)
    return build_task(word_boundary_cut(tokenizer, config.student.max_length), **dict(config.task))


def remarks_on(config: Config, task: Task) -> Iterator[str]:
    """What a user should know of the data and of the attack on them before work begins."""
    yield from (f"data: {remark}" for remark in task.remarks)
    attack = "" if task.of_numbers else config.attack.remark(task.label_names)
    if attack:
        yield f"attack: {attack}"


def _require_attackable(config: Config, task: Task) -> None:
    """Refuse texts that the attack cannot be made on, before anything is trained."""
    attack = config.attack
    if not task.of_numbers and attack_spec(config, task).in_lockstep:
        attacked = ((task.search, attack.texts), (task.report, attack.report_texts))
        require_cut([written(t) for split, count in attacked for t in split.head(count).texts])


def saying_epochs(say: OnStage) -> Callable[..., None]:
    """Make a line of each epoch of a training.

    It is called with the number of the epoch, how many there are, its mean loss, and of a teacher
    the score on what was kept back of the training texts.
    """

    def said(epoch: int, epochs: int, loss: float, kept_back: float | None = None) -> None:
        held = "" if kept_back is None else f", {points(kept_back):.1f} on texts kept back"
        say(f"  epoch {epoch} of {epochs}, loss {loss:.3f}{held}")

    return said


def prepare(
    config: Config,
    on_stage: OnStage = lambda name: None,
    say: OnStage = lambda remark: None,
) -> Prepared:
    """Everything that a run computes once; a second call finds it in the cache.

    Args:
        config: The run.
        on_stage: Called with the name of each stage as it starts.
        say: Called with a line for what a user should know, and after each epoch of the teacher's
            training.

    Raises:
        UserError: Data, teacher or a package cannot be had, or no student keeps to the limits.
    """
    on_stage("data")
    task, tokenizer = load_task(config), load_tokenizer(config.teacher.model)
    shape = config.student.shape(len(tokenizer), len(task.label_names))
    require_possible(config, shape)
    for remark in (f"data: {task.sizes}", *remarks_on(config, task)):
        say(remark)
    chain = chain_of(config.distill)
    require_chain(config.teacher, chain)
    require_team(config.teacher, chain.team)
    _require_attackable(config, task)
    recipe = recipe_of(config.distill)
    require_further(recipe, config)
    for line in other_heads(
        [config.teacher.model] if config.teacher.epochs else (), task.label_names
    ):
        say(line)
    on_stage("teacher")
    length, told = config.student.max_length, saying_epochs(say)
    teacher = prepare_teacher(config.teacher, task, length, told)
    nearest, team = _between(config, teacher, task, on_stage, say)
    spec = None if task.of_numbers else attack_spec(config, task)
    if ATTACKED in needs_of(recipe):
        on_stage("attacked texts")
    for need in filter(STAGES.get, needs_of(recipe)):
        on_stage(STAGES[need])
    own = config.distill.table(config.distill.method)
    attacked = spec if spec is None else attacked_texts(recipe, own, spec, teacher, task)
    further = further_texts(recipe, config, task)
    on_stage("signals")
    lesson = lesson_of(config.teacher, nearest, task, recipe, attacked, further, team)
    signals = teacher_signals(config.teacher, teacher, task, ["search_logits"])
    return Prepared(task, teacher, lesson, signals["search_logits"], tokenizer, shape, spec)


def _between(
    config: Config, teacher: Teacher, task: Task, on_stage: OnStage, say: OnStage
) -> tuple[Teacher, tuple[Teacher, ...]]:
    """Who teaches the students: the last of a chain, or the teacher itself, and a team."""
    chain = chain_of(config.distill)
    if chain.links:
        on_stage("assistants")
    nearest = taught_chain(config.teacher, teacher, task, chain, say)
    if chain.team is not None:
        on_stage("team")
    return nearest, taught_team(config.teacher, teacher, task, chain.team, say)
