"""What pymoo is given to minimise; the toy problem, whose front is proved by going through all."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moocore import is_nondominated
from pymoo.core.evaluator import Evaluator
from pymoo.core.population import Population
from strategies import architectures, some_architectures
from toy_runs import evaluated, values

from kdnas.metrics import ACCURACY, METRICS, PARAMETERS, ROBUSTNESS, Metric, fitness
from kdnas.problems import TOY_BEST_FITNESS, TOY_SPACE, StudentProblem, toy_evaluate, toy_front
from kdnas.records import AttackOutcome, Evaluation, Failure, Job, Report
from kdnas.space import PAPER_SPACE, Architecture, Node, Op, Output, valid_edge_sets
from kdnas.space.dag import active_nodes

FAILED = Failure("oom", "no memory")


def toy(arch: Architecture) -> Evaluation:
    return evaluated(Job(0, arch, seed=0))


def all_toy_architectures() -> Iterator[Architecture]:
    """Every genotype of the toy space, but for the genes of unconnected nodes."""
    rows = [Node(op, 128, "add", a) for op in TOY_SPACE.ops for a in TOY_SPACE.activations]
    outputs = [Output("add", activation) for activation in TOY_SPACE.activations]
    for edges in valid_edge_sets(TOY_SPACE.nodes):
        active = active_nodes(edges, TOY_SPACE.nodes)
        for chosen in product(rows, repeat=len(active)):
            nodes = [rows[0]] * TOY_SPACE.nodes
            for vertex, row in zip(active, chosen, strict=True):
                nodes[vertex - 1] = row
            for repeats, output in product(TOY_SPACE.repeats, outputs):
                yield Architecture(repeats, 128, edges, tuple(nodes), output)


@pytest.fixture(scope="module")
def everything() -> list[Evaluation]:
    """The different evaluations of the toy space."""
    return list({values([e])[0]: e for e in map(toy, all_toy_architectures())}.values())


def test_the_toy_front_is_the_front_of_all_networks(everything):
    points = values(everything)
    costs = np.array([(-a, -r, p) for a, r, p in points])
    front = {points[i] for i in np.flatnonzero(is_nondominated(costs))}
    assert front == toy_front()
    assert len(front) == 12
    assert len(points) == 4 * (4 + 6 + 8)  # blocks, misfits of 1, 2 and 3 nodes


def test_the_best_fitness_is_the_best_of_all_networks(everything):
    best = max(everything, key=fitness)
    assert fitness(best) == pytest.approx(TOY_BEST_FITNESS, abs=1e-9)
    assert values([best])[0] in toy_front()


def test_no_toy_student_is_degenerate(everything):
    assert not any(evaluation.search.degenerate for evaluation in everything)


@given(architectures(TOY_SPACE))
def test_a_network_without_misfits_is_better(arch):
    """The search has something to gain: suited layers and activations dominate all others."""

    def suited(vertex: int) -> Node:
        op = Op("conv", 3) if 0 in arch.sources(vertex) else Op("attention", 4)
        return Node(op, 128, "add", "swish")

    nodes = tuple(suited(v) if v in arch.active else arch.nodes[v - 1] for v in (1, 2, 3))
    best = toy(replace(arch, nodes=nodes, output=Output("add", "swish")))
    here = toy(arch)
    assert values([best])[0] in toy_front()
    assert best.parameters == here.parameters
    gains = (
        best.search.accuracy - here.search.accuracy,
        best.search.robustness - here.search.robustness,
    )
    assert gains[0] == pytest.approx(gains[1])
    same = (arch.canonical().nodes, arch.output) == (
        replace(arch, nodes=nodes).canonical().nodes, Output("add", "swish")
    )  # fmt: skip
    assert (gains[0] == 0) == same


@given(architectures(PAPER_SPACE), st.sampled_from(["search", "report"]))
def test_equal_keys_are_equal_toy_students(arch, stage):
    """Also in the paper's space, where counts stay counts: none negative, none over the total."""
    result, same = (toy_evaluate(Job(0, a, seed=0, stage=stage)) for a in (arch, arch.canonical()))
    assert result == same
    measurement = result.measurement if isinstance(result, Report) else result.search
    attack = measurement.attack
    assert measurement.texts == sum(measurement.predicted) == len(result.predictions) == 1000
    assert attack.texts == len(result.texts) == 250
    assert measurement.accuracy == pytest.approx(attack.accuracy, abs=2 / 250)
    counted = [i % 2 == guess for i, guess in enumerate(result.predictions)]
    assert measurement.accuracy == sum(counted) / 1000
    assert attack == AttackOutcome.of(result.texts, 2)


def minimised(
    results: list[Evaluation | Failure], objectives: tuple[Metric, ...], floor: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """F and G as pymoo's evaluator sets them."""
    x = np.empty((len(results), 1), dtype=object)
    x[:, 0] = some_architectures(len(results))
    individuals = Population.new("X", x)
    Evaluator().eval(StudentProblem(objectives, floor), individuals, results=results)
    return individuals.get("F"), individuals.get("G")


ONE = toy(some_architectures(1)[0])


def better(attack: AttackOutcome) -> Evaluation:
    """A student that is better than `ONE` in every metric, but for what `attack` counts."""
    search = replace(ONE.search, correct=(480, 480), attack=attack)
    costs = (ONE.parameters - 1, ONE.block_parameters - 1, ONE.flops - 1)
    return Evaluation(*costs, search, loss=ONE.loss - 0.1)


DIRECTED = [metric for metric in METRICS.values() if metric.maximise is not None]


@pytest.mark.parametrize("metric", DIRECTED, ids=lambda metric: metric.name)
def test_the_better_value_is_the_smaller_objective(metric):
    attack = ONE.search.attack
    more = {"queries": 10**6} if metric.name == "queries" else {"summed_changed_shares": 500.0}
    other = better(replace(attack, failed=(300, 300), **more))
    f, _ = minimised([ONE, other], (metric,))
    assert f[1, 0] < f[0, 0]
    assert abs(f[0, 0]) == metric.read(ONE)


def test_objectives_keep_their_order():
    f, _ = minimised([ONE], (PARAMETERS, ACCURACY))
    assert f.tolist() == [[ONE.parameters, -ONE.search.accuracy]]


def test_the_floor_is_the_constraint():
    accuracy = ONE.search.accuracy
    for floor, met in ((0.0, True), (accuracy, True), (accuracy + 0.01, False)):
        _, g = minimised([ONE], (ACCURACY,), floor)
        assert (g[0, 0] <= 0) == met


def test_a_failed_student_is_worse_than_any_other():
    hopeless = replace(ONE, search=replace(ONE.search, correct=(0, 0)))
    f, g = minimised([ONE, hopeless, FAILED], (ACCURACY, ROBUSTNESS, PARAMETERS), 0.9)
    assert np.isfinite(f).all()
    assert (f[2] > f[:2]).all()
    assert g[2, 0] == 1.0 > g[1, 0] > g[0, 0] > 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_value_that_is_not_finite_does_not_pass(bad):
    with pytest.raises(ValueError, match="non-finite"):
        minimised([ONE, replace(ONE, parameters=bad)], (ACCURACY, PARAMETERS))
