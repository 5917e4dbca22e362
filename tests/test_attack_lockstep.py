"""The engine against TextAttack: equal decisions on real reviews and on bad input, in any batch.

Every text is attacked by both engines with the offline resources. Also: how attacks run side by
side, what is stored between them, and how they end early.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from attack_decisions import assert_equal_decisions, labels_of
from attack_texts import count_words, reviews, small, weigh_words
from attack_worlds import World
from heavy import TINY_ARCHITECTURE, save_tiny_bert
from programs import output_of

from kdnas.attacks import (
    Attacker,
    CallableVictim,
    ModelVictim,
    Tokens,
    Victim,
)
from kdnas.attacks.engine.lockstep import settled_logits
from kdnas.attacks.engine.steps import judge
from kdnas.offline import offline_path
from kdnas.records import AttackSpec, EvaluationFailed, TextOutcome

ENGINES = ("lockstep", pytest.param("textattack", marks=pytest.mark.textattack))
VICTIMS = ("counts", "weights", "student", "bert", "five classes")


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Victim]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from kdnas.space import NetworkShape
    from kdnas.students import Student

    tokenizer = AutoTokenizer.from_pretrained(str(offline_path("minilm")))
    found: dict[str, Victim] = {
        "counts": CallableVictim(count_words), "weights": CallableVictim(weigh_words)
    }  # fmt: skip
    for name, classes in (("bert", 2), ("five classes", 5)):
        folder = save_tiny_bert(tmp_path_factory.mktemp("bert"), classes)
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        torch.nn.init.normal_(model.classifier.weight, std=2.0)  # else every text is a near tie
        found[name] = ModelVictim.of_classifier(model, tokenizer, 64)
    shape = NetworkShape(vocabulary=len(tokenizer), classes=2, positions=64)
    torch.manual_seed(1)
    student = Student(TINY_ARCHITECTURE, shape).eval()
    tokens = Tokens(tokenizer, 64)
    found["student"] = ModelVictim(lambda b: student(b.ids, b.mask)[0], tokens, torch.device("cpu"))
    return found


# Equal decisions.


@pytest.mark.textattack
@pytest.mark.parametrize(
    ("name", "victim"),
    [*(("rosearch", victim) for victim in VICTIMS), ("textattack", "weights"),
     ("textattack", "five classes")],
)  # fmt: skip
def test_textfooler_decides_as_textattack_does(
    name: str, victim: str, victims, resources, new_caches
) -> None:
    found = assert_equal_decisions(
        victims[victim], reviews(), small(own={"similarity": name}), resources, new_caches
    )
    assert [o.outcome == "skipped" for o in found] == [False, False, False, True]
    assert all(o.queries > 8 for o in found[:-1])


@pytest.mark.textattack
@pytest.mark.parametrize("victim", VICTIMS)
def test_deepwordbug_decides_as_textattack_does(
    victim: str, victims, resources, new_caches
) -> None:
    spec = small("deepwordbug", seed=3)
    found = assert_equal_decisions(victims[victim], reviews(), spec, resources, new_caches)
    if victim == "weights":
        assert "succeeded" in {o.outcome for o in found}


@pytest.mark.textattack
@pytest.mark.parametrize("recipe", ["textfooler", "deepwordbug"])
@pytest.mark.parametrize("budget", [1, 2, 5, 17])
def test_query_budgets_bind_at_the_same_query(
    budget: int, recipe, victims, resources, new_caches
) -> None:
    spec = small(recipe, query_budget=budget)
    found = assert_equal_decisions(victims["weights"], reviews()[-3:], spec, resources, new_caches)
    assert max(o.queries for o in found) == budget


@pytest.mark.textattack
def test_nltks_tagger_too(victims, resources, new_caches) -> None:
    import nltk

    try:
        nltk.pos_tag(["film"], tagset="universal")
    except LookupError:
        pytest.skip("NLTK's tagger is not installed (nltk.download('averaged_perceptron_tagger'))")
    spec = small(own={"word_classes": "tagger"})
    for victim in ("weights", "five classes"):
        assert_equal_decisions(victims[victim], reviews(), spec, resources, new_caches)


@pytest.mark.textattack
def test_polarity_too(victims, resources, new_caches) -> None:
    spec = small(own={"similarity": "textattack", "polarity": "on"})
    assert_equal_decisions(victims["weights"], reviews(), spec, resources, new_caches)


@pytest.mark.textattack
@pytest.mark.parametrize("mode", ["lazy", "exact"])
def test_a_victim_that_always_answers_alike_costs_no_more_than_by_textattack(
    mode: str, resources, new_caches
) -> None:
    """Every score is a near tie, whose last digits only TextAttack's own batch has."""
    new_caches()
    spec, asked = small(mode=mode), {}

    class Noted:
        identity, metric = resources.encoder.identity, resources.encoder.metric

        def __call__(self, texts: Sequence[str]) -> np.ndarray:
            asked["windows"] += len(texts)
            return resources.encoder(texts)

    def model(texts: Sequence[str]) -> np.ndarray:
        asked["texts"] += len(texts)
        return 1e-7 * weigh_words(texts) + np.array([0.3, 0.0, 0.0])

    asks = []
    for engine in ("textattack", "lockstep"):
        asked.update(windows=0, texts=0)
        attacker = Attacker(spec, replace(resources, encoder=Noted(), rough=None), engine)
        found = attacker.attack(CallableVictim(model), reviews(), [0] * len(reviews()))
        asks.append({**asked, "found": found})
    assert asks[0]["found"] == asks[1]["found"]
    assert attacker.tally.share > 0.9
    assert asks[1]["windows"] < 0.7 * asks[0]["windows"], "each window once"
    assert asks[1]["texts"] < 1.3 * asks[0]["texts"], "twice only until it shows"


