"""What needs no model is refused before torch, transformers, pymoo or textattack are loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kdnas import model_names
from kdnas.cli.beforehand import new_folder, require_cache, require_gpus
from kdnas.config import Config, load_config
from kdnas.errors import UserError
from kdnas.evaluation import require_possible, within_limits
from kdnas.space import NetworkShape

REPRODUCE = ("reproduce", "--preset", "quickstart-paper", "--out", "r")
SEARCH = ("search", "--preset", "quickstart", "--out", "run")
ATTACK = ("attack", "--model", "model", "--data")

REFUSED = {
    (*SEARCH, "--set", "task.name=nosuch.csv"): "there is no file or folder nosuch.csv",
    (*SEARCH, "--set", "task.name=semicolons.csv"): "separates its fields by ';'",
    (*SEARCH, "--set", "task.name=pipe.csv"): "a pipe or a device",
    (*SEARCH, "--set", "task.text_column=body"): "no column 'body'",
    (*SEARCH, "--set", "teacher.model=/nowhere"): "there is no such folder",
    (*SEARCH, "--set", "teacher.model=model/mine"): "there is no such folder",
    (*SEARCH, "--set", "teacher.model=offline:bert"): "offline there is offline:minilm",
    (*SEARCH, "--set", "teacher.model=rows.tsv"): "it is a file",
    (*SEARCH, "--set", "plugins=['nosuch']"): "run kdnas in the folder that holds it",
    (*SEARCH, "--dry-run", "--set", "task.name=nosuch.csv"): "there is no file or folder",
    ("evaluate", "nosuch.json", "--preset", "quickstart"): "cannot read nosuch.json",
    (*REPRODUCE, "--only", "table9"): "no output 'table9'; there are table1",
    (*REPRODUCE[:-1], "rows.tsv"): "rows.tsv is a file",
    (*REPRODUCE, "--resume"): "no reproduction in r to go on with",
    (*REPRODUCE, "--set", "task.name=nosuch.csv"): "there is no file or folder nosuch.csv",
    (*ATTACK, "nosuch.tsv"): "there is no file or folder nosuch.tsv",
    (*ATTACK, "/dev/null"): "a pipe or a device",
    (*ATTACK, "semicolons.csv"): "separates its fields by ';'",
    (*ATTACK, "blank.csv"): "has no text",
    (*ATTACK, "rows.tsv", "--recipe", "nosuch"): "no attack 'nosuch'",
    (*ATTACK, "rows.tsv", "--out", "rows.tsv"): "exists already",
    ("attack", "--model", "nosuch", "--data", "rows.tsv"): "no model in nosuch",
    ("transfer", "model", "other", "--data", "nosuch.tsv"): "there is no file or folder",
    ("front", ""): "an argument is empty",
    (*SEARCH[:3], "--out", ""): "an argument is empty",
    (*SEARCH, "--cluster", "tcp://127.0.0.1:9"): "no Dask scheduler at tcp://127.0.0.1:9",
    ("export", "nosuch", "abc", "--out", "student"): "nosuch",
}  # fmt: skip

CALLS = """
import contextlib, io, json, sys
from kdnas.cli import main

found = []
for call in json.load(sys.stdin):
    sys.argv = ["kdnas", *call]
    said = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            main()
        except SystemExit as end:
            code = end.code
    heavy = {"torch", "transformers", "pymoo", "textattack", "datasets"} & set(sys.modules)
    found.append([code, said.buffer.getvalue().decode(), sorted(heavy)])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], list]:
    """Exit code, output and heavy modules of each call, all made in one process."""
    place = tmp_path_factory.mktemp("calls")
    (place / "rows.tsv").write_text("text\tlabel\nfine\t1\ndull\t0\n")
    (place / "semicolons.csv").write_text("text;label\nfine;1\n")
    (place / "blank.csv").write_text("text,label\n,1\n  ,0\n")
    os.mkfifo(place / "pipe.csv")
    for name in ("model", "other"):
        (place / name).mkdir()
        (place / name / "config.json").write_text("{}")
    environment = os.environ | {"PYTHONPATH": os.getcwd(), "HF_HUB_OFFLINE": "1"}
    calls = list(REFUSED)
    ended = subprocess.run(
        [sys.executable, "-c", CALLS],
        input=json.dumps(calls),
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert sorted(path.name for path in place.iterdir()) == [
        "blank.csv", "model", "other", "pipe.csv", "rows.tsv", "semicolons.csv",
    ]  # fmt: skip
    return dict(zip(calls, json.loads(ended.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("call", REFUSED, ids=" ".join)
def test_a_refusal_that_needs_no_model_loads_nothing_heavy(
    call: tuple[str, ...], found: dict[tuple[str, ...], list]
) -> None:
    code, said, heavy = found[call]
    (line,) = [line for line in said.splitlines() if line.startswith("kdnas: ")]
    assert code == 2
    assert REFUSED[call] in line
    assert heavy == []
    assert "Traceback" not in said


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="a file stands where its folder should be"):
        require_cache()


def test_gpus_that_are_not_there_are_refused() -> None:
    require_gpus(())
    with pytest.raises(UserError, match=r"workers.gpus = \[99\]: torch sees"):
        require_gpus((99,))


def test_a_new_folder_appears_when_all_is_well(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "a" / "b") as draft:
            draft.mkdir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [*(tmp_path / "a").iterdir()] == []
    with new_folder(tmp_path / "a" / "b") as draft:
        draft.mkdir()
        (draft / "x").touch()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["x"]
    with pytest.raises(UserError, match="exists already"), new_folder(tmp_path / "a" / "b"):
        raise AssertionError


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="name a folder that you can write to"),
        new_folder(tmp_path / "file" / "inside"),
    ):
        raise AssertionError


def test_the_hub_is_left_alone_where_it_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_names, "getproxies", dict)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the port of `discard`: nobody there
    model_names.leave_hub_alone_where_unreachable()
    assert os.environ.pop("HF_HUB_OFFLINE") == "1"
    monkeypatch.setattr(model_names, "getproxies", lambda: {"https": "http://proxy"})
    model_names.leave_hub_alone_where_unreachable()
    assert "HF_HUB_OFFLINE" not in os.environ


SHAPE = NetworkShape(vocabulary=1000, classes=2)


def config(*overrides: str) -> Config:
    return load_config("quickstart", overrides=overrides)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("constraints.max_parameters=1000", "the smallest of 200 students drawn has"),
        ("constraints.max_flops=10", "the quickest of 200 students drawn takes"),
    ],
)
def test_limits_that_no_student_keeps_to_are_refused(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        require_possible(config(setting), SHAPE)


def test_students_too_large_for_the_memory_are_refused() -> None:
    with pytest.raises(UserError, match=r"its training takes 1.* GB, and this machine has"):
        require_possible(config("space.widths=[65536]"), NetworkShape(vocabulary=10**6, classes=2))


def test_a_first_student_keeps_to_the_limits() -> None:
    costs = [
        config().space.cost(require_possible(config(f"search.seed={i}"), SHAPE), SHAPE, 64)
        for i in range(8)
    ]
    most = sorted(cost.parameters for cost in costs)[2]
    limited = config(f"constraints.max_parameters={most}")
    assert within_limits(limited, SHAPE)(require_possible(limited, SHAPE))
