"""Building the models of a comparison on the workers of a search, each as soon as it can be."""

import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdnas.comparison.model import Model
from kdnas.comparison.site import Site
from kdnas.config import LOADING, AttackSettings, Config
from kdnas.records import Evaluate, Failure
from kdnas.registry import Source, load_sources, sources
from kdnas.runs import ModelArchive, weights_of
from kdnas.workers import Workers, open_workers

if TYPE_CHECKING:
    from kdnas.comparison.evaluator import EvaluatedModel


@dataclass(frozen=True)
class Trainings:
    """The trainings of a comparison.

    Attributes:
        config: Its settings.
        models: All of them, each after those it needs.
        attacks: The attacks on each model by name; the first one's outcomes are counted. None where
            labels are numbers.
    """

    config: Config
    models: Sequence[Model]
    attacks: Mapping[str, AttackSettings]


def build_models(trainings: Trainings, archive: ModelArchive, site: Site) -> None:
    """Train and attack the models that are missing, each after those it needs.

    A model that cannot be trained, or whose process dies at every attempt, is left out with a
    warning, and so are those that need it.

    Args:
        trainings: What there is to train.
        archive: Where the models are recorded.
        site: Its folder, who trains, and who is told.

    Raises:
        UserError: Something has to be mended.
    """
    config, models = trainings.config, trainings.models
    archive.set_meta(trainings=len(models))
    site.listener.part(f"stage models, {len(models)} trainings; the first takes the longest")
    recorded = {(row.name, row.replicate) for row in archive.models()}
    done = {
        m.identity
        for m in models
        if m.identity in recorded and weights_of(site.folder, *m.identity).is_file()
    }
    missing = [m for m in models if m.identity not in done]
    if not missing:
        return

    def built(model: Model, found: "EvaluatedModel") -> None:
        archive.record_attacks(found.specs)
        archive.add(found.row, found.predictions, found.texts, found.made)
        done.add(model.identity)
        what = f"model {model.name}, training {model.replicate}"
        site.listener.counted("models", what, len(done), len(models))

    attacks = {name: each.model_dump(mode="json") for name, each in trainings.attacks.items()}
    settings = config.model_dump(mode="json")
    make = partial(open_evaluator, sources(), settings, attacks, site.folder.resolve())
    # The limit is a student's; PKD of a large teacher takes what it takes.
    patient = config.workers.model_copy(update={"timeout": None})
    unlimited = config.model_copy(update={"workers": patient})
    with open_workers(unlimited, site.folder, site.jobs, site.cluster, make) as workers:
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
    parts: Sequence[Source],
    settings: Mapping[str, Any],
    attacks: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> Evaluate[Model, "EvaluatedModel"]:
    """A `ModelEvaluator`, as a worker process opens it; importing it loads torch.

    Args:
        parts: The modules that have added parts; without them the settings cannot be read.
        settings: The configuration, as data.
        attacks: The settings of each attack by name, as data.
        folder: The folder of the comparison.
    """
    load_sources(parts)
    from kdnas.comparison.evaluator import ModelEvaluator

    config = Config.model_validate(settings, context=LOADING)
    known = {
        name: AttackSettings.model_validate(each, context=LOADING) for name, each in attacks.items()
    }
    return ModelEvaluator(config, known, folder)
