"""What is known of a student before it is trained, and whether a space has any that may be."""

import psutil
from numpy.random import default_rng

from kdnas.config import Config
from kdnas.errors import SpaceExhausted, UserError
from kdnas.space import Accept, Cost, Genotype, NetworkShape, random_edits, random_uniform

_TRAINED_BYTES = 16
"""Of a parameter: its float32 value, its gradient, and the two moments of Adam."""


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
        UserError: None was found among the draws; the message names the smallest.
    """
    within, memory = within_limits(config, shape), psutil.virtual_memory().total
    drawn: list[Cost] = []

    def accept(genotype: Genotype) -> bool:
        cost = config.space.cost(genotype, shape, config.student.max_length)
        drawn.append(cost)
        return within(genotype) and _TRAINED_BYTES * cost.parameters < memory

    rng = default_rng(config.search.seed)
    for draw in (random_edits, random_uniform):
        try:
            return draw(config.space, rng, accept=accept).architecture
        except SpaceExhausted:
            continue
    raise UserError(_none(config, drawn, memory))


def _none(config: Config, drawn: list[Cost], memory: int) -> str:
    """Say which limit no student of the draws keeps."""
    limits, least = config.constraints, min(drawn, key=lambda cost: cost.parameters)
    embedding = least.parameters - least.block_parameters
    if limits.max_parameters is not None and least.parameters > limits.max_parameters:
        return (
            f"constraints.max_parameters = {limits.max_parameters}: the smallest of {len(drawn)}"
            f" students drawn has {least.parameters} parameters, {embedding} of them in its"
            " embedding; raise it, or allow smaller students in the section space"
        )
    flops = min(cost.flops for cost in drawn)
    if limits.max_flops is not None and flops > limits.max_flops:
        return (
            f"constraints.max_flops = {limits.max_flops}: the quickest of {len(drawn)} students"
            f" drawn takes {flops}; raise it, or allow smaller students in the section space"
        )
    if _TRAINED_BYTES * least.parameters >= memory:
        return (
            f"the smallest of {len(drawn)} students drawn has {least.parameters} parameters: its"
            f" training takes {_TRAINED_BYTES * least.parameters / 1e9:.0f} GB, and this machine"
            f" has {memory / 1e9:.0f}; lower space.widths or space.repeats"
        )
    return (
        f"no student of {len(drawn)} drawn keeps to constraints.max_parameters and"
        " constraints.max_flops at once; raise one of them"
    )
