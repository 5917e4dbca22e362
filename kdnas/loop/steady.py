"""The search without batches: whenever a worker is free the next student is proposed.

The order in which students end decides about the search, and it is another one every time. So the
archive holds every ask and every tell in its order, and a resumed run takes the same steps again.
"""

from kdnas.algorithms import Algorithm
from kdnas.loop.record import Record
from kdnas.workers import Workers


def run_steadily(algorithm: Algorithm, budget: int, record: Record, workers: Workers) -> int:
    """Ask and tell one by one until `budget` trials are made; their number is returned."""
    asked, outstanding = _replayed(algorithm, record)
    try:
        for trial in sorted(outstanding):
            workers.submit(record.job(trial))
        while True:
            while asked < budget and len(outstanding) < workers.slots and not algorithm.finished:
                if not record.ask(algorithm.ask(1), asked):
                    break
                workers.submit(record.job(asked))
                outstanding.add(asked)
                asked += 1
            if not outstanding:
                return asked
            trial, result = record.finish(workers.next(), told=True)
            outstanding.remove(trial)
            algorithm.tell({trial: result})
    except BaseException:
        workers.cancel()
        raise


def _replayed(algorithm: Algorithm, record: Record) -> tuple[int, set[int]]:
    """Take the recorded steps again: how many trials were asked for, and which are not told."""
    asked, outstanding = 0, set[int]()
    for kind, trial in record.events():
        if kind == "tell":
            result = record.known(trial)
            if result is None:
                raise record.not_repeatable(trial)
            algorithm.tell({trial: result})
            outstanding.remove(trial)
            continue
        if not record.ask(algorithm.ask(1), asked) or trial != asked:
            raise record.not_repeatable(asked)
        outstanding.add(asked)
        asked += 1
    return asked, outstanding
