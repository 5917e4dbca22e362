"""Small invented attacks, run by the engine and by TextAttack's own objects.

A world says of every text what its logits are and of every word which way its vector points, so
that ties, failed checks and flips at any rank are frequent. Its answers may be noisy: as those of
real models, they then depend in their last digits on the batch that a text is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import ascii_letters
from zlib import crc32

import numpy as np
from hypothesis import strategies as st

from kdnas.attacks import CallableVictim
from kdnas.attacks.engine.choice import Tally
from kdnas.attacks.engine.lockstep import run_searches
from kdnas.attacks.engine.pair_store import PairStore
from kdnas.attacks.engine.plans import TextPlan
from kdnas.attacks.engine.search import TextSearch
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.engine.swaps import Check
from kdnas.attacks.recipes.textfooler import Neighbours
from kdnas.attacks.resources import MetricName, RoughEncoder
from kdnas.records import AttackSpec, TextFooler, TextOutcome

SHARES = (0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3)
"""Probabilities of the true class, as multiples of 1 / classes. Whether the others share the rest
equally, so that the answer stays above 1, or one of them has it, is drawn apart: flips and scores
hardly depend on each other."""
ANGLES = (0.0, 0.2, 0.4, 0.8)
THRESHOLDS = tuple(1 - angle / np.pi for angle in (0.3, 0.4, 0.7))
"""The second is a value that windows really have."""

WORDS = ("north", "south", "east", "west", *(f"{letter}word" for letter in ascii_letters))
CANDIDATES = tuple(ascii_letters)


@dataclass(frozen=True)
class World:
    """What is attacked, and all answers.

    Attributes:
        substitutes: The candidates of each word of the text, in the recipe's order.
        classes: Of the model.
        seed: Of its answers.
        noise: How far a logit and the direction of a vector may be off.
        metric: How vectors are compared.
    """

    substitutes: tuple[tuple[str, ...], ...]
    classes: int
    seed: int
    noise: tuple[float, float] = (0.0, 0.0)
    metric: MetricName = "angular"

    @property
    def words(self) -> tuple[str, ...]:
        """Those of the text."""
        return WORDS[: len(self.substitutes)]

    @property
    def text(self) -> str:
        """What is attacked."""
        return " ".join(self.words)

    @property
    def label(self) -> int:
        """The true class, which the model gives to the text in most worlds."""
        return self.seed % self.classes

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, classes), float32."""
        clear = np.array([self._clear_logits(text) for text in texts])
        return (clear + self._noise(texts, clear.shape, self.noise[0])).astype(np.float32)

    def vectors(self, windows: Sequence[str]) -> np.ndarray:
        """(windows, 2), float32; a window is one word here."""
        angles = np.array([self._angle(window) for window in windows])
        angles = angles + self._noise(windows, angles.shape, self.noise[1])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    @property
    def _original_share(self) -> float:
        return 1.0 if self.seed % 8 == 0 else 1.3  # in some worlds the first answer is a tie

    def _clear_logits(self, text: str) -> np.ndarray:
        drawn = self._drawn("logits", text)
        original = text == self.text
        own = (self._original_share if original else drawn.choice(SHARES)) / self.classes
        shares = np.full(self.classes, (1 - own) / (self.classes - 1))
        if not original and drawn.integers((2, 2, 16)[self.seed % 3]) == 0:
            shares[2:] = 1e-3
            shares[1] = 1 - own - shares[2:].sum()
        shares[0] = own
        return np.log(np.roll(shares, self.label))

    def _angle(self, word: str) -> float:
        return 0.0 if word in WORDS else float(self._drawn("angle", word).choice(ANGLES))

    def _noise(self, batch: Sequence[str], shape: tuple[int, ...], most: float) -> np.ndarray:
        return self._drawn("noise", "\n".join(batch)).uniform(-most, most, size=shape)

    def _drawn(self, *what: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32("/".join(what).encode())])


def worlds(noise: tuple[float, float] = (0.0, 0.0)) -> st.SearchStrategy[World]:
    """Worlds of one to four words with up to eight candidates each; some come twice."""
    few = st.lists(st.sampled_from(CANDIDATES[:10]), max_size=8).map(tuple)
    return _worlds(st.lists(few, min_size=1, max_size=4).map(tuple), noise)


def wide_worlds(noise: tuple[float, float]) -> st.SearchStrategy[World]:
    """Worlds of two words with more candidates than TextAttack sends at a time."""
    many = st.lists(st.sampled_from(CANDIDATES), min_size=33, max_size=70).map(tuple)
    return _worlds(st.tuples(many, many), noise)


def long_worlds(noise: tuple[float, float]) -> st.SearchStrategy[World]:
    """Worlds of more words than are sorted by insertion, with a candidate or two each."""
    one = st.lists(st.sampled_from(CANDIDATES), min_size=1, max_size=2).map(tuple)
    return _worlds(st.lists(one, min_size=20, max_size=40).map(tuple), noise)


