"""A search from its first proposal to its last result."""

from kdnas.algorithms import Replicated, make_algorithm
from kdnas.config import Config
from kdnas.loop.generations import run_generations
from kdnas.loop.record import OnTrial, Record
from kdnas.loop.steady import run_steadily
from kdnas.metrics import metrics_of
from kdnas.runs import Archive
from kdnas.space import Accept
from kdnas.workers import Workers


def run_search(
    config: Config,
    archive: Archive,
    workers: Workers,
    *,
    floor: float,
    accept: Accept,
    progress: OnTrial = lambda birth, done: None,
) -> str:
    """Search until the budget is spent, and record everything.

    With an archive that holds a part of the run already the same steps are taken again, with the
    recorded results in the place of evaluations; what was outstanding is evaluated.

    Args:
        config: The run's configuration.
        archive: Where everything is recorded.
        workers: What evaluates.
        floor: Least accuracy in [0, 1]; 0 for none.
        accept: What a student must fulfil to be trained.
        progress: Called with every trial and its result, new or recorded.

    Returns:
        Why it ended: `budget`, `patience` or `exhausted`.

    Raises:
        UserError: The recorded part of the run cannot be repeated, no student keeps to the limits,
            all students fail, or the run has to pause; then what is recorded stays.
    """
    settings = config.search
    algorithm = make_algorithm(settings, config.space, config.fitness, floor, accept)
    if settings.replicates > 1:
        algorithm = Replicated(algorithm, settings.replicates)
    timeouts_count = settings.asynchronous or config.workers.timeout_is_result
    objectives = metrics_of(settings.objectives)
    record = Record(
        archive,
        progress,
        settings.seed,
        objectives,
        method=config.distill.method,
        timeouts_count=timeouts_count,
    )
    steps = run_steadily if settings.asynchronous else run_generations
    asked = steps(algorithm, settings.evaluations * settings.replicates, record, workers)
    record.close(asked)
    return algorithm.finished or "budget"
