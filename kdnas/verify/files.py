"""Whether the files beside the archive can be read and belong to it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kdnas.offline import content_hash
from kdnas.verify.problem import Problem, one_line

_STATE = ("status.json", "lock.json")


def state_problems(folder: Path) -> Iterator[Problem]:
    """The files that say how the run gets on are JSON, where they are there."""
    for name in _STATE:
        try:
            json.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            advice = "if no process uses the folder, delete it"
            yield Problem(name, f"cannot be read as JSON ({one_line(error)}): {advice}")


def tokenizer_problems(folder: Path, checksum: str | None) -> Iterator[Problem]:
    """Yield that the tokenizer of the students is not the one that was recorded, where it is there.

    Args:
        folder: Of the tokenizer.
        checksum: Its SHA-256; None where none is recorded yet.
    """
    if checksum is None or not folder.exists():
        return
    try:
        found = content_hash(folder)
    except OSError as error:
        yield Problem(folder.name, f"cannot be read ({one_line(error)})")
        return
    if found != checksum:
        advice = "delete it, `kdnas export` takes the teacher's instead"
        yield Problem(folder.name, f"is damaged, by its checksum: {advice}")


def weight_problems(
    paths: Iterable[Path], checksums: Mapping[str, str | None] | None
) -> Iterator[Problem]:
    """Yield the weights that belong to no trial of the store or are not those of its result.

    Args:
        paths: The files; they were there before the store was read, since a run that goes on may
            write others meanwhile.
        checksums: SHA-256 by the name of the file, None where the trial has no result; None if the
            store could not be read.
    """
    for path in paths:
        message = ""
        if checksums is not None and path.stem not in checksums:
            message = "belongs to no student of the archive: delete it"
        elif checksums and checksums[path.stem]:
            message = wrong_weights(path, checksums[path.stem])
        if message:
            yield Problem(f"{path.parent.name}/{path.name}", message)


def wrong_weights(path: Path, checksum: str | None) -> str:
    """Return what is wrong with a file of weights; empty where nothing is."""
    if not path.exists():
        return ""  # deleted meanwhile, as weights are that a run no longer needs
    try:
        found = content_hash(path)
    except OSError as error:
        return f"cannot be read ({one_line(error)})"
    if checksum and found != checksum:
        return "is damaged, by its checksum: delete it, it is trained again if needed"
    return ""
