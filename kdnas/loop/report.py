"""Students of the front on report-val, which no decision was based on."""

from collections.abc import Iterable

from kdnas.errors import UserError
from kdnas.loop.record import OnTrial, described
from kdnas.records import Failure, Job, Report
from kdnas.runs import Archive, Row, births_of
from kdnas.workers import Workers, finished


def report_front(
    rows: Iterable[Row], archive: Archive, workers: Workers, progress: OnTrial
) -> None:
    """Measure students on report-val and record it; those that were measured are left out.

    Of a student with several trials the one that stands for it is measured (`Row.chosen`).

    Raises:
        UserError: Some could not be measured; the others are recorded.
    """
    chosen = [(row, row.chosen) for row in rows if row.report is None]
    births = {
        row.birth: (births_of(row)[trial.trial], trial.evaluation.weights)
        for row, trial in chosen
        if trial.evaluation
    }
    jobs = [
        Job(b.birth, b.architecture, b.seed, "report", b.replicate, b.fidelity, weights)
        for b, weights in births.values()
    ]
    failures: list[Failure] = []
    for done in finished(workers, jobs):
        job, result = done.job, done.result
        if isinstance(result, Failure):
            failures.append(result)
        else:
            assert isinstance(result, Report), f"{job} came back as {type(result).__name__}"
            archive.report(job.birth, result, job.replicate, job.fidelity)
        progress(births[job.birth][0], done)
    if failures:
        raise UserError(
            f"{len(failures)} of {len(jobs)} students could not be measured on report-val"
            f" ({described(failures[0])}); mend the cause, then go on with --resume"
        )
