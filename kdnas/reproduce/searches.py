"""The searches of a reproduction: each a run of its own, no student evaluated twice."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kdnas.comparison import Site
from kdnas.config import Config
from kdnas.records import Evaluate, Evaluation, Job
from kdnas.runs import Archive, RunFolder, held_run
from kdnas.workers import Recalling, Workers, open_workers

if TYPE_CHECKING:
    from kdnas.pipeline import Start

WEIGHTED, PARETO, RANDOM = "weighted", "pareto", "random-edits"
UNIFORM, NO_FLOOR = "random-uniform", "no-floor"

Recall = Callable[[Job], Evaluation | None]


def search_configs(config: Config) -> dict[str, Config]:
    """The searches by the names of their folders, in the order in which they run.

    With one seed the first three start from the same students. `random-uniform` knows no repair
    rule and no ancestors; `no-floor` shows what the fitness of the paper is best at.
    """
    population, whole = config.search.population, config.search.evaluations

    def variant(algorithm: str, evaluations: int = whole, floor: float | None = None) -> Config:
        search = {"algorithm": algorithm, "evaluations": evaluations}
        limits = {} if floor is None else {"accuracy_floor": floor}
        return config.model_copy(
            update={
                "search": config.search.model_copy(update=search),
                "constraints": config.constraints.model_copy(update=limits),
            }
        )

    return {
        WEIGHTED: variant("tournament"),
        PARETO: variant("nsga2"),
        RANDOM: variant("random_edits"),
        UNIFORM: variant("random_uniform", config.reproduce.uniform),
        NO_FLOOR: variant("tournament", min(2 * population, whole), floor=0.0),
    }


def run_searches(config: Config, site: Site) -> None:
    """Run the searches below the site's folder, or go on; finished ones are left alone.

    Raises:
        UserError: One cannot go on; what is finished stays.
    """
    done: list[RunFolder] = []
    searches = search_configs(config)
    for number, (name, chosen) in enumerate(searches.items(), 1):
        site.listener.part(f"search {number} of {len(searches)}, {name}")
        run = RunFolder(site.folder / name)
        there = run.archive.exists()
        with held_run(run, chosen, resume=there, take_over=site.take_over) as archive:
            if not archive.meta("finished"):
                begin = partial(open_workers, chosen, run.path, site.jobs, site.cluster)
                start = _starting(begin, _recalling(done, run))
                from kdnas.pipeline import run_pipeline  # it loads torch

                run_pipeline(chosen, run, archive, start, site.listener)
        done.append(run)


def _starting(begin: "Start", recall: Recall) -> "Start":
    """Workers that evaluate only what `recall` does not know."""

    @contextmanager
    def start(make: Callable[[], Evaluate]) -> Iterator[Workers]:
        with begin(make) as workers:
            yield Recalling(workers, recall)

    return start


def _recalling(others: list[RunFolder], run: RunFolder) -> Recall:
    """What other runs have evaluated; their weights are linked into the folder of this one."""
    from kdnas.evaluation.weights import weights_path  # it loads torch

    known: dict[tuple[str, int, float], tuple[RunFolder, int, Evaluation]] = {}
    for other in others:
        with Archive.read(other.archive) as archive:
            for row in archive.rows():
                for trial in row.trials:
                    if trial.evaluation:
                        identity = (row.key, trial.seed, trial.fidelity)
                        known.setdefault(identity, (other, row.birth, trial.evaluation))

    def recall(job: Job) -> Evaluation | None:
        identity = (job.architecture.key, job.seed, job.fidelity)
        if identity not in known:
            return None
        other, birth, evaluation = known[identity]
        with suppress(OSError):  # they may be deleted by now, or on another disk
            run.students.mkdir(parents=True, exist_ok=True)
            os.link(weights_path(other.students, job), weights_path(run.students, job))
        with Archive.read(other.archive) as archive:
            return replace(
                evaluation,
                texts=tuple(archive.texts(birth, "search", job.replicate)),
                predictions=archive.predictions(birth, job.replicate),
            )

    return recall