# Bad input.

BAD = {
    "empty": "",
    "blanks": " \n\t ",
    "one word": "good",
    "one unknown word": "xqzzt",
    "emoji": "a good 😀 film 👍🏽 in every way 😀😀 one of the best of the year for the people",
    "right to left": "فيلم جيد جدا good film שלום עולם والممثلون best strong " * 2,
    "combining marks": "a go\u0301od fi\u0308lm , the bes\u0323t of the year " * 3,
    "stop words": "this is not the one that you were in before and after it " * 2,
    "punctuation": "... !!! ,,, ?? -- ** '' @",
    "no vectors": " ".join(f"xq{c}zzt" for c in "abcdefghijklmnopqrst"),
    "Chinese": "这部电影很好 a good film with the best cast of the year in town for the people",
    "tags": "a <b>good</b> film with the best <i> cast in town of the year for the people of it",
    "joiners": "👩\u200d👩\u200d👧 a good\u200bfilm with\u00adout faults ❤\ufe0f best of the year",
    "scripts": "यह फ़िल्म good film фильм очень best İstanbul'da \u0131 strong ẞ STRASSE coöperate",
    "look-alikes": "this f\u0456lm is g\u043e\u043ed ﬁlm of ﬁne ﬂavour and b\u0435st story now",
    "signs": "http://a.org/good?x=1&y=2 best @name #tag good_film_name so-so / [SEP] [MASK] [UNK]",
    "Greek": "ΕΝΑΣ ΟΔΟΣ.film good best ΟΔΟΣ strong film story in every way of the last year now",
    "quotes": "``good'' 'film' (story) [strong] {year} good-film best's it's o'clock of the last",
    "control characters": "good\x00film best\x0bstory \x0c strong\u200bfilm good \ufffd year " * 3,
    "one word many times": "good " * 20,
    "a huge word": "good " + "good" * 500 + " film",
    "capitals": "GOOD Film BEST sTrOnG Story FILM good YEAR People Town Last Way Every ONE Best",
}


@pytest.mark.textattack
@pytest.mark.parametrize("recipe", ["textfooler", "deepwordbug"])
def test_bad_input_is_attacked_alike(recipe: str, victims, resources, new_caches) -> None:
    """All in one call, so that texts which TextAttack has to attack stand between others."""
    spec = small(recipe, {"similarity": 0.84, "candidates": 4})
    victim = victims["weights" if recipe == "textfooler" else "student"]
    texts = [*BAD.values(), "of"]
    found = assert_equal_decisions(victim, texts, spec, resources, new_caches)
    assert len(found) == len(texts)


