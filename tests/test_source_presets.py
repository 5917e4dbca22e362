"""The comparisons of the sources in miniature: hub models and GLUE's files, to their tables.

The models are tiny, but of the families and with the layers that the presets ask for, in the hub's
cache; the data are in the forms of GLUE's download and of files with the hub's columns.
"""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from any_models import _bert_tokens, _roberta_tokens
from glue_files import FILES, downloaded
from hub_caches import keep_model
from typer.testing import CliRunner

from kdnas.cli.app import app
from kdnas.config import (
    load_config,
    preset_names,
    short_name,
    task_configs,
)
from kdnas.study import check_comparison
from kdnas.study.models import study_models
from kdnas.workers import Inline

hf: Any = import_module("transformers")
"""As a type checker does not see it: its 4 and its 5 declare other names."""

PRESETS = [name for name in preset_names("compare") if name != "compare-offline"]

SMALL = (
    "task.train=24", "task.search=20", "task.report=20", "teacher.epochs=1",
    "teacher.learning_rate=1e-3", "student.max_length=24", "distill.batch_size=12",
    "constraints.accuracy_floor=0", "attack.report_texts=2", "attack.resources=offline",
    "attack.textfooler.vocabulary=1000", "compare.epochs=1", "compare.replicates=1",
    "compare.attacks=[\"deepwordbug\"]", "distill.minimax-knn.pool=60",
    "distill.autoskd.phase_epochs=1",
)  # fmt: skip

ONE = {
    "compare-glue": "glue/cola", "alp-12-4": "glue/stsb", "alp-12-2": "glue/mnli",
    "annealing-roberta": "glue/wnli", "annealing-bert-small": "glue/rte", "mate-glue": "glue/stsb",
    "minimax-knn": "SetFit/TREC-QC",
}  # fmt: skip
"""The task of the presets of several that is tried: classes, numbers, pairs, other columns."""

DEPTHS = {
    "bert-base-uncased": 12, "bert-large-uncased": 13, "roberta-base": 2, "roberta-large": 3,
    "bert-large-uncased-whole-word-masking": 13, "distilbert-base-uncased": 2,
    "distilbert-base-cased": 4, "distilroberta-base": 2, "google/bert_uncased_L-4_H-512_A-8": 2,
    "huawei-noah/TinyBERT_General_6L_768D": 2,
}  # fmt: skip


def save_model(name: str, folder: Path, tokens: Any) -> Path:
    """A tiny masked language model of the family of a model of the hub, with its tokenizer."""
    roberta = "roberta" in name
    width = {"vocab_size": 400, "max_position_embeddings": 64}
    if name.startswith("distilbert"):
        config = hf.DistilBertConfig(
            dim=16, n_layers=DEPTHS[name], n_heads=2, hidden_dim=16, **width
        )
    else:
        family = hf.RobertaConfig if roberta else hf.BertConfig
        config = family(
            hidden_size=16, num_hidden_layers=DEPTHS[name], num_attention_heads=2,
            intermediate_size=16, **width,
        )  # fmt: skip
    hf.AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    tokens[roberta].save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the hub with all the models that the presets name."""
    place = tmp_path_factory.mktemp("hub")
    tokens = {False: _bert_tokens(), True: _roberta_tokens()}  # of one family alike
    for name in DEPTHS:
        keep_model(place / "cache", name, save_model(name, place / short_name(name), tokens))
    return place / "cache"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all the tasks that the presets name."""
    place = tmp_path_factory.mktemp("data")
    for name in FILES:
        (place / short_name(name)).mkdir()
        downloaded(name, place / short_name(name))
    for name, label, classes in (
        ("sst5", "label", 5),
        ("CR", "label", 2),
        ("TREC-QC", "label_coarse", 6),
    ):
        (place / name).mkdir()
        for k, stem in enumerate(("train", "test")):
            rows = [{"text": f"a text {k} {i}", label: i % classes} for i in range(30)]
            lines = "\n".join(map(json.dumps, rows))
            (place / name / f"{stem}.jsonl").write_text(lines + "\n")
    return place


