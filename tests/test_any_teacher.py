"""Any Hugging Face classifier as victim and teacher: read as its own tokenizer has it read."""

import json
import shutil
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch
from any_models import KINDS, TEXTS, save_model
from heavy import TINY_ARCHITECTURE
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BartConfig,
    BartForSequenceClassification,
    PreTrainedTokenizerFast,
    pipeline,
)
from transformers.tokenization_utils_base import VERY_LARGE_INTEGER

from kdnas.attacks import Attacker, ModelVictim
from kdnas.cache import fingerprint
from kdnas.cli.victims import open_victim
from kdnas.config import AttackSettings, DistillSettings, TeacherSettings
from kdnas.distillation import LIVE, Reader, Sizes, Stage, Step, Term, distill, recipe_of
from kdnas.errors import UserError
from kdnas.records import TextOutcome, written
from kdnas.space import Architecture, NetworkShape
from kdnas.students import Blueprint, build, initial_tables
from kdnas.students import save_model as save_student
from kdnas.tasks import Split, Task
from kdnas.teachers import (
    SIGNALS,
    first_layers,
    lesson_of,
    load_for_task,
    load_tokenizer,
    load_trained_classifier,
    logits_and_layers,
    prepare_teacher,
    student_tables,
    teacher_signals,
    token_limit,
)
from kdnas.training import Inputs, Schedule, encode, logits_of, predict, take

CPU = torch.device("cpu")
LABELS = (1, 0, 1, 0, 0, 1, 0, 0)
SPLIT = Split(TEXTS, LABELS, "few")
TASK = Task("few", ("negative", "positive"), SPLIT, SPLIT, SPLIT, 0.0, 0.0, 0, "none")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each family."""
    place = tmp_path_factory.mktemp("models")
    return {kind: save_model(kind, place / kind.replace(" ", "-")) for kind in KINDS}


READ_AT = {"gpt2": -1, "gpt2 with padding": -1, "xlnet": -1}
"""Where another token than the first stands for a text."""


def own_outputs(model, tokenizer, text: str):
    """What the model says of one text with its own tokenizer, without any padding."""
    with torch.inference_mode():
        return model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_in_batches_are_those_of_each_text_alone(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    victim = ModelVictim.of_classifier(model, tokenizer, 64)
    found = victim.logits(victim.encode(TEXTS))
    own = np.concatenate([own_outputs(model, tokenizer, text).logits for text in TEXTS])
    assert np.ptp(own, axis=0).min() > 1e-3
    assert np.abs(found - own).max() < 1e-5


PAIRS = [(text, TEXTS[-k]) for k, text in enumerate(TEXTS, 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_logits_of_pairs_are_those_of_each_pair_alone(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    victim = ModelVictim.of_classifier(model, tokenizer, 64, pairs=True)
    found = victim.logits(victim.encode(list(map(written, PAIRS))))
    alone = set(signature(model.forward).parameters)
    for own, pair in zip(found, PAIRS, strict=True):
        read = tokenizer(*pair, truncation=True, max_length=64, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**{name: read[name] for name in alone & set(read)}).logits[0]
        assert np.abs(own - logits.numpy()).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_of_the_tokens_and_never_of_padding(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    texts = encode(tokenizer, TEXTS, 64)
    _, states = logits_and_layers(model, texts, CPU, Inputs.of(tokenizer, model))
    for row, text in zip(states, TEXTS, strict=True):
        own = own_outputs(model, tokenizer, text).hidden_states
        assert len(row) == len(own) == 3
        assert np.allclose(row[0], own[0].mean(dim=1)[0], atol=1e-5)
        for found, layer in zip(row[1:], own[1:], strict=True):
            assert np.allclose(found, layer[0, READ_AT.get(kind, 0)], atol=1e-5)


ENDS = ("a good film and the actors are funny", "a good film and the story is a mess")
"""Texts that begin alike."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_of_a_text_depends_on_its_last_words(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    texts = encode(tokenizer, ENDS, 64)
    inputs = Inputs.of(tokenizer, model)
    assert texts.ids[0][0] == texts.ids[1][0]
    _, states = logits_and_layers(model, texts, CPU, inputs)
    assert np.abs(states[0] - states[1]).max(axis=-1).min() > 1e-3
    for at, text in enumerate(ENDS):
        own = own_outputs(model, tokenizer, text)
        read = torch.stack([layer[0, READ_AT.get(kind, 0)] for layer in own.hidden_states[1:]])
        assert np.abs(states[at, 1:] - read.numpy()).max() < 1e-5
        if kind in READ_AT:  # what the model's own head reads
            head = (
                model.score
                if "gpt2" in kind
                else lambda x: model.logits_proj(model.sequence_summary(x[None, None]))[0]
            )
            assert np.abs(head(read[-1]).detach().numpy() - own.logits.numpy()).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_teacher_follows_itself_without_a_loss(kind: str, saved) -> None:
    """PKD's student is read where its teacher is."""
    settings = TeacherSettings(model=str(saved[kind]), epochs=0)
    teacher = prepare_teacher(settings, TASK, 32)
    recipe = recipe_of(DistillSettings(), "pkd")
    lesson = lesson_of(settings, teacher, TASK, recipe)
    student = first_layers(str(saved[kind]), TASK.label_names, 2, 0, CPU).eval()
    index, reader = np.arange(len(TEXTS)), Reader.of(student, lesson.inputs)
    with torch.no_grad():
        seen = reader.see(take(lesson.texts, index, CPU))
    step = Step(lesson, index, seen, 0, 1)
    [patience] = [term for term in recipe[0].terms if "states" in term.needs]
    heads = patience.heads(Sizes.of(student), Sizes.of_signals(lesson.signals))
    assert float(patience.loss(step, heads)) < 1e-10


