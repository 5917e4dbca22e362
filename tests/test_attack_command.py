"""`kdnas attack` and `kdnas transfer` on saved models: what belongs together, what is refused.

DeepWordBug needs no resources, so nothing is built for these tests.
"""

import json
import sys
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertModel,
    PreTrainedModel,
)
from typer.testing import CliRunner, Result

from kdnas.cli import main
from kdnas.cli.app import app
from kdnas.errors import UserError
from kdnas.offline import offline_path
from kdnas.records import ATTACKS
from kdnas.writing import write_whole

NAMES = ["negative", "positive"]
SIZES = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "max_position_embeddings": 64,
}  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(str(offline_path("minilm")))


def config(tokenizer, names: list[str] = NAMES, **values: float) -> BertConfig:
    numbered = dict(enumerate(names))
    sizes = {"vocab_size": len(tokenizer), **SIZES, **values}
    return BertConfig(id2label=numbered, label2id={n: i for i, n in numbered.items()}, **sizes)


@pytest.fixture
def save(tmp_path, tokenizer):
    def saved(name: str, model: PreTrainedModel, *, with_tokenizer: bool = True) -> str:
        model.save_pretrained(tmp_path / name)
        if with_tokenizer:
            tokenizer.save_pretrained(tmp_path / name)
        return str(tmp_path / name)

    return saved


@pytest.fixture
def classifier(save, tokenizer):
    torch.manual_seed(0)
    return save("model", BertForSequenceClassification(config(tokenizer)))


@pytest.fixture
def data(tmp_path) -> str:
    path = tmp_path / "texts.tsv"
    rows = ["a warm and funny film\tpositive", "a dull mess of a film\tnegative"]
    path.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return str(path)


