"""The bar of an attack: how many texts are done, and what the models have read meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from kdnas.cli.output import messages

if TYPE_CHECKING:
    from kdnas.attacks import ModelVictim
    from kdnas.records import TextOutcome


class AttackBar:
    """Shows how an attack gets on.

    Args:
        progress: Where it is drawn.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("load the attack", total=None)

    def begin(self, total: int) -> None:
        """Show that the resources are loaded, and that so many texts are attacked."""
        self._progress.update(self._bar, description="attack", total=total)

    def text_done(self, _: "TextOutcome") -> None:
        """Count one more text."""
        self._progress.advance(self._bar)


@contextmanager
def attack_bar(victims: "Sequence[ModelVictim]") -> Iterator[AttackBar]:
    """Show an attack on `victims` inside the context."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Read(victims),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=messages(), transient=True) as progress:
        yield AttackBar(progress)


class _Read(ProgressColumn):
    """Shows how many texts the models have read: it moves on while one long text is attacked."""

    def __init__(self, victims: "Sequence[ModelVictim]") -> None:
        super().__init__()
        self._victims = victims

    def render(self, task: Task) -> Text:
        return Text(f"{sum(victim.read for victim in self._victims):,} read")
