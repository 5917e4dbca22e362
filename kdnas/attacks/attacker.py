"""`Attacker`: a spec and its resources, ready to attack any victim."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from kdnas.attacks.engine.lockstep import Search, run_searches
from kdnas.attacks.engine.pair_store import PairStore
from kdnas.attacks.engine.plans import Plans, cached_plans
from kdnas.attacks.engine.search import Tally, TextSearch
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.engine.swaps import Check
from kdnas.attacks.resources import AttackResources, load_resources
from kdnas.attacks.victim import Victim
from kdnas.cache import cache_folder, fingerprint
from kdnas.offline import expected_hash
from kdnas.records import AttackSpec, Engine, TextOutcome

_LOCKSTEP_RECIPES = ("textfooler", "deepwordbug")


class Attacker:
    """Attacks victims by one spec.

    Args:
        spec: What the attack does.
        resources: Loaded for the spec by default.
        engine: `lockstep` attacks all texts together, `textattack` is the reference: one after the
            other, with the same outcomes and perturbed texts.

    Attributes:
        engine: `textattack` too where the fast engine does not know the recipe, or TextFooler has
            textattack's own sentence encoder.
    """

    def __init__(
        self,
        spec: AttackSpec,
        resources: AttackResources | None = None,
        engine: Engine = "lockstep",
    ) -> None:
        self.spec = spec
        self.tally = Tally()
        self._resources = resources or load_resources(spec)
        self.engine = engine if self._known() else "textattack"
        self._plans: dict[tuple[str, ...], Plans] = {}
        self.similarities = self._similarities() if self.engine == "lockstep" else None

    def attack(
        self,
        victim: Victim,
        texts: Sequence[str],
        labels: Sequence[int],
        on_text: Callable[[TextOutcome], None] = lambda outcome: None,
    ) -> list[TextOutcome]:
        """Attack each text that `victim` classifies correctly; the others are skipped.

        Args:
            victim: The model.
            texts: What is attacked.
            labels: The true classes.
            on_text: Called as each text is done.

        Returns:
            What became of each text, in the order of `texts`.

        Raises:
            EvaluationFailed: The victim returned a value that is not finite.
        """
        found: dict[int, TextOutcome] = {}
        run = self._in_lockstep if self.engine == "lockstep" else self._one_by_one
        for index, outcome in run(victim, texts, labels):
            found[index] = replace(outcome, index=index)
            on_text(found[index])
        return [found[index] for index in range(len(texts))]

    def _in_lockstep(
        self, victim: Victim, texts: Sequence[str], labels: Sequence[int]
    ) -> Iterator[tuple[int, TextOutcome]]:
        plans = self._planned(tuple(texts))
        check = None
        if self.similarities is not None:
            check = Check(self.similarities, self.spec.similarity, self.spec.window)
        searches: Iterator[Search] = (
            (k, TextSearch(plan, label, victim, self.spec, check, self.tally).run())
            for k, (plan, label) in enumerate(zip(plans, labels, strict=True))
            if plan is not None
        )
        yield from run_searches(searches, victim, self.similarities)
        if self.similarities is not None:
            self.similarities.store.sync()
        left = [k for k, plan in enumerate(plans) if plan is None]
        if left:
            yield from self._one_by_one(victim, texts, labels, left)

    def _one_by_one(
        self,
        victim: Victim,
        texts: Sequence[str],
        labels: Sequence[int],
        index: Sequence[int] | None = None,
    ) -> Iterator[tuple[int, TextOutcome]]:
        from kdnas.attacks.textattack.reference import (
            Reference,  # it imports textattack, which takes seconds
        )

        reference = Reference(victim, self.spec, self._resources)
        for k in range(len(texts)) if index is None else index:
            yield k, reference.attack(texts[k], labels[k])

    def _planned(self, texts: tuple[str, ...]) -> Plans:
        """The plans of `texts`, kept in memory for the next student."""

        def make() -> Plans:
            from kdnas.attacks.textattack.planning import make_plans  # it imports textattack

            return make_plans(texts, self.spec, self._resources)

        if texts not in self._plans:
            self._plans = {texts: cached_plans(texts, self.spec, make)}
        return self._plans[texts]

    def _known(self) -> bool:
        """Whether the fast engine can execute the spec."""
        compares = self.spec.recipe == "textfooler"
        ours = not compares or self._resources.encoder is not None
        return ours and self.spec.recipe in _LOCKSTEP_RECIPES

    def _similarities(self) -> Similarities | None:
        encoder = self._resources.encoder
        if self.spec.recipe != "textfooler" or encoder is None:
            return None
        name = fingerprint(encoder=expected_hash("minilm"), metric="angular")
        store = PairStore(cache_folder() / f"similarities-{name}.sqlite")
        return Similarities(encoder, store)
