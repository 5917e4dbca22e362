"""A search problem in closed form: no training, a known Pareto front and a known best fitness.

More blocks make a toy student more accurate and more connected nodes make it more robust, with
diminishing returns; both cost parameters, and so do width and edges, which gain nothing. Every
misfit (a layer, merge or activation that does not suit its place) costs accuracy and robustness.
So the front has one student for each number of blocks and nodes: no misfit, the smallest widths,
the fewest edges. Which layer suits a node depends on the graph, so that one operation rarely
improves everything, and random students rarely come without misfits.
"""

from kdnas.records import AttackOutcome, Evaluation, Job, Measurement, Report
from kdnas.space import Architecture, Op, SearchSpace

TOY_SPACE = SearchSpace(
    repeats=(3, 4, 5, 6),
    widths=(128, 256),
    nodes=3,
    conv_kernels=(1, 3),
    sepconv_kernels=(),
    attention_heads=(4,),
    node_widths=(128, 256),
)
"""The space in which `toy_front` is the front; `toy_evaluate` takes the paper's space too."""

TOY_BEST_FITNESS = 83.16
"""The best of the paper's fitness in `TOY_SPACE`: 5 blocks, 3 nodes."""

_TEXTS = 1000
_MISFIT_TEXTS = 10


def toy_evaluate(job: Job) -> Evaluation | Report:
    """Measure a toy student: an `Evaluate` without any network.

    >>> from kdnas.space import simplest
    >>> toy_evaluate(Job(0, simplest(TOY_SPACE), seed=0)).search.accuracy
    0.61
    """
    arch = job.architecture
    misfits = _misfits(arch)
    cost = _MISFIT_TEXTS * misfits
    right, held = _right(arch.repeats) - cost, _held(len(arch.active)) - cost
    if job.stage == "report":
        return Report(_measurement(right, held))
    widths = sum(arch.nodes[v - 1].width for v in arch.active)
    parameters = _parameters(arch.repeats, arch.width, widths, len(arch.edges))
    return Evaluation(
        parameters=parameters,
        block_parameters=parameters - _parameters(0, arch.width, 0, 0),
        flops=2 * parameters,
        search=_measurement(right, held),
        loss=0.1 * misfits,
    )


def toy_front() -> frozenset[tuple[float, float, int]]:
    """The Pareto front of `TOY_SPACE`: (accuracy, robustness, parameters) of its 12 members.

    >>> len(toy_front())
    12
    """
    width, node_width = min(TOY_SPACE.widths), min(TOY_SPACE.node_widths)
    return frozenset(
        (
            _right(repeats) / _TEXTS,
            _held(nodes) / _TEXTS,
            _parameters(repeats, width, nodes * node_width, max(nodes + 1, 3)),
        )
        for repeats in TOY_SPACE.repeats
        for nodes in range(1, TOY_SPACE.nodes + 1)
    )


def _right(repeats: int) -> int:
    """Texts that a student without misfits gets right; each block halves what is left to gain."""
    return 810 - (160 >> (repeats - 3))


def _held(nodes: int) -> int:
    """Texts that are still right under attack; each node halves what is left to gain."""
    return 360 - (240 >> (nodes - 1))


def _parameters(repeats: int, width: int, node_widths: int, edges: int) -> int:
    return 30_000 * width + repeats * (4_000 * node_widths + 20_000 * edges)


def _misfits(arch: Architecture) -> int:
    """How many choices that have an effect do not suit their place.

    Conv-3 suits the nodes that read the block's input, Attention-4 the others, swish every
    activation and concat every merge.
    """
    sources = {v: arch.sources(v) for v in (*arch.active, len(arch.nodes) + 1)}
    count = 0
    for v in arch.active:
        suited = Op("conv", 3) if 0 in sources[v] else Op("attention", 4)
        count += arch.nodes[v - 1].op != suited
    for v, inputs in sources.items():
        choice = arch.nodes[v - 1] if v <= len(arch.nodes) else arch.output
        count += choice.activation != "swish"
        count += len(inputs) > 1 and choice.mode != "concat"
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
