"""From exceptions to typed failures."""

from kdnas.errors import UserError
from kdnas.records import Evaluate, EvaluationFailed, Failure, Job, Result


def guarded(evaluate: Evaluate, job: Job) -> Result:
    """The result of a job; a failing student is a result too.

    Raises:
        UserError: It is the user's to mend, not the student's fault.
    """
    try:
        return evaluate(job)
    except EvaluationFailed as error:
        return error.failure
    except UserError:
        raise
    except Exception as error:
        # torch's OutOfMemoryError is told by its name: no search module imports torch.
        memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
        message = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Failure("oom" if memory else "exception", message[:500])
