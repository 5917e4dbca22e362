"""Texts beside those of a task: synonyms, neighbours, and the methods that learn from them."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from every_student import EACH, STUDENTS, TEXTS, a_lesson, a_step
from heavy import TINY_ARCHITECTURE
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch.nn import functional as F
from transformers import AutoTokenizer

from kdnas import estimate
from kdnas.attacks.cutting import split_parts, text_words
from kdnas.attacks.parts import words_of
from kdnas.attacks.resources import WordVectors, stopwords
from kdnas.augment import nearest_texts
from kdnas.augment.masked import Candidates, WordModel
from kdnas.augment.synonyms import insertions, rewordings, swaps, texts_of
from kdnas.config import Config, DistillSettings, load_config
from kdnas.distillation import Lesson, Recipe, Rewriter, distill, kd_loss, recipe_of
from kdnas.distillation.recipes.minimax_knn import divergences, most_apart
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, further_texts, prepare, require_further
from kdnas.methods import MinimaxSettings
from kdnas.offline import offline_path
from kdnas.records import Evaluation, Job
from kdnas.study import study_models
from kdnas.tasks import Task
from kdnas.tasks.packaged import review_sentences
from kdnas.teachers import logits_and_layers
from kdnas.training import choose_device, encode, logits_of, predict

SETTINGS = tuple(f"distill.minimax-knn.{own}" for own in ("pool=300", "each=3", "picked=2"))
SYNONYMS = {"good": ("fine", "great"), "film": ("movie",), "actors": ("players",)}


def a_recipe(name: str, **own: Any) -> Recipe:
    return recipe_of(DistillSettings(epochs=2, batch_size=10, **{name: own}), name)


def listing(words, i: int) -> tuple[str, ...]:
    return SYNONYMS.get(words[i], ())


def loss_of(recipe: Recipe, step) -> float:
    return sum(term.weighted(step, None) for term in recipe[0].terms).item()


@given(
    st.lists(st.sampled_from([*SYNONYMS, "the", "so", "long"]), min_size=1, max_size=12),
    st.floats(0.01, 1),
    st.integers(0, 99),
)
def test_a_share_of_the_words_is_swapped_for_their_synonyms(words, share, seed) -> None:
    text = " ".join(words) + "."
    [made] = texts_of(text, swaps(listing, {"film"}, share), 1, np.random.default_rng(seed))
    assert isinstance(made, str)
    pairs = list(zip(words, text_words(made), strict=True))
    changed = [(old, new) for old, new in pairs if old != new]
    assert all(new in SYNONYMS[old] for old, new in changed)
    able = sum(word in ("good", "actors") for word in words)
    assert len(changed) == min(able, max(int(share * len(words)), 1))
    assert made.endswith(".")


def test_of_a_pair_both_strings_are_swapped() -> None:
    [made] = texts_of(("film", "a film!"), swaps(listing, (), 0.2), 1, np.random.default_rng(0))
    assert made == ("movie", "a movie!")


def test_each_pair_of_word_and_candidate_is_drawn_as_often() -> None:
    rng, change = np.random.default_rng(0), swaps(listing, (), 0.01)
    found = Counter(texts_of("good film", change, 1, rng)[0] for _ in range(3000))
    assert set(found) == {"fine film", "great film", "good movie"}
    assert chisquare(list(found.values())).pvalue > 0.01


def test_a_text_is_made_twice_only_where_nothing_else_can_be() -> None:
    change = swaps(listing, (), 0.01)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert len(set(texts_of("a good film", change, 3, rng))) == 3
        assert texts_of("a film", change, 2, rng) == ["a movie", "a movie"]
        assert texts_of("so long", change, 2, rng) == ["so long", "so long"]


@given(
    st.lists(st.sampled_from([*SYNONYMS, "the", "so", "long"]), min_size=1, max_size=12),
    st.floats(0.01, 1),
    st.integers(0, 99),
)
def test_synonyms_are_inserted_before_words(words, share, seed) -> None:
    text, rng = f"{' '.join(words)}.", np.random.default_rng(seed)
    change = insertions(lambda word: SYNONYMS.get(word, ()), share)
    [made] = texts_of(text, change, 1, rng)
    left, new = list(words), []
    for word in text_words(str(made)):
        if left and word == left[0]:
            left.pop(0)
        else:
            new.append(word)
    assert not left
    assert all(any(word in SYNONYMS[old] for old in SYNONYMS if old in words) for word in new)
    able = bool(set(words) & set(SYNONYMS))
    assert len(new) == able * -(-max(int(share * len(words)), 1) // 2)
    assert str(made).endswith(f"{words[-1]}.")


def test_each_word_is_reworded_with_the_probability() -> None:
    rng, change = np.random.default_rng(0), rewordings(listing, {"film"}, 0.4)
    words = [w for _ in range(500) for w in text_words(str(texts_of(_LONG, change, 1, rng)[0]))]
    originals = text_words(_LONG) * 500
    changed = [(a, b) for a, b in zip(originals, words, strict=True) if a != b]
    able = sum(word in ("good", "actors") for word in originals)
    assert abs(len(changed) / able - 0.4) < 0.05
    assert all(new in SYNONYMS[old] for old, new in changed)


_LONG = "good actors in a good film with other good actors"


def test_a_model_fills_in_words_of_one_token_and_vectors_others() -> None:
    """The model says the token after the mask's neighbour; the vectors know one word."""
    tokenizer = AutoTokenizer.from_pretrained(str(offline_path("minilm")))
    model = WordModel(_following(tokenizer), tokenizer, 16)
    vectors = WordVectors("v", ("floccinaucinihilipilification", "a", "b"), np.eye(3),
                          np.array([[0, 2, 1], [1, 2, 0], [2, 1, 0]]))  # fmt: skip
    long = "the floccinaucinihilipilification went on"
    found = Candidates.of([long, "it went on"], model, vectors, {"the"}, 2)
    parts = split_parts(long)
    assert parts
    words = words_of(parts)
    assert found(words, 0) == ()
    assert found(words, 1) == ("b", "a")
    went, on = found(("it", "went", "on"), 1), found(("it", "went", "on"), 2)
    ids = tokenizer.convert_tokens_to_ids(["it", "went"])
    assert went == tuple(tokenizer.convert_ids_to_tokens([ids[0] + 1, ids[0] + 2]))
    assert on == tuple(tokenizer.convert_ids_to_tokens([ids[1] + 1, ids[1] + 2]))


