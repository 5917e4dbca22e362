"""The search in batches: evaluated in any order, told in proposal order, and so repeatable."""

from kdnas.algorithms import Algorithm
from kdnas.loop.record import Record
from kdnas.workers import Workers, finished


def run_generations(algorithm: Algorithm, budget: int, record: Record, workers: Workers) -> int:
    """Batch after batch until `budget` trials are made; their number is returned.

    It does not matter where a resumed run was cut: recorded trials are compared with the proposals,
    recorded results are taken, and only what is missing is evaluated.
    """
    asked = 0
    while asked < budget and algorithm.finished is None:
        trials = record.ask(algorithm.ask(budget - asked), asked)
        if not trials:
            break
        results = {trial: known for trial in trials if (known := record.known(trial))}
        missing = [record.job(trial) for trial in trials if trial not in results]
        for done in finished(workers, missing):
            trial, result = record.finish(done)
            results[trial] = result
        algorithm.tell({trial: results[trial] for trial in trials})
        record.tell(trials)
        asked += len(trials)
    return asked
