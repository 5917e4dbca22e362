"""Recipes and specs: what decides is in the digest and nothing else, records, named values.

The contracts run over every recipe; a new one, or a new setting, has to be declared in `OTHER`.
"""

import json
import math
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from attack_texts import small, weigh_words
from programs import output_of

from kdnas.errors import UserError
from kdnas.records import ATTACKS, SIMILARITY_THRESHOLDS, AttackSpec, TextFooler
from kdnas.registry import resolve
from kdnas.tasks.packaged import rotten_tomatoes

COMMON = {"query_budget": 500, "mode": "lazy", "seed": 1}
"""Another value of every field that all recipes have."""

OTHER = {
    "textfooler": {
        "similarity": 0.8, "word_cosine": 0.6, "candidates": 49, "window": 14,
        "vocabulary": 30_000, "polarity": "on", "word_classes": "tagger",
    },
    "deepwordbug": {},
    "pruthi": {},
}  # fmt: skip
"""Another value of every setting of each recipe."""

NEVER = {"mode"}
IGNORED = {
    ("textfooler", "offline"): {"seed"},
    ("textfooler", "textattack"): {"seed", "vocabulary", "polarity", "word_classes"},
}
"""What changes no outcome of a recipe with some resources."""

CASES = [
    (recipe, resources, field)
    for recipe, own in OTHER.items()
    for resources in ("offline", "textattack")
    for field in (*COMMON, *own)
]


def test_every_recipe_and_every_setting_is_declared() -> None:
    assert set(OTHER) == set(ATTACKS)
    for name, recipe in ATTACKS.items():
        assert set(OTHER[name]) == {field.name for field in fields(recipe.settings)}
    declared = {*COMMON, "recipe", "settings", "resources"}
    assert declared == {field.name for field in fields(AttackSpec)}


@pytest.mark.parametrize(("recipe", "resources", "field"), CASES)
def test_the_digest_changes_with_what_can_change_an_outcome_and_no_more(
    recipe: str, resources: str, field: str
) -> None:
    spec = AttackSpec(recipe, resources=resources)
    if field in COMMON:
        other = AttackSpec(recipe, resources=resources, **{field: COMMON[field]})
    else:
        settings = ATTACKS[recipe].settings(**{field: OTHER[recipe][field]})
        other = AttackSpec(recipe, settings, resources)
    ignored = NEVER | IGNORED.get((recipe, resources), set())
    assert (other.digest == spec.digest) is (field in ignored)
    assert (other == spec) is (field in ignored - NEVER)


def test_recipes_and_resources_have_digests_of_their_own() -> None:
    specs = [
        AttackSpec(recipe, resources=r) for recipe in ATTACKS for r in ("offline", "textattack")
    ]
    assert len({spec.digest for spec in specs}) == len(specs)
    assert all(len(spec.digest) == 12 for spec in specs)


@pytest.mark.textattack
@pytest.mark.parametrize("recipe", ATTACKS)
def test_a_recipe_that_draws_depends_on_the_seed_and_no_other_does(recipe: str) -> None:
    """By TextAttack itself; a spec would not take the seed of a recipe that does not draw."""
    from kdnas.attacks import Attacker, CallableVictim

    found = []
    texts = rotten_tomatoes().tables["train"].columns["text"][:20]
    labels = weigh_words(texts).argmax(axis=1).tolist()
    for seed in (1, 2):
        spec = small(recipe, {"similarity": 0.84} if recipe == "textfooler" else None)
        object.__setattr__(spec, "seed", seed)
        attacker = Attacker(spec, engine="textattack")
        found.append(attacker.attack(CallableVictim(weigh_words), texts, labels))
    assert (found[0] != found[1]) is ATTACKS[recipe].draws


# Fixed values.


def test_thresholds() -> None:
    """0.7 on the script's scale 1 - angle is 0.3 rad; TextAttack's recipe allows 0.5 rad."""
    named = {name: _similarity(name) for name in SIMILARITY_THRESHOLDS}
    assert named["rosearch"] == pytest.approx(1 - (1 - 0.7) / math.pi)
    assert named["rosearch"] == pytest.approx(0.904507, abs=1e-6)
    assert named["textattack"] == pytest.approx(1 - 0.5 / math.pi, abs=1e-6)
    assert AttackSpec() == AttackSpec(settings=TextFooler(similarity=named["rosearch"]))


def _similarity(name: str) -> float:
    value: float = AttackSpec(settings=TextFooler(similarity=name)).settings.similarity
    return value