def _following(tokenizer: Any) -> Rewriter:
    """Says that the ids after that of the token before are the likeliest, the next one first."""

    def model(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        before = input_ids.roll(1, dims=1)
        apart = torch.arange(len(tokenizer)) - before.unsqueeze(-1)
        return SimpleNamespace(logits=torch.where(apart > 0, -apart.float(), -torch.inf))

    return Rewriter(lambda device: model, tokenizer.mask_token_id, (), len(tokenizer))


def test_wordnet_is_refused_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr("kdnas.paper_files.wordnet.nltk_roots", lambda: [tmp_path])
    monkeypatch.setattr("kdnas.paper_files.wordnet.DEBIAN", tmp_path / "debian")
    own = load_config(
        overrides=["distill.method=augmentation", 'distill.augmentation.by=["wordnet"]']
    )
    refused = r"WordNet (in .*: missing; get it with|needs nltk: pip install)"
    with pytest.raises(UserError, match=refused) as caught:
        require_further(recipe_of(own.distill), own)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("by", ["[]", '["wordnet", "wordnet"]'])
def test_augmenters_are_named_once(by: str) -> None:
    with pytest.raises(UserError, match="name one or more, each once"):
        load_config(overrides=[f"distill.augmentation.by={by}"])


def test_neighbours_are_the_nearest_by_cosine() -> None:
    rng = np.random.default_rng(0)
    vectors = {f"text {i}": rng.normal(size=5).astype(np.float32) for i in range(40)}

    class Known:
        identity, metric = "known", "cosine"

        def __call__(self, texts):
            return np.stack([vectors[text.lower()] for text in texts])

    pool, texts = [f"text {i}" for i in range(30)], ["text 3", "TEXT 4", "text 35"]
    found = nearest_texts(texts, pool, Known(), 4)  # type: ignore[arg-type]
    assert len(found) == 12
    for i, text in enumerate(texts):
        a = vectors[text.lower()]
        cosines = {p: a @ vectors[p] / np.linalg.norm(a) / np.linalg.norm(vectors[p]) for p in pool}
        cosines.pop(text.lower(), None)
        assert list(found[4 * i : 4 * i + 4]) == sorted(cosines, key=lambda p: -cosines[p])[:4]
    with pytest.raises(UserError, match="4 neighbours are asked of 4 texts"):
        nearest_texts(texts, pool[:4], Known(), 4)  # type: ignore[arg-type]


def test_the_pool_is_sentences_of_reviews() -> None:
    sentences = review_sentences()
    assert 200_000 < len(sentences) == len(set(sentences))
    assert all(5 <= len(s.split()) <= 40 and "<br" not in s for s in sentences)


@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
def test_minimax_is_its_formula(classes: int) -> None:
    lesson, _ = a_lesson(classes)
    student = STUDENTS["another transformer"](classes).eval()
    step = a_step(student, lesson)
    found = loss_of(a_recipe("minimax-knn", share=0.3, weight=0.7, picked=2), step)
    assert lesson.further is not None
    own = predict(logits_of(student), lesson.further.texts, torch.device("cpu"))
    own, theirs = own.reshape(TEXTS, EACH, -1), lesson.further.logits
    p, q = (F.softmax(torch.from_numpy(x) / 2, dim=-1).numpy() for x in (theirs, own))
    apart = (p * np.log(p / q)).sum(-1) * 4 if classes > 1 else ((theirs - own) ** 2)[..., 0]
    expected = loss_of(a_recipe("kd", share=0.3), step)
    expected += 0.7 * np.sort(apart, axis=1)[:, -2:].sum(axis=1).mean()
    assert found == pytest.approx(expected, rel=1e-4)


def test_those_picked_are_most_apart_and_nothing_is_changed_by_asking() -> None:
    lesson, _ = a_lesson(3)
    student = STUDENTS["cells"](3).train()  # with dropout, and norms that count texts
    step = a_step(student, lesson)
    before = {name: value.clone() for name, value in student.state_dict().items()}
    state = torch.get_rng_state()
    chosen, allowed = most_apart(step, MinimaxSettings(picked=3))
    assert allowed.all()
    assert student.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[n]) for n, value in student.state_dict().items())
    student.eval()
    every = np.arange(EACH)[None].repeat(TEXTS, axis=0)
    apart = divergences(*step.beside(every), 2.0).view(TEXTS, EACH).detach().numpy()
    assert (np.take_along_axis(apart, chosen, 1).mean(1) >= apart.mean(1)).all()
    assert [sorted(row) for row in chosen] == [sorted(r) for r in np.argsort(apart)[:, -3:]]
    assert (most_apart(step, MinimaxSettings(picked=EACH))[0] == every).all()


