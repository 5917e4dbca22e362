"""What a run shows while it works: the stage, students done, the best so far, the time left."""

import time
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from kdnas.cli.output import duration, messages
from kdnas.metrics import ACCURACY, MILLIONS, ROBUSTNESS, Weights, fitness
from kdnas.records import Failure, Finished, Measurement, Report, Result
from kdnas.runs import Birth
from kdnas.runs.status import Status

if TYPE_CHECKING:
    from kdnas.reproduce import Model


class RunProgress:
    """An `Observer` that draws a bar in a terminal and prints a line per student anywhere."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._bars = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=messages(),
            transient=True,
        )
        self._bar: TaskID | None = None
        self._best, self._recorded = float("-inf"), 0
        self._counted, self._first, self._since = "", 0, 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def stage(self, status: Status) -> None:
        """A stage starts."""
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._bar = self._bars.add_task(status.stage, total=status.total, note="")
        self._recorded = status.recorded
        count = f", {status.total} students" if status.total else ""
        known = f", {self._recorded} of them done before" if self._recorded else ""
        self._bars.console.print(f"stage {status.stage}{count}{known}")

    def finished(self, birth: Birth, done: Finished, status: Status) -> None:
        """A trial is done."""
        described = self._describe(done.result)
        left = f"left {duration(status.seconds_left)}" if status.seconds_left is not None else ""
        line = f"{status.done:>4}/{status.total}  {described}  {left}".rstrip()
        if status.done > self._recorded:
            self._bars.console.print(f"{line}  {birth.architecture}", markup=False, soft_wrap=True)
        if self._bar is not None:
            idle = status.slots - status.busy
            note = [f"best fitness {self._best:.1f}", f"{status.busy} busy, {idle} idle"]
            pace = [f"{status.per_hour:.0f} an hour", left] if left else []
            self._bars.update(self._bar, advance=1, note="; ".join([*note, *pace]))

    def _describe(self, result: Result) -> str:
        if isinstance(result, Failure):
            return f"failed: {result.kind}"
        if isinstance(result, Report):
            return _scores(result.measurement)
        value = fitness(result, self._weights)
        size = MILLIONS.convert(result.parameters)
        told = f"{_scores(result.search)}  {size:.2f} M  fitness {value:.1f}"
        if result.search.degenerate:
            return f"{told}  always one answer"
        self._best = max(self._best, value)
        return f"{told}  best {self._best:.1f}"


def _scores(measurement: Measurement) -> str:
    scores = (ACCURACY, ROBUSTNESS)
    return "  ".join(f"{s.label} {s.written_of(measurement, error=False)}" for s in scores)


class ReproductionProgress(RunProgress):
    """A `Watcher` of a reproduction: the same for each search, then a line per model."""

    def search(self, name: str, number: int, total: int) -> None:
        """A search starts or goes on."""
        self._best = float("-inf")
        self._bars.console.print(f"search {number} of {total}, {name}", markup=False)

    def models(self, total: int) -> None:
        """The trainings of the comparison start or go on."""
        self._bars.console.print(f"stage models, {total} trainings; the first takes the longest")

    def model(self, model: "Model", done: int, total: int) -> None:
        """A model was trained and attacked."""
        left = self._left("models", done, total)
        line = f"{done:>4}/{total}  model {model.name}, training {model.replicate}{left}"
        self._bars.console.print(line, markup=False)

    def pair(self, done: int, total: int) -> None:
        """A transfer is done."""
        self._bars.console.print(
            f"{done:>4}/{total}  transfer{self._left('transfers', done, total)}"
        )

    def _left(self, stage: str, done: int, total: int) -> str:
        """The time left of a stage at its pace so far, and its bar."""
        if self._counted != stage:
            if self._bar is not None:
                self._bars.remove_task(self._bar)
            self._bar = self._bars.add_task(stage, total=total, completed=done, note="")
            self._counted, self._first, self._since = stage, done, time.perf_counter()
            return ""
        if self._bar is not None:
            self._bars.update(self._bar, completed=done)
        passed = time.perf_counter() - self._since
        seconds = passed / max(done - self._first, 1) * (total - done)
        return f"  left {duration(seconds)}"
