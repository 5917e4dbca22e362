"""Whether parameters and operations are those of the architecture."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kdnas.config import Config
from kdnas.space import (
    Architecture,
    NetworkShape,
    count_block_parameters,
    count_flops,
    count_parameters,
)
from kdnas.verify.problem import Problem


def size_problems(rows: Sequence[sqlite3.Row], config: Config) -> Iterator[Problem]:
    """Where the sizes of evaluated, otherwise sound students do not follow from what they are.

    The size of the vocabulary is not recorded. Each student's parameters imply it, and all have
    the same.
    """
    vocabularies = {row["birth"]: _vocabulary(row, config) for row in rows}
    usual = Counter(filter(None, vocabularies.values())).most_common(1)
    words = usual[0][0] if usual else 1
    for row in rows:
        place, found = f"birth {row['birth']}", vocabularies[row["birth"]]
        arch = Architecture.from_json(row["architecture"])
        shape = replace(_shape(row, config), vocabulary=words)
        parameters = count_parameters(arch, shape)
        blocks = count_block_parameters(arch, shape)
        flops = count_flops(arch, shape, config.student.max_length)
        if found != words:
            yield Problem(
                place,
                f"its parameters are {row['parameters']}; its architecture has {parameters} with"
                f" the vocabulary of the other students, {words} words",
            )
        if row["block_parameters"] != blocks:
            message = f"its block_parameters are {row['block_parameters']}; its architecture has"
            yield Problem(place, f"{message} {blocks}")
        if row["flops"] != flops:
            yield Problem(place, f"its flops are {row['flops']}; its architecture has {flops}")


def _vocabulary(row: sqlite3.Row, config: Config) -> int | None:
    """The size of the vocabulary that the parameters imply; None where they fit none."""
    arch = Architecture.from_json(row["architecture"])
    least = count_parameters(arch, _shape(row, config))
    words, rest = divmod(row["parameters"] - least, arch.width)
    return words + 1 if words >= 0 and not rest else None


def _shape(row: sqlite3.Row, config: Config) -> NetworkShape:
    """The shape of the run's networks with one word."""
    return config.student.shape(vocabulary=1, classes=len(json.loads(row["totals"])))