@pytest.mark.parametrize("picked", [2, EACH])
def test_neighbours_that_are_too_near_or_far_are_never_picked(picked: int) -> None:
    lesson, _ = a_lesson(3)
    assert lesson.further is not None
    distances = np.random.default_rng(0).random((TEXTS, EACH)).astype(np.float32)
    distances[0] = 0.9  # all too far
    lesson = replace(lesson, further=replace(lesson.further, distances=distances))
    step = a_step(STUDENTS["another transformer"](3).eval(), lesson)
    own = MinimaxSettings(picked=picked, nearest=0.2, farthest=0.6)
    chosen, allowed = most_apart(step, own)
    taken = np.take_along_axis(distances, chosen, axis=1)
    assert ((taken[allowed] >= 0.2) & (taken[allowed] <= 0.6)).all()
    there = ((distances >= 0.2) & (distances <= 0.6)).sum(axis=1)
    assert (allowed.sum(axis=1) == np.minimum(there, picked)).all()
    logits = [x.view(TEXTS, picked, 3) for x in step.beside(chosen)]
    each = [kd_loss(*(x[i, j][None] for x in logits), 2.0)
            for i, j in zip(*np.nonzero(allowed), strict=True)]  # fmt: skip
    expected = loss_of(a_recipe("kd"), step) + 0.5 * sum(each).item() / TEXTS
    found = loss_of(a_recipe("minimax-knn", picked=picked, nearest=0.2, farthest=0.6), step)
    assert found == pytest.approx(expected, rel=1e-5)


