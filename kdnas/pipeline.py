"""A whole run: prepare, search, report on the front; durable and resumable at every step."""

import logging
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Self

from kdnas.analysis import pareto_front, picks
from kdnas.attacks import load_resources
from kdnas.config import LOADING, Config
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, Prepared, prepare
from kdnas.evaluation.weights import keep_weights
from kdnas.loop import report_front, run_search
from kdnas.metrics import descriptions, fitness, metrics_of
from kdnas.records import Evaluate, Finished, Stage
from kdnas.registry import Source, load_sources, sources
from kdnas.runs import Archive, Birth, Row, RunFolder, require_same_origin, weights_name
from kdnas.runs.status import Observer, StatusFile
from kdnas.space import Genotype, NetworkShape
from kdnas.tasks import Split
from kdnas.workers import Workers

Start = Callable[[Callable[[], Evaluate]], AbstractContextManager[Workers]]

KEPT_BEST = 10
"""Students whose weights are kept for their fitness, besides the front and the picks."""


def run_pipeline(
    config: Config, folder: RunFolder, archive: Archive, start_workers: Start, observer: Observer
) -> None:
    """Run `config` to its end; what the archive already holds is not done again.

    Args:
        config: The run.
        folder: Where its files are.
        archive: Its open archive.
        start_workers: From what makes an `Evaluate` to workers that call it.
        observer: Is told of every stage and student.
    """
    quiet_libraries()
    recorded = sum(t.status != "pending" for row in archive.rows() for t in row.trials)
    with (
        StatusFile(folder.path, observer, recorded) as status,
        _StageClock(archive, status) as clock,
    ):
        prepared = prepare(config, clock.start)
        require_same_origin(
            folder.path, archive, prepared.task.summary(), prepared.teacher.identity
        )
        clock.start("word vectors")
        load_resources(prepared.spec)
        floor = prepared.floor(config)
        record_preparation(archive, config, prepared, floor)
        _record_metrics(archive, config)
        settings = config.model_dump(mode="json")
        make = partial(make_evaluator, sources(), settings, folder.students.resolve())
        with start_workers(make) as workers, status.watching(workers):
            clock.start("search", config.search.evaluations * config.search.replicates)
            reason = run_search(
                config,
                archive,
                workers,
                floor=floor,
                accept=within_limits(config, prepared.shape),
                progress=_pruning(config, folder, archive, floor, status),
            )
            archive.set_meta(ended=reason)
            objectives = metrics_of(config.search.objectives)
            members = pareto_front(archive.rows(), objectives, floor)
            clock.start("report", len(members))
            report_front(members, archive, workers, status.finished)
    archive.set_meta(finished=True)


class _StageClock:
    """Adds up the seconds of each stage in the archive, over all resumes."""

    def __init__(self, archive: Archive, status: StatusFile) -> None:
        self._archive, self._status = archive, status
        self._seconds: dict[str, float] = archive.meta("stages", {})
        self._name, self._since = "", 0.0

    def start(self, name: str, total: int | None = None) -> None:
        """End the running stage and start another."""
        self._stop()
        self._status.stage(name, total)
        self._name, self._since = name, time.perf_counter()

    def _stop(self) -> None:
        if self._name:
            passed = time.perf_counter() - self._since
            self._seconds[self._name] = self._seconds.get(self._name, 0.0) + passed
            self._archive.set_meta(stages=self._seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()


def make_evaluator(
    parts: Sequence[Source], settings: Mapping[str, Any], students: Path
) -> Evaluate:
    """What a worker process evaluates with.

    Args:
        parts: The modules that have added parts; without them the settings cannot be read.
        settings: The configuration, as data.
        students: Where the weights of students are kept.
    """
    load_sources(parts)
    quiet_libraries()
    return Evaluator(Config.model_validate(settings, context=LOADING), students)


def within_limits(config: Config, shape: NetworkShape) -> Callable[[Genotype], bool]:
    """The constraints that are known before training, as a condition on students."""
    limits, length = config.constraints, config.student.max_length

    def accept(genotype: Genotype) -> bool:
        cost = config.space.cost(genotype, shape, length)
        return (limits.max_parameters is None or cost.parameters <= limits.max_parameters) and (
            limits.max_flops is None or cost.flops <= limits.max_flops
        )

    return accept


def kept_students(rows: list[Row], config: Config, floor: float) -> list[Row]:
    """The students whose weights stay: the front, the picks, the best by fitness."""
    scored = [(fitness(row.evaluation, config.fitness), row) for row in rows if row.evaluation]
    best = sorted(scored, key=lambda pair: -pair[0])[:KEPT_BEST]
    objectives = metrics_of(config.search.objectives)
    front = pareto_front(rows, objectives, floor)
    chosen = picks(rows, front, objectives, floor, config.fitness).values()
    return [*front, *chosen, *(row for _, row in best)]


def quiet_libraries() -> None:
    """Silence what libraries say of their own to this process."""
    import transformers

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("textattack").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|torch")


def record_preparation(archive: Archive, config: Config, prepared: Prepared, floor: float) -> None:
    """Record what a run is made from: data, teacher, attack, and what decides about its front."""
    task = prepared.task
    archive.set_meta(
        task=task.summary(),
        majority_share=task.search.majority_share,
        teacher_accuracy=prepared.teacher_accuracy,
        teacher_predictions=prepared.search_logits.argmax(axis=1).tolist(),
        teacher=prepared.teacher.identity,
        shape=asdict(prepared.shape),
        floor=floor,
    )
    archive.record_attacks({prepared.spec.recipe: prepared.spec})
    classes = prepared.shape.classes
    attacked: dict[Stage, int | None] = {
        "search": config.attack.texts,
        "report": config.attack.report_texts,
    }
    measured: dict[Stage, Split] = {"search": task.search, "report": task.report}
    for name, split in measured.items():
        texts = split.head(attacked[name]).texts
        archive.record_split(name, split.labels, classes, texts)


def _record_metrics(archive: Archive, config: Config) -> None:
    """Describe the objectives that a user has added, which a resume has to find as they were.

    Raises:
        UserError: One of them has changed since the run began.
    """
    described = descriptions(config.search.objectives)
    for name, before in archive.meta("metrics", {}).items():
        if described.get(name) != before:
            raise UserError(
                f"metric {name} was another one when the run began: bring it back, or start a new"
                " run"
            )
    archive.set_meta(metrics=described)


def _pruning(
    config: Config, folder: RunFolder, archive: Archive, floor: float, status: StatusFile
) -> Callable[[Birth, Finished], None]:
    """Tell the status, and delete weights that nobody will ask for once there are many."""
    most = 0

    def progress(birth: Birth, done: Finished) -> None:
        nonlocal most
        status.finished(birth, done)
        if len(list(folder.students.glob("*"))) > most:  # reading all rows is not for every student
            rows = archive.rows()
            pending = [row for row in rows if row.status == "pending"]
            kept = {
                weights_name(row.key, trial.replicate, trial.fidelity)
                for row in (*kept_students(rows, config, floor), *pending)
                for trial in row.trials
            }
            keep_weights(folder.students, kept)
            most = 2 * len(kept)

    return progress
