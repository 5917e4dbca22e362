"""Ctrl-C reaches every process of a terminal; only the driver is to act on it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Processes and threads that are started meanwhile never see an interrupt.

    They inherit the mask, from their first moment on, and what they start inherits it from them. An
    interrupt of this process waits for the end of the context.
    """
    resource_tracker.ensure_running()  # of multiprocessing; its start would end the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
