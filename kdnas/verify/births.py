"""Whether the students are those that the search can have proposed."""

import json
import sqlite3
from collections.abc import Iterator, Sequence

from kdnas.errors import UserError
from kdnas.registry import UnknownPart
from kdnas.seeds import derived_seed
from kdnas.space import read_genotype
from kdnas.verify.problem import Problem


def numbering_problems(students: Sequence[sqlite3.Row]) -> Iterator[Problem]:
    """Births are 0 to n - 1 and no network is proposed twice; `students` are in birth order."""
    for expected, row in enumerate(students):
        if row["birth"] != expected:
            yield Problem(f"birth {expected}", f"is missing; birth {row['birth']} is in its place")
            break
    first: dict[str, int] = {}
    for row in students:
        earlier = first.setdefault(row["key"], row["birth"])
        if earlier != row["birth"]:
            yield Problem(f"birth {row['birth']}", f"has the key of birth {earlier}, {row['key']}")


def identity_problems(row: sqlite3.Row, run_seed: int | None) -> list[str]:
    """Whether key, parents and training seed are what architecture and run make of them.

    Args:
        row: Of the table of evaluations.
        run_seed: The run's; None where it is not known.
    """
    found = []
    if not _are_earlier(row["parents"], row["birth"]):
        found.append(f"its parents {row['parents']} are no earlier births")
    try:
        key = read_genotype(row["architecture"]).key
    except UnknownPart:  # its code is not here, so that its key cannot be counted again
        key = row["key"]
    except UserError as error:
        return [*found, f"its architecture cannot be read: {error}"]
    if row["key"] != key:
        return [*found, f"its key is {row['key']}, but its architecture's is {key}"]
    seed = derived_seed(run_seed, key, 0)
    if run_seed is not None and row["seed"] != seed:
        found.append(f"its seed is {row['seed']!r}, but its key and the run's seed give {seed}")
    return found


def _are_earlier(text: object, birth: int) -> bool:
    try:
        parents = json.loads(str(text))
    except ValueError:
        return False
    return isinstance(parents, list) and all(type(p) is int and 0 <= p < birth for p in parents)
