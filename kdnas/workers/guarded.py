"""The way from what happens in an evaluation to a result."""

import errno

from kdnas.errors import UserError
from kdnas.records import Evaluate, EvaluationFailed, Failure, JobT, ResultT

_LONGEST_MESSAGE = 300
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
"""What no student is to blame for."""


def guarded(evaluate: Evaluate[JobT, ResultT], job: JobT) -> ResultT | Failure:
    """The result of a job, with every error of the student's turned into a `Failure`.

    Raises:
        UserError: The evaluation raised it: something that every student would run into.
    """
    try:
        return evaluate(job)
    except UserError:
        raise
    except EvaluationFailed as error:
        return error.failure
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK:
            raise UserError(f"{error}: mend that, then go on with --resume") from error
        # torch's own class is known by its name, since torch is not imported here.
        names = {kind.__name__ for kind in type(error).__mro__}
        out_of_memory = names & {"MemoryError", "OutOfMemoryError"}
        message = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_MESSAGE]
        return Failure("oom" if out_of_memory else "exception", message)