PLACES = {
    "bert": 64, "distilbert": 512, "roberta": 64, "albert": 512, "electra": 512, "convbert": 512,
    "fnet": 512, "gpt2": 64, "gpt2 with padding": 64,
}  # fmt: skip
"""Rows of the tables of absolute positions; the other families have none."""


@pytest.mark.parametrize("kind", KINDS)
def test_students_start_from_the_tables_of_any_family(kind: str, saved) -> None:
    teacher = prepare_teacher(TeacherSettings(model=str(saved[kind]), epochs=0), TASK, 32)
    model, tables = teacher.load(CPU), student_tables(teacher, 32)
    assert len(tables.get("positions", ())) == PLACES.get(kind, 0)
    assert len(tables["words"]) == len(model.get_input_embeddings().weight)
    if kind == "roberta":  # whose first two rows are never looked up
        own = model.roberta.embeddings.position_embeddings.weight.detach().numpy()[2:]
        words = model.get_input_embeddings().weight.detach().numpy()
        assert np.array_equal(tables["positions"], initial_tables(words, own, 32)["positions"])
    blueprint = Blueprint(NetworkShape(len(tables["words"]), 2, 64), ("a", "b"), 64, 0.0, CPU)
    student = build(TINY_ARCHITECTURE.to_json(), blueprint, 0, lambda width: tables)
    embedding = student.student.embedding
    assert np.array_equal(embedding.words.weight.detach(), tables["words"])
    started = tables.get("positions", np.empty((0, 32)))[:64]
    assert np.array_equal(embedding.positions.weight.detach()[: len(started)], started)


def test_only_states_of_the_last_token_are_kept_under_a_new_name(
    saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path))
    for kind, stays in (("bert", True), ("gpt2", False)):
        settings = TeacherSettings(model=str(saved[kind]), epochs=0)
        teacher = prepare_teacher(settings, TASK, 32)
        teacher_signals(settings, teacher, TASK, ["states"])
        old = fingerprint(teacher=teacher.identity, probes=None)
        assert (tmp_path / f"signals-states-{old}").exists() == stays


