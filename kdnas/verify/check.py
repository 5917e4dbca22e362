"""`check`: the whole folder of a run, from its files to the end of its search."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kdnas.errors import UserError
from kdnas.runs import Archive, RunFolder, Store, weights_name
from kdnas.runs.database import UNREADABLE
from kdnas.runs.reading import no_run, reading
from kdnas.verify.database import database_problems, unreadable
from kdnas.verify.files import state_problems, tokenizer_problems, weight_problems
from kdnas.verify.measured import counts_only, measurement_problems
from kdnas.verify.problem import Problem
from kdnas.verify.settings import attack_problems, read_settings
from kdnas.verify.students import student_problems

AnyStore = TypeVar("AnyStore", bound=Store)


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        problems: Everything that is wrong; none for a sound run.
        students, reports, texts: How many the store holds; 0 where it cannot be read.
        counts_only: Trials whose predictions were not kept, so that only their counts by class
            could be looked at.
    """

    problems: tuple[Problem, ...]
    students: int = 0
    reports: int = 0
    texts: int = 0
    counts_only: int = 0


def check(folder: RunFolder) -> Verdict:
    """Check the folder of a run; nothing is written into it.

    A run that goes on meanwhile is seen as it is at one moment.

    Raises:
        UserError: There is no archive, or a run writes into it without a pause.
    """
    if not folder.archive.is_file():
        raise no_run(folder.archive)
    weights = sorted(folder.students.glob("*.safetensors"))
    checksums: dict[str, str | None] | None = None
    tokenizer: str | None = None
    found = Verdict(())

    def look(archive: Archive) -> list[Problem]:
        nonlocal checksums, tokenizer, found
        settings, problems = read_settings(archive)
        problems += [*attack_problems(archive), *measurement_problems(archive, "search")]
        rows = [] if problems else archive.rows()
        problems += student_problems(archive, rows, settings) if rows else []
        checksums, found = _checksums(archive), _counted(archive)
        tokenizer = archive.meta("tokenizer")
        return problems or broken_seal(archive)

    problems = store_problems(folder.archive, Archive, look)
    files = (
        *state_problems(folder.path),
        *tokenizer_problems(folder.tokenizer, tokenizer),
        *weight_problems(weights, checksums),
    )
    return Verdict(
        (*problems, *files), found.students, found.reports, found.texts, found.counts_only
    )


def store_problems(
    path: Path, kind: type[AnyStore], look: Callable[[AnyStore], list[Problem]]
) -> list[Problem]:
    """Return what is wrong with a store: as a database, and by a look at what it holds.

    Raises:
        UserError: A run writes into it without a pause.
    """
    try:
        with reading(path) as db:
            broken = database_problems(db, path.name)
            if broken:
                return broken
            store = kind(db, path)
            try:
                return look(store)
            except UserError as error:
                return [Problem(path.name, str(error))]
    except UNREADABLE as error:
        if isinstance(error, UserError):  # a kind of ValueError
            raise
        return [unreadable(error, path.name)]


def broken_seal(store: Store) -> list[Problem]:
    """Return whether a run is another than when it ended, which nothing else may show.

    A student may be gone with all that was recorded of it, or an evaluated one called failed.
    """
    finished, seal = store.meta("finished") is True, store.meta("seal")
    if seal is None and (not finished or counts_only(store)):
        return []  # it goes on, or was converted from an earlier schema
    if finished and seal == store.seal():
        return []
    return [Problem("meta seal", "the run is not as it was when it ended")]


def _checksums(archive: Archive) -> dict[str, str | None]:
    """The checksum of the weights of each trial, None where it has no result yet."""
    query = "SELECT key, replicate, fidelity, weights FROM trials JOIN students USING (birth)"
    return {weights_name(*row): checksum for *row, checksum in archive.query(query)}


def _counted(archive: Archive) -> Verdict:
    """How much there is."""

    def count(query: str) -> int:
        number: int = archive.query(f"SELECT count(*) FROM {query}").fetchone()[0]
        return number

    return Verdict(
        (),
        count("students"),
        count("measurements WHERE split = 'report'"),
        count("outcomes"),
        counts_only(archive),
    )