@pytest.mark.textattack
def test_five_thousand_words_are_attacked_alike(resources, new_caches) -> None:
    """Most of them stop words: TextAttack cuts the whole text anew for every other one."""
    text = "of the " * 2500 + "good film and the best of strong stories"
    spec = small(own={"similarity": 0.5, "candidates": 3})
    victim = CallableVictim(lambda texts: count_words([t[-60:] for t in texts]))
    found, _ = assert_equal_decisions(victim, [text, "good"], spec, resources, new_caches)
    assert found.words > 5000
    assert found.outcome == "succeeded"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_returns_nan_ends_the_attack(engine: str, resources) -> None:
    asked = []

    def model(texts: Sequence[str]) -> np.ndarray:
        asked.append(texts)
        return count_words(texts) if len(asked) < 3 else np.full((len(texts), 2), np.nan)

    labels = labels_of(CallableVictim(count_words), reviews())
    attacker = Attacker(small(), resources, engine)
    with pytest.raises(EvaluationFailed, match="not finite") as failure:
        attacker.attack(CallableVictim(model), reviews(), labels)
    assert failure.value.failure.kind == "non_finite"
    assert len(asked) == 3


@pytest.mark.textattack
@pytest.mark.parametrize("label", [0, 1, 2])
def test_probabilities_may_tie_where_logits_do_not(label: int, resources) -> None:
    """float32 makes one of both; the first class counts as the answer then."""
    victim = CallableVictim(lambda texts: np.array([[0.0, 1e-8, -1.0]] * len(texts)))
    both = [
        Attacker(small(), resources, engine).attack(victim, ["a good film"], [label])
        for engine in ("lockstep", "textattack")
    ]
    assert both[0] == both[1]
    assert both[0][0].predicted == 0


# Side by side.


@pytest.mark.textattack
def test_settled_logits_are_what_textattacks_goal_function_uses() -> None:
    """Of equal texts the last one's answer counts; batches are of 32."""
    from kdnas.attacks.textattack.build import VictimWrapper

    from textattack.goal_functions import UntargetedClassification  # isort: skip
    from textattack.shared import AttackedText

    rng = np.random.default_rng(0)
    texts = [f"text {k}" for k in rng.integers(0, 60, size=80)]
    world = World((("a",),), 4, 1, noise=(0.3, 0.0))
    victim = CallableVictim(world.logits)
    for label in range(4):
        goal = UntargetedClassification(VictimWrapper(victim))
        goal.num_queries, goal.ground_truth_output = 0, label
        results, _ = goal.get_results([AttackedText(text) for text in texts])
        found = judge(settled_logits(victim, texts), label)
        assert found.score.tolist() == [float(r.score) for r in results]
        assert found.flips.tolist() == [bool(r.goal_status == 0) for r in results]
    assert len({*map(tuple, settled_logits(victim, texts).tolist())}) == len(set(texts))


