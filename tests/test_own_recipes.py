"""Recipes of a user's: with TextAttack's build alone, and with a part in the engine besides.

They are written in a module of the user's, and both ways of execution come to the same outcomes.
"""

import sys
from pathlib import Path

import pytest
from attack_texts import reviews, weigh_words

from kdnas import registry
from kdnas.attacks import Attacker, CallableVictim
from kdnas.config import Config
from kdnas.config.section import LOADING, STORED
from kdnas.errors import UserError
from kdnas.records import ATTACKS, AttackSpec
from kdnas.registry import sources

BUILD_ALONE = """
from kdnas.records import ATTACKS, Recipe

def build(model, settings, resources):
    from textattack.attack_recipes import Pruthi2019

    return Pruthi2019.build(model)

KEYS = Recipe(build, draws=True)

def add():
    ATTACKS.add("keys", KEYS)
"""

IN_THE_ENGINE = """
from dataclasses import dataclass

from kdnas.attacks.engine import DeletesWords
from kdnas.attacks.parts import words_of
from kdnas.records import Recipe

@dataclass(frozen=True)
class Settings:
    times: int = 1

def build(model, settings, resources):
    from textattack import Attack, goal_functions, search_methods, transformations
    from textattack.constraints.pre_transformation import RepeatModification

    class Stretch(transformations.WordSwap):
        def _get_replacement_words(self, word):
            return [word + word[-1] * settings.times, word[0] * settings.times + word]

    goal = goal_functions.UntargetedClassification(model)
    search = search_methods.GreedyWordSwapWIR("delete")
    return Attack(goal, [RepeatModification()], Stretch(), search)

class Stretched(DeletesWords):
    def of(self, parts, i):
        word, times = words_of(parts)[i], self.settings.times
        return [word + word[-1] * times, word[0] * times + word]

STRETCH = Recipe(build, settings=Settings, candidates=Stretched)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module with both recipes, importable from the working folder; nothing of it is left."""
    (tmp_path / "own_attack.py").write_text(BUILD_ALONE + IN_THE_ENGINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(registry, "_sources", {})
    monkeypatch.setattr(ATTACKS, "_parts", dict(ATTACKS._parts))
    monkeypatch.delitem(sys.modules, "own_attack", raising=False)
    return "own_attack"


TEXTS = (*reviews(), "a <b>good</b> film of the year", "")


def outcomes(spec: AttackSpec, engine="lockstep", texts: tuple[str, ...] = TEXTS) -> list:
    labels = weigh_words(texts).argmax(axis=1).tolist()
    return Attacker(spec, engine=engine).attack(CallableVictim(weigh_words), texts, labels)


def configured(**attack) -> AttackSpec:
    config = Config.model_validate({"attack": {"mode": "exact", **attack}}, context=LOADING)
    return config.attack.spec(sentiment=False, seed=3)


@pytest.mark.textattack
def test_a_recipe_needs_no_more_than_textattacks_build(module: str) -> None:
    spec = configured(recipe=f"{module}:KEYS")
    assert not spec.in_lockstep
    assert Attacker(spec).engine == "textattack"
    assert outcomes(spec) == outcomes(AttackSpec("pruthi", seed=3))
    assert [source.module for source in sources()] == [module]


@pytest.mark.textattack
def test_the_recipe_of_the_readme_hits_neighbouring_keys(module: str, tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    code = next(c for c in readme.split("```python\n") if c.startswith("# my_attack.py"))
    (tmp_path / f"{module}.py").write_text(code.split("```")[0])
    flipped = [o for o in outcomes(configured(recipe=f"{module}:KEYBOARD")) if o.perturbed]
    assert flipped
    texts = [*reviews()]
    for outcome in flipped:
        if outcome.index < len(texts):
            before = texts[outcome.index]
            assert len(outcome.perturbed) == len(before)
            letters = sum(a != b for a, b in zip(before, outcome.perturbed, strict=True))
            assert letters == outcome.words_changed


@pytest.mark.textattack
def test_a_recipe_added_by_a_call_is_the_same(module: str) -> None:
    registry.resolve(f"{module}:add")()
    assert outcomes(configured(recipe="keys")) == outcomes(AttackSpec("pruthi", seed=3))


@pytest.mark.textattack
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("budget", [None, 9])
def test_a_part_in_the_engine_comes_to_textattacks_outcomes(
    module: str, times: int, budget: int | None
) -> None:
    """Texts that the engine leaves to TextAttack stand between the others."""
    name = f"{module}:STRETCH"
    spec = configured(recipe=name, query_budget=budget, **{name: {"times": times}})
    assert spec.settings.times == times
    assert Attacker(spec).engine == "lockstep"
    texts = (*TEXTS[:2], "这部电影很好 film", *TEXTS[2:])
    found = outcomes(spec, texts=texts)
    assert found == outcomes(spec, "textattack", texts)
    assert {"succeeded", "failed"} & {outcome.outcome for outcome in found}


def test_its_plans_are_not_stored_for_its_source_may_change(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / "cache"))
    outcomes(configured(recipe=f"{module}:STRETCH"))
    assert not list((tmp_path / "cache").glob("plans-*"))
    outcomes(AttackSpec("deepwordbug"))
    assert list((tmp_path / "cache").glob("plans-*"))


def test_a_setting_that_it_does_not_have_is_refused(module: str) -> None:
    with pytest.raises(ValueError, match="module own_attack has no 'NONE'"):
        configured(recipe=f"{module}:NONE")


def test_an_archive_that_names_it_imports_nothing(module: str) -> None:
    values = {"attack": {"recipe": f"{module}:KEYS"}}
    assert Config.model_validate(values, context=STORED).attack.recipe == f"{module}:KEYS"
    assert module not in sys.modules
    with pytest.raises(UserError, match=f"no attack '{module}:KEYS'"):
        AttackSpec(f"{module}:KEYS")
