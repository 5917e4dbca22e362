"""Building the models of a comparison on the workers of a search, each as soon as it can be."""

import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdnas.comparison.model import Model
from kdnas.config import LOADING, Config
from kdnas.records import Evaluate, Failure
from kdnas.registry import Source, load_sources, sources
from kdnas.runs import ModelArchive, weights_of
from kdnas.workers import Workers, open_workers

if TYPE_CHECKING:
    from kdnas.comparison.evaluator import EvaluatedModel

OnModel = Callable[[Model, int, int], None]


@dataclass(frozen=True)
class Crew:
    """Who trains: processes of this machine, or a Dask cluster's workers."""

    jobs: int
    cluster: str | None = None


def build_models(
    config: Config,
    folder: Path,
    archive: ModelArchive,
    models: Sequence[Model],
    crew: Crew,
    on_model: OnModel,
) -> None:
    """Train and attack the models that are missing, each after those it needs.

    A model that cannot be trained, or whose process dies at every attempt, is left out with a
    warning, and so are those that need it.

    Args:
        config: The comparison.
        folder: Its folder.
        archive: Where the models are recorded.
        models: All of them, each after those it needs.
        crew: Who trains.
        on_model: Called with each model that is done, how many are, and of how many.

    Raises:
        UserError: Something has to be mended.
    """
    recorded = {(row.name, row.replicate) for row in archive.models()}
    done = {
        m.identity
        for m in models
        if m.identity in recorded and weights_of(folder, *m.identity).is_file()
    }
    missing = [m for m in models if m.identity not in done]
    if not missing:
        return

    def built(model: Model, found: "EvaluatedModel") -> None:
        archive.record_attacks(found.specs)
        archive.add(found.row, found.texts)
        done.add(model.identity)
        on_model(model, len(done), len(models))

    make = partial(open_evaluator, sources(), config.model_dump(mode="json"), folder.resolve())
    # The limit is a student's; PKD of a large teacher takes what it takes.
    settings = config.workers.model_copy(update={"timeout": None})
    unlimited = config.model_copy(update={"workers": settings})
    with open_workers(unlimited, folder, crew.jobs, crew.cluster, make) as workers:
        _build_all(workers, missing, done, built)


def _build_all(
    workers: Workers[Model, "EvaluatedModel"],
    models: Sequence[Model],
    done: Set[tuple[str, int]],
    built: Callable[[Model, "EvaluatedModel"], None],
) -> None:
    """Have every model built whose source is done, until none is left that could be."""
    waiting, outstanding = list(models), 0
    while True:
        for model in [m for m in waiting if m.source is None or m.source.identity in done]:
            waiting.remove(model)
            workers.submit(model)
            outstanding += 1
        if not outstanding:
            return  # of what is left each needs a model that could not be trained
        finished = workers.next()
        outstanding -= 1
        if isinstance(finished.result, Failure):
            name, message = finished.job.name, finished.result.message
            warnings.warn(f"{name} is left out: {message}", stacklevel=3)
        else:
            built(finished.job, finished.result)


def open_evaluator(
    parts: Sequence[Source], settings: Mapping[str, Any], folder: Path
) -> Evaluate[Model, "EvaluatedModel"]:
    """A `ModelEvaluator`, as a worker process opens it; importing it loads torch.

    Args:
        parts: The modules that have added parts; without them the settings cannot be read.
        settings: The configuration, as data.
        folder: The folder of the comparison.
    """
    load_sources(parts)
    from kdnas.comparison.evaluator import ModelEvaluator

    return ModelEvaluator(Config.model_validate(settings, context=LOADING), folder)