def test_a_text_without_a_token_is_read_as_the_end_token(saved) -> None:
    """GPT-2 frames no text, so an empty one has no token at all."""
    model, tokenizer = load_trained_classifier(saved["gpt2"])
    assert tokenizer("")["input_ids"] == []
    assert tokenizer.pad_token == tokenizer.eos_token
    victim = ModelVictim.of_classifier(model, tokenizer, 64)
    end = own_outputs(model, tokenizer, tokenizer.eos_token).logits
    for texts in (["", "a film"], [""]):
        found = victim.logits(victim.encode(texts))
        assert np.abs(found[0] - end[0].numpy()).max() < 1e-5


def test_nothing_to_pad_with_is_one_line_that_names_the_setting(saved, tmp_path: Path) -> None:
    folder = shutil.copytree(saved["gpt2"], tmp_path / "model")
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(folder)
    (folder / "special_tokens_map.json").write_text("{}")
    with pytest.raises(UserError, match=r"set pad_token in its tokenizer_config\.json$"):
        load_trained_classifier(folder)


LIMITS = {"bert": 64, "roberta": 64, "distilbert": 512, "gpt2": 64, "xlnet": VERY_LARGE_INTEGER}


@pytest.mark.parametrize("kind", LIMITS)
def test_the_limit_is_what_the_model_really_has(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    limit = token_limit(model)
    assert limit == LIMITS[kind]
    ids = torch.full((1, min(limit, 600)), tokenizer.unk_token_id)
    assert model(input_ids=ids).logits.isfinite().all()
    if limit < 600:
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=torch.cat([ids, ids[:, :1]], dim=1))


@pytest.mark.parametrize("limit", [None, "x", -5, 1e30, 10, 10.0])
@pytest.mark.parametrize("kind", ["roberta", "xlnet"])
def test_long_texts_are_cut_whatever_limit_the_tokenizer_names(
    kind: str, limit, saved, tmp_path: Path
) -> None:
    folder = shutil.copytree(saved[kind], tmp_path / "model")
    named = json.loads((folder / "tokenizer_config.json").read_text())
    named["model_max_length"] = limit
    (folder / "tokenizer_config.json").write_text(json.dumps(named))
    victim, _ = open_victim(folder)
    (row,) = victim.encode(["a good film " * 300])
    assert len(row.ids) == (10 if limit == 10 else 64 if kind == "roberta" else 512)
    assert np.isfinite(victim.logits([row])).all()


def test_a_teacher_with_too_few_places_is_one_line(saved) -> None:
    settings = TeacherSettings(model=str(saved["roberta"]), epochs=1)
    with pytest.raises(UserError, match=r"has places for 64 tokens.*set student\.max_length=64"):
        prepare_teacher(settings, TASK, 65)


def fresh_student(tokenizer, architecture: Architecture = TINY_ARCHITECTURE):
    """A student that reads what the tokenizer makes."""
    blueprint = Blueprint(NetworkShape(len(tokenizer), 2, 64), TASK.label_names, 64, 0.0, CPU)
    return build(architecture.to_json(), blueprint, seed=0).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_an_exported_student_works_in_a_pipeline(kind: str, saved, tmp_path: Path) -> None:
    """Whatever its teacher's side of padding and segments; in batches as one by one."""
    teacher_side = AutoTokenizer.from_pretrained(saved[kind]).padding_side
    tokenizer = load_tokenizer(str(saved[kind]))
    tokenizer.model_max_length = 64
    student = fresh_student(tokenizer)
    save_student(student, tokenizer, tmp_path / "student")
    written = json.loads((tmp_path / "student" / "tokenizer_config.json").read_text())
    assert written["padding_side"] == "right"
    assert tokenizer.padding_side == teacher_side
    classify = pipeline("text-classification", model=str(tmp_path / "student"), top_k=None)
    alone, together = classify(list(TEXTS)), classify(list(TEXTS), batch_size=len(TEXTS))
    encoded = encode(tokenizer, TEXTS, 64)
    expected = predict(logits_of(student), encoded, CPU)
    shares = torch.tensor(expected).softmax(1)
    for one, other, row in zip(alone, together, shares, strict=True):
        for found in (one, other):
            scores = {each["label"]: each["score"] for each in found}
            assert scores["positive"] == pytest.approx(float(row[1]), abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "gpt2 with padding"])
