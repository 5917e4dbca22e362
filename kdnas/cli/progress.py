"""What a run shows while it works: the stage, students done, the best so far, the time left."""

import time
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from kdnas.cli.output import counted, duration, messages
from kdnas.metrics import MILLIONS, Weights, fitness, shown_scores
from kdnas.progress import Listener
from kdnas.records import Failure, Finished, Measurement, Report, Result
from kdnas.runs import Birth
from kdnas.runs.status import Status
from kdnas.space import canonical


class Display(Listener):
    """Draws a bar in a terminal, and prints a line per student or model anywhere."""

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
        self._start_bar(status.stage, status.total)
        self._recorded = status.recorded
        count = f", {counted(status.total, 'student')}" if status.total else ""
        known = f", {self._recorded} of them done before" if self._recorded else ""
        self._bars.console.print(f"stage {status.stage}{count}{known}")

    def finished(self, birth: Birth, done: Finished, status: Status) -> None:
        """A trial is done."""
        described = self._describe(done.result)
        left = f"left {duration(status.seconds_left)}" if status.seconds_left is not None else ""
        line = f"{status.done:>4}/{status.total}  {described}  {left}".rstrip()
        if status.done > self._recorded:
            self._bars.console.print(f"{line}  {canonical(birth.architecture)}")
        if self._bar is not None:
            idle = status.slots - status.busy
            note = [f"best fitness {self._best:.1f}", f"{status.busy} busy, {idle} idle"]
            pace = [f"{status.per_hour:.0f} an hour", left] if left else []
            self._bars.update(self._bar, advance=1, note="; ".join([*note, *pace]))

    def remark(self, remark: str) -> None:
        """Something that the user should know has come up."""
        self._bars.console.print(remark)

    def part(self, description: str) -> None:
        """A part of a reproduction starts or goes on."""
        self._best = float("-inf")
        self._bars.console.print(description)

    def counted(self, part: str, what: str, done: int, total: int) -> None:
        """One more of what a part has to do is done."""
        left = ""
        if part != self._counted:
            self._start_bar(part, total, done)
            self._counted, self._first, self._since = part, done, time.perf_counter()
        else:
            assert self._bar is not None
            self._bars.update(self._bar, completed=done)
            pace = (time.perf_counter() - self._since) / max(done - self._first, 1)
            left = f"  left {duration(pace * (total - done))}"
        self._bars.console.print(f"{done:>4}/{total}  {what}{left}")

    def _start_bar(self, description: str, total: int | None, done: int = 0) -> None:
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._bar = self._bars.add_task(description, total=total, completed=done, note="")

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
    shown = shown_scores(measurement.metric)[:2]
    return "  ".join(f"{s.label} {s.written_of(measurement, error=False)}" for s in shown)
