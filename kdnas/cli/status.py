"""`kdnas status`: how a run gets on, from another terminal."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from kdnas.cli.options import JsonOption, RunArgument

if TYPE_CHECKING:
    from kdnas.lock import Holder
    from kdnas.status import Status


def status(run: RunArgument, as_json: JsonOption = False) -> None:
    """Say whether a run is going on, how far it is, and how long it will take.

    Example: kdnas status runs/quickstart
    """
    from kdnas.archive import Archive
    from kdnas.cli.output import print_json, results
    from kdnas.lock import holder_of
    from kdnas.run_folder import RunFolder
    from kdnas.status import read_status

    folder = RunFolder(run)
    with Archive.read(folder.archive) as archive:
        finished = bool(archive.meta("finished"))
    holder, last = holder_of(run), read_status(run)
    state = _state(holder, finished)
    if as_json:
        told = asdict(last) if last else {}
        print_json([{"state": state, "holder": holder and asdict(holder), **told}])
        return
    say = results().print
    say(f"{run}: {state}", markup=False, soft_wrap=True)
    if last and not finished:
        for line in _lines(last, running=state.startswith("running")):
            say(line, soft_wrap=True)


def _state(holder: "Holder | None", finished: bool) -> str:
    if finished:
        return "finished"
    if holder is None:
        return "not running; go on with --resume"
    if holder.runs is False:
        return f"{holder} is gone; go on with --resume"
    return f"running, {holder}"


def _lines(last: "Status", *, running: bool) -> list[str]:
    from kdnas.cli.output import duration

    count = f" {last.done} of {last.total}" if last.total else ""
    failed = ", ".join(f"{n} {kind}" for kind, n in sorted(last.failed.items()))
    lines = [f"stage {last.stage}{count}" + (f", failed: {failed}" if failed else "")]
    if running and last.slots:
        lines.append(f"workers: {last.busy} busy, {last.slots - last.busy} idle")
    if running and last.seconds_left is not None:
        left = duration(last.seconds_left)
        lines.append(f"{last.per_hour:.0f} students an hour, {left} left")
    return [*lines, f"updated {duration(max(time.time() - last.updated, 0))} ago"]
