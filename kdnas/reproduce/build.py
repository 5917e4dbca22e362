"""Building the models of a comparison in several processes, each as soon as it can be."""

import warnings
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import compress
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.registry import load_sources, sources
from kdnas.reproduce.models import Model
from kdnas.runs import ModelArchive, weights_of
from kdnas.workers.interrupts import without_interrupts

OnModel = Callable[[Model, int, int], None]

_workshop: Any = None
"""The one of this process."""


def build_models(
    config: Config,
    folder: Path,
    archive: ModelArchive,
    models: Sequence[Model],
    jobs: int,
    on_model: OnModel,
) -> None:
    """Train and attack the models that are missing, each after those it needs.

    A process that dies, as for want of memory, takes what the others train with it; each of these
    is tried again alone. A model whose process dies then too, or that cannot be trained, is left
    out with a warning, and so are those that need it.

    Args:
        config: The reproduction.
        folder: Its folder.
        archive: Where the models are recorded.
        models: All of them, each after those it needs.
        jobs: Processes.
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
    build = partial(_build, config, folder.resolve())
    left_out: set[tuple[str, int]] = set()
    suspects: list[Model] = []

    def built(model: Model, found: Any) -> None:
        if found is None:
            left_out.add(model.identity)
            return
        archive.record_attacks(found.specs)
        archive.add(found.row, found.texts)
        done.add(model.identity)
        on_model(model, len(done), len(models))

    while True:
        missing = [m for m in models if m.identity not in done | left_out]
        alone = [m for m in suspects if m in missing][:1]
        if not _ready(alone or missing, done):
            return  # of what is left each needs a model that could not be trained
        processes = 1 if alone else jobs
        with _processes(processes) as pool:
            submit = partial(pool.submit, build)
            died = _build_all(submit, processes, alone or missing, done, built)
        suspects = [m for m in (*suspects, *died) if m not in alone]
        for model in died if alone else ():
            left_out.add(model.identity)
            warnings.warn(f"{model.name} is left out: its process died twice", stacklevel=2)


def _ready(models: Sequence[Model], done: Set[tuple[str, int]]) -> list[Model]:
    """The models whose sources are all done."""
    return [m for m in models if m.how == "teacher" or m.source in done]


def _build_all(
    submit: Callable[[Model], Future[Any]],
    jobs: int,
    models: Sequence[Model],
    done: Set[tuple[str, int]],
    built: Callable[[Model, Any], None],
) -> list[Model]:
    """Build what can be built; the models that were under way when a process died, if one did."""
    waiting = list(models)
    running: dict[Future[Any], Model] = {}
    while True:
        for model in _ready(waiting, done)[: jobs - len(running)]:
            waiting.remove(model)
            with without_interrupts():  # a submission may start a process
                running[submit(model)] = model
        if not running:
            return []
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            try:
                found = _result(running[future], future)
            except BrokenProcessPool:
                wait(running)
                broken = [isinstance(other.exception(), BrokenProcessPool) for other in running]
                return list(compress(running.values(), broken))
            built(running.pop(future), found)


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that build models; none is left running."""
    with ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=load_sources, initargs=(sources(),)
    ) as pool:
        try:
            yield pool
        except BaseException:  # an interrupt too: nobody waits for trainings that take minutes
            pool.shutdown(wait=False, cancel_futures=True)
            for child in active_children():
                child.kill()
            raise


def _result(model: Model, future: Future[Any]) -> Any:
    """What was built; None, with a warning, where the model could not be trained.

    Raises:
        UserError: Something has to be mended.
        BrokenProcessPool: A process died.
    """
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except (UserError, OSError, SafetensorError) as error:
        raise UserError(f"{model.name}: {error}; go on with --resume") from error
    except Exception as error:
        warnings.warn(f"{model.name} is left out: {error}", stacklevel=2)
        return None


def open_workshop(config: Config, folder: Path) -> Any:
    """A `Workshop`; importing it loads torch, which a process that only waits has no need of."""
    from kdnas.reproduce.workshop import Workshop

    return Workshop(config, folder)


def _build(config: Config, folder: Path, model: Model) -> Any:
    """Build one model in a process; a workshop that cannot open is an error of the model."""
    global _workshop
    _workshop = _workshop or open_workshop(config, folder)
    return _workshop(model)
