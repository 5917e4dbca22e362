"""The contract of every search algorithm, then what the tournament and NSGA-II do in particular."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from strategies import SMALL_SPACES
from toy_runs import ALGORITHMS, Numbered, Step, drive, evaluated, toy_algorithm, toy_settings

from kdnas.algorithms import ALGORITHMS as REGISTRY
from kdnas.algorithms import NSGA2, TournamentGA
from kdnas.errors import UserError
from kdnas.problems import TOY_SPACE
from kdnas.records import Evaluation, Failure, Job
from kdnas.space import PAPER_SPACE, Architecture, SearchSpace, distance

FAILED = Failure("exception", "made to fail")
TINY = replace(SMALL_SPACES["one value each"], repeats=(3,))


def small(arch: Architecture) -> bool:
    return len(arch.edges) <= 5


def failing(births: Callable[[int], bool]) -> Callable[[Job], Evaluation | Failure]:
    """The toy evaluation, but for `births`, which fail."""
    return lambda job: FAILED if births(job.birth) else evaluated(job)


def trace(steps: list[Step]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(p.architecture.to_json(), p.operation, p.parents) for p, _ in steps]


@pytest.mark.parametrize("name", ALGORITHMS)
class TestContract:
    """What every algorithm keeps to."""

    def test_equal_seeds_give_equal_searches(self, name):
        first, same, other = (
            trace(drive(toy_algorithm(toy_settings(name, seed=seed)), 40)) for seed in (3, 3, 4)
        )
        assert first == same
        assert first != other

    def test_results_decide_what_comes_next(self, name):
        """Not so for random search, which learns nothing."""
        told, failed = (
            trace(drive(toy_algorithm(toy_settings(name)), 60, failing(births)))
            for births in (lambda birth: False, lambda birth: birth % 2 == 1)
        )
        assert (told == failed) == name.startswith("random")

    def test_there_is_no_randomness_but_the_seed(self, name, monkeypatch):
        seeded = np.random.default_rng

        def generator(seed=None):
            assert seed is not None, "an unseeded generator"
            return seeded(seed)

        monkeypatch.setattr(np.random, "default_rng", generator)
        before = np.random.get_state()[1].tolist()  # noqa: NPY002
        drive(toy_algorithm(toy_settings(name)), 40)
        assert np.random.get_state()[1].tolist() == before  # noqa: NPY002

    def test_no_network_is_proposed_twice(self, name):
        steps = drive(toy_algorithm(toy_settings(name), TINY), 100, failing(lambda b: b % 3 == 0))
        assert len(steps) == 100
        assert len({p.architecture.key for p, _ in steps}) == 100

    def test_limits_hold_for_every_proposal(self, name):
        steps = drive(toy_algorithm(toy_settings(name), PAPER_SPACE, accept=small), 60)
        assert len(steps) == 60
        assert all(small(p.architecture) and p.architecture in PAPER_SPACE for p, _ in steps)

    def test_proposals_say_where_they_come_from(self, name):
        steps = drive(toy_algorithm(toy_settings(name)), 60)
        for birth, (proposal, _) in enumerate(steps):
            assert all(0 <= parent < birth for parent in proposal.parents)
            if proposal.operation in ("initial", "uniform"):
                assert proposal.parents == ()
            elif len(proposal.parents) == 1 and "crossover" not in proposal.operation:
                parent = steps[proposal.parents[0]][0].architecture
                assert 0 < distance(parent, proposal.architecture) <= 5
            else:
                assert proposal.operation.startswith("crossover+")
        assert (len({p.operation for p, _ in steps}) > 1) == (not name.startswith("random"))

    def test_never_more_than_asked_for(self, name):
        algorithm = toy_algorithm(toy_settings(name))
        for most in (5, 7, 1, 2, 3, 4, 100):
            proposals = algorithm.ask(most)
            assert 1 <= len(proposals) <= most
            algorithm.tell([evaluated(Job(0, p.architecture, 0)) for p in proposals])
        assert len(proposals) == 4  # the last ask is one for children, or for random draws

    def test_an_exhausted_space_ends_the_search(self, name):
        known = {p.architecture.key for p, _ in drive(toy_algorithm(toy_settings(name), TINY), 30)}
        algorithm = toy_algorithm(toy_settings(name), TINY, accept=lambda a: a.key in known)
        steps = drive(algorithm, 1000)
        assert algorithm.finished == "exhausted"
        assert 1 <= len(steps) <= 30
        assert algorithm.ask(5) == []

    def test_without_any_acceptable_student_there_is_no_proposal(self, name):
        algorithm = toy_algorithm(toy_settings(name), accept=lambda a: False)
        assert algorithm.ask(5) == []
        assert algorithm.finished == "exhausted"

    def test_a_search_survives_students_that_all_fail(self, name):
        algorithm = toy_algorithm(toy_settings(name))
        assert len(drive(algorithm, 50, failing(lambda birth: True))) == 50
        assert algorithm.finished is None

    def test_a_search_goes_on_where_none_reaches_the_floor(self, name):
        algorithm = toy_algorithm(toy_settings(name), floor=0.99)
        assert len(drive(algorithm, 50)) == 50


# --- the tournament ---


def tournament(space: SearchSpace = TOY_SPACE, *, floor: float = 0.0, **values: object) -> Numbered:
    algorithm = toy_algorithm(toy_settings("tournament", **values), space, floor=floor)
    assert isinstance(algorithm.algorithm, TournamentGA)
    return algorithm


def with_values(accuracy: float, parameters: int) -> Evaluation:
    """An evaluation of 1,000 texts whose fitness these two decide."""
    right = round(accuracy * 500)
    template = evaluated(Job(0, ROOMY_STUDENT, 0))
    return replace(
        template, parameters=parameters, search=replace(template.search, correct=(right, right))
    )


ROOMY = SearchSpace(repeats=tuple(range(3, 1000)))
"""So many neighbours that none of the population runs out of new ones."""
ROOMY_STUDENT = toy_algorithm(toy_settings("random_uniform")).ask(1)[0].architecture


def filled(ranks: list[int], **values: object) -> Numbered:
    """A tournament search whose member of birth b has rank `ranks[b]`, 0 being the best."""
    algorithm = tournament(ROOMY, population=len(ranks), **values)
    proposals = algorithm.ask(len(ranks))
    algorithm.tell([with_values(0.8, 1_000_000 * (1 + rank)) for rank in ranks])
    assert len(proposals) == len(ranks)
    return algorithm


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_selection_pressure_is_that_of_tournaments_of_k(k):
    """Mean ranks of winner and loser among N: (N + 1) / (k + 1) and k times that, from 1 on."""
    size, rounds = 60, 1500
    ranks = np.random.default_rng(k).permutation(size).tolist()
    algorithm = filled(ranks, tournament=k, batch=size)
    winners, losers = [], []
    while len(winners) < rounds:
        proposals = algorithm.ask(size)
        winners += [ranks[p.parents[0]] + 1 for p in proposals]
        losers += [ranks[p.group[0].birth] + 1 for p in algorithm.algorithm._pending.values()]
        algorithm.tell([FAILED] * len(proposals))  # so that the population stays the same
    expected = (size + 1) / (k + 1)
    deviation = math.sqrt((size + 1) * (size - k) * k / ((k + 1) ** 2 * (k + 2)))
    error = deviation / math.sqrt(len(winners))
    assert np.mean(winners) == pytest.approx(expected, abs=4 * error)
    assert np.mean(losers) == pytest.approx(k * expected, abs=4 * error)
    assert np.std(winners) == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize(("k", "children"), [(2, 6), (3, 4), (5, 2), (12, 1)])
def test_tournaments_of_a_batch_have_no_member_in_common(k, children):
    algorithm = filled(list(range(12)), tournament=k, batch=8)
    for _ in range(20):
        proposals = algorithm.ask(1000)
        assert len(proposals) == min(children, 8)
        involved = [p.parents[0] for p in proposals]
        involved += [p.group[0].birth for p in algorithm.algorithm._pending.values()]
        assert len(set(involved)) == 2 * len(proposals)
        algorithm.tell([FAILED] * len(proposals))


def births(algorithm: TournamentGA) -> set[int]:
    return set(algorithm.algorithm._members)


def test_a_child_takes_the_place_of_the_loser():
    algorithm = filled(list(range(12)), tournament=12)
    (proposal,) = algorithm.ask(10)
    assert proposal.parents == (0,)
    algorithm.tell([with_values(0.1, 10**9)])  # worse than all, and in nevertheless
    assert births(algorithm) == set(range(11)) | {12}


def test_a_failed_child_replaces_nobody():
    algorithm = filled(list(range(12)))
    for _ in range(5):
        algorithm.tell([FAILED] * len(algorithm.ask(4)))
    assert births(algorithm) == set(range(12))
    proposals = algorithm.ask(4)
    algorithm.tell([FAILED, with_values(0.5, 1), FAILED, FAILED])
    assert len(proposals) == 4
    assert births(algorithm) - set(range(12)) == {12 + 5 * 4 + 1}


def test_failed_students_are_replaced_while_the_population_is_filled():
    algorithm = tournament(population=10)
    first = algorithm.ask(100)
    algorithm.tell([FAILED if i < 4 else evaluated(Job(0, p.architecture, 0))
                    for i, p in enumerate(first)])  # fmt: skip
    second = algorithm.ask(100)
    assert (len(first), len(second)) == (10, 4)
    assert {p.operation for p in second} == {"initial"}
    algorithm.tell([evaluated(Job(0, p.architecture, 0)) for p in second])
    assert births(algorithm) == set(range(4, 14))
    assert all(p.parents for p in algorithm.ask(100))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (with_values(0.7, 10**7), with_values(0.6, 10**7)),
        (with_values(0.6, 10**7), with_values(0.7, 10**8)),  # not the accuracy beyond the floor
        (with_values(0.6, 10**8), with_values(0.58, 10**6)),  # feasible against fitter
        (with_values(0.58, 10**7), with_values(0.5, 10**6)),  # closer to the floor
        (with_values(0.6, 10**7), with_values(0.6, 10**7)),  # a tie goes to the lower birth
    ],
)
@pytest.mark.parametrize("swap", [False, True])
def test_what_a_tournament_prefers(better, worse, swap):
    if swap and better == worse:
        return
    algorithm = tournament(population=2, floor=0.59)
    algorithm.ask(2)
    algorithm.tell([worse, better] if swap else [better, worse])
    for _ in range(3):
        (proposal,) = algorithm.ask(1)
        assert proposal.parents == (int(swap),)
        algorithm.tell([FAILED])


def test_ties_in_fitness_go_to_fewer_parameters():
    algorithm = tournament(population=2)
    algorithm.algorithm._weights = replace(algorithm.algorithm._weights, parameters=0.0)
    algorithm.ask(2)
    algorithm.tell([with_values(0.7, 2_000_000), with_values(0.7, 1_000_000)])
    assert algorithm.ask(1)[0].parents == (1,)


def test_patience_counts_the_children_since_the_best():
    algorithm = tournament(ROOMY, population=4, batch=1, patience=5)
    algorithm.ask(4)
    algorithm.tell([with_values(0.8, 10**7)] * 4)

    def tell(results: list[Evaluation | Failure]) -> None:
        for result in results:
            assert algorithm.finished is None
            assert len(algorithm.ask(1)) == 1
            algorithm.tell([result])

    same, better, worse = (with_values(a, 10**7) for a in (0.8, 0.81, 0.7))
    tell([worse, same, FAILED, same, better])
    tell([worse, better, FAILED, worse, better])
    assert algorithm.finished == "patience"
    assert algorithm.ask(1) == []


def test_the_initial_population_does_not_count_for_patience():
    algorithm = tournament(population=12, patience=2)
    algorithm.tell([FAILED] * len(algorithm.ask(12)))
    assert algorithm.finished is None


def test_a_parent_without_new_neighbours_leaves_the_tournament_to_others():
    """One mutable member is enough to go on."""
    algorithm = tournament(population=12, batch=6)
    drive(algorithm, 12)
    known = {m.architecture.key: m for m in algorithm.algorithm._members.values()}
    one = next(iter(known.values())).architecture
    algorithm.algorithm._accept = lambda arch: arch.key not in known and distance(arch, one) <= 3
    steps = drive(algorithm, 3)
    assert {p.parents for p, _ in steps} >= {(0,)}
    assert algorithm.finished is None


def test_members_of_a_tournament_breed_where_the_free_ones_have_no_new_neighbour():
    """Of two pairs one is under way; only its best still has neighbours that nobody proposed."""
    searches = (filled([0, 1, 2, 3], batch=1, seed=seed) for seed in range(20))
    algorithm = next(search for search in searches if search.ask(1)[0].parents == (0,))
    seen, members = algorithm.algorithm._seen, algorithm.algorithm._members
    best = members[0].architecture
    algorithm.algorithm._accept = lambda arch: arch.key not in seen and distance(arch, best) <= 3
    (child,) = algorithm.ask(1)
    assert child.parents == (0,)


# --- NSGA-II ---


def nsga2(space: SearchSpace = TOY_SPACE, *, floor: float = 0.0, **values: object) -> Numbered:
    algorithm = toy_algorithm(toy_settings("nsga2", **values), space, floor=floor)
    assert isinstance(algorithm.algorithm, NSGA2)
    return algorithm


def test_failed_students_never_survive_others():
    algorithm = nsga2()
    steps = drive(algorithm, 80, failing(lambda birth: birth % 3 == 0))
    for members in (algorithm.algorithm._nsga2.opt, algorithm.algorithm._nsga2.pop):
        assert len(members) > 0
        assert all(member.get("birth") % 3 for member in members)
    assert all(parent % 3 for p, _ in steps[30:] for parent in p.parents)


def test_infeasible_students_never_survive_feasible_ones():
    algorithm = nsga2(floor=0.75)
    steps = drive(algorithm, 80)
    low = {birth for birth, (_, e) in enumerate(steps) if e.search.accuracy < 0.75}
    assert 5 < len(low) < 60
    assert not low & {member.get("birth") for member in algorithm.algorithm._nsga2.opt}


def test_a_value_that_is_not_finite_is_never_told():
    algorithm = nsga2()
    proposals = algorithm.ask(12)
    results = [evaluated(Job(0, p.architecture, 0)) for p in proposals]
    with pytest.raises(ValueError, match="non-finite"):
        algorithm.tell([*results[:-1], replace(results[-1], parameters=math.nan)])


def test_the_initial_population_is_one_batch_and_children_come_in_batches():
    algorithm = nsga2(population=12, batch=5)
    sizes = []
    for _ in range(3):
        proposals = algorithm.ask(1000)
        sizes.append(len(proposals))
        algorithm.tell([evaluated(Job(0, p.architecture, 0)) for p in proposals])
    assert sizes == [12, 5, 5]


@pytest.mark.parametrize(("probability", "crossed"), [(0.0, 0), (1.0, 48)])
def test_the_setting_of_the_crossover(probability, crossed):
    steps = drive(nsga2(crossover=probability), 60)
    assert sum(p.operation.startswith("crossover+") for p, _ in steps) == crossed


@pytest.mark.parametrize(
    "objectives",
    [["accuracy"], ["robustness", "parameters"],
     ["accuracy", "robustness", "worst_class_robustness", "parameters"]],
)  # fmt: skip
def test_any_number_of_objectives(objectives):
    """The best in each objective is never lost."""
    algorithm = nsga2(objectives=objectives, population=20)
    steps = drive(algorithm, 80)
    best = algorithm.algorithm._nsga2.opt.get("F").min(axis=0)
    told = np.array([
        [{"accuracy": -e.search.accuracy, "robustness": -e.search.robustness,
          "worst_class_robustness": -e.search.worst_class_robustness,
          "parameters": e.parameters}[name] for name in objectives]
        for _, e in steps
    ])  # fmt: skip
    assert best.tolist() == told.min(axis=0).tolist()


def test_two_searches_share_no_operator():
    """Pymoo's default operators are one object for all."""
    one, two = nsga2().algorithm._nsga2, nsga2().algorithm._nsga2
    for part in ("mating", "survival", "initialization", "eliminate_duplicates", "random_state"):
        assert getattr(one, part) is not getattr(two, part)
    for part in ("selection", "crossover", "mutation"):
        assert getattr(one.mating, part) is not getattr(two.mating, part)


def test_an_algorithm_that_wants_what_no_search_has_is_refused(monkeypatch):
    monkeypatch.setitem(REGISTRY._parts, "greedy", lambda *, space, greed: None)
    with pytest.raises(UserError, match="algorithm greedy wants 'greed'; a search has accept,"):
        toy_algorithm(toy_settings("greedy"))