@pytest.mark.parametrize("sentiment", [True, False])
@pytest.mark.parametrize("polarity", ["auto", "on", "off"])
@pytest.mark.parametrize("resources", ["offline", "textattack"])
def test_polarity_is_checked_where_it_is_said(polarity, resources, sentiment) -> None:
    spec = AttackSpec(settings=TextFooler(polarity=polarity), resources=resources,
                      sentiment=sentiment)  # fmt: skip
    checked = resources == "offline" and (sentiment if polarity == "auto" else polarity == "on")
    assert spec.settings.polarity == ("on" if checked else "off")
    assert f"polarity {'on' if checked else 'off'}" in str(spec)
    assert replace(spec, mode="lazy").settings == spec.settings, "it is fixed once"


@pytest.mark.parametrize(
    ("mode", "budget", "lazy"), [("lazy", None, True), ("exact", None, False), ("lazy", 9, False)]
)
def test_a_query_budget_needs_exact_counts(mode, budget, lazy) -> None:
    assert AttackSpec(mode=mode, query_budget=budget).lazy is lazy


def test_a_spec_is_said_in_words() -> None:
    said = str(AttackSpec("deepwordbug", resources="textattack", query_budget=9, seed=3))
    assert said == (
        "deepwordbug, textattack resources, NLTK's stop words, at most 9 queries a text, seed 3"
    )
    assert str(AttackSpec()).startswith("textfooler (similarity 0.904507, word_cosine 0.5, ")


def test_an_unknown_recipe_is_refused_with_the_names() -> None:
    with pytest.raises(UserError, match=r"no attack 'textfoler' \(did you mean textfooler\?\)"):
        AttackSpec("textfoler")


# Records.


@pytest.mark.parametrize("recipe", ATTACKS)
def test_a_record_gives_the_spec_again(recipe: str) -> None:
    for spec in (AttackSpec(recipe), AttackSpec(recipe, query_budget=7, seed=2, sentiment=True)):
        record = json.loads(json.dumps(spec.as_record()))
        assert AttackSpec.from_record(record) == spec
        assert AttackSpec.from_record(record).digest == spec.digest


def test_a_record_of_a_recipe_that_is_not_there_keeps_its_digest_and_imports_nothing() -> None:
    record = {
        "recipe": "no_such_module:MINE", "settings": {"words": 3}, "resources": "offline",
        "query_budget": None, "mode": "lazy", "seed": 4,
    }  # fmt: skip
    spec = AttackSpec.from_record(record)
    assert spec.as_record() == record
    assert spec.digest == AttackSpec.from_record(record | {"mode": "exact"}).digest
    assert spec.digest != AttackSpec.from_record(record | {"settings": {"words": 4}}).digest
    assert "no_such_module (words 3)".replace("module", "module:MINE") in str(spec)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settings": {"colour": 1}}, "colour"),
        ({"settings": None}, "NoneType"),
        ({"settings": {"similarity": "huge"}}, "huge"),
        ({"colour": 1}, "colour"),
        ({"recipe": ["textfooler"]}, "list"),
    ],
)
def test_a_record_of_another_form_is_refused(change: dict, said: str) -> None:
    with pytest.raises(UserError, match=f"no attack spec .*{said}"):
        AttackSpec.from_record(AttackSpec().as_record() | change)
    with pytest.raises(UserError, match="recipe"):
        AttackSpec.from_record({})


# Parts.


@pytest.mark.parametrize("recipe", ATTACKS.values(), ids=list(ATTACKS))
def test_parts_are_there_and_settings_are_values(recipe) -> None:
    for part in (recipe.build, recipe.candidates, recipe.substitutes):
        assert part is None or callable(resolve(part))
    assert recipe.stores_plans
    settings = recipe.settings()
    for field in fields(settings):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, field.name, None)


def test_recipes_are_known_without_what_executes_them() -> None:
    program = (
        "import sys\n"
        "from kdnas.config import load_config\n"
        "load_config().attack.spec(sentiment=True, seed=0).digest\n"
        "print({'torch', 'textattack', 'transformers'} & set(sys.modules))\n"
    )
    assert output_of(program).strip() == "set()"


@pytest.mark.parametrize(
    ("recipe", "resources", "lockstep"),
    [("textfooler", "offline", True), ("textfooler", "textattack", True),
     ("deepwordbug", "offline", True), ("deepwordbug", "textattack", True),
     ("pruthi", "offline", False), ("pruthi", "textattack", False)],
)  # fmt: skip
def test_who_executes_an_attack_is_known_and_said_before(
    recipe: str, resources: str, lockstep: bool, capsys
) -> None:
    from kdnas.cli.attack_output import warn_of_reference

    assert AttackSpec(recipe, resources=resources).in_lockstep is lockstep
    warn_of_reference(recipe)
    said = f"attack: {recipe} is executed by TextAttack"
    assert (said in capsys.readouterr().err) is not lockstep