def test_an_exported_student_reads_an_empty_text(kind: str, saved, tmp_path: Path) -> None:
    """Alone and in a batch as kdnas itself does; GPT-2's tokenizer makes no token of it."""
    tokenizer = load_tokenizer(str(saved[kind]))
    tokenizer.model_max_length = 64
    student = fresh_student(tokenizer)
    save_student(student, tokenizer, tmp_path / "student")
    classify = pipeline("text-classification", model=str(tmp_path / "student"), top_k=None)
    own = predict(logits_of(student), encode(tokenizer, ["", TEXTS[0]], 64), CPU)
    share = float(torch.tensor(own).softmax(1)[0, 1])
    for texts, size in (([""], 1), (["", TEXTS[0]], 1), (["", TEXTS[0]], 2)):
        scores = {each["label"]: each["score"] for each in classify(texts, batch_size=size)[0]}
        assert scores["positive"] == pytest.approx(share, abs=1e-5)


def test_a_tokenizer_of_another_model_is_one_line(saved, tmp_path: Path) -> None:
    folder = shutil.copytree(saved["bert"], tmp_path / "model")
    AutoTokenizer.from_pretrained(saved["gpt2"]).save_pretrained(folder)
    said = "do not belong together; save the model's own tokenizer there"
    assert said in refusal(open_victim, folder)
    settings = TeacherSettings(model=str(folder), epochs=1)
    assert said in refusal(prepare_teacher, settings, TASK, 32)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_teacher_reads_texts_as_the_model_it_was_made_of(kind: str, saved) -> None:
    """Whatever class its tokenizer has; and no transformers has to know that class."""
    source = load_tokenizer(str(saved[kind]))
    source.add_special_tokens({"additional_special_tokens": ["[one]", "[two]"]})
    kept = saved[kind].parent / f"kept {kind}"
    model = AutoModelForSequenceClassification.from_pretrained(saved[kind])
    save_student(model, source, kept)
    written = json.loads((kept / "tokenizer_config.json").read_text())
    assert written["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert isinstance(written.get("extra_special_tokens", {}), dict)
    again = load_tokenizer(str(kept))
    texts = [*TEXTS, "a [one] good[two] film"]
    assert dict(again(texts)) == dict(source(texts))
    for name in ("padding_side", "model_input_names", "model_max_length", "all_special_tokens"):
        assert getattr(again, name) == getattr(source, name)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_a_teacher_in_half_precision_computes_in_float32(dtype, saved, tmp_path: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(saved["bert"])
    model.to(dtype).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(saved["bert"]).save_pretrained(tmp_path)
    loaded, _ = load_trained_classifier(tmp_path)
    assert {each.dtype for each in loaded.parameters()} == {torch.float32}


def changed(folder: Path, place: Path, **values: object) -> Path:
    """A copy of a model with other values in its config.json."""
    shutil.copytree(folder, place)
    written = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**written, **values}))
    return place