@contextmanager
def inline(
    config: Any, run: Path, jobs: int, cluster: Any, make: Callable[[], Any]
) -> Iterator[Any]:
    """Trainings in this process, which has loaded everything."""
    with Inline(make()) as workers:
        yield workers


@pytest.fixture
def command(hub: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A command with a preset on a machine whose cache has the models, without a connection."""
    monkeypatch.setenv("HF_HUB_CACHE", str(hub))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for constant, value in {"HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": True}.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{constant}", value)
    monkeypatch.setattr("kdnas.comparison.build.open_workers", inline)

    def run(name: str, preset: str, *options: str) -> Any:
        tasks = load_config(preset).compare.tasks
        path = data if tasks else data / short_name(load_config(preset).task.name)
        settings = [word for each in (*SMALL, f'task.path="{path}"') for word in ("--set", each)]
        return CliRunner().invoke(app, [name, "--preset", preset, *settings, *options])

    return run


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results" / "tasks.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_runs_to_its_tables(
    preset: str, command: Callable[..., Any], tmp_path: Path
) -> None:
    config, out = load_config(preset), tmp_path / "out"
    chosen = ["--tasks", ONE[preset]] if config.compare.tasks else []
    result = command("compare", preset, "--out", str(out), *chosen)
    assert result.exit_code == 0, (result.output, result.exception)
    assert not check_comparison(out).problems
    lines = table(out)
    here = {(line["student"], line["method"]) for line in lines if line["scores"] == "here"}
    first = next(iter(task_configs(config).values()), config)
    assert here == {(m.stem or "teacher", m.method) for m in study_models(first)}
    assert [line for line in lines if line["scores"] == "printed"]


def test_with_all_tasks_there_is_the_average_as_printed(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    """Of MATE-KD it has a constant besides."""
    result = command("compare", "mate-glue", "--out", str(tmp_path / "out"), "--methods", "kd")
    assert result.exit_code == 0, (result.output, result.exception)
    [line] = [x for x in table(tmp_path / "out") if (x["method"], x["scores"]) == ("kd", "here")]
    scores = [float(line[name]) for name in COLUMNS]
    assert float(line["average"]) == pytest.approx(fmean([*scores, 56.3]))
    printed = [x for x in table(tmp_path / "out") if x["scores"] == "printed"]
    assert [x["average"] for x in printed if x["method"] == "mate"] == ["82.64"]
    assert "56.3" in (tmp_path / "out" / "results" / "tasks.md").read_text()


COLUMNS = ("cola Matthews", "sst2 accuracy", "mrpc F1", "stsb Pearson", "qqp accuracy",
           "mnli accuracy", "qnli accuracy", "rte accuracy")  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
def test_all_that_it_needs_is_found(preset: str, command: Callable[..., Any]) -> None:
    result = command("resources", preset)
    assert result.exit_code == 0, (result.output, result.exception)
    config = load_config(preset)
    hub = {word[4:] for word in config.compare.students if word.startswith("hub:")}
    assert all(name in result.output for name in {config.teacher.model, *hub})
    assert "to do" not in result.output


@pytest.mark.parametrize(
    ("preset", "options", "expected"),
    [
        (
            "annealing-bert-small",
            ("--tasks", "glue/rte,glue/stsb"),
            ("task rte", "task stsb", "takd: 1 model between", "all 2 tasks: 6 trainings, about"),
        ),
        ("autoskd-rte", (), ("trainings: 7 = 1 student x 7 methods", "a team of 5 teachers")),
    ],
)
def test_a_dry_run_says_what_it_would_take(
    preset: str, options: tuple[str, ...], expected: tuple[str, ...],
    command: Callable[..., Any], tmp_path: Path,
) -> None:  # fmt: skip
    result = command("compare", preset, "--dry-run", "--out", str(tmp_path / "out"), *options)
    assert result.exit_code == 0, (result.output, result.exception)
    assert all(line in result.output for line in expected), result.output
    assert not (tmp_path / "out").exists()
