"""The section `workers`: who evaluates the students; it decides about no result."""

from typing import Annotated

from pydantic import Field

from kdnas.config.section import Positive, Section


class WorkerSettings(Section):
    """How students are evaluated; a resumed run may change it, since it decides about no result.

    Attributes:
        timeout: Most seconds that a student may take; None for no limit.
        timeout_is_result: Whether a student that takes longer has failed. Otherwise the run pauses,
            because on a faster machine it would not have.
        gpus: GPUs of this machine, among which the processes of `--jobs` are divided; with more
            processes than GPUs several students share one.
    """

    timeout: Positive | None = None
    timeout_is_result: bool = False
    gpus: tuple[Annotated[int, Field(ge=0, le=1023)], ...] = ()
