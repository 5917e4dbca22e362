"""Reading pickles that hold plain values only: a pickle could name any code to be run."""

import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

_KINDS = {
    ("builtins", "dict"): dict,
    ("__builtin__", "dict"): dict,
    ("collections", "defaultdict"): defaultdict,
}


class _PlainUnpickler(pickle.Unpickler):
    """Knows dicts by name; lists, texts and numbers need none."""

    def find_class(self, module: str, name: str) -> Any:
        """One of the dicts."""
        if (module, name) not in _KINDS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _KINDS[module, name]


def read_plain_pickle(path: Path) -> Any:
    """The value of a pickle of dicts, lists, texts and numbers.

    Raises:
        ValueError: It is damaged, or holds something else.
    """
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file).load()
    # A damaged pickle can end in nearly any of them.
    except (pickle.UnpicklingError, EOFError, OSError, LookupError, TypeError, ValueError,
            AttributeError, OverflowError, MemoryError) as error:  # fmt: skip
        raise ValueError(f"{path.name}: no pickle of plain values ({error})") from error
