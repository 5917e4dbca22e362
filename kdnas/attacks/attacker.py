"""`Attacker`: a spec and its resources, ready to attack any victim."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kdnas.attacks.cutting import require_cut
from kdnas.attacks.engine import (
    Candidates,
    Check,
    PairStore,
    Plans,
    Similarities,
    Tally,
    TextPlan,
    TextSearch,
    cached_plans,
    run_searches,
)
from kdnas.attacks.engine.lockstep import Search
from kdnas.attacks.planning import make_plans
from kdnas.attacks.resources import AttackResources, load_resources
from kdnas.attacks.victim import Victim
from kdnas.cache import cache_folder, fingerprint
from kdnas.errors import require_extra
from kdnas.records import ATTACKS, AttackSpec, Engine, Text, TextOutcome, as_read, written
from kdnas.registry import resolve
from kdnas.seeds import derived_seed


class Attacker:
    """Attacks victims by one spec.

    Args:
        spec: What the attack does.
        resources: Loaded for the spec by default.
        engine: `lockstep` attacks all texts together, `textattack` is the reference: one after the
            other, with the same outcomes and perturbed texts.
        cache: Where comparisons of windows are kept for the next one; by default kdnas' cache.

    Raises:
        UserError: A package is missing.

    Attributes:
        engine: `textattack` too where `spec.in_lockstep` is false.
        similarities: What is known of sentence windows; None where the engine compares none.
    """

    def __init__(
        self,
        spec: AttackSpec,
        resources: AttackResources | None = None,
        engine: Engine = "lockstep",
        cache: Path | None = None,
    ) -> None:
        self.spec = spec
        self.engine: Engine = engine if spec.in_lockstep else "textattack"
        if self.engine == "textattack":
            require_extra("textattack", "textattack", f"{spec.recipe} by TextAttack")
        self.tally = Tally()
        self._resources = resources or load_resources(spec, self.engine)
        self._plans: dict[tuple[Text, ...], Plans] = {}
        self._check = self._comparison(cache or cache_folder())
        self.similarities = None if self._check is None else self._check.similarities

    def attack(
        self,
        victim: Victim,
        texts: Sequence[Text],
        labels: Sequence[int],
        on_text: Callable[[TextOutcome], None] = lambda outcome: None,
    ) -> list[TextOutcome]:
        """Attack each text that `victim` classifies correctly; the others are skipped.

        Args:
            victim: The model.
            texts: What is attacked; pairs are tuples.
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
            changed = outcome.perturbed
            read = changed if isinstance(texts[index], str) else as_read(changed)
            found[index] = replace(outcome, index=index, perturbed=read)
            on_text(found[index])
        return [found[index] for index in range(len(texts))]

    def _in_lockstep(
        self, victim: Victim, texts: Sequence[Text], labels: Sequence[int]
    ) -> Iterator[tuple[int, TextOutcome]]:
        plans = self._planned(tuple(texts))
        left = [k for k, plan in enumerate(plans) if plan is None]
        if left:
            require_cut(list(map(written, texts)))
        searches: Iterator[Search] = (
            (k, self._search(plan, label, victim).run())
            for k, (plan, label) in enumerate(zip(plans, labels, strict=True))
            if plan is not None
        )
        yield from run_searches(searches, victim, self.similarities)
        if self.similarities is not None:
            self.similarities.sync()
        if left:
            yield from self._one_by_one(victim, texts, labels, left)

    def _one_by_one(
        self,
        victim: Victim,
        texts: Sequence[Text],
        labels: Sequence[int],
        index: Sequence[int] | None = None,
    ) -> Iterator[tuple[int, TextOutcome]]:
        # It imports textattack, which takes seconds.
        from kdnas.attacks.textattack.reference import Reference

        reference = Reference(victim, self.spec, self._resources)
        for k in range(len(texts)) if index is None else index:
            yield k, reference.attack(texts[k], labels[k])

    def _search(self, plan: TextPlan, label: int, victim: Victim) -> TextSearch:
        spec = self.spec
        seed = derived_seed(spec.seed, "".join(plan.parts))
        candidates: Candidates = resolve(ATTACKS[spec.recipe].candidates)(plan, spec.settings, seed)
        return TextSearch(candidates, label, victim, spec, self._check, self.tally)

    def _planned(self, texts: tuple[Text, ...]) -> Plans:
        """The plans of `texts`, kept in memory for the next student."""
        if texts not in self._plans:
            make = partial(make_plans, texts, self.spec, self._resources)
            self._plans = {texts: cached_plans(texts, self.spec, self._resources, make)}
        return self._plans[texts]

    def _comparison(self, cache: Path) -> Check | None:
        """The comparison of windows, with what is known of them; None where there is none."""
        if self.engine != "lockstep" or "encoder" not in ATTACKS[self.spec.recipe].needs:
            return None
        encoder, settings = self._resources.encoder, self.spec.settings
        if encoder is None:
            raise ValueError(f"{self.spec.recipe} compares windows: its resources need an encoder")
        stores = f"similarities-{fingerprint(encoder=encoder.identity, metric=encoder.metric)}"
        store, rough = PairStore(cache / f"{stores}.sqlite"), self._resources.rough
        twin = None
        if rough is not None:
            twin = rough, PairStore(cache / f"{stores}-{rough.name}.sqlite")
        similarities = Similarities(encoder, encoder.metric, settings.similarity, store, twin)
        return Check(similarities, settings.window)
