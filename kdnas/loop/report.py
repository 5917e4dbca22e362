"""Students of the front on report-val, which no decision was based on."""

from collections.abc import Iterable

from kdnas.archive import Archive, Row, birth_of
from kdnas.errors import UserError
from kdnas.loop.record import Progress, described
from kdnas.records import Failure, Job, Report
from kdnas.workers import Workers, finished


def report_front(
    rows: Iterable[Row], archive: Archive, workers: Workers, progress: Progress
) -> None:
    """Measure students on report-val and record it; those that were measured are left out.

    Raises:
        UserError: Some could not be measured; the others are recorded.
    """
    births = {row.birth: birth_of(row) for row in rows if row.report is None}
    jobs = [Job(b.birth, b.architecture, b.seed, "report") for b in births.values()]
    failures: list[Failure] = []
    for done in finished(workers, jobs):
        job, result = done.job, done.result
        if isinstance(result, Failure):
            failures.append(result)
        else:
            assert isinstance(result, Report), f"{job} came back as {type(result).__name__}"
            archive.report(job.birth, result)
        progress(births[job.birth], result)
    if failures:
        raise UserError(
            f"{len(failures)} of {len(jobs)} students could not be measured on report-val"
            f" ({described(failures[0])}); mend the cause, then go on with --resume"
        )
