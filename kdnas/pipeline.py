"""A whole run: prepare, search, report on the front; durable and resumable at every step."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from kdnas.analysis import pareto_front
from kdnas.attacks import load_resources
from kdnas.config import Config
from kdnas.evaluation import (
    KeptWeights,
    Prepared,
    keep_tokenizer,
    make_evaluator,
    prepare,
    record_preparation,
)
from kdnas.feasible import within_limits
from kdnas.loop import report_front, run_search
from kdnas.metrics import headline, metrics_of, points
from kdnas.progress import NOBODY, Listener, Progress
from kdnas.records import Evaluate, Finished
from kdnas.registry import sources
from kdnas.runs import Archive, Birth, RunFolder, require_same_origin
from kdnas.training import quiet_libraries
from kdnas.workers import Workers

Start = Callable[[Callable[[], Evaluate]], AbstractContextManager[Workers]]


def run_pipeline(
    config: Config,
    folder: RunFolder,
    archive: Archive,
    start_workers: Start,
    listener: Listener = NOBODY,
) -> None:
    """Run `config` to its end; what the archive already holds is not done again.

    Args:
        config: The run.
        folder: Where its files are.
        archive: Its open archive.
        start_workers: From what makes an `Evaluate` to workers that call it.
        listener: Is told of every stage and student.
    """
    quiet_libraries()
    with Progress(folder.path, archive, listener) as progress:
        if not config.task.of_numbers:
            progress.stage("attack resources")
            # What is damaged inside is found before a teacher is trained. No setting that is left
            # open decides about them.
            load_resources(config.attack.spec(sentiment=True, seed=0))
        prepared = _prepared(config, folder, archive, progress, listener)
        floor = prepared.floor(config)
        weights = KeptWeights(config, folder.students, archive, floor)

        def finished(birth: Birth, done: Finished) -> None:
            progress.finished(birth, done)
            weights.tidy_if_many()

        settings = config.model_dump(mode="json")
        make = partial(make_evaluator, sources(), settings, folder.students.resolve())
        with start_workers(make) as workers, progress.watching(workers):
            trials = config.search.evaluations * config.search.replicates
            recorded = sum(t.status != "pending" for row in archive.rows() for t in row.trials)
            progress.stage("search", trials, recorded)
            reason = run_search(
                config,
                archive,
                workers,
                floor=floor,
                accept=within_limits(config, prepared.shape),
                progress=finished,
            )
            archive.set_meta(ended=reason)
            objectives = metrics_of(config.search.objectives)
            members = pareto_front(archive.rows(), objectives, floor)
            progress.stage("report", len(members))
            report_front(members, archive, workers, progress.finished)
            weights.tidy()
    archive.end()


def _prepared(
    config: Config, folder: RunFolder, archive: Archive, progress: Progress, listener: Listener
) -> Prepared:
    """What the run computes once; it is that of its record, or becomes it."""
    prepared = prepare(config, progress.stage, listener.remark)
    require_same_origin(folder.path, archive, prepared.task.summary(), prepared.teacher.identity)
    prepared.require_taught(config)
    listener.remark(_teacher_line(prepared))
    record_preparation(archive, config, prepared, prepared.floor(config))
    keep_tokenizer(folder, archive, config, prepared)
    return prepared


def _teacher_line(prepared: Prepared) -> str:
    """How much better than chance the teacher is."""
    task = prepared.task
    always = "the mean" if task.of_numbers else "the most frequent class"
    return (
        f"teacher: {headline(task.metric).label} {points(prepared.teacher_accuracy):.1f} on"
        f" search-val, always {always} gives {points(prepared.majority_share):.1f}"
    )