def refusal(read, *arguments: object) -> str:
    """The one line with which something is refused."""
    with pytest.raises(UserError) as caught:
        read(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def as_finished_teacher(folder: Path) -> None:
    load_for_task(str(folder), TASK.label_names, trained=True)


READERS = {"victim": open_victim, "finished teacher": as_finished_teacher}


def test_names_that_are_numbers_are_taken_as_text(saved, tmp_path: Path) -> None:
    folder = changed(saved["bert"], tmp_path / "model", id2label={"0": 0, "1": 1})
    _, names = open_victim(folder)
    assert names == ["0", "1"]
    assert load_for_task(str(folder), ("1", "0"), trained=True).config.id2label == {0: "1", 1: "0"}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("id2label", "said"),
    [
        ({"0": "same", "1": "same"}, "calls two classes same: name each differently"),
        ({"0": "a", "5": "b"}, "has the numbers 0, 5: number its 2 classes from 0"),
    ],
)
def test_names_that_do_not_tell_the_classes_are_refused(
    id2label: dict[str, str], said: str, reader: str, saved, tmp_path: Path
) -> None:
    folder = changed(saved["bert"], tmp_path / "model", id2label=id2label)
    assert said in refusal(READERS[reader], folder)
    assert load_for_task(str(folder), TASK.label_names).classifier.weight.shape == (2, 32)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"problem_type": "regression"}, "made for regression"),
        ({"num_labels": 1}, "made for regression"),
        ({"problem_type": "multi_label_classification"}, "made for multi-label classification"),
    ],
    ids=str,
)
def test_what_chooses_no_class_of_several_is_refused(
    settings: dict[str, object], said: str, reader: str, tmp_path: Path
) -> None:
    folder = save_model("bert", tmp_path / "model", **settings)
    assert said in refusal(READERS[reader], folder)
    started = load_for_task(str(folder), TASK.label_names)
    assert started.config.problem_type is None
    assert started.config.num_labels == 2


def test_three_classes_are_a_start_for_two(tmp_path: Path) -> None:
    folder = save_model("bert", tmp_path, id2label={0: "a", 1: "b", 2: "c"}, label2id={})
    settings = TeacherSettings(model=str(folder), epochs=1)
    model = prepare_teacher(settings, TASK, 32).load(CPU)
    assert model.classifier.weight.shape == (2, 32)
    assert model.config.id2label == {0: "negative", 1: "positive"}


