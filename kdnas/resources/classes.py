"""The classes that a saved classifier tells apart, beside those of a task, by its `config.json`."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from kdnas.errors import UserError
from kdnas.resources.models import files_of

UNNAMED = re.compile(r"LABEL_\d+")
"""What transformers calls the classes of a head that nobody named."""

_CUT = re.compile(r"cut:[\d+]+:")


def model_of(word: str) -> str:
    """The model that a student of a comparison begins from; "" for others.

    Args:
        word: As in the setting `compare.students`.
    """
    if word.startswith("hub:"):
        return word.removeprefix("hub:")
    name = _CUT.sub("", word)
    return name if (Path(name) / "config.json").is_file() else ""


def order_of(own: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """The place of each wanted class among a model's own; None where they are not the same."""
    for read in (str, str.lower):
        places = {read(label): i for i, label in enumerate(own)}
        order = [places.get(read(label), -1) for label in wanted]
        if sorted(order) == list(range(len(own))):
            return order
    return None


def other_heads(students: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """A line on the head of each student that begins from a finished classifier of other classes.

    Args:
        students: Words of the setting `compare.students`; a teacher goes by its model's name.
        wanted: The classes of the task; one name where labels are numbers.

    Raises:
        UserError: A student keeps the head with its layers.
    """
    said = []
    for word in students:
        own = _classes(model_of(word) or word)
        if not own or _fits(own, wanted):
            continue
        told = f"{word} was trained to tell {_told(own)}, the task has {_told(wanted)}"
        if _CUT.match(word):
            raise UserError(
                f"{told}, and layers that are cut out keep the head: cut them out of a classifier"
                " of these classes, or name the whole folder, which begins with a new head"
            )
        kept = len(own) == len(wanted)
        said.append(f"{told}: {'its head stays, class by class' if kept else 'its head is new'}")
    return said


def _classes(name: str) -> tuple[str, ...]:
    """The classes of a finished classifier; none where the files of a model do not say of any."""
    try:
        config = json.loads((files_of(name) / "config.json").read_bytes())
        finished = any(str(each).endswith("ForSequenceClassification")
                       for each in config["architectures"])  # fmt: skip
        named = config.get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})  # not written where usual
        numbered = sorted((int(number), str(label)) for number, label in named.items())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, UserError):
        return ()
    return tuple(label for _, label in numbered) if finished else ()


def _fits(own: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a head serves a task: its classes are the same, or nobody named as many."""
    if len(own) != len(wanted):
        return False
    unnamed = all(map(UNNAMED.fullmatch, own))
    return unnamed or len(wanted) == 1 or order_of(own, wanted) is not None


def _told(classes: Sequence[str]) -> str:
    return "a number" if len(classes) == 1 else ", ".join(classes)