def attacked(*options: str) -> list[dict]:
    result: Result = CliRunner().invoke(app, ["attack", "--recipe", "deepwordbug", *options])
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def refused(capsys, monkeypatch, *options: str, command: str = "attack") -> str:
    """The one line with which the command ends, and its exit status 2."""
    monkeypatch.setattr("sys.argv", ["kdnas", command, "--recipe", "deepwordbug", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    lines = capsys.readouterr().err.strip().splitlines()
    assert ended.value.code == 2
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.textattack
def test_both_engines_give_the_same_records(classifier, data):
    options = ("--model", classifier, "--data", data, "--json")
    fast, slow = attacked(*options), attacked(*options, "--engine", "textattack")
    assert len(fast) == 2
    for one, other in zip(fast, slow, strict=True):
        one.pop("queries_sent", None), other.pop("queries_sent", None)
        assert one == other


ODD = (
    "I ❤\ufe0f this film 👩\u200d👩\u200d👧 so much",
    "यह फ़िल्म фильм 映画 مرحبا is good",
    "\u00d7",
    "!!! ... ?",
    "a film with a \x00 hole",
    "İstanbul'da \ufb01lm \uff26\uff35\uff2c\uff2c of [SEP] and [MASK]",
    "x" * 600 + " is bad",
)


@pytest.mark.textattack
def test_both_engines_agree_on_odd_texts_of_a_file(save, tokenizer, tmp_path):
    torch.manual_seed(0)
    model = save("wide", BertForSequenceClassification(config(tokenizer, initializer_range=1.0)))
    data = tmp_path / "odd.jsonl"
    rows = [{"text": text, "label": label} for text in (*ODD, "") for label in NAMES]
    data.write_text("\n".join(map(json.dumps, rows)))
    options = ("--model", model, "--data", str(data), "--json")
    fast, slow = attacked(*options), attacked(*options, "--engine", "textattack")
    assert [record["original"] for record in fast[::2]] == list(ODD), "blank rows are left out"
    assert {record["outcome"] for record in fast} == {"skipped", "succeeded", "failed"}
    assert [r | {"queries_sent": 0} for r in fast] == [r | {"queries_sent": 0} for r in slow]


@pytest.mark.parametrize(
    ("own", "polarity"), [([], "off"), (["polarity=on"], "on"), (["polarity=off"], "off")]
)
def test_models_with_other_class_names_are_attacked_alike(
    own: list[str], polarity: str, save, tokenizer, tmp_path
) -> None:
    """Above all in whether the polarity is checked: it decides about the robustness."""
    torch.manual_seed(0)
    model = BertForSequenceClassification(config(tokenizer, initializer_range=1.0))
    data, found = tmp_path / "texts.tsv", []
    texts = ("a good film of great people", "a bad story and a poor end", "the best of the war")
    data.write_text("text\tlabel\n" + "".join(f"{t}\t0\n{t} .\t1\n" for t in texts))
    for names in (NAMES, ["LABEL_0", "LABEL_1"], ["good", "bad"]):
        model.config.id2label = dict(enumerate(names))
        model.config.label2id = {name: i for i, name in enumerate(names)}
        options = ["--data", str(data), "--json", "--set", "vocabulary=1000"]
        options += [part for setting in own for part in ("--set", setting)]
        result = CliRunner().invoke(app, ["attack", "--model", save(names[0], model), *options])
        found.append([record | {"queries_sent": 0} for record in json.loads(result.stdout)])
        assert ("the classes 0, 1 are not known as sentiments" in result.stderr) == (not own)
    assert found[0] == found[1] == found[2]
    assert {record["attack"]["settings"]["polarity"] for record in found[0]} == {polarity}
    assert "succeeded" in {record["outcome"] for record in found[0]}


@pytest.mark.parametrize(
    ("labels", "recipe", "polarity"),
    [(("positive", "negative"), "textfooler", "on"), (("1", "0"), "deepwordbug", None)],
)
def test_nothing_is_remarked_where_the_classes_decide_about_nothing(
    labels: tuple[str, str], recipe: str, polarity: str | None, classifier, tmp_path
) -> None:
    data = tmp_path / "texts.tsv"
    data.write_text("text\tlabel\n" + "".join(f"a film\t{label}\n" for label in labels))
    own = ["--set", "vocabulary=1000"] if recipe == "textfooler" else []
    options = ["--data", str(data), "--recipe", recipe, *own]
    result = CliRunner().invoke(app, ["attack", "--model", classifier, *options, "--json"])
    assert result.stderr.strip() == ""
    assert json.loads(result.stdout)[0]["attack"]["settings"].get("polarity") == polarity


@pytest.mark.parametrize("command", ["attack", "transfer"])
def test_a_setting_of_the_recipe_is_checked_before_a_model_is_loaded(
    command, classifier, data, save, tokenizer, capsys, monkeypatch
) -> None:
    other = save("other", BertForSequenceClassification(config(tokenizer)))
    models = ["--model", classifier] if command == "attack" else [classifier, other]
    for wrong, said in (
        ("words=3", "attack.deepwordbug.words = 3"),
        ("words", "write section.field=value"),
    ):
        monkeypatch.setattr("kdnas.cli.victims.open_victim", lambda folder: pytest.fail(folder))
        options = (*models, "--data", data, "--set", wrong)
        assert said in refused(capsys, monkeypatch, *options, command=command)


@pytest.mark.textattack
def test_a_recipe_of_a_module_is_executed(classifier, data, tmp_path, monkeypatch) -> None:
    own = tmp_path / "commands_attack.py"
    own.write_text(
        "from kdnas.records import ATTACKS\nfrom dataclasses import replace\n"
        "MINE = replace(ATTACKS['deepwordbug'], candidates=None)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(ATTACKS, "_parts", dict(ATTACKS._parts))
    options = ("--model", classifier, "--data", data, "--json")
    said = {"spec", "attack", "queries_sent"}
    expected, found = (
        [{k: v for k, v in record.items() if k not in said} for record in attacked(*options, *more)]
        for more in ((), ("--recipe", "commands_attack:MINE"))
    )
    assert found == expected


@pytest.mark.parametrize("kind", [BertModel, BertForMaskedLM])
def test_a_model_without_a_trained_head_is_refused(
    kind, save, tokenizer, data, capsys, monkeypatch
):
    folder = save("headless", kind(config(tokenizer)))
    line = refused(capsys, monkeypatch, "--model", folder, "--data", data)
    assert "holds no trained classifier: " in line
    assert f"{kind.__name__} has no head of classes" in line


@pytest.mark.parametrize(
    "engine", ["lockstep", pytest.param("textattack", marks=pytest.mark.textattack)]
)
def test_a_model_that_returns_nan_is_named(engine, save, tokenizer, data, capsys, monkeypatch):
    model = BertForSequenceClassification(config(tokenizer))
    with torch.no_grad():
        model.classifier.weight.fill_(float("nan"))
    folder = save("nan", model)
    line = refused(capsys, monkeypatch, "--model", folder, "--data", data, "--engine", engine)
    assert f"{folder} " in line
    assert "not finite" in line


def test_a_tokenizer_of_another_model_is_refused(save, tokenizer, data, capsys, monkeypatch):
    folder = save("small", BertForSequenceClassification(config(tokenizer, vocab_size=1000)))
    line = refused(capsys, monkeypatch, "--model", folder, "--data", data)
    assert f"has {len(tokenizer)} tokens, the model 1000" in line


def test_a_missing_tokenizer_is_said_to_be_missing(save, tokenizer, data, capsys, monkeypatch):
    model = BertForSequenceClassification(config(tokenizer))
    folder = save("bare", model, with_tokenizer=False)
    line = refused(capsys, monkeypatch, "--model", folder, "--data", data)
    assert f"no tokenizer in {folder}" in line


def test_a_file_that_exists_is_not_written_over(classifier, data, capsys, monkeypatch):
    line = refused(capsys, monkeypatch, "--model", classifier, "--data", data, "--out", data)
    assert line == f"kdnas: {data} exists already: name a new file"


def test_a_file_that_cannot_be_written_whole_is_not_left_in_part(
    classifier, data, tmp_path, monkeypatch
):
    """What was found is shown all the same."""

    def write(path: Path, content: bytes) -> None:
        most, at_most = getrlimit(RLIMIT_FSIZE)
        setrlimit(RLIMIT_FSIZE, (20, at_most))  # as of a disk that fills up
        try:
            write_whole(path, content)
        finally:
            setrlimit(RLIMIT_FSIZE, (most, at_most))

    monkeypatch.setattr("kdnas.cli.output.write_whole", write)
    before, out = sorted(tmp_path.iterdir()), tmp_path / "out.json"
    options = ("--model", classifier, "--data", data, "--json", "--out", str(out))
    result = CliRunner().invoke(app, ["attack", "--recipe", "deepwordbug", *options])
    assert isinstance(result.exception, UserError)
    reason = f"cannot write {out} (File too large)"
    advice = "free some space, or name with --out where you can write to"
    assert str(result.exception) == f"{reason}: {advice}"
    assert len(json.loads(result.stdout)) == 2
    assert sorted(tmp_path.iterdir()) == before


def test_the_records_are_written_to_a_file(classifier, data, tmp_path):
    options = ("--model", classifier, "--data", data, "--json")
    shown = attacked(*options, "--out", str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text()) == shown


class TestTransfer:
    """Every model sees what fooled each of them."""

    @pytest.fixture
    def drawn(self, save, tokenizer):
        """A classifier of large random weights, which typing errors fool."""

        def made(seed: int, names: list[str]) -> str:
            torch.manual_seed(seed)
            wide = config(tokenizer, names, initializer_range=1.0)
            return save(f"drawn-{seed}", BertForSequenceClassification(wide))

        return made

    @pytest.mark.parametrize("names", [["positive", "negative"], ["negative", "neutral", "good"]])
    def test_other_classes_are_refused(self, names, drawn, classifier, data, capsys, monkeypatch):
        options = (classifier, drawn(1, names), "--data", data)
        line = refused(capsys, monkeypatch, *options, command="transfer")
        assert f"has the classes {', '.join(names)}, {classifier} negative, positive" in line

    def test_labels_that_are_names_of_other_numbers_are_remarked(self, drawn, tmp_path):
        data = tmp_path / "numbers.tsv"
        data.write_text("text\tlabel\na warm film\t1\na dull mess\t0\n")
        models = [drawn(0, ["1", "0"]), drawn(1, ["1", "0"])]
        for command in (["attack", "--model", models[0]], ["transfer", *models]):
            options = ["--data", str(data), "--recipe", "deepwordbug", "--json"]
            said = CliRunner().invoke(app, [*command, *options]).stderr
            assert "label 1 is the class that id2label calls 1, class number 0" in said

    @pytest.mark.parametrize("count", [1, 2])
    def test_two_different_models_are_needed(self, count, classifier, data, capsys, monkeypatch):
        options = (*[classifier] * count, "--data", data)
        line = refused(capsys, monkeypatch, *options, command="transfer")
        assert "needs two classifiers or more, each named once" in line

    @pytest.mark.parametrize("names", [NAMES, ["LABEL_0", "LABEL_1"]])
    def test_the_matrix_is_what_single_attacks_give(self, names, drawn, data, tokenizer, tmp_path):
        models = [drawn(0, NAMES), drawn(1, names)]
        Path(data).write_text(
            Path(data).read_text().replace("positive", "1").replace("negative", "0")
        )
        options = ["transfer", *models, "--data", data, "--recipe", "deepwordbug"]
        file = tmp_path / "matrix.json"
        result = CliRunner().invoke(app, [*options, "--json", "--out", str(file)])
        assert result.exception is None, result.exception
        found = {(r.pop("surrogate"), r.pop("target")): r for r in json.loads(result.stdout)}
        assert len(found) == 4
        for surrogate in models:
            fooling = [
                (row["perturbed"], row["label"])
                for row in attacked("--model", surrogate, "--data", data, "--json")
                if row["outcome"] == "succeeded"
            ]
            for target in models:
                model = BertForSequenceClassification.from_pretrained(target).eval()
                right = sum(
                    int(model(**tokenizer(text, return_tensors="pt")).logits.argmax()) == label
                    for text, label in fooling
                )
                record = found[surrogate, target]
                assert (record["texts"], record["right"]) == (len(fooling), right)
            assert found[surrogate, surrogate]["right"] == 0
        assert any(record["texts"] for record in found.values())
        said = CliRunner().invoke(app, options).stdout
        assert "on which that of a column is right" in " ".join(said.split())


def test_half_a_surrogate_pair_is_named_with_its_row(classifier, tmp_path, capsys, monkeypatch):
    path = tmp_path / "broken.jsonl"
    rows = [{"text": "a good film", "label": 1}, {"text": "a \ud800 film", "label": 1}]
    path.write_text("\n".join(map(json.dumps, rows)))
    line = refused(capsys, monkeypatch, "--model", classifier, "--data", str(path))
    assert "text 2 holds half a surrogate pair" in line


def test_a_cache_that_is_no_folder_is_refused_before_the_model_is_read(
    classifier, data, tmp_path, capsys, monkeypatch
):
    unusable = tmp_path / "a file"
    unusable.touch()
    monkeypatch.setenv("KDNAS_CACHE", str(unusable))
    line = refused(capsys, monkeypatch, "--model", classifier, "--data", data)
    assert "set KDNAS_CACHE to another folder" in line
