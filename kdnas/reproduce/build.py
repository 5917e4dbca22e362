"""Building the models of a comparison on the workers of a search, each as soon as it can be."""

import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdnas.config import LOADING, Config
from kdnas.records import Evaluate, Failure
from kdnas.registry import Source, load_sources, sources
from kdnas.reproduce.models import Model
from kdnas.runs import ModelArchive, weights_of
from kdnas.workers import Workers, open_workers

if TYPE_CHECKING:
    from kdnas.reproduce.searches import Crew
    from kdnas.reproduce.workshop import Built

OnModel = Callable[[Model, int, int], None]


def build_models(
    config: Config,
    folder: Path,
    archive: ModelArchive,
    models: Sequence[Model],
    crew: "Crew",
    on_model: OnModel,
) -> None:
    """Train and attack the models that are missing, each after those it needs.

    A model that cannot be trained, or whose process dies at every attempt, is left out with a
    warning, and so are those that need it.

    Args:
        config: The reproduction.
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

    def built(model: Model, found: "Built") -> None:
        archive.record_attacks(found.specs)
        archive.add(found.row, found.texts)
        done.add(model.identity)
        on_model(model, len(done), len(models))

    make = partial(open_workshop, sources(), config.model_dump(mode="json"), folder.resolve())
    # The limit is a student's; PKD of a large teacher takes what it takes.
    unlimited = config.workers.model_copy(update={"timeout": None})
    unhurried = config.model_copy(update={"workers": unlimited})
    with open_workers(unhurried, folder, crew.jobs, crew.cluster, make) as workers:
        _build_all(workers, missing, done, built)


def _build_all(
    workers: Workers[Model, "Built"],
    models: Sequence[Model],
    done: Set[tuple[str, int]],
    built: Callable[[Model, "Built"], None],
) -> None:
    """Have every model built whose source is done, until none is left that could be."""
    waiting, outstanding = list(models), 0
    while True:
        for model in [m for m in waiting if m.how == "teacher" or m.source in done]:
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


def open_workshop(
    parts: Sequence[Source], settings: Mapping[str, Any], folder: Path
) -> Evaluate[Model, "Built"]:
    """A `Workshop`, as a worker process opens it; importing it loads torch.

    Args:
        parts: The modules that have added parts; without them the settings cannot be read.
        settings: The configuration, as data.
        folder: The reproduction's.
    """
    load_sources(parts)
    from kdnas.reproduce.workshop import Workshop

    return Workshop(Config.model_validate(settings, context=LOADING), folder)
