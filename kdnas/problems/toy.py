"""A search problem in closed form: no training, a known Pareto front and a known best fitness.

More blocks make a toy student more accurate and more connected nodes make it more robust, with
diminishing returns; both cost parameters. Every misfit (a layer or an activation that does not
suit its place) costs accuracy and robustness. So the front has one point for each number of
blocks and nodes, reached by the students without misfits. Which layer suits a node depends on the
graph, so that an edge can spoil what was good before.
"""

from collections.abc import Sequence

from kdnas.records import AttackOutcome, Evaluation, Job, Measurement, Report
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

_TEXTS = 1000
_MISFIT_TEXTS = 4


def toy_evaluate(job: Job) -> Evaluation | Report:
    """Measure a toy student: an `Evaluate` without any network.

    >>> from kdnas.space import simplest
    >>> toy_evaluate(Job(0, simplest(TOY_SPACE), seed=0)).search.accuracy
    0.722
    """
    arch = job.architecture
    assert isinstance(arch, Architecture)
    misfits = _misfits(arch)
    cost = _MISFIT_TEXTS * misfits
    right, held = _right(arch.repeats) - cost, _held(len(arch.active)) - cost
    if job.stage == "report":
        return Report(_measurement(right, held))
    parameters = _parameters(
        arch.repeats, arch.width, [arch.nodes[v - 1].width for v in arch.active]
    )
    return Evaluation(
        parameters=parameters,
        block_parameters=parameters - _parameters(0, arch.width, []),
        flops=2 * parameters,
        search=_measurement(right, held),
        loss=0.1 * misfits,
    )


def toy_front() -> frozenset[tuple[float, float, int]]:
    """The Pareto front of `TOY_SPACE`: (accuracy, robustness, parameters) of its 12 members.

    >>> len(toy_front())
    12
    """
    (width,), (node_width,) = TOY_SPACE.widths, TOY_SPACE.node_widths
    return frozenset(
        (
            _right(repeats) / _TEXTS,
            _held(nodes) / _TEXTS,
            _parameters(repeats, width, [node_width] * nodes),
        )
        for repeats in TOY_SPACE.repeats
        for nodes in range(1, TOY_SPACE.nodes + 1)
    )


def _right(repeats: int) -> int:
    """Texts that a student without misfits gets right; each block halves what is left to gain."""
    return 810 - (80 >> (repeats - 3))


def _held(nodes: int) -> int:
    """Texts that are still right under attack; each node halves what is left to gain."""
    return 360 - (240 >> (nodes - 1))


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


def _measurement(right: int, held: int) -> Measurement:
    """Two balanced classes: `right` of all texts before the attack, `held` after it."""
    totals = _halves(_TEXTS)
    correct, failed = _halves(right), _halves(held)
    skipped = (totals[0] - correct[0], totals[1] - correct[1])
    succeeded = (correct[0] - failed[0], correct[1] - failed[1])
    predicted = (correct[0] + skipped[1], correct[1] + skipped[0])
    attack = AttackOutcome(skipped, succeeded, failed, 40 * right, 0.1 * sum(succeeded))
    return Measurement(correct, totals, predicted, attack, spec="toy")


def _halves(count: int) -> tuple[int, int]:
    return count - count // 2, count // 2
