"""`Method`: how a way of teaching is configured, what it uses, and whom it cannot teach."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from kdnas.methods.chain import Chain
from kdnas.methods.settings import MethodSettings

Use = Literal[
    "labels",
    "logits",
    "probe_logits",
    "states",
    "teacher",
    "attacked",
    "augmented",
    "neighbours",
    "generator",
    "team_logits",
]
"""What a method learns from: true labels, signals of the teacher, the teacher itself, a team
of teachers, or texts that were made or found for those of the task."""

Demand = Literal["trained", "attention", "classes", "single"]
"""What a student or a task has to be for a method."""


@dataclass(frozen=True)
class Learner:
    """What decides whether a method can teach a student a task; by default one of a search.

    Attributes:
        name: What it is called in a message.
        trained: Whether the student is trained already.
        attention: Whether it is a transformer, with maps of attention in every layer.
        classes: Whether the labels are classes, and not numbers.
        single: Whether texts are single strings, and not pairs.
    """

    name: str = "the students of a search"
    trained: bool = False
    attention: bool = False
    classes: bool = True
    single: bool = True


_REASONS: dict[Demand, str] = {
    "trained": "it goes on with a model that is trained already",
    "attention": "it compares maps of attention, which only a transformer has in every layer",
    "classes": "it needs shares of classes, and the labels are numbers",
    "single": "it finds neighbours of single texts, and these are pairs",
}


@dataclass(frozen=True)
class Method:
    """A way to teach a student.

    Attributes:
        recipe: From the schedule of `[distill]` and the settings to the stages of the training, or
            where that function is found, as "module:attribute".
        settings: Class of its settings, a frozen dataclass whose fields have defaults.
        family: What it has in common with others.
        source: Where it was first described.
        about: What it does, in one line.
        uses: What it learns from with its default settings.
        cost: Processor time of a training beside KD's, with default settings, for a student of the
            space (`benchmarks/method_cost.py`); what is made once for all students is left out.
        demands: What student and task have to be, or a function from the settings to that.
        chain: From the settings to who is trained before the student, where somebody is.
    """

    recipe: str | Callable[[Any, Any], Any]
    settings: type = MethodSettings
    family: str = "your own"
    source: str = ""
    about: str = ""
    uses: tuple[Use, ...] = ()
    cost: float | None = None
    demands: tuple[Demand, ...] | Callable[[Any], tuple[Demand, ...]] = ()
    chain: Callable[[Any], Chain] = lambda settings: Chain()

    def refuses(self, settings: Any, learner: Learner) -> str | None:
        """Why this method cannot teach a student; None where it can.

        Args:
            settings: The method's own.
            learner: The student and its task.
        """
        demands = self.demands(settings) if callable(self.demands) else self.demands
        unmet = (demand for demand in demands if not getattr(learner, demand))
        return next((_REASONS[demand] for demand in unmet), None)
