"""pymoo's view of the evolution operations: the contract of all, then what each one does."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from pymoo.core.population import Population
from strategies import SMALL_SPACES, some_architectures

from kdnas.operators import (
    EditSampling,
    Evolution,
    EvoMutation,
    KeyElimination,
    UniformCrossover,
    unseen,
)
from kdnas.problems import TOY_SPACE, StudentProblem
from kdnas.space import PAPER_SPACE, Architecture, distance, random_uniform

PROBLEM = StudentProblem(("accuracy", "parameters"), floor=0.0)
FOUR = some_architectures(4)


def everything(arch: Architecture) -> bool:
    return True


def nothing(arch: Architecture) -> bool:
    return False


def small(arch: Architecture) -> bool:
    return len(arch.edges) <= 8


def column(archs: list[Architecture]) -> np.ndarray:
    x = np.empty((len(archs), 1), dtype=object)
    x[:, 0] = archs
    return x


def crossing(prob: float) -> UniformCrossover:
    return UniformCrossover(PAPER_SPACE, prob)


OPERATORS = {
    "sampling": (EditSampling(replace(PAPER_SPACE, repair="mixed"), small), 6, (6, 1)),
    "crossover": (
        UniformCrossover(PAPER_SPACE, 1.0),
        np.stack([column(FOUR), column(FOUR[::-1])]),
        (1, 4, 1),
    ),
    "mutation": (EvoMutation(PAPER_SPACE, everything), column(FOUR), (4, 1)),
}


@pytest.mark.parametrize("name", OPERATORS)
class TestContract:
    """What all operators keep to."""

    def run(self, name: str, seed: int) -> np.ndarray:
        operator, given, _ = OPERATORS[name]
        return operator._do(PROBLEM, given, random_state=np.random.default_rng(seed))

    def test_results_are_architectures_of_the_space(self, name):
        result = self.run(name, 0)
        assert result.dtype == object
        assert result.shape == OPERATORS[name][2]
        assert all(arch in PAPER_SPACE for arch in result.flat)

    def test_inputs_stay_as_they_are(self, name):
        given = OPERATORS[name][1]
        before = copy.deepcopy(given)
        self.run(name, 0)
        assert np.array_equal(np.array(given), np.array(before))

    def test_equal_generators_give_equal_results(self, name):
        first, same, other = (self.run(name, seed).ravel().tolist() for seed in (1, 1, 2))
        assert first == same != other

    def test_the_generator_has_to_be_given(self, name):
        operator, given, _ = OPERATORS[name]
        with pytest.raises(TypeError, match="random_state"):
            operator._do(PROBLEM, given)


def test_a_sample_has_different_acceptable_members(rng):
    archs = EditSampling(TOY_SPACE, small)._do(PROBLEM, 60, random_state=rng)[:, 0]
    assert len({arch.key for arch in archs}) == 60
    assert all(small(arch) for arch in archs)


def test_a_sample_of_an_exhausted_space_is_smaller(rng):
    space = SMALL_SPACES["one value each"]  # its networks differ in their graphs only
    keys = {random_uniform(space, rng).architecture.key for _ in range(20)}
    few = EditSampling(space, lambda arch: arch.key in keys)
    archs = few._do(PROBLEM, 50, random_state=rng)
    assert 0 < len(archs) <= len(keys)
    assert archs.shape == (len(archs), 1)
    none = EditSampling(space, nothing)
    assert none._do(PROBLEM, 50, random_state=rng).shape == (0, 1)


def test_a_crossing_takes_genes_from_its_own_two_parents(rng):
    a, b = np.stack([column(FOUR), column(FOUR[::-1])])
    children = UniformCrossover(PAPER_SPACE, 1.0)._do(PROBLEM, np.stack([a, b]), random_state=rng)
    for i, child in enumerate(children[0, :, 0]):
        parents = a[i, 0], b[i, 0]
        assert child.repeats in {p.repeats for p in parents}
        assert all(child.nodes[v] in {p.nodes[v] for p in parents} for v in range(4))
        assert child not in parents


@pytest.mark.parametrize("prob", [0.0, 1.0])
def test_the_probability_of_a_crossing(prob, rng):
    parents = Population.new("X", column(FOUR))
    pairs = parents[[[0, 1], [2, 3], [1, 2]]]
    children = UniformCrossover(PAPER_SPACE, prob).do(PROBLEM, pairs, random_state=rng)
    for child, pair in zip(children, pairs, strict=True):
        assert any(child.X[0] is parent.X[0] for parent in pair) == (prob == 0.0)


def test_a_mutant_is_a_neighbour(rng):
    mutation = EvoMutation(PAPER_SPACE, small)
    parents = column([arch for arch in some_architectures(30) if small(arch)])
    children = mutation._do(PROBLEM, parents, random_state=rng)
    for parent, child in zip(parents[:, 0], children[:, 0], strict=True):
        assert child.key != parent.key
        assert 0 < distance(child, parent) <= 3
        assert small(child)
    assert set(mutation.operations) <= {"repeats", "width", "edge", "property"}
    assert len(set(mutation.operations)) > 1


def test_without_an_acceptable_neighbour_nothing_is_mutated(rng):
    blocked = EvoMutation(PAPER_SPACE, nothing)
    children = blocked._do(PROBLEM, column(FOUR), random_state=rng)
    assert all(child is parent for child, parent in zip(children[:, 0], FOUR, strict=True))
    assert blocked.operations == [None] * 4


def test_unseen_reads_the_set_at_every_call():
    seen: set[str] = set()
    new = unseen(seen, small)
    arch = next(arch for arch in FOUR if small(arch))
    assert new(arch)
    seen.add(arch.canonical().key)
    assert not new(arch)
    large = next(arch for arch in some_architectures(50) if not small(arch))
    assert not new(large)


def test_duplicates_of_the_run_the_batch_and_others_are_dropped():
    a, b, c, d = FOUR
    relabelled = b.canonical()
    batch = Population.new("X", column([a, b, relabelled, c, d]))
    others = Population.new("X", column([c]))
    kept = KeyElimination({a.key}).do(batch, others)
    assert [ind.X[0] for ind in kept] == [b, d]


def first_parents(problem, pop, n_select, n_parents, **kwargs):
    """A selection of fixed pairs: (0, 1), (1, 2), ..."""
    return pop[[[i % len(pop), (i + 1) % len(pop)] for i in range(n_select)]]


def population() -> Population:
    pop = Population.new("X", column(FOUR))
    for birth, individual in enumerate(pop, 10):
        individual.set("birth", birth)
    return pop


@pytest.mark.parametrize("prob", [0.0, 1.0])
def test_children_remember_their_origin(prob, rng):
    seen = {arch.key for arch in FOUR}
    mutation = EvoMutation(PAPER_SPACE, unseen(seen, everything))
    mating = Evolution(
        first_parents,
        UniformCrossover(PAPER_SPACE, prob),
        mutation,
        eliminate_duplicates=KeyElimination(seen),
    )
    parents = population()
    children = mating.do(PROBLEM, parents, 12, random_state=rng)
    assert len(children) == 12
    assert len({child.X[0].key for child in children} | seen) == 16
    for child in children:
        births = child.get("parents")
        words = child.get("operation").split("+")
        assert words[-1] in {"repeats", "width", "edge", "property"}
        if prob:
            assert words[0] == "crossover"
            assert len(births) == 2
        else:
            assert len(words) == len(births) == 1
            assert distance(child.X[0], parents[births[0] - 10].X[0]) <= 3
    assert [ind.X[0] for ind in parents] == FOUR


def test_children_without_a_new_neighbour_are_left_out(rng):
    mutation = EvoMutation(PAPER_SPACE, nothing)
    mating = Evolution(first_parents, crossing(1.0), mutation, n_max_iterations=2)
    assert len(mating.do(PROBLEM, population(), 4, random_state=rng)) == 0
