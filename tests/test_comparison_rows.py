"""Rows of a comparison: methods with settings of their own, and models that are named."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from heavy import tiny_overrides
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification
from typer.testing import CliRunner

from kdnas.cli.app import app
from kdnas.config import Config, load_config
from kdnas.distillation import chain_of, followed_layers
from kdnas.errors import UserError
from kdnas.evaluation import prepare
from kdnas.methods import METHODS, Chain, Link, Member
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study import student_of
from kdnas.teachers import (
    load_trained_classifier,
    require_chain,
    require_team,
    taught_chain,
    taught_team,
)

SETTINGS = ("constraints.accuracy_floor=0", "attack.recipe=deepwordbug")
ROWS = (
    'compare.methods=["kd","pkd","same","last"]',
    'compare.rows.same={method="pkd"}',
    'compare.rows.last={method="pkd",follow=[2]}',
    "distill.pkd.beta=50",
    "distill.pkd.follow=[1]",
)
COMPARED = ("compare.epochs=1", "compare.replicates=1", 'compare.students=["layers:1"]')


def with_method(config: Config, method: str, **own: Any) -> Config:
    values = config.model_dump(mode="json")
    values["distill"] |= {"method": method, method: own}
    return Config.model_validate(values)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, tiny_teacher: Path) -> Path:
    """A pre-trained model of another width than the teacher's, with its tokenizer."""
    folder = tmp_path_factory.mktemp("wide")
    sizes = {"hidden_size": 48, "num_hidden_layers": 1, "intermediate_size": 16}
    BertForSequenceClassification(BertConfig(num_attention_heads=2, **sizes)).save_pretrained(
        folder
    )
    AutoTokenizer.from_pretrained(tiny_teacher).save_pretrained(folder)
    return folder