def test_more_texts_than_run_at_a_time(victims, resources, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = small("deepwordbug")
    texts = [text for text in reviews() for _ in range(2)] + ["a <b>good</b> film", "good"]
    labels = labels_of(victims["weights"], texts)
    expected = Attacker(spec, resources).attack(victims["weights"], texts, labels)
    assert [o.index for o in expected] == list(range(len(texts)))
    for running in (1, 3):
        monkeypatch.setattr("kdnas.attacks.engine.lockstep.RUNNING", running)
        seen: list[TextOutcome] = []
        attacker = Attacker(spec, resources)
        assert attacker.attack(victims["weights"], texts, labels, seen.append) == expected
        assert sorted(seen, key=lambda o: o.index) == expected


def test_texts_are_asked_together(resources) -> None:
    """As many texts take about as many batches as one does."""

    def batches(texts: Sequence[str]) -> int:
        asked: list[Sequence[str]] = []

        def model(some: Sequence[str]) -> np.ndarray:
            asked.append(some)
            return weigh_words(some)

        labels = weigh_words(texts).argmax(axis=1)
        Attacker(small(mode="lazy"), resources).attack(
            CallableVictim(model), texts, labels.tolist()
        )
        return len(asked)

    alone = [batches([text]) for text in reviews()]
    assert max(alone) <= batches(reviews()) < 0.7 * sum(alone)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_texts_have_no_outcomes(engine: str, victims, resources) -> None:
    assert Attacker(small(), resources, engine).attack(victims["bert"], [], []) == []


# What is stored.


@pytest.mark.textattack
def test_each_encoder_and_metric_has_a_store_of_its_own(resources, new_caches) -> None:
    """What one says of two windows is not what another says."""
    new_caches()

    @dataclass(frozen=True)
    class Other:
        identity: str
        metric: str

        def __call__(self, texts: Sequence[str]) -> np.ndarray:
            return resources.encoder(texts)

    encoders = [
        resources.encoder,
        Other("b", "angular"),
        Other("b", "cosine"),
        Other("c", "cosine"),
    ]
    found = []
    for encoder in encoders:
        parts = replace(resources, encoder=encoder, rough=None)
        attacker = Attacker(small(own={"similarity": 0.84}), parts)
        victim = CallableVictim(weigh_words)
        labels = labels_of(victim, reviews())
        both = [attacker.attack(victim, reviews(), labels)]
        again = Attacker(attacker.spec, parts, "textattack")
        both.append(again.attack(victim, reviews(), labels))
        assert both[0] == both[1], encoder
        found.append(attacker.similarities._exact.store._path)
        assert attacker.similarities.hits == 0
    assert len(set(found)) == len(encoders)


def test_plans_and_similarities_are_stored(
    victims, resources, new_caches, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_caches()
    spec, victim = small(mode="lazy"), victims["weights"]
    labels = labels_of(victim, reviews())
    expected = Attacker(spec, resources).attack(victim, reviews(), labels)
    nothing = lambda *_: pytest.fail("this was stored")  # noqa: E731
    monkeypatch.setattr("kdnas.attacks.attacker.make_plans", nothing)
    again = Attacker(spec, resources)
    monkeypatch.setattr(again.similarities, "compute", nothing)
    assert again.attack(victim, reviews(), labels) == expected


@pytest.mark.parametrize(
    "other",
    [
        small(own={"candidates": 5}),
        small(own={"word_cosine": 0.7}),
        small(own={"polarity": "on"}),
        small("deepwordbug"),
    ],
)
def test_another_spec_has_other_plans(other: AttackSpec, victims, resources, new_caches) -> None:
    new_caches()
    spec, victim = small(own={"similarity": 0.84}), victims["weights"]
    labels = labels_of(victim, reviews())
    before = Attacker(spec, resources).attack(victim, reviews(), labels)
    warm = Attacker(other, resources).attack(victim, reviews(), labels)
    new_caches()
    assert Attacker(other, resources).attack(victim, reviews(), labels) == warm != before


def test_texts_that_join_alike_have_their_own_plans(resources, new_caches) -> None:
    new_caches()
    attacker = Attacker(small(), resources)
    for texts in (["good\0film", "story"], ["good", "film\0story"]):
        found = attacker.attack(CallableVictim(count_words), texts, [1, 0])
        assert [o.words for o in found] == [len(t.split("\0")) for t in texts]


def test_a_stored_plan_needs_no_textattack(new_caches) -> None:
    """It takes seconds to import."""
    new_caches()
    spec = small(own={"similarity": 0.84}, mode="lazy")
    [found] = Attacker(spec).attack(CallableVictim(count_words), ["a good film"], [1])
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from attack_texts import count_words, small\n"
        "from kdnas.attacks import Attacker, CallableVictim\n"
        "spec = small(own={'similarity': 0.84}, mode='lazy')\n"
        "found = Attacker(spec).attack(CallableVictim(count_words), ['a good film'], [1])\n"
        "print(found[0].perturbed, '/', 'textattack' in sys.modules)\n"
    )
    assert found.outcome == "succeeded"
    assert output_of(program) == f"{found.perturbed} / False\n"
