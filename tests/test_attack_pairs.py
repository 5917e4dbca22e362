"""Attacks on pairs: the column that TextAttack's recipe would change, and its decisions.

TextFooler leaves the premise as it is. DeepWordBug and recipes that look at no column, as BAE,
change words of both strings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from attack_decisions import assert_equal_decisions, labels_of
from attack_texts import reviews, small, texts, weigh_words
from heavy import save_tiny_bert
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from kdnas.attacks import Attacker, CallableVictim, ModelVictim, Victim
from kdnas.attacks.planning import make_plans
from kdnas.offline import offline_path
from kdnas.records import ATTACKS, TextFooler


def weigh_pairs(found: Sequence[tuple[str, str]]) -> np.ndarray:
    """Logits of three classes to which the words of a hypothesis count against a premise's."""
    premises, hypotheses = zip(*found, strict=True)
    return weigh_words(hypotheses) - 0.5 * weigh_words(premises)


def pairs() -> list[tuple[str, str]]:
    """Two halves of a review; and such as TextAttack's mark between inputs could get in the way."""
    halves = [review.split(maxsplit=8) for review in reviews()]
    found = [(" ".join(words[:8]), " ".join(words[8:])) for words in halves if len(words) > 8]
    return [
        *found,
        ("I saw the best film of the year with good friends in town", "I"),
        ("IT is", "I saw the best film of the year with good friends in town and liked it"),
        ("SPLIT the good film", "SPLIT best story PLIT of the last way T strong"),
        ("good", "best"),
        ("a <b>good</b> film , isn't it ?", "( best film ) of the year . people said so !"),
        ("...", "good film of the best people"),
        ("the good film of the best people", "!"),
        ("of the", "and it"),
    ]


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Victim]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(offline_path("minilm")))
    folder = save_tiny_bert(tmp_path_factory.mktemp("bert"), 3)
    bert = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    torch.nn.init.normal_(bert.classifier.weight, std=2.0)  # else every text is a near tie
    torch.nn.init.normal_(bert.bert.embeddings.token_type_embeddings.weight, std=1.0)
    return {
        "weights": CallableVictim(weigh_pairs, pairs=True),
        "bert": ModelVictim.of_classifier(bert, tokenizer, 24, pairs=True),
    }


VICTIMS = ("weights", "bert")


@pytest.mark.textattack
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("similarity", ["rosearch", "textattack"])
def test_textfooler_decides_as_textattack_does(
    similarity: str,
    victim: str,
    victims,
    resources,
    new_caches,
) -> None:
    spec = small(own={"similarity": similarity})
    found = assert_equal_decisions(victims[victim], pairs(), spec, resources, new_caches)
    told = {o.outcome for o in found}
    assert told == {"succeeded", "failed", "skipped"} or (victim == "bert" and len(told) > 1)


@pytest.mark.textattack
@pytest.mark.parametrize("victim", VICTIMS)
def test_deepwordbug_decides_as_textattack_does(
    victim: str,
    victims,
    resources,
    new_caches,
) -> None:
    spec = small("deepwordbug", seed=3)
    found = assert_equal_decisions(victims[victim], pairs(), spec, resources, new_caches)
    assert "succeeded" in {o.outcome for o in found} or victim == "bert"


@pytest.mark.textattack
@pytest.mark.parametrize("budget", [1, 2, 5, 17])
def test_budgets_bind_at_the_same_query(
    budget: int,
    victims,
    resources,
    new_caches,
) -> None:
    spec = small(query_budget=budget)
    assert_equal_decisions(victims["weights"], pairs()[-6:], spec, resources, new_caches)


def without_columns(model: Any, settings: TextFooler, resources: Any) -> Any:
    """TextFooler without its look at columns: as BAE it changes both strings of a pair."""
    from textattack.constraints.pre_transformation import InputColumnModification

    from kdnas.attacks.recipes.textfooler import build

    attack = build(model, settings, resources)
    kinds = attack.pre_transformation_constraints
    attack.pre_transformation_constraints = [
        kind for kind in kinds if not isinstance(kind, InputColumnModification)
    ]
    return attack


@pytest.fixture
def both_strings(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of that recipe."""
    recipe = replace(ATTACKS["textfooler"], build=without_columns, keeps_premise=False)
    monkeypatch.setattr(ATTACKS, "_parts", {**ATTACKS._parts, "both": recipe})
    return "both"


@pytest.mark.textattack
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_recipe_without_columns_decides_as_textattack_does(
    victim: str,
    both_strings: str,
    victims,
    resources,
    new_caches,
) -> None:
    own = TextFooler(vocabulary=3000, similarity="textattack")
    spec = replace(small(both_strings), settings=own.fixed("offline", False))
    found = assert_equal_decisions(victims[victim], pairs(), spec, resources, new_caches)
    changed = [(o.perturbed, pairs()[o.index]) for o in found if o.outcome == "succeeded"]
    for string in (0, 1) if victim == "weights" else ():
        assert any(after[string] != before[string] for after, before in changed)


def test_only_the_column_of_the_recipe_is_changed(victims, resources) -> None:
    """Without TextAttack: the outcomes themselves."""
    for name, spec in (("textfooler", small()), ("deepwordbug", small("deepwordbug"))):
        victim = victims["weights"]
        attacker = Attacker(spec, resources if name == "textfooler" else None)
        found = attacker.attack(victim, pairs(), labels_of(victim, pairs()))
        changed = [(o, pairs()[o.index]) for o in found if o.outcome == "succeeded"]
        assert len(changed) >= 3
        for outcome, (premise, _) in changed:
            assert isinstance(outcome.perturbed, tuple)
            assert (outcome.perturbed[0] == premise) or name == "deepwordbug"
            assert labels_of(victim, [outcome.perturbed]) != [outcome.label]
        touched = {outcome.perturbed[0] != premise for outcome, (premise, _) in changed}
        assert (True in touched) == (name == "deepwordbug")


@hypothesis_settings(max_examples=50)
@given(texts, texts)
def test_the_words_of_the_premise_are_never_planned(premise: str, hypothesis: str) -> None:
    pair = (" ".join(premise.split()), " ".join(hypothesis.split()))
    spec = small("deepwordbug")
    [both] = make_plans([pair], spec, None)
    monkey = replace(ATTACKS["deepwordbug"], keeps_premise=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ATTACKS, "_parts", {**ATTACKS._parts, "deepwordbug": monkey})
        [kept] = make_plans([pair], spec, None)
        [alone] = make_plans([pair[1]], spec, None)
    if both is None or alone is None:
        assert kept is None
        return
    first = len(both.parts) // 2 - len(alone.parts) // 2
    assert sorted(kept.order) == [i + first for i in sorted(alone.order)]
    assert set(kept.order) == {i for i in both.order if i >= first}
