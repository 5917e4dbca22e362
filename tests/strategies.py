"""Hypothesis strategies of the light core: architectures, search spaces, attack outcomes."""

import numpy as np
from hypothesis import strategies as st

from kdnas.records import (
    AttackOutcome,
    AttackSpec,
    Evaluation,
    Measurement,
    Report,
    TextOutcome,
)
from kdnas.space import (
    PAPER_SPACE,
    Architecture,
    SearchSpace,
    random_uniform,
    valid_edge_sets,
)
from kdnas.space.dag import all_edges

SMALL_SPACES = {
    "two nodes": SearchSpace(nodes=2),
    "three nodes": SearchSpace(nodes=3),
    "one value each": SearchSpace(
        repeats=(2,),
        widths=(64,),
        layers={"attention": (4,)},
        node_widths=(64,),
        modes=("concat",),
        activations=("swish",),
    ),
    "other kernels": SearchSpace(layers={"conv": (7, 9), "sepconv": (13,), "glu": ()}),
    "no addition": SearchSpace(modes=("mul", "concat"), activations=("relu",), node_widths=(32,)),
}
"""Search spaces unlike the paper's that are small enough to list their graphs."""


def rngs() -> st.SearchStrategy[np.random.Generator]:
    """Seeded generators."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def architectures(space: SearchSpace = PAPER_SPACE) -> st.SearchStrategy[Architecture]:
    """Valid architectures of `space`; small graphs, which are rare, come as often as large ones."""
    merge = (len(space.modes), len(space.activations))
    row = (len(space.ops), len(space.node_widths), *merge)
    sizes = (len(space.repeats), len(space.widths)), (*row * space.nodes, *merge)
    head, tail = (st.tuples(*(st.integers(0, n - 1) for n in part)) for part in sizes)

    def build(genes: tuple[tuple[int, ...], frozenset[tuple[int, int]], tuple[int, ...]]):
        first, edges, rest = genes
        bits = tuple(int(edge in edges) for edge in all_edges(space.nodes))
        return space.decode((*first, *bits, *rest))

    graphs = [[g for g in valid_edge_sets(space.nodes) if len(g) == n] for n in range(3, 13)]
    by_edges = st.sampled_from([g for g in graphs if g]).flatmap(st.sampled_from)
    return st.tuples(head, by_edges, tail).map(build)


@st.composite
def attacked_texts(draw: st.DrawFn, classes: int = 3) -> list[TextOutcome]:
    """What an attack may report on a split of 1 to 30 texts."""
    count, counted = draw(st.integers(1, 30)), draw(st.booleans())
    texts = []
    for index in range(count):
        label, predicted = draw(st.integers(0, classes - 1)), draw(st.integers(0, classes - 1))
        hit = draw(st.booleans())
        outcome = "skipped" if predicted != label else "succeeded" if hit else "failed"
        words = draw(st.integers(0, 40))
        changed = draw(st.integers(0, words)) if outcome == "succeeded" else 0
        queries = draw(st.integers(1, 500)) if counted else None
        perturbed = draw(st.text(min_size=1, max_size=20)) if outcome == "succeeded" else ""
        texts.append(
            TextOutcome(index, label, predicted, outcome, words, changed, queries, perturbed)
        )
    return texts


def measurement_of(
    texts: list[TextOutcome], classes: int = 3, spec: str = AttackSpec().digest
) -> Measurement:
    """The measurement of a split in which all texts were attacked."""

    def per_class(values: list[int]) -> tuple[int, ...]:
        return tuple(values.count(c) for c in range(classes))

    return Measurement(
        correct=per_class([t.label for t in texts if t.label == t.predicted]),
        totals=per_class([t.label for t in texts]),
        predicted=per_class([t.predicted for t in texts]),
        attack=AttackOutcome.of(texts, classes),
        spec=spec,
    )


def evaluation_of(texts: list[TextOutcome], **values: float) -> Evaluation:
    """An evaluation whose search split is `texts`, with made-up costs."""
    costs = {"parameters": 4_023_426, "block_parameters": 55_000, "flops": 10**9} | values
    predictions = tuple(text.predicted for text in texts)
    measured = measurement_of(texts)
    return Evaluation(search=measured, texts=tuple(texts), predictions=predictions, **costs)


def report_of(texts: list[TextOutcome], seconds: float = 1.0) -> Report:
    """A report whose split is `texts`."""
    predictions = tuple(text.predicted for text in texts)
    return Report(measurement_of(texts), seconds, tuple(texts), predictions)


def some_architectures(count: int, seed: int = 0) -> list[Architecture]:
    """`count` architectures of the paper's space with different keys."""
    rng, found = np.random.default_rng(seed), {}
    while len(found) < count:
        arch = random_uniform(PAPER_SPACE, rng).architecture
        found[arch.key] = arch
    return list(found.values())
