"""One process that evaluates a job at a time: whatever becomes of it, its parent goes on."""

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from threading import Lock, Thread
from typing import Any

from kdnas.errors import UserError
from kdnas.records import Evaluate, Failure
from kdnas.workers.guarded import guarded
from kdnas.workers.interrupts import without_interrupts


class Signal(Enum):
    """What a child says besides results."""

    READY = "ready"


class WorkerLost(RuntimeError):
    """The process is gone; the message says how."""


class Child:
    """A spawned process that calls `make_evaluate` once and then evaluates what it is sent.

    Args:
        make_evaluate: Makes what evaluates; it is pickled, so a function of a module or a
            `functools.partial` of one.
        gpu: The only GPU that it sees; None for all there are.

    Attributes:
        ready: Whether it has made what it evaluates with.
    """

    def __init__(
        self, make_evaluate: Callable[[], Evaluate[Any, Any]], gpu: int | None = None
    ) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        arguments = (pickle.dumps(make_evaluate), theirs, gpu)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        with without_interrupts():
            self._process.start()
        theirs.close()
        self.ready, self.gpu = False, gpu
        self._ending = Lock()  # the one who waits for it notices its end while another ends it

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    @property
    def alive(self) -> bool:
        """Whether it can be sent a job."""
        return not self.pipe.closed and self._process.is_alive()

    def send(self, job: Any) -> None:
        """Have a job evaluated.

        Raises:
            WorkerLost: The process has died since its last result.
        """
        try:
            self.pipe.send(job)
        except OSError as error:
            raise WorkerLost(self._end()) from error

    def receive(self) -> Any:
        """What the process says next; waits for it.

        Raises:
            UserError: It found what the user has to mend.
            WorkerLost: It died.
        """
        try:
            said = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerLost(self._end()) from error
        except Exception as error:  # what was sent cannot be put together again
            return Failure("exception", f"the result cannot be read: {error}")
        if isinstance(said, BaseException):
            raise said
        if said is Signal.READY:
            self.ready = True
        return said

    def attempt(self, job: Any, timeout: float | None) -> Any:
        """Have a job evaluated and wait for it; the process is gone after a failure that ended it.

        Raises:
            UserError: It found what the user has to mend.
            WorkerLost: It died before it was ready.
        """
        while not self.ready:
            self.receive()
        self.send(job)
        if not self.pipe.poll(timeout):
            self.kill()
            return overdue(timeout)
        try:
            result = self.receive()
        except WorkerLost as lost:
            return died(str(lost))
        assert not isinstance(result, Signal)
        return result

    def kill(self) -> None:
        """End the process at once."""
        with self._ending:
            self._process.kill()
            self._process.join()
            self.pipe.close()

    def _end(self) -> str:
        """How the process ended, once it is gone."""
        self._process.join(timeout=5)
        code = self._process.exitcode
        self.kill()
        if code is None:
            return "closed its connection"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def overdue(timeout: float | None) -> Failure:
    """The failure of a job that took too long."""
    return Failure("timeout", f"it took over {timeout:g} s")


def died(how: str) -> Failure:
    """The failure of a job that took its process along."""
    return Failure("killed", f"its process died ({how})")


def _serve(make_evaluate: bytes, pipe: Connection, gpu: int | None) -> None:
    """The child's life: it leaves interrupts to its parent, and ends when that is gone.

    What makes an `Evaluate` comes pickled, for the modules that it needs, torch among them, take
    seconds to import, in which the parent may die.
    """
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)  # read when the first tensor is put there
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        evaluate = pickle.loads(make_evaluate)()
    except UserError as error:
        pipe.send(error)
        return
    except Exception:
        pipe.send(RuntimeError(f"a worker could not start:\n{traceback.format_exc()}"))
        return
    with suppress(EOFError, OSError):  # the parent is gone: nobody to tell
        pipe.send(Signal.READY)
        while True:
            _send(pipe, _answer(evaluate, pipe.recv()))


def _answer(evaluate: Evaluate[Any, Any], job: Any) -> Any:
    try:
        return guarded(evaluate, job)
    except UserError as error:
        return error


def _send(pipe: Connection, answer: Any) -> None:
    try:
        pipe.send(answer)
    except OSError:
        raise
    except Exception as error:  # pickle raises many kinds
        pipe.send(Failure("exception", f"the result cannot be sent: {error}"))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
