"""The section `distill`: how a student is taught."""

from typing import Any, ClassVar, Self

from pydantic import model_validator

from kdnas.config.section import Count, NotNegative, PartsSection, Positive, Share, part_of
from kdnas.errors import UserError
from kdnas.methods import METHODS, Learner
from kdnas.registry import Registry


class DistillSettings(PartsSection):
    """The distillation of one student; each method has a table of its own settings.

    Attributes:
        method: The method that teaches the students of a search.
        learning_rate: Rate at the end of the warm-up.
        warmup: Share of the steps in which the learning rate rises; then it falls to 0.
        clip: Largest norm of the gradient.
    """

    section: ClassVar[str] = "distill"
    parts: ClassVar[Registry[Any]] = METHODS

    method: part_of(METHODS) = "rosearch"  # type: ignore[valid-type]
    epochs: Count = 15
    learning_rate: Positive = 5e-4
    batch_size: Count = 32
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    clip: Positive = 1.0

    @model_validator(mode="after")
    def _teaches_students(self) -> Self:
        method = METHODS.get(self.method)
        if method is None:
            return self  # of an archive, and nothing here knows it
        self.require_teachable(self.method, Learner())
        return self

    def require_teachable(self, name: str, learner: Learner) -> None:
        """Refuse a method that cannot teach a student its task.

        Raises:
            UserError: It says why, and lists those that can.
        """
        reason = METHODS[name].refuses(self.table(name), learner)
        if reason is not None:
            able = (n for n in METHODS if METHODS[n].refuses(self.table(n), learner) is None)
            raise UserError(
                f"distill.method = {name!r} cannot teach {learner.name}: {reason}; "
                f"those that can: {', '.join(able)}"
            )