def test_where_no_neighbour_is_left_minimax_is_kd() -> None:
    lesson, _ = a_lesson(3)
    assert lesson.further is not None
    far = replace(lesson.further, distances=np.full((TEXTS, EACH), 0.5, np.float32))
    step = a_step(STUDENTS["cells"](3).eval(), replace(lesson, further=far))
    assert loss_of(a_recipe("minimax-knn", farthest=0.4), step) == loss_of(a_recipe("kd"), step)


def test_neighbours_wait_for_their_epoch() -> None:
    student, lesson = STUDENTS["cells"](3).eval(), a_lesson(3)[0]
    recipe = recipe_of(DistillSettings(epochs=4, **{"minimax-knn": {"start": 2}}), "minimax-knn")
    kd = a_recipe("kd")
    for number in range(8):
        step = a_step(student, lesson, number=number, steps=8, epochs=4)
        assert (loss_of(recipe, step) == loss_of(kd, step)) == (number < 4)
    with pytest.raises(UserError, match="leaves neighbours none of 4 epochs"):
        recipe_of(DistillSettings(epochs=4, **{"minimax-knn": {"start": 4}}), "minimax-knn")


def test_all_picked_are_all_neighbours() -> None:
    step = a_step(STUDENTS["another transformer"](3).eval(), a_lesson(3)[0])
    every = np.arange(EACH)[None].repeat(TEXTS, axis=0)
    naive = EACH * kd_loss(*step.beside(every), 2.0).item()
    found = loss_of(a_recipe("minimax-knn", picked=EACH, weight=1.0), step)
    assert found == pytest.approx(loss_of(a_recipe("kd"), step) + naive, rel=1e-5)


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("own", [{"picked": 0}, {"weight": 0.0}], ids=str)
def test_without_neighbours_minimax_is_kd_to_the_last_digit(kind: str, own: dict) -> None:
    weights = []
    for recipe in (a_recipe("minimax-knn", share=0.3, **own), a_recipe("kd", share=0.3)):
        student = STUDENTS[kind](3)
        distill(student, a_lesson(3)[0], recipe, seed=1)
        weights.append(student.state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_augmentation_is_the_mean_over_all_texts(mixed: bool, share: float) -> None:
    lesson, _ = a_lesson(3)
    step = a_step(STUDENTS["of the space"](3).eval(), lesson)
    found = loss_of(a_recipe("augmentation", share=share, each=2, mixed=mixed), step)
    own, theirs = step.beside(np.array([[0, 1]] * TEXTS))
    truth = step.labels.repeat_interleave(2)
    if mixed:
        own = torch.cat([step.logits, own])
        theirs = torch.cat([step.signal("logits"), theirs])
        truth = torch.cat([step.labels, truth])
    expected = (1 - share) * F.cross_entropy(own, truth) + share * kd_loss(own, theirs, 2.0)
    assert found == pytest.approx(expected.item(), rel=1e-5)


def test_what_is_made_of_a_text_as_it_is_is_kd() -> None:
    lesson, _ = a_lesson(3)
    assert lesson.further is not None
    same = replace(lesson.further, texts=lesson.texts, logits=lesson.signals["logits"][:, None])
    step = a_step(STUDENTS["cells"](3).eval(), replace(lesson, further=same))
    for mixed in (True, False):
        found = loss_of(a_recipe("augmentation", share=0.4, each=1, mixed=mixed), step)
        assert found == pytest.approx(loss_of(a_recipe("kd", share=0.4), step), rel=1e-5)


def test_more_than_there_are_cannot_be_picked() -> None:
    with pytest.raises(UserError, match="9 neighbours cannot be picked of 8") as caught:
        load_config(overrides=["distill.minimax-knn.picked=9"])
    assert "\n" not in str(caught.value)


def test_a_dry_run_learns_from_the_texts_of_every_augmenter(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[int] = []

    def kept(student: Any, lesson: Lesson, *arguments: Any, **settings: Any) -> float:
        assert lesson.further is not None
        learned.append(lesson.further.each)
        return distill(student, lesson, *arguments, **settings)

    monkeypatch.setattr(estimate, "distill", kept)
    values = config.model_dump(mode="json")
    both = {"by": ["embedding", "tinybert"], "each": 1}
    values["distill"] |= {"method": "augmentation", "augmentation": both}
    values["attack"]["texts"] = 1
    estimate.estimate_run(Config.model_validate(values))
    assert set(learned) == {2}


@pytest.mark.parametrize("name", ["augmentation", "minimax-knn"])
def test_a_search_can_be_taught_so(
    name: str, config: Config, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = config.model_dump(mode="json")
    values["distill"] |= {"method": name}
    own = Config.model_validate(values)
    stages: list[str] = []
    prepared = prepare(own, stages.append)
    assert any("texts" in stage for stage in stages)
    further, task = prepared.lesson.further, prepared.task
    assert further is not None
    each = own.distill.table(name).each
    assert further.logits.shape == (len(task.train), each, 2)
    texts = further_texts(recipe_of(own.distill), own, task)
    assert texts is not None
    shown = encode(prepared.tokenizer, texts, own.student.max_length)
    assert np.array_equal(shown.ids, further.texts.ids)
    teacher = prepared.teacher.load(choose_device())
    answers = predict(logits_of(teacher), shown, teacher.device)
    assert np.allclose(further.logits.reshape(len(texts), 2), answers, atol=1e-4)
    if name == "minimax-knn":
        own_texts = encode(prepared.tokenizer, task.train.texts, own.student.max_length)
        states = [
            logits_and_layers(teacher, rows, teacher.device)[1][:, -1].astype(float)
            for rows in (own_texts, shown)
        ]
        pairs = zip(states[0].repeat(each, axis=0), states[1], strict=True)
        cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs]
        assert further.distances is not None
        assert np.allclose(np.cos(np.pi * further.distances.ravel()), cosines, atol=1e-4)
    else:
        assert further.distances is None
    originals = [text for text in task.train.texts for _ in range(each)]
    assert sum(a != b for a, b in zip(texts, originals, strict=True)) > len(texts) // 2

    def never(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr("kdnas.evaluation.further.nearest_texts", never)
    monkeypatch.setattr("kdnas.evaluation.further.augmented_texts", never)
    found = Evaluator(own, tmp_path)(Job(0, TINY_ARCHITECTURE, seed=3))
    assert isinstance(found, Evaluation)
    assert np.isfinite(found.loss)


def test_several_augmenters_each_make_texts_of_every_one(
    config: Config, task: Task, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same ones in another cache, those of one text side by side."""
    found = []
    for by in (["embedding", "tinybert"], ["embedding", "tinybert"], ["tinybert"]):
        monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / str(len(found))))
        values = config.model_dump(mode="json")
        values["distill"]["method"] = "augmentation"
        values["distill"]["augmentation"] |= {"by": by, "each": 2, "probability": 1.0}
        own, recipe = Config.model_validate(values), a_recipe("augmentation")
        few = replace(task, train=task.train.head(12))
        found.append(further_texts(recipe, own, few))
    first, again, alone = found
    assert first == again
    assert first is not None
    assert alone is not None
    assert (len(first), len(alone)) == (4 * 12, 2 * 12)
    kept = stopwords("nltk")
    for i, text in enumerate(few.train.texts):
        swapped, reworded = first[4 * i : 4 * i + 2], first[4 * i + 2 : 4 * i + 4]
        words = text_words(str(text))
        for made in (*swapped, *reworded, *alone[2 * i : 2 * i + 2]):
            pairs = list(zip(words, text_words(str(made)), strict=True))
            changed = sum(a != b for a, b in pairs)
            assert all(a == b for a, b in pairs if a in kept)
            most = max(int(0.2 * len(words)), 1)
            assert changed <= most if made in swapped else changed > most


def test_other_methods_have_nothing_beside(config: Config, task: Task) -> None:
    assert further_texts(a_recipe("kd"), config, task) is None


def test_pairs_have_no_neighbours() -> None:
    """What reads the settings refuses them, and so does what would make neighbours."""
    pairs = ["task.name=bbc-pairs"]
    with pytest.raises(UserError, match="these are pairs; those that can") as caught:
        load_config(overrides=[*pairs, "distill.method=minimax-knn"])
    assert "\n" not in str(caught.value)
    own = load_config(overrides=[*pairs, 'compare.methods=["kd","minimax-knn"]'])
    with pytest.raises(UserError, match="these are pairs; those that can"):
        study_models(own)
    with pytest.raises(UserError, match="these are pairs: use kd"):
        require_further(a_recipe("minimax-knn"), own)
