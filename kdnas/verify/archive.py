"""The checks of an archive's content, each on what those before it found sound."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from kdnas.archive.rows import measurement_of, row_of
from kdnas.space import SearchSpace
from kdnas.verify.births import identity_problems, numbering_problems
from kdnas.verify.columns import measured_problems, status_problems
from kdnas.verify.counts import count_problems
from kdnas.verify.ending import budget_problems, front_problems, untold_problems
from kdnas.verify.events import event_problems
from kdnas.verify.problem import Problem
from kdnas.verify.settings import Settings, read_settings
from kdnas.verify.sizes import size_problems
from kdnas.verify.texts import stray_problems, text_problems


@dataclass(frozen=True)
class Contents:
    """The rows of an archive, as they are."""

    db: sqlite3.Connection
    students: Mapping[int, sqlite3.Row]
    reports: Mapping[int, sqlite3.Row]
    events: Sequence[sqlite3.Row]

    @classmethod
    def of(cls, db: sqlite3.Connection) -> "Contents":
        """The rows in the order of births and events."""

        def by_birth(table: str) -> dict[int, sqlite3.Row]:
            return {
                row["birth"]: row for row in db.execute(f"SELECT * FROM {table} ORDER BY birth")
            }

        events = db.execute("SELECT * FROM events ORDER BY id").fetchall()
        return cls(db, by_birth("evaluations"), by_birth("reports"), events)

    @property
    def ok(self) -> dict[int, sqlite3.Row]:
        """The students that say that they were evaluated."""
        return {birth: row for birth, row in self.students.items() if row["status"] == "ok"}


def content_problems(contents: Contents) -> list[Problem]:
    """Everything that is wrong with the content of a readable archive."""
    settings, found = read_settings(contents.db)
    found += numbering_problems(list(contents.students.values()))
    status = {birth: row["status"] for birth, row in contents.students.items()}
    found += event_problems(contents.events, status)
    students = list(_student_problems(contents, settings))
    reports = list(_report_problems(contents))
    unsound = {problem.place for problem in (*students, *reports)}
    found += [*students, *reports, *_spec_problems(contents, settings.spec, unsound)]
    found += stray_problems(contents.db, set(status), set(contents.ok), set(contents.reports))
    if settings.config:
        sound = [row for birth, row in contents.ok.items() if _place(birth) not in unsound]
        if isinstance(settings.config.space, SearchSpace):
            found += size_problems(sound, settings.config)
        found += budget_problems(len(status), settings.config)
        if not unsound:
            found += _ending_problems(contents, settings)
    return found


def _place(birth: int) -> str:
    return f"birth {birth}"


def _student_problems(contents: Contents, settings: Settings) -> Iterator[Problem]:
    seed = settings.config.search.seed if settings.config else None
    for birth, row in contents.students.items():
        messages = [*identity_problems(row, seed), *status_problems(row)]
        if row["status"] == "ok" and not messages:
            messages = count_problems(row) or text_problems(contents.db, row, "search")
        yield from (Problem(_place(birth), message) for message in messages)


def _report_problems(contents: Contents) -> Iterator[Problem]:
    for birth, row in contents.reports.items():
        messages = [] if birth in contents.ok else ["the student was not evaluated"]
        messages = messages or measured_problems(row) or count_problems(row)
        messages = messages or text_problems(contents.db, row, "report")
        yield from (Problem(f"report of birth {birth}", message) for message in messages)


def _spec_problems(contents: Contents, spec: str | None, unsound: Set[str]) -> Iterator[Problem]:
    """Every attack was by the run's spec; if none was, it is the run's that is wrong.

    Args:
        contents: The archive.
        spec: The run's, if it is known.
        unsound: Places that have a problem already.
    """
    places = {_place(birth): row["spec"] for birth, row in contents.ok.items()}
    places |= {f"report of birth {birth}": row["spec"] for birth, row in contents.reports.items()}
    if spec is None or not places:
        return
    if spec not in places.values():
        usual = Counter(places.values()).most_common(1)[0][0]
        yield Problem("meta spec", f"its digest is {spec}, but the students have {usual}")
        return
    for place, found in places.items():
        if found != spec and place not in unsound:
            yield Problem(place, f"its spec is {found}, the run's {spec}")


def _ending_problems(contents: Contents, settings: Settings) -> Iterator[Problem]:
    """Of a run whose students and reports are sound."""
    if not settings.finished or settings.config is None:
        return
    told = {event["birth"] for event in contents.events if event["kind"] == "tell"}
    yield from untold_problems(contents.students, told)
    if settings.floor is not None:
        reports = {birth: measurement_of(row) for birth, row in contents.reports.items()}
        rows = [row_of(row, reports.get(birth)) for birth, row in contents.students.items()]
        yield from front_problems(rows, settings.config, settings.floor)