def test_a_row_is_its_method_with_settings_over_those_of_the_method() -> None:
    config = load_config(overrides=ROWS)
    assert config.taught_by("last").method == "pkd"
    last, same = (config.taught_by(name).table("pkd") for name in ("last", "same"))
    assert (last.follow, last.beta) == ((2,), 50)
    assert same == config.distill.table("pkd") == config.taught_by("pkd").table("pkd")
    assert config.taught_by("kd").table("pkd").follow == (1,)
    assert Config.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('compare.rows.x={method="pkd",folow="last"}', r"compare.rows.x.folow.*known: layers,"),
        ('compare.rows.x={method="pkd",beta=-1}', r"compare.rows.x.beta = -1"),
        ('compare.rows.x={method="pdk"}', "did you mean pkd"),
        ('compare.rows.x={follow="last"}', "compare.rows"),
        ('compare.rows.kd={method="pkd"}', "not as a method"),
        ('compare.rows."a.b"={method="pkd"}', "letters, digits"),
        ('compare.methods=["kd","x"]', "'x'"),
    ],
)
def test_rows_that_cannot_be_are_refused_in_one_line(row: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as found:
        load_config(overrides=[row])
    assert "\n" not in str(found.value)


def compare(folder: Path, teacher: Path, *options: str) -> Any:
    settings = tiny_overrides(teacher, *SETTINGS, *COMPARED, "compare.attacks=[]", *ROWS)
    words = [word for setting in settings for word in ("--set", setting)]
    return CliRunner().invoke(app, ["compare", "--out", str(folder), *words, *options])


def test_a_row_trains_by_its_settings_and_rows_may_be_added(
    tiny_teacher: Path, tmp_path: Path
) -> None:
    """A row without settings is the method, to the last digit of its weights."""
    done = compare(tmp_path / "all", tiny_teacher, "--jobs", "1")
    assert done.exit_code == 0, (done.output, done.exception)
    with ModelArchive.read(tmp_path / "all" / MODELS_FILE) as archive:
        weights = {row.name: row.weights for row in archive.models()}
    assert weights["layers-1.same"] == weights["layers-1.pkd"] != weights["layers-1.last"]
    table = (tmp_path / "all" / "results" / "methods.csv").read_text()
    assert [line.split(",")[1] for line in table.splitlines()[2:]] == ["kd", "pkd", "same", "last"]
    changed = ("--resume", "--set", "compare.rows.last.beta=7")
    assert "compare.rows.last.beta" in str(
        compare(tmp_path / "all", tiny_teacher, *changed).exception
    )
    more = ("--methods", "kd,pkd,same,last,new", "--set", 'compare.rows.new={method="finetune"}')
    grown = compare(tmp_path / "all", tiny_teacher, "--resume", *more)
    assert grown.exit_code == 0, (grown.output, grown.exception)
    with ModelArchive.read(tmp_path / "all" / MODELS_FILE) as archive:
        assert {row.name: row.weights for row in archive.models()}.items() > weights.items()


def test_layers_that_are_named_are_followed() -> None:
    assert followed_layers((12, 6), 2, 12) == (12, 6)
    for named, student in (((1, 2, 3), 2), ((13,), 2)):
        with pytest.raises(UserError, match=r"follow = \[.*\]: a student of 2 layers follows"):
            followed_layers(named, student, 12)


def test_an_assistant_may_be_another_model(config: Config, wide: Path) -> None:
    own = with_method(config, "takd", assistants=(2, str(wide)))
    chain, prepared = chain_of(own.distill), prepare(own)
    assert chain.links == (Link(2), Link("all", str(wide)))
    last = taught_chain(own.teacher, prepared.teacher, prepared.task, chain)
    model, _ = load_trained_classifier(last.folder)
    assert (model.config.hidden_size, model.config.num_hidden_layers) == (48, 1)


def test_a_team_may_have_other_models(config: Config, wide: Path) -> None:
    own = with_method(config, "skd", depths=("all",), seeds=(0, 1), models=(str(wide),))
    team, prepared = chain_of(own.distill).team, prepare(own)
    assert team is not None
    assert team.members[2:] == (Member("all", 0, str(wide)), Member("all", 1, str(wide)))
    taught = taught_team(own.teacher, prepared.teacher, prepared.task, team)
    widths = [load_trained_classifier(each.folder)[0].config.hidden_size for each in taught]
    assert widths == [32, 32, 48, 48]
    assert len({each.identity for each in taught}) == 4


def assisted_by(model: Path) -> Chain:
    return METHODS["takd"].chain(METHODS["takd"].settings(assistants=(str(model),)))


def test_an_assistant_of_another_vocabulary_is_refused(
    config: Config, wide: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(wide, tmp_path / "model"))
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.add_tokens(["unheard-of"])
    tokenizer.save_pretrained(model)
    prepared = prepare(config)
    with pytest.raises(UserError, match="another vocabulary"):
        taught_chain(config.teacher, prepared.teacher, prepared.task, assisted_by(model))


def test_an_assistant_deeper_than_the_teacher_is_refused(config: Config, tmp_path: Path) -> None:
    deep = BertConfig(hidden_size=32, num_hidden_layers=3, num_attention_heads=2)
    BertForSequenceClassification(deep).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="of 3 layers is larger than"):
        require_chain(config.teacher, assisted_by(tmp_path))


def test_a_model_of_a_team_that_is_not_there_is_refused(config: Config) -> None:
    team = chain_of(with_method(config, "skd", models=("./nowhere",)).distill).team
    with pytest.raises(UserError, match="nowhere"):
        require_team(config.teacher, team)


def test_models_of_the_hub_are_students() -> None:
    student = student_of("hub:google/bert_uncased_L-4_H-512_A-8", None)
    assert (student.name, student.kind) == ("bert_uncased_L-4_H-512_A-8", "saved")
    assert student.start == "google/bert_uncased_L-4_H-512_A-8"
    with pytest.raises(UserError, match="no student 'hub:'"):
        student_of("hub:", None)
