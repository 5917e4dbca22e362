"""GAN-BERT: losses, players, limits, and a teacher that is used like any other."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from any_models import KINDS, TEXTS, save_model
from heavy import tiny_overrides
from torch.nn import functional as F
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
)
from typer.testing import CliRunner, Result

from kdnas.attacks import ModelVictim
from kdnas.cli.app import app
from kdnas.config import TeacherSettings
from kdnas.distillation import Reader, hard_loss
from kdnas.errors import UserError
from kdnas.methods import Chain, Link
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.students import HiddenHeadForSequenceClassification
from kdnas.study import check_study
from kdnas.tasks import Split, Task
from kdnas.teachers import (
    Teacher,
    every_layers,
    first_layers,
    load_for_task,
    load_tokenizer,
    load_trained_classifier,
    logits_and_layers,
    prepare_teacher,
    some_layers,
    taught_chain,
)
from kdnas.teachers.finetune import finetune, schedule_of_teacher
from kdnas.teachers.gan_bert import (
    UNLABELLED,
    GanBert,
    feature_loss,
    supervised_loss,
    taken_for_fake_loss,
    taken_for_real_loss,
)
from kdnas.training import Inputs, encode, epoch_plan, fit, logits_of, take

CPU = torch.device("cpu")
LABELS = (1, 0, 1, 0, 0, 1, 0, 0)
SPLIT = Split(TEXTS, LABELS, "few")
FEW = Task("few", ("negative", "positive"), SPLIT, SPLIT, SPLIT, 0.0, 0.0, 0, "none")


def gan(model: Path, **settings: object) -> TeacherSettings:
    values = {"model": str(model), "epochs": 2, "batch_size": 4, "learning_rate": 1e-3}
    return TeacherSettings.model_validate({**values, "method": "gan-bert", **settings})


def trained(settings: TeacherSettings, task: Task = FEW) -> dict[str, torch.Tensor]:
    return finetune(settings, task, 32, lambda *_: None)[0].state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def some_logits(batch: int, classes: int) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, classes, requires_grad=True)


def test_with_all_labels_the_supervised_loss_is_cross_entropy_without_the_fake_class() -> None:
    logits, labels = some_logits(8, 4), torch.tensor([0, 1, 2, 0, 1, 2, 2, 1])
    loss, plain = supervised_loss(logits, labels), hard_loss(logits[:, :3], labels)
    assert torch.equal(loss, plain)
    slopes, others = (torch.autograd.grad(each, logits)[0] for each in (loss, plain))
    assert torch.equal(slopes, others)
    assert not slopes[:, -1].any()


def test_texts_without_a_label_give_the_supervised_loss_no_gradient() -> None:
    logits, labels = some_logits(6, 3), torch.tensor([1, UNLABELLED, 0, 0, UNLABELLED, 1])
    told = labels != UNLABELLED
    loss = supervised_loss(logits, labels)
    assert torch.allclose(loss, F.cross_entropy(logits[told, :2], labels[told]))
    (slopes,) = torch.autograd.grad(loss, logits)
    assert not slopes[~told].any()
    assert slopes[told, :2].all()
    nothing = supervised_loss(logits, torch.full((6,), UNLABELLED))
    assert nothing == 0
    assert not torch.autograd.grad(nothing, logits)[0].any()


def test_the_other_losses_are_their_formulas() -> None:
    logits = some_logits(7, 3).detach()
    values = np.exp(logits.numpy().astype("f8"))
    q = values[:, -1] / values.sum(axis=1)
    assert float(taken_for_real_loss(logits)) == pytest.approx(-np.log(1 - q + 1e-8).mean())
    assert float(taken_for_fake_loss(logits)) == pytest.approx(-np.log(q + 1e-8).mean())
    sure = torch.tensor([[0.0, 0.0, 200.0], [0.0, 200.0, 0.0]])
    assert torch.isfinite(taken_for_real_loss(sure))
    assert torch.isfinite(taken_for_fake_loss(sure))
    real, fake = torch.randn(5, 4), torch.randn(9, 4)
    apart = (real.numpy().mean(axis=0) - fake.numpy().mean(axis=0)) ** 2
    assert float(feature_loss(real, fake)) == pytest.approx(apart.mean(), rel=1e-5)


@pytest.fixture
def game(tiny_teacher: Path) -> GanBert:
    torch.manual_seed(0)
    model = load_for_task(str(tiny_teacher), FEW.label_names)
    return GanBert(model, gan(tiny_teacher))


def given(game: GanBert, model: Path) -> torch.Tensor:
    """What the model says of the texts in training."""
    texts = encode(load_tokenizer(str(model)), TEXTS, 32)
    return logits_of(game.model)(take(texts, np.arange(len(TEXTS)), CPU))


def test_each_loss_moves_its_own_player_alone(game: GanBert, tiny_teacher: Path) -> None:
    said = given(game, tiny_teacher)
    made, read = game.generator.state_dict(), game.model.state_dict()
    before = {name: value.clone() for name, value in made.items()}
    others = {name: value.clone() for name, value in read.items()}
    loss = game.loss(said, torch.tensor(LABELS))
    assert not any(torch.equal(made[name], before[name]) for name in before)  # it made its step
    assert same(read, others)
    assert all(weight.grad is None for weight in game.model.parameters())
    slopes = [weight.grad.clone() for weight in game.generator.parameters()]
    loss.backward()
    after = [weight.grad for weight in game.generator.parameters()]
    assert all(map(torch.equal, slopes, after))
    reached = {name for name, weight in game.model.named_parameters() if weight.grad is not None}
    assert {name.partition(".")[0] for name in reached} == {"bert", "classifier"}


def test_the_generators_slopes_are_those_of_its_own_loss(game: GanBert, tiny_teacher: Path) -> None:
    """By finite differences, without dropout."""
    game.generator.eval()
    game.discriminator.entrance.eval()
    game.discriminator.hidden.eval()
    _, real = game.discriminator.told(given(game, tiny_teacher))
    noise = torch.rand(8, 100)
    slopes = game.generator_slopes(game.generator(noise), real.detach())

    def loss_at(way: float) -> float:
        """The loss after a step along the slopes; the step is taken back."""
        with torch.no_grad():
            for weight, slope in zip(game.generator.parameters(), slopes, strict=True):
                weight += way * slope
            logits, features = game.discriminator.of_made(game.generator(noise))
            found = taken_for_real_loss(logits) + feature_loss(real, features)
            for weight, slope in zip(game.generator.parameters(), slopes, strict=True):
                weight -= way * slope
        return float(found)

    steepness = sum(float(slope.square().sum()) for slope in slopes)
    assert (loss_at(0.1) - loss_at(-0.1)) / 0.2 == pytest.approx(steepness, rel=0.01)


def test_all_labels_and_no_generator_are_supervised_training(tiny_teacher: Path) -> None:
    """The same network, trained plainly by cross-entropy, to the last digit."""
    settings = gan(tiny_teacher, unsupervised_weight=0.0)
    found = trained(settings)
    torch.manual_seed(settings.seed)
    model = load_for_task(str(tiny_teacher), FEW.label_names)
    game = GanBert(model, settings)
    texts = encode(load_tokenizer(str(tiny_teacher)), TEXTS, 32)
    rng = np.random.default_rng(settings.seed)
    plan = epoch_plan(texts.lengths, settings.batch_size, settings.epochs, rng)

    def loss_of(index: np.ndarray) -> torch.Tensor:
        logits = logits_of(model)(take(texts, index, CPU))[:, :2]
        return hard_loss(logits, torch.tensor(LABELS)[index])

    fit(model.train().parameters(), plan, loss_of, schedule_of_teacher(settings, len(TEXTS)))
    assert same(found, game.finished().state_dict())
    assert not same(found, trained(gan(tiny_teacher)))


@pytest.mark.parametrize("method", ["finetune", "gan-bert"])
def test_labels_beyond_the_share_play_no_part(method: str, tiny_teacher: Path) -> None:
    """Texts without a label are read by a GAN-BERT all the same, and by no other teacher."""
    settings = gan(tiny_teacher, method=method, label_share=0.5)
    turned = replace(FEW, train=replace(SPLIT, labels=(*LABELS[:4], *(1 - y for y in LABELS[4:]))))
    retold = replace(FEW, train=replace(SPLIT, texts=(*TEXTS[:4], *TEXTS[:4])))
    first = trained(settings)
    assert same(first, trained(settings, turned))
    assert same(first, trained(settings, retold)) == (method == "finetune")


def test_nor_do_they_for_a_model_that_learns_from_labels_alone(tiny_teacher: Path) -> None:
    """Such as a member of a team; what the teacher teaches sees all labels, as students do."""
    settings = gan(tiny_teacher, label_share=0.5)
    turned = replace(FEW, train=replace(SPLIT, labels=(*LABELS[:4], *(1 - y for y in LABELS[4:]))))
    teacher = prepare_teacher(settings, FEW, 32)
    for taught in (False, True):
        chain = Chain((Link("half", taught=taught),))
        one, other = (
            taught_chain(settings, teacher, task, chain).load(CPU).state_dict()
            for task in (FEW, turned)
        )
        assert same(one, other) == (not taught)


def test_a_share_without_a_class_is_refused(tiny_teacher: Path) -> None:
    with pytest.raises(UserError, match=r"leaves 1 of 8 texts a label, and class negative none"):
        trained(gan(tiny_teacher, label_share=0.1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unk", [False, True])
def test_a_gan_bert_is_made_of_any_classifier_and_loads_anywhere(
    kind: str, unk: bool, tmp_path: Path
) -> None:
    start = save_model(kind, tmp_path / "start")
    settings = gan(start, epochs=1, label_share=0.5, unk_class=unk)
    teacher = prepare_teacher(settings, FEW, 32)
    model, tokenizer = load_trained_classifier(teacher.folder)
    inputs = Inputs.of(tokenizer, model)
    assert inputs == Inputs.of(load_tokenizer(str(start)), load_for_task(str(start), ("a", "b")))
    logits, states = logits_and_layers(model, encode(tokenizer, TEXTS, 32), CPU, inputs)
    assert logits.shape == (8, 2)
    assert states.shape[:2] == (8, 1 + model.config.num_hidden_layers)
    assert np.ptp(logits, axis=0).min() > 0
    victim = ModelVictim.of_classifier(model, tokenizer, 32)
    assert np.abs(victim.logits(victim.encode(TEXTS)) - logits).max() < 1e-5
    plain = AutoModelForSequenceClassification.from_pretrained(teacher.folder).eval()
    assert same(plain.state_dict(), model.state_dict())


@pytest.fixture(scope="module")
def made(tiny_teacher: Path) -> Teacher:
    """A GAN-BERT of the few texts."""
    return prepare_teacher(gan(tiny_teacher, epochs=20, label_share=0.75), FEW, 32)


def test_its_states_and_maps_of_attention_are_the_transformers(made: Teacher) -> None:
    model, tokenizer = made.load(CPU), made.tokenizer()
    batch = take(encode(tokenizer, TEXTS, 32), np.arange(8), CPU)
    reader = Reader.of(model, partial(Inputs.of, tokenizer), attention=True)
    seen, own = reader.see(batch), model.transformer.bert
    inner = own(batch.ids, batch.mask.long(), output_hidden_states=True, output_attentions=True)
    assert torch.equal(seen.hidden[-1], inner.last_hidden_state)
    assert seen.attentions.shape == (8, 2, *batch.ids.shape[1:], batch.ids.shape[1])
    assert torch.equal(seen.attentions[:, 1], inner.attentions[1].mean(dim=1))
    assert torch.equal(seen.logits, model.transformer.classifier(inner.pooler_output))


def test_a_finished_one_is_a_teacher_in_either_order_of_the_classes(made: Teacher) -> None:
    settings = TeacherSettings(model=str(made.folder), epochs=0)
    turned = replace(FEW, label_names=FEW.label_names[::-1])
    batch = take(encode(made.tokenizer(), TEXTS, 32), np.arange(8), CPU)
    expected = logits_of(made.load(CPU))(batch)
    found = [logits_of(prepare_teacher(settings, t, 32).load(CPU))(batch) for t in (FEW, turned)]
    assert torch.allclose(found[0], expected, atol=1e-6)
    assert torch.allclose(found[1], expected.flip(1), atol=1e-6)


def test_a_gan_bert_may_begin_with_another(made: Teacher) -> None:
    second = prepare_teacher(gan(made.folder, epochs=1), FEW, 32)
    model, tokenizer = load_trained_classifier(second.folder)
    assert logits_of(model)(take(encode(tokenizer, TEXTS, 32), np.arange(8), CPU)).shape == (8, 2)


def test_a_student_may_be_some_layers_of_it(made: Teacher) -> None:
    whole = made.load(CPU).transformer.bert.encoder.layer
    for student, layer in (
        (first_layers(str(made.folder), FEW.label_names, 1, 0, CPU), whole[0]),
        (every_layers(str(made.folder), FEW.label_names, 2, 0, CPU), whole[1]),
    ):
        (own,) = student.transformer.bert.encoder.layer
        assert student.config.num_hidden_layers == 1
        assert same(own.state_dict(), layer.state_dict())
        head = made.load(CPU).transformer.classifier
        assert same(student.transformer.classifier.state_dict(), head.state_dict())


def test_some_layers_of_a_classifier_are_copied_with_its_head(tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    form = BertConfig(vocab_size=40, num_hidden_layers=6, **sizes)
    whole = BertForSequenceClassification(form)
    whole.save_pretrained(tmp_path)
    student = some_layers(str(tmp_path), FEW.label_names, (1, 3, 5), 0, CPU, trained=True)
    layers = whole.bert.encoder.layer
    for own, layer in zip(student.bert.encoder.layer, layers[::2], strict=True):
        assert same(own.state_dict(), layer.state_dict())
    for part in ("bert.embeddings", "bert.pooler", "classifier"):
        own, other = (model.get_submodule(part).state_dict() for model in (student, whole))
        assert same(own, other)
    with pytest.raises(UserError, match=r"layer 7 of .*, which has 6 layers: name some of 1 to 6"):
        some_layers(str(tmp_path), FEW.label_names, (1, 7), 0, CPU)


def invoke(command: str, teacher: Path, out: Path, *arguments: str) -> Result:
    settings = (
        "teacher.method=gan-bert",
        "teacher.label_share=0.5",
        "constraints.accuracy_floor=0.01",
        "attack.recipe=deepwordbug",
        "compare.attacks=[]",
        "compare.epochs=1",
        "compare.replicates=1",
        "distill.kd.temperature=4",
    )
    named = [s for o in tiny_overrides(teacher, *settings) for s in ("--set", o)]
    return CliRunner().invoke(app, [command, "--out", str(out), *named, *arguments])


def test_it_teaches_and_is_compared_like_any_teacher(tiny_teacher: Path, tmp_path: Path) -> None:
    """A comparison of its students with itself, and then a student that is cut out of one."""
    out, lists = tmp_path / "all", ("--methods", "kd", "--students", "layers:2")
    result = invoke("compare", tiny_teacher, out, *lists)
    assert result.exit_code == 0, (result.output, result.exception)
    assert not check_study(out).problems
    with ModelArchive.read(out / MODELS_FILE) as archive:
        assert {row.name for row in archive.models()} == {"teacher", "layers-2.kd"}
    kept = AutoModelForSequenceClassification.from_pretrained(out / "models" / "teacher-1")
    assert isinstance(kept, HiddenHeadForSequenceClassification)
    word, student = f"cut:1:{out / 'models' / 'layers-2.kd-1'}", tmp_path / "student"
    result = invoke("distill", tiny_teacher, student, word, "--method", "kd")
    assert result.exit_code == 0, (result.output, result.exception)
    assert "(GAN-BERT, 0.5 of the labels) on" in (student / "README.md").read_text()
    model = AutoModelForSequenceClassification.from_pretrained(student)
    assert (model.config.model_type, model.config.num_hidden_layers) == ("bert", 1)
