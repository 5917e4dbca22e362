"""What worker processes evaluate with in the tests; light, since every process imports it."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kdnas.errors import UserError
from kdnas.problems import toy_evaluate
from kdnas.records import (
    AttackOutcome,
    Evaluate,
    Evaluation,
    EvaluationFailed,
    Job,
    Measurement,
    Report,
)

MEASUREMENT = Measurement((30, 40), (50, 50), (40, 60), AttackOutcome((20, 10), (20, 30), (10, 10)))


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


def plain(job: Job) -> Evaluation | Report:
    """The birth and the seed as sizes."""
    if job.stage == "report":
        return Report(MEASUREMENT, seconds=job.seed)
    return Evaluation(job.birth, job.seed, 1, MEASUREMENT, loss=1.0)


def erring(job: Job) -> Evaluation | Report:
    """Births 1 to 5 fail, each in its way."""
    errors: dict[int, Exception] = {
        1: EvaluationFailed("non_finite", "the loss is nan"),
        2: MemoryError("all of it"),
        3: OutOfMemoryError("CUDA out of memory.\n Tried to allocate"),
        4: KeyError("weights"),
        5: EvaluationFailed("timeout", "60 s"),
    }
    if job.birth in errors:
        raise errors[job.birth]
    return plain(job)


def user_error(job: Job) -> Evaluation | Report:
    """Birth 2 finds what the user has to mend."""
    if job.birth == 2:
        raise UserError("no such column 'label'")
    return plain(job)


def counting(folder: Path, evaluate: Evaluate, job: Job) -> Evaluation | Report:
    """Leaves a file for every run of a job, which names its process."""
    (folder / f"birth-{job.birth}-{time.monotonic_ns()}").write_text(str(os.getpid()))
    return evaluate(job)


def dying(folder: Path, always: tuple[int, ...], once: tuple[int, ...], job: Job) -> Evaluation:
    """The process of some births is killed, always or at their first run only."""
    runs = len(list(folder.glob(f"birth-{job.birth}-*")))
    if job.birth in always or (job.birth in once and runs == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    result = plain(job)
    assert isinstance(result, Evaluation)
    return result


def interrupted(job: Job) -> Evaluation | Report:
    """Ctrl-C reaches every process of a terminal."""
    os.kill(os.getpid(), signal.SIGINT)
    return plain(job)


def make(evaluate: Evaluate) -> Evaluate:
    """A maker of `evaluate`, as `partial(make, evaluate)`."""
    return evaluate


def make_counted(folder: Path) -> Evaluate:
    """Leaves a file for every time it is called."""
    (folder / f"made-{os.getpid()}-{time.monotonic_ns()}").touch()
    return partial(counting, folder, plain)


def make_nothing() -> Evaluate:
    """Cannot."""
    raise UserError("no teacher at nowhere")


def sleeping(folder: Path, seconds: float, job: Job) -> Evaluation | Report:
    """Takes its time."""
    (folder / f"pid-{os.getpid()}").touch()
    time.sleep(seconds)
    return plain(job)


def make_sleeping(folder: Path, seconds: float) -> Callable[[Job], Evaluation | Report]:
    """See `sleeping`."""
    return partial(sleeping, folder, seconds)


def make_noting(folder: Path) -> Callable[[], Evaluate]:
    """Leaves a file for the process that it is called in."""
    (folder / f"unpickled-{os.getpid()}").touch()
    return partial(make, plain)


class NotesWhereItIsUnpickled:
    """A maker of `plain`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self):
        return (make_noting, (self._folder,))


class Unsendable:
    """Pickle refuses it."""

    def __reduce__(self):
        raise TypeError("no way to send it")


class Unreadable:
    """It can be sent, but not put together again."""

    def __reduce__(self):
        return (int, ("no number",))


def faulty(folder: Path, job: Job) -> Evaluation | Report:
    """Births 0 to 5 fail, each in a way that `guarded` does not see."""
    (folder / f"birth-{job.birth}-{time.monotonic_ns()}").touch()
    result = plain(job)
    match job.birth:
        case 0:
            os._exit(3)
        case 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        case 2:
            time.sleep(1000)
        case 3:
            object.__setattr__(result, "texts", (Unsendable(),))
        case 4:
            object.__setattr__(result, "texts", (Unreadable(),))
        case 5:
            raise MemoryError("all of it")
    return result


def exclusive(folder: Path, job: Job) -> Evaluation | Report:
    """Birth 0 runs out of memory unless nothing else runs; at first it waits for company."""
    mark = folder / f"running-{job.birth}"
    mark.touch()
    first = job.birth == 0 and not list(folder.glob("others-*"))
    end = time.monotonic() + (20 if first else 0.3)
    others = 0
    while time.monotonic() < end and not (first and others):
        time.sleep(0.02)
        others = max(others, len(list(folder.glob("running-*"))) - 1)
    if job.birth == 0:
        (folder / f"others-{time.monotonic_ns()}").write_text(str(others))
    mark.unlink()
    if job.birth == 0 and others:
        raise MemoryError("not beside others")
    return plain(job)


def make_dying() -> Evaluate:
    """The process dies before it is ready."""
    os._exit(9)


def make_slowly(seconds: float) -> Evaluate:
    """Takes its time."""
    time.sleep(seconds)
    return plain


def make_wrongly() -> Evaluate:
    """Has a mistake."""
    raise ZeroDivisionError


def toy(job: Job) -> Evaluation | Report:
    """The toy problem's."""
    return toy_evaluate(job)


def slow_toy(seconds: float, job: Job) -> Evaluation | Report:
    """The toy problem's, after a while."""
    time.sleep(seconds)
    return toy_evaluate(job)


def noting_gpu(folder: Path, job: Job) -> Evaluation | Report:
    """Leaves a file for each process, with the GPU that it sees."""
    (folder / f"gpu-{os.getpid()}").write_text(os.environ["CUDA_VISIBLE_DEVICES"])
    time.sleep(0.5)
    return plain(job)
