"""Folders that workers on other hosts have to see: the run's, and the cache with what is big."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from kdnas.cache import WAY_OUT, cache_folder, make_folder
from kdnas.errors import UserError
from kdnas.records import Evaluate, JobT, ResultT


@contextmanager
def with_shared_folders(
    make_evaluate: Callable[[], Evaluate[JobT, ResultT]], run: Path
) -> Iterator[Callable[[], Evaluate[JobT, ResultT]]]:
    """`make_evaluate` for other hosts: it uses this host's cache, and checks that it is the same.

    Args:
        make_evaluate: Makes what evaluates.
        run: The run folder, where workers write weights.

    Raises:
        UserError: One of the folders cannot be written.
    """
    marks: list[Path] = []
    try:
        for folder in (cache_folder(), run):
            marks.append(_mark(folder.resolve()))
        yield partial(_make_there, make_evaluate, marks)
    finally:
        for mark in marks:
            mark.unlink(missing_ok=True)


def _mark(folder: Path) -> Path:
    mark = folder / f".seen-{uuid4().hex}"
    try:
        make_folder(folder)
        mark.touch()
    except OSError as error:
        raise UserError(f"cannot write {mark}: {error.strerror or error}; {WAY_OUT}") from error
    return mark


def _make_there(
    make_evaluate: Callable[[], Evaluate[JobT, ResultT]], marks: Sequence[Path]
) -> Evaluate[JobT, ResultT]:
    for mark in marks:
        if not mark.exists():
            raise UserError(
                f"worker {socket.gethostname()} does not see {mark.parent}: put the run (--out) and"
                " the cache (KDNAS_CACHE) on a file system that all workers share"
            )
    os.environ["KDNAS_CACHE"] = str(marks[0].parent)
    return make_evaluate()
