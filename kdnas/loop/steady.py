"""The search without batches: whenever a worker is free the next student is proposed.

The order in which students end decides about the search, and it is another one every time. So the
archive holds every ask and every tell in its order, and a resumed run takes the same steps again.
"""

from kdnas.algorithms import Algorithm
from kdnas.loop.record import Record
from kdnas.workers import Workers


def run_steadily(algorithm: Algorithm, budget: int, record: Record, workers: Workers) -> int:
    """Ask and tell one by one until `budget` students are evaluated; their number is returned."""
    asked, outstanding = _replayed(algorithm, record)
    try:
        for birth in sorted(outstanding):
            workers.submit(record.job(birth))
        while True:
            while asked < budget and len(outstanding) < workers.slots and not algorithm.finished:
                births = record.ask(algorithm.ask(1), asked)
                if not births:
                    break
                workers.submit(record.job(asked))
                outstanding.add(asked)
                asked += 1
            if not outstanding:
                return asked
            done = workers.next()
            result = record.finish(done, told=True)
            outstanding.remove(done.job.birth)
            algorithm.tell({done.job.birth: result})
    except BaseException:
        workers.cancel()
        raise


def _replayed(algorithm: Algorithm, record: Record) -> tuple[int, set[int]]:
    """Take the recorded steps again: how many students were asked for, and which are not told."""
    asked, outstanding = 0, set[int]()
    for kind, birth in record.events():
        if kind == "tell":
            result = record.known(birth)
            if result is None:
                raise record.not_repeatable(birth)
            algorithm.tell({birth: result})
            outstanding.remove(birth)
            continue
        if not record.ask(algorithm.ask(1), asked) or birth != asked:
            raise record.not_repeatable(asked)
        outstanding.add(asked)
        asked += 1
    return asked, outstanding
