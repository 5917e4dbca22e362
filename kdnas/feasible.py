"""What is known of a student before it is trained, and whether a space has any that may be."""

from collections.abc import Callable, Sequence

import psutil
from numpy.random import default_rng

from kdnas.config import Config
from kdnas.errors import SpaceExhausted, UserError
from kdnas.resources import vocabulary
from kdnas.space import Accept, Cost, Genotype, NetworkShape, random_edits, random_uniform

_TRAINED_BYTES = 16
"""Of a parameter: its float32 value, its gradient, and the two moments of Adam."""

_FRUITLESS = 1000
"""Edits that find nothing smaller, after which nothing smaller is looked for."""


def within_limits(config: Config, shape: NetworkShape) -> Accept:
    """The section `constraints` as a condition on students.

    Args:
        config: The run.
        shape: What the sizes of students depend on besides their architectures.
    """
    limits, length = config.constraints, config.student.max_length

    def accept(genotype: Genotype) -> bool:
        cost = config.space.cost(genotype, shape, length)
        return (limits.max_parameters is None or cost.parameters <= limits.max_parameters) and (
            limits.max_flops is None or cost.flops <= limits.max_flops
        )

    return accept


def require_possible(config: Config, shape: NetworkShape) -> Genotype:
    """Return a first student that keeps to the limits and can be trained in this machine's memory.

    A search begins with such draws; where they give none, it is better said before the teacher is
    trained.

    Raises:
        UserError: None was found among the draws; the message names the limit and the smallest.
    """
    within, memory = within_limits(config, shape), psutil.virtual_memory().total
    drawn: list[Genotype] = []

    def accept(genotype: Genotype) -> bool:
        drawn.append(genotype)
        cost = config.space.cost(genotype, shape, config.student.max_length)
        return within(genotype) and _TRAINED_BYTES * cost.parameters < memory

    rng = default_rng(config.search.seed)
    for draw in (random_edits, random_uniform):
        try:
            return draw(config.space, rng, accept=accept).architecture
        except SpaceExhausted:
            continue
    raise UserError(_none(config, shape, drawn, memory))


def require_possible_beforehand(config: Config) -> None:
    """Refuse limits that no student can meet, before data and teacher are there.

    What is not known yet, such as the classes, is taken at its smallest.

    Raises:
        UserError: As `require_possible` does.
    """
    require_possible(config, config.student.shape(vocabulary(config.teacher.model), 2))


def _none(config: Config, shape: NetworkShape, drawn: Sequence[Genotype], memory: int) -> str:
    """Say which limit no student of the draws keeps, and what the smallest in the space takes."""
    limits, count = config.constraints, len(drawn)
    none = f"none of {count} students drawn keeps to it, and"
    least = _smallest(config, shape, drawn, lambda cost: cost.parameters)
    embedding = least.parameters - least.block_parameters
    if limits.max_parameters is not None and least.parameters > limits.max_parameters:
        return (
            f"constraints.max_parameters = {limits.max_parameters}: {none} the smallest of the"
            f" space has at least {least.parameters} parameters, {embedding} of them in its"
            " embedding; raise it, or allow smaller students in the section space"
        )
    flops = _smallest(config, shape, drawn, lambda cost: cost.flops).flops
    if limits.max_flops is not None and flops > limits.max_flops:
        return (
            f"constraints.max_flops = {limits.max_flops}: {none} the quickest of the space takes at"
            f" least {flops}; raise it, or allow smaller students in the section space"
        )
    if _TRAINED_BYTES * least.parameters >= memory:
        return (
            f"the smallest student of the space has {least.parameters} parameters: its training"
            f" takes {_TRAINED_BYTES * least.parameters / 1e9:.0f} GB, and this machine has"
            f" {memory / 1e9:.0f}; lower space.widths or space.repeats"
        )
    return (
        f"none of {count} students drawn keeps to the limits: the smallest of the space has"
        f" {least.parameters} parameters, the quickest takes {flops} operations; raise"
        " constraints.max_parameters or constraints.max_flops"
    )


def _smallest(
    config: Config,
    shape: NetworkShape,
    drawn: Sequence[Genotype],
    size: Callable[[Cost], int],
) -> Cost:
    """The least cost of a student, found by edits that go down from the smallest drawn."""
    space, rng = config.space, default_rng(config.search.seed)

    def cost(genotype: Genotype) -> Cost:
        return space.cost(genotype, shape, config.student.max_length)

    at = min(drawn, key=lambda genotype: size(cost(genotype)))
    least, fruitless = cost(at), 0
    while fruitless < _FRUITLESS:
        fruitless += 1
        edit = space.edit(at, rng)
        if edit is None:
            continue
        found = cost(edit.architecture)
        if size(found) < size(least):
            fruitless = 0
        if size(found) <= size(least):
            at, least = edit.architecture, found
    return least
