"""A user's module: parts that kdnas does not know, and a second space of students."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from torch import Tensor, nn

from kdnas.algorithms import Proposal
from kdnas.attacks.engine import DeletesWords
from kdnas.attacks.parts import words_of
from kdnas.distillation import Stage, Step, Term
from kdnas.methods import METHODS, Method
from kdnas.metrics import METRICS, MILLIONS, Metric
from kdnas.records import ATTACKS, Recipe
from kdnas.registry import Registry
from kdnas.space import (
    ACTIVATIONS,
    LAYERS,
    MERGES,
    SPACES,
    Accept,
    Activation,
    Cost,
    Edit,
    LayerType,
    Merge,
    NetworkShape,
    Space,
    key_of,
    random_edits,
)  # fmt: skip
from kdnas.students import Embedding, masked_max
from kdnas.tasks import Source, Table


class Stretch(nn.Module):
    """A linear layer, used `size` times over; a layer type."""

    def __init__(self, size: int, in_width: int, out_width: int) -> None:
        super().__init__()
        self.size, self.linear = size, nn.Linear(in_width, out_width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.size * self.linear(x)


LAYERS.add(
    "stretch",
    LayerType(
        module="outside_parts:Stretch",
        parameters=lambda op, i, o: i * o + o,
        flops=lambda op, i, o, length: 2 * length * i * o,
        label="stretches",
        sizes=(1, 2),
    ),
)


def first(inputs: Sequence[Tensor]) -> Tensor:
    """Only the first input; a merge."""
    return inputs[0]


MERGES.add("first", Merge("outside_parts:first", lambda widths: widths[0]))
ACTIVATIONS.add("gelu", Activation("torch.nn.functional:gelu"))


METRICS.add(
    "tables",
    Metric("tables", lambda e: e.parameters - e.block_parameters, maximise=False, unit=MILLIONS),
)


def stretching(model: Any, settings: Any, resources: Any) -> Any:
    """TextAttack's form of an attack that repeats the ends of words."""
    from textattack import Attack, goal_functions, search_methods, transformations
    from textattack.constraints.pre_transformation import RepeatModification

    class Stretched(transformations.WordSwap):
        def _get_replacement_words(self, word: str) -> list[str]:
            return [word + word[-1], word[0] + word]

    goal = goal_functions.UntargetedClassification(model)
    search = search_methods.GreedyWordSwapWIR("delete")
    return Attack(goal, [RepeatModification()], Stretched(), search)


class Stretches(DeletesWords):
    """The same for the engine."""

    def of(self, parts: Any, i: int) -> list[str]:
        word = words_of(parts)[i]
        return [word + word[-1], word[0] + word]


ATTACKS.add("stretching", Recipe(stretching, candidates=Stretches))


def huber(step: Step) -> Tensor:
    """A term: the Huber loss of the logits."""
    return nn.functional.huber_loss(step.logits, step.signal("logits"))


METHODS.add("huber", Method(lambda rate, own: [Stage((Term(huber, needs=("logits",)),), rate)]))


class Patient:
    """One random student at a time; an algorithm."""

    def __init__(self, *, space: Space[Any], accept: Accept, seed: int) -> None:
        self.finished: str | None = None
        self._space, self._accept, self._rng = space, accept, np.random.default_rng(seed)
        self._seen: set[str] = set()

    def ask(self, most: int) -> list[Proposal]:
        edit = random_edits(
            self._space, self._rng, accept=lambda g: g.key not in self._seen and self._accept(g)
        )
        self._seen.add(edit.architecture.key)
        return [Proposal(edit.architecture, edit.operation)][:most]

    def tell(self, results: Mapping[int, object]) -> None:
        """Nothing is learnt."""


def colours() -> Source:
    """Sentences of two classes; a task."""
    texts = [f"the {word} number {i} is here" for word in ("red", "blue") for i in range(60)]
    return Source(
        {"train": Table("colours", {"text": texts, "label": ["warm"] * 60 + ["cold"] * 60})}
    )


@dataclass(frozen=True)
class Mlp:
    """A student: `depth` linear layers of `width` features."""

    width: int
    depth: int

    @property
    def key(self) -> str:
        return key_of(self.to_json())

    def to_json(self) -> str:
        return json.dumps({"space": "mlp", "width": self.width, "depth": self.depth})


@dataclass(frozen=True)
class MlpSpace:
    """Students of width and depth."""

    build: ClassVar[str] = "outside_parts:MlpStudent"
    parts: ClassVar[Mapping[str, Registry[Any]]] = {}
    name: str = "mlp"
    widths: tuple[int, ...] = (16, 24, 32, 48)
    depths: tuple[int, ...] = (1, 2, 3, 4)

    @property
    def size(self) -> int:
        return len(self.widths) * len(self.depths)

    def start(self, rng: Generator) -> Mlp:
        return Mlp(self.widths[0], self.depths[0])

    def uniform(self, rng: Generator) -> Mlp:
        return Mlp(int(rng.choice(self.widths)), int(rng.choice(self.depths)))

    def edit(self, genotype: Mlp, rng: Generator) -> Edit | None:
        name = ("width", "depth")[rng.integers(2)]
        value = int(rng.choice(getattr(self, f"{name}s")))
        return Edit(replace(genotype, **{name: value}), name)

    def cross(self, a: Mlp, b: Mlp, rng: Generator) -> Mlp:
        return Mlp(a.width, b.depth)

    def cost(self, genotype: Mlp, shape: NetworkShape, length: int) -> Cost:
        w, d = genotype.width, genotype.depth
        blocks = d * (w * w + w) + (w + 1) * shape.classes
        return Cost(blocks + shape.embedding_parameters(w), blocks, 2 * length * d * w * w)

    @classmethod
    def from_json(cls, text: str) -> Mlp:
        values = json.loads(text)
        return Mlp(values["width"], values["depth"])


SPACES.add("mlp", MlpSpace)


class MlpStudent(nn.Module):
    """The network of an `Mlp`, with the interface of `kdnas.students.Student`."""

    def __init__(self, genotype: Mlp, shape: NetworkShape, dropout: float) -> None:
        super().__init__()
        self.repeats = genotype.depth
        self.embedding = Embedding(shape, genotype.width, dropout)
        sizes = [genotype.width] * genotype.depth
        self.layers = nn.ModuleList(nn.Linear(size, size) for size in sizes)
        self.classifier = nn.Linear(genotype.width, shape.classes)

    def forward(
        self, ids: Tensor, mask: Tensor, segments: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        x = self.embedding(ids, segments)
        outputs = [x]
        for layer in self.layers:
            x = layer(x).relu()
            outputs.append(x)
        return self.classifier(masked_max(x, mask)), outputs
