"""Students of any space: attempts of its own draws, until one is new and acceptable."""

from collections.abc import Callable
from typing import Any

from numpy.random import Generator

from kdnas.errors import SpaceExhausted
from kdnas.space.protocol import Edit, Genotype, Space

Accept = Callable[[Any], bool]
"""A condition on a genotype, such as not seen before or not too large."""

DRAWS = 100
"""Attempts before a space is called exhausted."""

MOST_EDITS = 10
"""An initial student is 1 to this many edits away from a simplest one."""


def mutate(
    genotype: Genotype, space: Space[Any], rng: Generator, *, accept: Accept = lambda _: True
) -> Edit:
    """Return an acceptable neighbour of `genotype` with another key.

    Raises:
        SpaceExhausted: `DRAWS` attempts gave nothing acceptable.
    """
    for _ in range(DRAWS):
        edit = space.edit(genotype, rng)
        if edit and edit.architecture.key != genotype.key and accept(edit.architecture):
            return edit
    raise SpaceExhausted(f"no new neighbour of {genotype} in {DRAWS} draws")


def random_edits(space: Space[Any], rng: Generator, *, accept: Accept = lambda _: True) -> Edit:
    """Return an initial individual: 1 to 10 random operations from a simplest student.

    Raises:
        SpaceExhausted: `DRAWS` attempts gave nothing acceptable.
    """

    def draw() -> Genotype:
        genotype = space.start(rng)
        for _ in range(int(rng.integers(1, MOST_EDITS + 1))):
            genotype = mutate(genotype, space, rng).architecture
        return genotype

    return Edit(_acceptable(draw, accept), "initial")


def random_uniform(space: Space[Any], rng: Generator, *, accept: Accept = lambda _: True) -> Edit:
    """Return a uniform draw of the space.

    Raises:
        SpaceExhausted: `DRAWS` attempts gave nothing acceptable.
    """
    return Edit(_acceptable(lambda: space.uniform(rng), accept), "uniform")


def _acceptable(draw: Callable[[], Genotype], accept: Accept) -> Genotype:
    for genotype in (draw() for _ in range(DRAWS)):
        if accept(genotype):
            return genotype
    raise SpaceExhausted(f"no acceptable architecture in {DRAWS} draws")