@pytest.mark.parametrize("reader", READERS)
def test_pickled_weights_are_one_line_with_the_cure(reader: str, saved, tmp_path: Path) -> None:
    folder = shutil.copytree(saved["bert"], tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    line = refusal(READERS[reader], folder)
    assert "pickle" in line
    assert line.endswith("load it once with transformers and save it with save_pretrained")


@pytest.mark.parametrize("reader", READERS)
def test_weights_without_a_place_in_the_network_are_refused(
    reader: str, saved, tmp_path: Path
) -> None:
    folder = changed(saved["bert"], tmp_path / "model", num_hidden_layers=1)
    line = refusal(READERS[reader], folder)
    assert "bert.encoder.layer.1.attention" in line
    assert "config.json" in line


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_head_of_other_classes_than_the_configuration_says_is_refused(
    count: int, reader: str, tmp_path: Path
) -> None:
    numbers = {f"class {i}": i for i in range(count)}
    own = {"id2label": {i: name for name, i in numbers.items()}, "label2id": numbers}
    folder = save_model("bert", tmp_path / "first", **own)
    two = {"id2label": {"0": "negative", "1": "positive"}, "label2id": {}}
    folder = changed(folder, tmp_path / "model", **two)
    line = refusal(READERS[reader], folder)
    assert "other shapes than its config.json says, such as classifier.bias" in line
    assert load_for_task(str(folder), TASK.label_names).classifier.weight.shape == (2, 32)


@pytest.mark.parametrize("trained", [True, False])
def test_an_encoder_of_another_width_than_its_weights_teaches_nobody(
    trained: bool, saved, tmp_path: Path
) -> None:
    """Its weights would all be random numbers."""
    folder = changed(saved["bert"], tmp_path / "model", hidden_size=64)
    line = refusal(load_for_task, str(folder), TASK.label_names, trained)
    assert "other shapes than its config.json says, such as bert.embeddings" in line


def test_a_student_with_fewer_blocks_than_its_weights_is_refused(saved, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(saved["bert"]))
    student = fresh_student(tokenizer, replace(TINY_ARCHITECTURE, repeats=2))
    save_student(student, tokenizer, tmp_path / "whole")
    load_trained_classifier(tmp_path / "whole")
    architecture = {**student.config.architecture, "repeats": 1}
    folder = changed(tmp_path / "whole", tmp_path / "cut", architecture=architecture)
    assert "weights that its network does not have" in refusal(load_trained_classifier, folder)


def agrees(step: Step) -> torch.Tensor:
    """The teacher itself says what its signals say."""
    assert torch.allclose(step.live.logits, step.signal("logits"), atol=1e-4)
    for at, read in enumerate(step.live.states, start=1):
        assert torch.allclose(read, step.signal("states")[:, at], atol=1e-4)
    return step.logits.square().mean()


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_teaches(kind: str, saved, tmp_path: Path) -> None:
    settings = TeacherSettings(model=str(saved[kind]), epochs=1, batch_size=4, probe_epochs=1)
    teacher = prepare_teacher(settings, TASK, 32)
    signals = teacher_signals(settings, teacher, TASK, SIGNALS)
    shapes = {"logits": (8, 2), "probe_logits": (8, 3, 2), "states": (8, 3, 32)}
    assert {name: found.shape for name, found in signals.items()} == {
        **shapes, "search_logits": (8, 2)
    }  # fmt: skip
    assert all(np.isfinite(found).all() for found in signals.values())
    assert np.allclose(signals["logits"], signals["search_logits"], atol=1e-5)

    schedule = Schedule(1e-3, epochs=1, batch_size=4)
    live = Stage((Term(agrees, needs=("logits", "states", LIVE)),), schedule)
    recipe = (*recipe_of(DistillSettings(epochs=1)), live)
    lesson = lesson_of(settings, teacher, TASK, recipe)
    student = fresh_student(teacher.tokenizer())
    before = student.student.classifier.weight.clone()
    assert np.isfinite(distill(student, lesson, recipe, seed=0))
    assert not torch.equal(student.student.classifier.weight, before)

    shorter = first_layers(str(saved[kind]), TASK.label_names, None, 0, CPU)
    patient = recipe_of(DistillSettings(), "pkd", schedule)
    lesson = lesson_of(settings, teacher, TASK, patient)
    assert np.isfinite(distill(shorter, lesson, patient, seed=0))


def attacked(folder: Path, engine: str) -> list[TextOutcome]:
    """What two texts come to; the model's own answers are the labels."""
    model, tokenizer = load_trained_classifier(folder)
    victim = ModelVictim.of_classifier(model, tokenizer, 32)
    truth = victim.logits(victim.encode(TEXTS[:2])).argmax(1).tolist()
    spec = AttackSettings(recipe="deepwordbug").spec(sentiment=True, seed=0)
    return Attacker(spec, engine=engine).attack(victim, TEXTS[:2], truth)


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_is_attacked(kind: str, saved) -> None:
    assert all(outcome.sent > 1 for outcome in attacked(saved[kind], "lockstep"))


@pytest.mark.textattack
@pytest.mark.parametrize("kind", KINDS)
def test_every_family_is_attacked_as_textattack_does_it(kind: str, saved) -> None:
    assert attacked(saved[kind], "lockstep") == attacked(saved[kind], "textattack")


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory, saved) -> Path:
    """A classifier with an encoder and a decoder."""
    folder = tmp_path_factory.mktemp("bart")
    tokenizer = AutoTokenizer.from_pretrained(saved["roberta"])
    torch.manual_seed(0)
    # Names, for transformers 5 does not write that BART, whose default is three, has two classes.
    names = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}
    config = BartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, **names,
        encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16,
        max_position_embeddings=64, bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    BartForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_model_with_a_decoder_is_attacked_as_it_is(bart: Path) -> None:
    victim, _ = open_victim(bart)
    model = AutoModelForSequenceClassification.from_pretrained(bart).eval()
    tokenizer = AutoTokenizer.from_pretrained(bart)
    with torch.no_grad():
        own = [model(**tokenizer(text, return_tensors="pt")).logits[0].numpy() for text in TEXTS]
    assert victim.logits(victim.encode(TEXTS)) == pytest.approx(np.stack(own), abs=1e-5)


def test_a_model_with_a_decoder_is_no_teacher(bart: Path) -> None:
    settings = TeacherSettings(model=str(bart), epochs=1)
    assert "an encoder and a decoder" in refusal(prepare_teacher, settings, TASK, 32)
