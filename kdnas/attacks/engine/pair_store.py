"""Similarities of pairs of sentence windows, kept on disk for every student and every process."""

import sqlite3
import warnings
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

from kdnas.cache import WAY_OUT, make_folder

MOST_PAIRS = 1_000_000
"""The most pairs that are kept, in memory (about 100 bytes each) and on disk."""


class PairStore:
    """A number for each pair of texts; values of other processes arrive with `sync`.

    Only what can be computed again is kept here, so a damaged file is replaced by an empty one.

    Args:
        path: The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[int, float] = {}
        self._new: dict[int, float] = {}
        self._last_row = 0
        self.sync()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, a: str, b: str) -> float | None:
        """The value of the pair (a, b)."""
        return self._values.get(_key(a, b))

    def put(self, a: str, b: str, value: float) -> None:
        """Keep the value of a pair, unless the store is full."""
        if len(self._values) < MOST_PAIRS:
            key = _key(a, b)
            self._values[key] = self._new[key] = value

    def sync(self) -> None:
        """Write what is new and read what others wrote."""
        try:
            make_folder(self._path.parent)
            self._exchange()
        # Locked, read-only, no room: nothing is lost.
        except (OSError, sqlite3.OperationalError) as error:
            warnings.warn(
                f"cannot write {self._path} ({error}): similarities are not shared; {WAY_OUT}",
                stacklevel=2,
            )
        except sqlite3.DatabaseError as error:
            warnings.warn(f"damaged {self._path} ({error}): started anew", stacklevel=2)
            self._path.unlink(missing_ok=True)
            self._last_row = 0

    def _exchange(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=10)) as file, file:
            file.execute("CREATE TABLE IF NOT EXISTS pairs (key INTEGER UNIQUE, value REAL)")
            file.executemany("INSERT OR IGNORE INTO pairs VALUES (?, ?)", self._new.items())
            query = "SELECT rowid, key, value FROM pairs WHERE rowid > ? ORDER BY rowid"
            for row, key, value in file.execute(query, (self._last_row,)):
                if len(self._values) >= MOST_PAIRS and key not in self._values:
                    break
                self._values.setdefault(key, value)
                self._last_row = row
        self._new.clear()


def _key(a: str, b: str) -> int:
    """64 bits of a hash: among a million pairs two are alike with a chance of 3e-8."""
    text = f"{a}\0{b}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
