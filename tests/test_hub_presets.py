"""Every preset that names resources of the hub, end to end and in miniature.

What stands in for them is small, but has the real file formats in the real places: a BERT in the
hub's cache, data as `datasets` prepares them, counter-fitted vectors where TextAttack keeps them, a
SavedModel where tensorflow-hub does, a tagger in NLTK's folders.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from hub_caches import Rows, keep_data, keep_model, write_repository
from paper_stand_ins import places

from kdnas.config import load_config, preset_names
from kdnas.runs import FILE_NAME, MODELS_FILE, Archive, ModelArchive
from kdnas.tasks.packaged import bbc_news, rotten_tomatoes

SMALL = (
    "task.train=160", "task.search=40", "task.report=40", "teacher.epochs=1",
    "teacher.learning_rate=1e-3", "teacher.probe_epochs=1", "space.repeats=[1,2]",
    "space.widths=[32]", "space.node_widths=[32]", "space.nodes=3", "student.max_length=32",
    "student.positions=64", "distill.epochs=1", "distill.learning_rate=2e-3",
    "distill.pkd.epochs=1", "distill.adversarial.epochs=1", "attack.texts=4",
    "attack.report_texts=4", "attack.textfooler.vocabulary=1000", "search.population=2",
    "search.evaluations=2", "search.batch=2", "constraints.accuracy_floor=0.01",
    "reproduce.uniform=2", "reproduce.replicates=1", "reproduce.epochs=1",
    "reproduce.strength=0.03", "reproduce.strengths=[0.05]", "reproduce.sweep_seeds=2",
)  # fmt: skip

SEARCHES = ("pareto-sst2", "rosearch-agnews", "rosearch-sst2")
REPRODUCTIONS = ("paper-agnews", "paper-sst2", "scaled-agnews", "scaled-sst2")

STAND_INS = """
from paper_stand_ins import save_encoder, save_tagger, save_vectors
save_vectors(words=2000)
save_tagger()
save_encoder(buckets=500, width=16)
"""

TALK = re.compile(r"tensorflow|onednn|cuda|[IWE]0000|TF_|absl|Traceback|Warning", re.IGNORECASE)
"""What TensorFlow and others would say."""

pytestmark = pytest.mark.timeout(3000)


def marked(presets: tuple[str, ...]) -> list[object]:
    """Presets, those that attack with the paper's resources marked so."""
    paper = {name for name in presets if load_config(name).attack.resources == "textattack"}
    return [pytest.param(name, marks=[pytest.mark.paper] * (name in paper)) for name in presets]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, tiny_teacher: Path) -> dict[str, str]:
    """The environment of a machine on which all stand-ins are, without a connection."""
    place = tmp_path_factory.mktemp("machine")
    home = place / "huggingface"
    keep_model(home / "hub", "bert-base-uncased", tiny_teacher)
    classes = ["negative", "positive"]
    glue = write_repository(place / "glue", "sst2", "sentence", classes, _reviews())
    topics = ["World", "Sports", "Business", "Sci/Tech"]
    news = write_repository(place / "ag_news", "default", "text", topics, _news())
    for repository in (glue, news):
        keep_data(home / "datasets", repository)
    found = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    found |= places(place) | {
        "HOME": str(place), "HF_HOME": str(home), "KDNAS_CACHE": str(place / "kdnas"),
        "HF_HUB_OFFLINE": "1", "PYTHONPATH": f"{os.getcwd()}{os.pathsep}benchmarks",
    }  # fmt: skip
    if find_spec("tensorflow") and find_spec("nltk"):
        made = subprocess.run([sys.executable, "-c", STAND_INS], env=found, capture_output=True,
                              text=True, check=False, timeout=900)  # fmt: skip
        assert made.returncode == 0, made.stderr
    return found


def _reviews() -> Rows:
    """Film reviews as SST-2 has them: training and validation."""
    columns = rotten_tomatoes().tables["train"].columns
    texts, labels = _mixed(
        [
            (str(text), int(label == "positive"))
            for text, label in zip(columns["text"], columns["label"], strict=True)
        ]
    )
    return {"train": (texts[::2], labels[::2]), "validation": (texts[1::2], labels[1::2])}


def _news() -> Rows:
    """News in four topics as AG News has them: training and test."""
    of = {"politics": 0, "sports": 1, "business": 2, "tech": 3}
    columns = bbc_news().tables["train"].columns
    texts, labels = _mixed(
        [
            (" ".join(str(text).split())[:300], of[str(label)])
            for text, label in zip(columns["text"], columns["label"], strict=True)
            if label in of
        ]
    )
    return {"train": (texts[::2], labels[::2]), "test": (texts[1::2], labels[1::2])}


def _mixed(rows: list[tuple[str, int]]) -> tuple[list[str], list[int]]:
    """A thousand rows in an order that knows no classes, as columns."""
    chosen = Random(0).sample(rows, 1000)
    return [text for text, _ in chosen], [label for _, label in chosen]


def kdnas(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as a process of its own."""
    settings = [word for setting in SMALL for word in ("--set", setting)]
    program = "from kdnas.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments, *settings],
                          env=dict(environment), capture_output=True, text=True, check=False,
                          timeout=2400)  # fmt: skip


def test_these_presets_name_resources_of_the_hub() -> None:
    """Comparisons are in `test_source_presets.py`."""
    names = [*preset_names("search"), *preset_names("reproduce")]
    hub = {name for name in names if load_config(name).task.on_hub}
    assert hub == {*SEARCHES, *REPRODUCTIONS}


@pytest.mark.parametrize("preset", marked((*SEARCHES, *REPRODUCTIONS)))
def test_all_its_resources_are_found(preset: str, environment: dict[str, str]) -> None:
    ended = kdnas(environment, "resources", "--preset", preset)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (ended.stderr, "what gets it" in ended.stdout) == ("", False)


@pytest.mark.parametrize("preset", marked(SEARCHES))
def test_a_search_ends_well(preset: str, environment: dict[str, str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = kdnas(environment, "search", "--preset", preset, "--out", str(run), "--jobs", "1")
    assert ended.returncode == 0, ended.stderr
    assert not TALK.search(ended.stderr), ended.stderr
    with Archive.read(run / FILE_NAME) as archive:
        assert archive.meta("finished")
        rows = archive.rows()
        (spec,) = archive.specs().values()
    assert (spec.resources, spec.in_lockstep) == ("textattack", True)
    assert len(rows) == 2
    assert all(row.evaluation and row.failure is None for row in rows)


@pytest.mark.long
@pytest.mark.parametrize("preset", marked(REPRODUCTIONS))
def test_a_reproduction_ends_well(preset: str, environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = kdnas(environment, "reproduce", "--preset", preset, "--out", str(out), "--jobs", "1")
    assert ended.returncode == 0, ended.stderr
    assert not TALK.search(ended.stderr), ended.stderr
    assert (out / "results" / "table5.md").exists()
    with ModelArchive.read(out / MODELS_FILE) as archive:
        models, specs = archive.models(), archive.specs()
    assert {model.name for model in models} > {"teacher", "teacher-at", "pkd", "cells"}
    assert {spec.resources for spec in specs.values()} == {load_config(preset).attack.resources}
