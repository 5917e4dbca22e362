"""The search in batches: evaluated in any order, told in proposal order, and so repeatable."""

from kdnas.algorithms import Algorithm
from kdnas.loop.record import Record
from kdnas.workers import Workers, finished


def run_generations(algorithm: Algorithm, budget: int, record: Record, workers: Workers) -> int:
    """Batch after batch until `budget` students are evaluated; their number is returned.

    It does not matter where a resumed run was cut: recorded births are compared with the proposals,
    recorded results are taken, and only what is missing is evaluated.
    """
    asked = 0
    while asked < budget and algorithm.finished is None:
        births = record.ask(algorithm.ask(budget - asked), asked)
        if not births:
            break
        results = {b.birth: known for b in births if (known := record.known(b.birth))}
        missing = [record.job(b.birth) for b in births if b.birth not in results]
        for done in finished(workers, missing):
            results[done.job.birth] = record.finish(done)
        told = {b.birth: results[b.birth] for b in births}
        algorithm.tell(told)
        record.tell(list(told))
        asked += len(births)
    return asked
