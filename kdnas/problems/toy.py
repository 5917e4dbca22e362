"""A search problem in closed form: no training, a known Pareto front and a known best fitness.

More blocks make a toy student more accurate and more connected nodes make it more robust, with
diminishing returns; both cost parameters. Every misfit (a layer or an activation that does not
suit its place) costs accuracy and robustness. So the front has one point for each number of
blocks and nodes, reached by the students without misfits. Which layer suits a node depends on the
graph, so that an edge can spoil what was good before.

A toy student has a prediction for each of 1,000 texts, and the first 250 are attacked: what a store
keeps of it is what it keeps of a trained one.
"""

from collections.abc import Sequence
from functools import cache

from kdnas.records import (
    AttackOutcome,
    AttackSpec,
    Evaluation,
    Job,
    Measurement,
    Outcome,
    Report,
    TextOutcome,
)
from kdnas.runs import Store
from kdnas.space import Architecture, SearchSpace

TOY_SPACE = SearchSpace(
    repeats=(3, 4, 5, 6),
    widths=(128,),
    nodes=3,
    layers={"conv": (3,), "attention": (4,), "glu": ()},
    node_widths=(128,),
    modes=("add",),
    activations=("none", "swish"),
    repair="mixed",
)
"""The space in which `toy_front` is the front; one network in 350 is on it.

`toy_evaluate` takes the paper's space too.
"""

TOY_BEST_FITNESS = 93.64
"""The best of the paper's fitness in `TOY_SPACE`: 5 blocks, 3 nodes."""

_TEXTS, _ATTACKED = 1000, 250
_LABELS = (0, 1) * (_TEXTS // 2)
_MISFIT_TEXTS = 4
"""What a misfit costs of all texts; of the attacked ones, which are a quarter, it costs one."""

_SPEC = AttackSpec("toy", settings={})


def toy_evaluate(job: Job) -> Evaluation | Report:
    """Measure a toy student: an `Evaluate` without any network.

    >>> from kdnas.space import simplest
    >>> toy_evaluate(Job(0, simplest(TOY_SPACE), seed=0)).search.accuracy
    0.722
    """
    arch = job.architecture
    assert isinstance(arch, Architecture)
    misfits = _misfits(arch)
    right = _right(arch.repeats) - _MISFIT_TEXTS * misfits
    measurement, texts, predictions = _measured(right, _held(len(arch.active)) - misfits)
    if job.stage == "report":
        return Report(measurement, texts=texts, predictions=predictions)
    parameters = _parameters(
        arch.repeats, arch.width, [arch.nodes[v - 1].width for v in arch.active]
    )
    return Evaluation(
        parameters=parameters,
        block_parameters=parameters - _parameters(0, arch.width, []),
        flops=2 * parameters,
        search=measurement,
        loss=0.1 * misfits,
        texts=texts,
        predictions=predictions,
    )


def describe_toy(store: Store) -> None:
    """Record the texts of the toy and their attack, before any student of it is recorded."""
    store.record_attacks({"toy": _SPEC})
    for split in ("search", "report"):
        store.record_split(split, _LABELS, 2, [f"text {i}" for i in range(_ATTACKED)])


def toy_front() -> frozenset[tuple[float, float, int]]:
    """The Pareto front of `TOY_SPACE`: (accuracy, robustness, parameters) of its 12 members.

    >>> len(toy_front())
    12
    """
    (width,), (node_width,) = TOY_SPACE.widths, TOY_SPACE.node_widths
    return frozenset(
        (
            _right(repeats) / _TEXTS,
            _held(nodes) / _ATTACKED,
            _parameters(repeats, width, [node_width] * nodes),
        )
        for repeats in TOY_SPACE.repeats
        for nodes in range(1, TOY_SPACE.nodes + 1)
    )


def _right(repeats: int) -> int:
    """Texts that a student without misfits gets right; each block halves what is left to gain."""
    return 810 - (80 >> (repeats - 3))


def _held(nodes: int) -> int:
    """Attacked texts that are still right; each node halves what is left to gain."""
    return 90 - (60 >> (nodes - 1))


def _parameters(repeats: int, width: int, node_widths: Sequence[int]) -> int:
    return 30_000 * width + repeats * 2_000 * sum(node_widths)


def _misfits(arch: Architecture) -> int:
    """How many choices do not suit their place.

    A convolution suits the nodes that read the block's input, attention the others, swish all.
    """
    count = int(arch.output.activation != "swish")
    for v in arch.active:
        node = arch.nodes[v - 1]
        count += node.op.kind != ("conv" if 0 in arch.sources(v) else "attention")
        count += node.activation != "swish"
    return count


@cache
def _measured(
    right: int, held: int
) -> tuple[Measurement, tuple[TextOutcome, ...], tuple[int, ...]]:
    """Two balanced classes: `right` of all texts before the attack, `held` of the attacked after.

    What is right is spread over the texts, so that most of the attacked ones can be held.
    """
    correct, holding = _halves(right), list(_halves(held))
    predictions = tuple(
        label if _is_spread(i // 2, correct[label]) else 1 - label
        for i, label in enumerate(_LABELS)
    )
    texts = []
    for i in range(_ATTACKED):
        label, predicted = _LABELS[i], predictions[i]
        outcome: Outcome = "skipped" if predicted != label else "succeeded"
        if outcome == "succeeded" and holding[label]:
            outcome, holding[label] = "failed", holding[label] - 1
        changed, perturbed = (1, "changed") if outcome == "succeeded" else (0, "")
        queries = 1 if outcome == "skipped" else 40
        texts.append(TextOutcome(i, label, predicted, outcome, 8, changed, queries, perturbed))
    measurement = Measurement(
        correct,
        _halves(_TEXTS),
        (predictions.count(0), predictions.count(1)),
        AttackOutcome.of(texts, 2),
        _SPEC.digest,
    )
    return measurement, tuple(texts), predictions


def _is_spread(place: int, count: int) -> bool:
    """Whether a place is one of `count` that lie evenly among those of a class."""
    places = _TEXTS // 2
    return place * count // places != (place + 1) * count // places


def _halves(count: int) -> tuple[int, int]:
    return count - count // 2, count // 2
