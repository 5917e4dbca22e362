"""`Metric`: how a number of a student is read, compared and written."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kdnas.metrics.units import NUMBER, Unit, standard_error
from kdnas.records import Evaluation, Measurement


@dataclass(frozen=True)
class Metric:
    """A number that an evaluated student has; it is never negative.

    Attributes:
        name: What it is called in settings, archives and JSON records.
        read: Its natural value: shares in [0, 1], plain counts, seconds.
        maximise: Whether more is better; None where neither direction is, so that nothing can be
            selected by it.
        label: What it is called in tables; by default its name with blanks.
        long: What it is called on axes; by default its label.
        unit: How it is written.
        limit: The value that hypervolumes are measured from where less is better, and up to where
            more is. None takes the unit's largest value, or else the largest that was seen.
    """

    name: str
    read: Callable[[Evaluation], float]
    maximise: bool | None = None
    label: str = ""
    long: str = ""
    unit: Unit = NUMBER
    limit: float | None = None

    def __post_init__(self) -> None:
        label = self.label or self.name.replace("_", " ")
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "long", self.long or label)

    def value(self, evaluation: Evaluation) -> float:
        """The natural value: the recorded one of a user's metric, else the one that is read."""
        recorded = evaluation.values.get(self.name)
        return self.read(evaluation) if recorded is None else recorded

    def gain(self, evaluation: Evaluation) -> float:
        """The value with the sign that makes a larger one better.

        This is the one place where a metric changes its sign; what minimises takes the negative.

        Raises:
            ValueError: Neither direction of this metric is better.
        """
        if self.maximise is None:
            raise ValueError(f"neither more nor less of {self.name} is better")
        return self.value(evaluation) if self.maximise else -self.value(evaluation)

    def shown(self, evaluation: Evaluation) -> float:
        """The value in the unit that readers see."""
        return self.unit.convert(self.value(evaluation))

    def written(self, evaluation: Evaluation) -> str:
        """The value in the unit that readers see, as text."""
        return self.unit.write(self.value(evaluation))

    @property
    def most(self) -> float | None:
        """The end of the scale of hypervolumes; None takes the largest value seen."""
        return self.unit.most if self.limit is None else self.limit

    @property
    def header(self) -> str:
        """The name of a table's column."""
        return f"{self.label} {self.unit.header}".rstrip()

    @property
    def axis(self) -> str:
        """The name of an axis."""
        return f"{self.long} ({self.unit.axis})" if self.unit.axis else self.long


@dataclass(frozen=True)
class Score(Metric):
    """A metric that is measured on a split, so that a student has it on report-val too.

    Attributes:
        of: Its value in a measurement; `read` takes that of search-val.
        texts: The number of texts that it is a share of; None where its error is not known.
        of_classes: Whether it is one of classes or of an attack, which only classes have; where
            labels are numbers it is NaN.
    """

    read: Callable[[Evaluation], float] = field(init=False)
    of: Callable[[Measurement], float] = field(kw_only=True)
    texts: Callable[[Measurement], int] | None = None
    of_classes: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "read", lambda evaluation: self.of(evaluation.search))

    def error(self, measurement: Measurement) -> float | None:
        """The binomial standard error (natural units); None where it is not known."""
        if self.texts is None:
            return None
        return standard_error(self.of(measurement), self.texts(measurement))

    def shown_of(self, measurement: Measurement) -> float:
        """The value on a split in the unit that readers see."""
        return self.unit.convert(self.of(measurement))

    def shown_error(self, measurement: Measurement) -> float:
        """The standard error in the unit that readers see; 0 where it is not known."""
        return self.unit.convert(self.error(measurement) or 0.0)

    def written_of(self, measurement: Measurement, *, error: bool = True) -> str:
        """The value on a split as text, by default with its standard error where it has one."""
        shown = self.error(measurement) if error else None
        return self.unit.write(self.of(measurement), shown)
