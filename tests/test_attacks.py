"""Attacks: the recipe's parts, the offline resources, and what an attack's outcomes say."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from attack_texts import count_words, small
from hypothesis import given
from hypothesis import strategies as st

from kdnas.attacks import (
    Attacker,
    AttackResources,
    CallableVictim,
    ModelVictim,
    Tokens,
)
from kdnas.attacks.resources import MiniLM, classes_agree, polarity_agrees, word_classes
from kdnas.attacks.resources.vectors import nearest_neighbours
from kdnas.attacks.textattack.importing import import_textattack
from kdnas.errors import UserError
from kdnas.offline import offline_path
from kdnas.records import AttackOutcome, AttackSpec, EvaluationFailed, TextOutcome

TEXTS = [
    ("a good story with the best cast", 1),
    ("a problem of the film , bad in every way", 0),
    ("a strong film and a good story , one of the best of the last year in every way "
     "that a film can be good for the people of the town", 1),
    ("a lost story with a problem", 1),
    ("good", 1),
    ("", 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def attacker() -> Attacker:
    return Attacker(small(own={"similarity": 0.84, "polarity": "on"}))


@pytest.fixture(scope="module")
def outcomes(attacker: Attacker) -> list[TextOutcome]:
    texts, labels = zip(*TEXTS, strict=True)
    return attacker.attack(CallableVictim(count_words), texts, labels)


def test_misclassified_texts_are_skipped_and_count(outcomes: list[TextOutcome]) -> None:
    assert [o.outcome for o in outcomes][3] == "skipped"
    found = AttackOutcome.of(outcomes, 2)
    assert found.texts == len(TEXTS)
    assert found.robustness == pytest.approx(found.accuracy * (1 - found.success_rate))
    assert 0 <= found.robustness <= found.accuracy <= 1


def test_a_success_changes_the_answer_and_reports_what_it_changed(
    outcomes: list[TextOutcome],
) -> None:
    successes = [o for o in outcomes if o.outcome == "succeeded"]
    assert successes, "no attack succeeded; the test shows nothing"
    for o in successes:
        text = TEXTS[o.index][0]
        assert count_words([o.perturbed]).argmax() != o.label
        changed = [a != b for a, b in zip(text.split(), o.perturbed.split(), strict=True)]
        assert sum(changed) == o.words_changed > 0
    for o in outcomes:
        assert (o.perturbed == "") == (o.outcome != "succeeded")
        assert o.predicted == count_words([TEXTS[o.index][0]]).argmax()


def test_swaps_keep_class_sentiment_and_distance(
    attacker: Attacker, outcomes: list[TextOutcome]
) -> None:
    vectors = attacker._resources.vectors
    assert vectors is not None
    row = {word: i for i, word in enumerate(vectors.words)}
    for o in outcomes:
        if o.outcome != "succeeded":
            continue
        pairs = zip(TEXTS[o.index][0].split(), o.perturbed.split(), strict=True)
        for a, b in ((a, b) for a, b in pairs if a != b):
            assert vectors.matrix[row[a]] @ vectors.matrix[row[b]] >= 0.5
            assert classes_agree(a, b)
            assert polarity_agrees(a, b)


def test_equal_attacks_give_equal_outcomes(attacker: Attacker, outcomes: list[TextOutcome]) -> None:
    texts, labels = zip(*TEXTS, strict=True)
    assert attacker.attack(CallableVictim(count_words), texts, labels) == outcomes


def test_a_similarity_that_nothing_reaches_stops_long_texts_only() -> None:
    """Texts under 15 words are not checked; with threshold 1 every longer one holds."""
    attacker = Attacker(small(own={"similarity": 1.0}))
    texts, labels = zip(*TEXTS, strict=True)
    found = attacker.attack(CallableVictim(count_words), texts, labels)
    long = [o for o in found if o.words >= 15]
    assert [o.outcome for o in long] == ["failed"]
    assert "succeeded" in [o.outcome for o in found if o.words < 15]


def test_without_candidates_accuracy_and_robustness_agree() -> None:
    attacker = Attacker(small(own={"word_cosine": 1.01}))
    texts, labels = zip(*TEXTS, strict=True)
    found = AttackOutcome.of(attacker.attack(CallableVictim(count_words), texts, labels), 2)
    assert found.robustness == found.accuracy


def test_a_query_budget_binds() -> None:
    attacker = Attacker(small(own={"similarity": 0.84}, query_budget=5))
    texts, labels = zip(*TEXTS, strict=True)
    found = attacker.attack(CallableVictim(count_words), texts, labels)
    assert max(o.queries for o in found) == 5


def test_a_victim_that_returns_nan_is_a_typed_failure(attacker: Attacker) -> None:
    victim = CallableVictim(lambda texts: np.full((len(texts), 2), np.nan))
    with pytest.raises(EvaluationFailed):
        attacker.attack(victim, ["a film"], [0])


@pytest.mark.textattack
def test_logits_that_sum_to_one_are_not_taken_for_probabilities(attacker: Attacker) -> None:
    """TextAttack would skip the softmax; the scores of (1, 0) and of its shift must agree."""
    from kdnas.attacks.textattack.build import build_attack

    def scores(shift: float) -> torch.Tensor:
        victim = CallableVictim(lambda texts: np.tile([1.0 + shift, shift], (len(texts), 1)))
        goal = build_attack(victim, attacker.spec, attacker._resources).goal_function
        raw = goal.model(["a film"])
        return goal._process_model_outputs(["a film"], raw)

    expected = torch.softmax(torch.tensor([[1.0, 0.0]]), dim=1)
    assert torch.allclose(scores(0.0), expected)
    assert torch.allclose(scores(3.0), expected)


@pytest.mark.textattack
def test_the_recipe_is_textattacks_own(attacker: Attacker) -> None:
    from kdnas.attacks.textattack.build import build_attack

    built = build_attack(CallableVictim(count_words), attacker.spec, attacker._resources)
    assert type(built.search_method).__name__ == "GreedyWordSwapWIR"
    assert built.search_method.wir_method == "delete"
    assert built.transformation.max_candidates == 50
    names = [type(c).__name__ for c in built.constraints]
    assert names == ["WordEmbeddingDistance", "SameWordClasses", "SamePolarity", "OfflineEncoder"]
    assert [type(c).__name__ for c in built.pre_transformation_constraints] == [
        "RepeatModification", "StopwordModification", "InputColumnModification",
    ]  # fmt: skip
    encoder = built.constraints[-1]
    assert (encoder.metric, encoder.window_size) == ("angular", 15)
    assert not encoder.compare_against_original
    assert encoder.skip_text_shorter_than_window


def test_neighbours_agree_with_a_full_sort() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3000, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    found = nearest_neighbours(matrix, 5)
    for row in (0, 17, 2500):
        expected = np.argsort(-(matrix @ matrix[row]))[:6]
        assert found[row].tolist() == expected.tolist()
        assert found[row, 0] == row


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [("good", "bad", False), ("good", "great", True), ("film", "movie", True),
     ("film", "awful", False), ("funny", "hilarious", True), ("love", "hate", False)],
)  # fmt: skip
def test_polarity(a: str, b: str, agree: bool) -> None:
    assert polarity_agrees(a, b) is agree
    assert polarity_agrees(b, a.upper()) is agree


def test_word_classes() -> None:
    assert word_classes("film") == {"NOUN/VERB"}
    assert classes_agree("run", "film")
    assert classes_agree("quickly", "slowly")
    assert not classes_agree("quickly", "film")
    assert classes_agree("xqzzt", "qwvvk")
    assert not classes_agree("xqzzt", "film")


def test_the_encoder_knows_meaning_and_order_does_not_matter() -> None:
    encoder = MiniLM()
    texts = ["a funny film", "an amusing movie", "tax law in the senate", "a funny film"]
    vectors = encoder(texts)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert units[0] @ units[1] > units[0] @ units[2] + 0.3
    assert np.array_equal(vectors[0], vectors[3])
    assert np.allclose(encoder(texts[::-1])[::-1], vectors, atol=1e-5)


@given(st.lists(st.sampled_from(["a film", "good", "", "one two three four"]), min_size=1))
def test_a_model_victim_returns_logits_in_the_order_of_the_texts(texts: list[str]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(offline_path("minilm")))
    victim = ModelVictim(
        lambda b: torch.stack([b.mask.sum(1).float(), b.ids[:, 1].float()], dim=1),
        Tokens(tokenizer, 32),
        torch.device("cpu"),
    )
    expected = [[len(row), row[1]] for row in tokenizer(texts)["input_ids"]]
    assert victim.logits(victim.encode(texts)).tolist() == expected


@pytest.mark.textattack
def test_importing_textattack_leaves_the_environment_alone(tmp_path) -> None:
    program = (
        "import os, nltk, logging\n"
        "before, download, stop = dict(os.environ), nltk.download, nltk.corpus.stopwords\n"
        "from kdnas.attacks.textattack.importing import import_textattack\n"
        "import_textattack()\n"
        "from textattack.attack_recipes import TextFoolerJin2019\n"
        "assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())\n"
        "assert nltk.download is download and nltk.corpus.stopwords is stop\n"
        "assert not logging.root.manager.disable\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    places = {"KDNAS_CACHE": "cache", "HF_HOME": "hf", "NLTK_DATA": "none"}
    environment = {**os.environ, "HOME": str(home)}
    environment |= {name: str(tmp_path / place) for name, place in places.items()}
    environment.pop("TA_CACHE_DIR", None)
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert not (home / "nltk_data").exists()
    assert not (home / ".cache" / "textattack").exists()
    assert not (tmp_path / "hf" / "textattack").exists()


@pytest.mark.textattack
def test_textattack_without_a_folder_is_one_line(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / "file"))
    monkeypatch.delitem(sys.modules, "textattack", raising=False)
    with pytest.raises(UserError, match=r"file/textattack: a file stands .*KDNAS_CACHE"):
        import_textattack()


@pytest.mark.textattack
@pytest.mark.parametrize(
    ("recipe", "resources", "engine"),
    [("deepwordbug", "textattack", "lockstep"), ("pruthi", "offline", "textattack")],
)
def test_what_the_fast_engine_cannot_execute_goes_to_textattack(recipe, resources, engine) -> None:
    spec = AttackSpec(recipe=recipe, resources=resources)
    assert Attacker(spec, AttackResources(None, None)).engine == engine