def _worlds(substitutes: st.SearchStrategy, noise: tuple[float, float]) -> st.SearchStrategy[World]:
    return st.builds(
        World,
        substitutes,
        st.integers(2, 5),
        st.integers(0, 2**31),
        st.just(noise),
    )


def spec_of(threshold: float, **changes) -> AttackSpec:
    """A TextFooler whose windows are single words."""
    return AttackSpec(settings=TextFooler(similarity=threshold, window=1), **changes)


@dataclass(frozen=True)
class Prescribed(World):
    """A world whose answers are given.

    Attributes:
        probabilities: Of the classes, for each text that matters.
        angles: For each word (rad).
    """

    probabilities: Mapping[str, Sequence[float]] = field(default_factory=dict)
    angles: Mapping[str, float] = field(default_factory=dict)

    def _clear_logits(self, text: str) -> np.ndarray:
        return np.log(self.probabilities.get(text, (1.0,) * self.classes))

    def _angle(self, word: str) -> float:
        return self.angles.get(word, 0.0)


@dataclass(frozen=True)
class Ending:
    """How an attack ended: its outcome, and the text that it came to even where it failed."""

    outcome: TextOutcome
    text: str

    @property
    def uncounted(self) -> "Ending":
        """The same without queries."""
        return replace(self, outcome=replace(self.outcome, queries=None))


def engines_ending(
    world: World,
    spec: AttackSpec,
    store: PairStore,
    tally: Tally | None = None,
    rough: tuple[RoughEncoder, PairStore] | None = None,
) -> Ending:
    """What the engine makes of the world's text; it is attacked twice, for batches to be common."""
    parts = tuple(part for word in world.words for part in (" ", word))
    substitutes = {i: words for i, words in enumerate(world.substitutes) if words}
    plan = TextPlan(("", *parts[1:], ""), tuple(range(len(world.words))), substitutes)
    victim, own = CallableVictim(world.logits), spec.settings
    similarities = Similarities(world.vectors, world.metric, own.similarity, store, rough)
    check = Check(similarities, own.window)
    tally = tally or Tally()
    one, other = (
        TextSearch(Neighbours(plan, spec.settings, 0), world.label, victim, spec, check, tally)
        for _ in ("one", "other")
    )
    found = dict(run_searches(enumerate((one.run(), other.run())), victim, similarities))
    assert found[0] == found[1]
    return Ending(found[0], "".join(one._parts))


def textattacks_ending(world: World, spec: AttackSpec) -> Ending:
    """What TextAttack's search, goal function and checks make of it."""
    from kdnas.attacks.textattack.reference import Reference

    results = []

    class Kept:
        def attack(self, text: str, label: int):
            results.append(_textattacks_objects(world, spec).attack(text, label))
            return results[0]

    reference = Reference.__new__(Reference)
    reference._attack, reference._spec = Kept(), spec
    outcome = reference.attack(world.text, world.label)
    return Ending(outcome, results[0].perturbed_result.attacked_text.text)


def _textattacks_objects(world: World, spec: AttackSpec):
    from kdnas.attacks.textattack.build import VictimWrapper

    import textattack  # isort: skip
    from textattack.constraints.pre_transformation import RepeatModification
    from textattack.constraints.semantics.sentence_encoders import SentenceEncoder
    from textattack.transformations import WordSwap

    class Swaps(WordSwap):
        def _get_replacement_words(self, word: str) -> Sequence[str]:
            return world.substitutes[world.words.index(word)]

    class Encoder(SentenceEncoder):
        def encode(self, sentences: Sequence[str]) -> np.ndarray:
            return world.vectors(sentences)

    encoder = Encoder(
        threshold=spec.settings.similarity, metric=world.metric, compare_against_original=False,
        window_size=spec.settings.window, skip_text_shorter_than_window=True,
    )  # fmt: skip
    goal = textattack.goal_functions.UntargetedClassification(
        VictimWrapper(CallableVictim(world.logits)),
        query_budget=spec.query_budget or float("inf"),
    )
    search = textattack.search_methods.GreedyWordSwapWIR(wir_method="delete")
    return textattack.Attack(goal, [RepeatModification(), encoder], Swaps(), search)


def rough_twin(world: World) -> tuple[RoughEncoder, PairStore]:
    """An encoder that is almost as far off the world's as it may be, and an empty store."""
    margin = 0.02
    rough = replace(world, noise=(0.0, 0.49 * np.pi * margin))
    return RoughEncoder("rough", rough.vectors, margin), empty_store()


def empty_store() -> PairStore:
    """A store that no file belongs to."""
    return PairStore(Path(":memory:"))
