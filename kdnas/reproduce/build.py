"""Building the models of a comparison in several processes, each as soon as it can be."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from kdnas.archive import ModelArchive
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.reproduce.models import Model
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
    """Train and attack the models that the archive lacks, each after those it needs.

    Args:
        config: The reproduction.
        folder: Its folder.
        archive: Where the models are recorded.
        models: All of them, each after those it needs.
        jobs: Processes.
        on_model: Called with each model that is done, how many are, and of how many.

    Raises:
        UserError: A process died, or something has to be mended. A model that cannot be trained is
            left out with a warning, and so are those that need it.
    """
    done = {(row.name, row.replicate) for row in archive.models()}
    waiting = [model for model in models if model.identity not in done]
    count = len(models) - len(waiting)
    running: dict[Future[Any], Model] = {}
    with _processes(config, folder, jobs) as pool:
        while waiting or running:
            ready = [m for m in waiting if m.source in done or m.how == "teacher"]
            waiting = [m for m in waiting if m not in ready]
            with without_interrupts():  # a submission may start a process
                running |= {pool.submit(_build, model): model for model in ready}
            if not running:
                break  # what is left needs models that could not be trained
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                model = running.pop(future)
                built = _result(model, future)
                if built is not None:
                    archive.add(built.row, built.specs, built.texts)
                    done.add(model.identity)
                    count += 1
                    on_model(model, count, len(models))


@contextmanager
def _processes(config: Config, folder: Path, jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes with a workshop each; none is left running."""
    arguments = (config, folder.resolve())
    with ProcessPoolExecutor(jobs, get_context("spawn"), _open_workshop, arguments) as pool:
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
        UserError: Its process died, or something has to be mended.
    """
    try:
        return future.result()
    except (UserError, OSError, SafetensorError, BrokenProcessPool) as error:
        raise UserError(f"{model.name}: {error}; go on with --resume") from error
    except Exception as error:
        warnings.warn(f"{model.name} is left out: {error}", stacklevel=2)
        return None


def transfer_matrix(
    config: Config,
    folder: Path,
    archive: ModelArchive,
    names: Sequence[str],
    on_pair: Callable[[int, int], None],
) -> None:
    """Show what fooled each of these models to all of them (Guo 2021, section 4.1).

    Args:
        config: The reproduction.
        folder: Its folder.
        archive: Holds the attacks; takes the answers.
        names: The models; each replicate is shown what fooled the same replicate of another.
        on_pair: Called with how many pairs are done, and of how many.
    """
    replicates: dict[str, list[int]] = {name: [] for name in names}
    for row in archive.models():
        if row.name in replicates:
            replicates[row.name].append(row.replicate)
    pairs = [
        (surrogate, target, replicate)
        for surrogate in names
        for target in names
        for replicate in range(1, 1 + max(len(replicates[surrogate]), len(replicates[target])))
        if replicates[surrogate] and replicates[target]
    ]
    known = archive.transferred()
    missing = [pair for pair in pairs if pair not in known]
    if not missing:
        return
    _open_workshop(config, folder.resolve())
    for surrogate, target, replicate in missing:
        source = min(replicate, max(replicates[surrogate]))
        other = min(replicate, max(replicates[target]))
        outcomes = archive.texts(surrogate, source, "textfooler")
        shown = _workshop.shown(outcomes, (target, other))
        archive.add_transfer(surrogate, target, replicate, shown)
        known.add((surrogate, target, replicate))
        on_pair(len([pair for pair in pairs if pair in known]), len(pairs))


def _open_workshop(config: Config, folder: Path) -> None:
    from kdnas.reproduce.workshop import Workshop

    global _workshop
    _workshop = Workshop(config, folder)


def _build(model: Model) -> Any:
    return _workshop(model)
