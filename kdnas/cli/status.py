"""`kdnas status`: how a run gets on, from another terminal."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdnas.cli.options import JsonOption, RunArgument

if TYPE_CHECKING:
    from kdnas.runs.holder import Holder, State
    from kdnas.runs.status import Status


def status(run: RunArgument, as_json: JsonOption = False) -> None:
    """Say whether a run is going on, how far it is, and how long it will take.

    Of a reproduction: of each of its searches, and how many models are there; of a comparison of
    several tasks, how many of each.

    Example: kdnas status runs/quickstart
    """
    from kdnas.cli.output import print_json, results
    from kdnas.runs import MODELS_FILE
    from kdnas.study import is_of_tasks

    if is_of_tasks(run):
        told = [_models(archive.parent) for archive in sorted(run.glob(f"*/{MODELS_FILE}"))]
    elif not (run / MODELS_FILE).is_file():
        told = [_search(run)]
    else:
        told = [_search(archive.parent) for archive in sorted(run.glob("*/archive.sqlite"))]
        told.append(_models(run))
    if as_json:
        print_json([{k: v for k, v in each.items() if k != "lines"} for each in told])
        return
    for each in told:
        for line in each["lines"]:
            results().print(line)


def _search(run: Path) -> dict[str, Any]:
    """The state of a search, and the lines that say it."""
    from kdnas.runs import Archive, RunFolder
    from kdnas.runs.holder import holder_of, state_of
    from kdnas.runs.status import read_status

    with Archive.read(RunFolder(run).archive) as archive:
        finished = bool(archive.meta("finished"))
    holder, last = holder_of(run), read_status(run)
    state = "finished" if finished else _state(holder, state_of(run))
    lines = [f"{run}: {state}"]
    if last and not finished:
        lines += _lines(last, running=state.startswith("running"))
    told = asdict(last) if last else {}
    return {"state": state, "holder": holder and asdict(holder), **told, "lines": lines}


def _models(run: Path) -> dict[str, Any]:
    """How far the trainings of a reproduction are."""
    from kdnas.cli.output import counted
    from kdnas.runs import MODELS_FILE, ModelArchive
    from kdnas.runs.holder import holder_of, state_of

    with ModelArchive.read(run / MODELS_FILE) as archive:
        done, planned = len(archive.models()), archive.meta("trainings")
    holder = holder_of(run)
    state = _state(holder, state_of(run)) if holder else "nobody works on it"
    of = f"{done} of {counted(planned, 'model')}" if planned else counted(done, "model")
    return {
        "state": state,
        "holder": holder and asdict(holder),
        "models": done,
        "planned": planned,
        "lines": [f"{run}: {state}", f"{of} trained and attacked"],
    }


def _state(holder: "Holder | None", state: "State") -> str:
    if state == "held":
        return f"running, {holder or 'a process that begins'}"
    if holder is None or state == "free":
        return "not running; go on with --resume"
    if state == "gone":
        return f"{holder} is gone; go on with --resume"
    return f"{holder} gives no sign of life; if you know that it is gone, add --take-over"


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
