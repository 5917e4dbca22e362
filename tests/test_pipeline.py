"""Whole runs with real parts: search, resume, report, export; and what users do wrong."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from heavy import TINY_ARCHITECTURE
from programs import kdnas, output_of

from kdnas.cli.app import app
from kdnas.cli.dry_run import print_dry_run
from kdnas.cli.evaluate import print_scores
from kdnas.config import Config
from kdnas.config.load import as_toml, leaves
from kdnas.errors import UserError
from kdnas.estimate import estimate_run
from kdnas.pipeline import run_pipeline
from kdnas.progress import Listener
from kdnas.records import Failure, Finished
from kdnas.runs import FILE_NAME, Archive, Row, RunFolder, Trial, open_run
from kdnas.runs.status import Status
from kdnas.tasks import Split
from kdnas.workers import open_workers


class Counting(Listener):
    """Keeps what it is told of."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.finished_births: list[int] = []

    def stage(self, status: Status) -> None:
        self.stages.append(status.stage)

    def finished(self, birth, done: Finished, status: Status) -> None:
        self.finished_births.append(birth.birth)


def run(
    config: Config, path: Path, jobs: int = 1, *, cluster: str | None = None, resume: bool = False
) -> Counting:
    listener = Counting()
    with open_run(RunFolder(path), config, resume=resume) as archive:
        start = partial(open_workers, config, path, jobs, cluster)
        run_pipeline(config, RunFolder(path), archive, start, listener)
    return listener


def timeless(path: Path) -> tuple[list[Row], list[tuple[str, int]], list[object]]:
    """Everything in an archive but durations."""
    with Archive.open(path / FILE_NAME) as archive:
        rows = [_timeless_row(row) for row in archive.rows()]
        texts = [archive.texts(r.birth, split) for r in rows for split in ("search", "report")]
        return rows, archive.events(), texts


def _timeless_row(row: Row) -> Row:
    def still(of: Row | Trial) -> dict[str, Any]:
        known = of.evaluation
        zero = {"train_seconds": 0.0, "attack_seconds": 0.0}
        return {"seconds": 0.0, "evaluation": replace(known, **zero) if known else None}

    trials = tuple(replace(trial, **still(trial)) for trial in row.trials)
    return replace(row, trials=trials, **still(row))


SETTINGS = ("student.dropout=0.2",)


@pytest.fixture(scope="module")
def finished(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "one-job"
    listener = run(config, path, jobs=1)
    assert listener.stages[-2:] == ["search", "report"]
    return path


def test_every_student_is_evaluated_once(config: Config, finished: Path) -> None:
    rows, events, _ = timeless(finished)
    assert [row.status for row in rows] == ["ok"] * config.search.evaluations
    assert len({row.key for row in rows}) == len(rows)
    asks = [birth for kind, birth in events if kind == "ask"]
    tells = [birth for kind, birth in events if kind == "tell"]
    assert asks == tells == list(range(config.search.evaluations))


def test_the_front_has_report_values_and_weights(finished: Path) -> None:
    front = json.loads(kdnas("front", finished, "--json").stdout)
    assert front
    for member in front:
        assert member["report"]["attacked"] == 4
        assert (finished / "students" / f"{member['key']}.safetensors").exists()


def test_the_archive_does_not_depend_on_the_number_of_jobs(
    config: Config, finished: Path, tmp_path: Path
) -> None:
    run(config, tmp_path / "run", jobs=2)
    assert timeless(tmp_path / "run") == timeless(finished)


STOPS = """
import signal
from kdnas.runs import Archive

finish, finished = Archive.finish, []

def finish_and_wait(*arguments, **settings):
    finish(*arguments, **settings)
    finished.append(arguments)
    if len(finished) == {count}:
        print("recorded", flush=True)
        signal.pause()

Archive.finish = finish_and_wait
"""
"""Has a driver wait in the middle of its search, however slow or quick the machine is."""


def test_a_killed_run_resumes_to_the_same_archive(
    config: Config, finished: Path, tmp_path: Path
) -> None:
    """The run is killed for good (SIGKILL) after its second student."""
    path, file = tmp_path / "run", tmp_path / "config.json"
    file.write_text(config.model_dump_json())
    program = STOPS.format(count=2) + (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from pathlib import Path\n"
        "from kdnas.config import Config\n"
        "from test_pipeline import run\n"
        f"run(Config.model_validate_json(Path({str(file)!r}).read_text()), Path({str(path)!r}))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    assert "recorded\n" in iter(process.stdout.readline, "")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert _finished_students(path) == 2 < config.search.evaluations
    listener = run(config, path, resume=True)
    assert listener.finished_births[: config.search.evaluations] == list(
        range(config.search.evaluations)
    )
    assert timeless(path) == timeless(finished)


def _finished_students(path: Path) -> int:
    try:
        uri = f"file:{path / FILE_NAME}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            query = "SELECT count(*) FROM trials WHERE status = 'ok'"
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.Error:
        return 0


def test_commands_on_a_finished_run(finished: Path, tmp_path: Path) -> None:
    assert "robustness" in kdnas("front", finished).stdout
    students = json.loads(kdnas("show", finished, "--json").stdout)
    assert [s["birth"] for s in students] == list(range(len(students)))
    assert {"key", "status", "accuracy", "robustness", "worst_class_accuracy",
            "worst_class_robustness", "parameters", "fitness"} <= set(students[0])  # fmt: skip
    key = students[0]["key"]
    assert key in kdnas("show", finished, key[:9]).stdout
    paths = kdnas("plot", finished, "--out", tmp_path).stdout.split()
    assert len(paths) == 8
    assert all(Path(path).stat().st_size > 1000 for path in paths)


@pytest.fixture(scope="module")
def student(finished: Path) -> dict[str, Any]:
    """The first of the front."""
    return json.loads(kdnas("front", finished, "--json").stdout)[0]


@pytest.fixture(scope="module")
def exported(finished: Path, student, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder."""
    out = tmp_path_factory.mktemp("exported") / "model"
    kdnas("export", finished, student["key"][:10], "--out", out)
    return out


@pytest.fixture(scope="module")
def seen(finished: Path, student) -> tuple[Split, list[int]]:
    """The texts that the search measured it on, and what it answered."""
    from kdnas.evaluation import load_task
    from kdnas.runs import stored_config

    with Archive.open(finished / FILE_NAME) as archive:
        texts = archive.texts(student["birth"], "search")
        split = load_task(stored_config(archive)).search.head(len(texts))
    return split, [text.predicted for text in texts]


def test_an_exported_student_is_the_one_of_the_run(exported: Path, student, seen) -> None:
    """Its accuracy on the run's texts, computed in a fresh process, is the recorded one."""
    card = (exported / "README.md").read_text()
    assert f"{100 * student['accuracy']:.1f} ±" in card
    assert "ms per text" in card
    assert "Licences" in card
    assert json.loads((exported / "config.json").read_text())["dropout"] == 0.2
    program = (
        "import json, sys, torch, kdnas.students\n"
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer\n"
        f"path = {str(exported)!r}\n"
        "model = AutoModelForSequenceClassification.from_pretrained(path)\n"
        "tokenizer = AutoTokenizer.from_pretrained(path)\n"
        "inputs = tokenizer(json.load(sys.stdin), padding=True, truncation=True,"
        " return_tensors='pt')\n"
        "print(json.dumps(model(**inputs).logits.argmax(1).tolist()))"
    )
    split, predicted = seen
    assert json.loads(output_of(program, json.dumps(split.texts))) == predicted


def test_the_lines_of_the_readme_load_it_from_another_folder(
    exported: Path, seen, tmp_path: Path
) -> None:
    """As they stand there, with the student where the command before them has put it."""
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    snippets = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    (lines,) = [snippet for snippet in snippets if '.from_pretrained("runs/student")' in snippet]
    assert "kdnas export runs/quickstart KEY --out runs/student" in readme
    shutil.copytree(exported, tmp_path / "runs" / "student")
    split, predicted = seen
    program = f"""{lines}
import json, sys
inputs = tokenizer(json.load(sys.stdin), padding=True, truncation=True, return_tensors="pt")
print(json.dumps(model(**inputs).logits.argmax(1).tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(split.texts),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == predicted


@pytest.fixture(scope="module")
def attack(exported: Path, seen, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The command that attacks the exported student on three of the run's texts."""
    split, _ = seen
    data = tmp_path_factory.mktemp("data") / "data.tsv"
    rows = [f"{t}\t{n}" for t, n in zip(split.texts, split.labels, strict=True)]
    data.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return ["attack", "--model", exported, "--data", data, "--texts", 3]


@pytest.fixture(scope="module")
def fast(attack: list[object]) -> list[dict[str, Any]]:
    """What it comes to in a process of its own."""
    return json.loads(kdnas(*attack, "--json").stdout)


@pytest.fixture
def attacked(attack: list[object], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the command says with other options in this process, which has imported everything."""

    def said(*options: str) -> str:
        app([*map(str, attack), *options], standalone_mode=False)
        return capsys.readouterr().out

    return said


def test_an_exported_student_is_attacked(seen, fast, attacked: Callable[..., str]) -> None:
    split, _ = seen
    assert [record["original"] for record in fast] == list(split.texts[:3])
    assert {record["outcome"] for record in fast} <= {"skipped", "succeeded", "failed"}
    assert all(record["queries_textattack"] >= 1 <= record["queries_sent"] for record in fast)
    budget = json.loads(attacked("--mode", "lazy", "--query-budget", "2", "--json"))
    assert max(record["queries_textattack"] for record in budget) == 2


@pytest.mark.textattack
def test_so_it_is_by_textattack(fast, attacked: Callable[..., str]) -> None:
    slow = json.loads(attacked("--engine", "textattack", "--json"))
    assert [r | {"queries_sent": 0} for r in fast] == [r | {"queries_sent": 0} for r in slow]
    assert "3 texts: " in attacked("--recipe", "pruthi")


def test_one_architecture_through_the_pipeline(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "arch.json"
    file.write_text(TINY_ARCHITECTURE.to_json())
    settings = [f"--set=teacher.model={config.teacher.model}"]
    chosen = config.model_dump(mode="json")
    for section, name in [("teacher", "epochs"), ("teacher", "learning_rate"), ("task", "train"),
                          ("task", "search"), ("task", "report"), ("student", "max_length"),
                          ("student", "positions"), ("distill", "epochs"), ("attack", "texts"),
                          ("attack", "report_texts")]:  # fmt: skip
        settings.append(f"--set={section}.{name}={chosen[section][name]}")
    settings.append("--set=attack.textfooler.vocabulary=1000")
    found = json.loads(kdnas("evaluate", file, "--replicates", 2, "--json", *settings).stdout)
    assert [record["birth"] for record in found] == [0, 1]
    assert found[0]["key"] == found[1]["key"] == TINY_ARCHITECTURE.key
    assert found[0]["seed"] != found[1]["seed"]
    assert found[0]["report"]["attacked"] == 4


def test_replicates_fit_into_80_columns(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with Archive.read(finished / FILE_NAME) as archive:
        rows = [row for row in archive.rows() if row.report]
    failed = replace(rows[0], birth=7, evaluation=None, report=None, failure=Failure("oom", "big"))
    print_scores([*rows[:2], failed])
    said = capsys.readouterr().out
    names = ("replicate", "accuracy", "robustness", "worst", "class", "mean", "sd")
    assert all(name in said.split() for name in names)
    assert "…" not in said
    assert said.endswith("replicate 7 failed: oom, big\n")


def test_a_dry_run_counts_on_no_more_processes_than_cores(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    found = estimate_run(config)
    assert found.seconds(6, 100_000, 2) == found.seconds(6, 2, 2) == 3 * found.student_seconds
    assert found.seconds(6, 100_000, 64) == found.student_seconds > 0
    print_dry_run(config, 100_000, "kdnas resources")
    cores = os.cpu_count()
    assert f"students: 6, 100000 at once on {cores} core" in capsys.readouterr().out


@pytest.mark.textattack
def test_a_dry_run_says_who_executes_the_attack(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """TextAttack's own execution takes several times as long."""
    by_pruthi = config.attack.model_copy(update={"recipe": "pruthi", "texts": 2})
    print_dry_run(config.model_copy(update={"attack": by_pruthi}), 1, "kdnas resources")
    said = "attack: pruthi is executed by TextAttack"
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_place_that_cannot_hold_figures_is_one_line(finished: Path, tmp_path: Path) -> None:
    file, run_folder = tmp_path / "file", tmp_path / "run"
    file.touch()
    shutil.copytree(finished, run_folder)
    (run_folder / "figures").touch()
    for place, arguments in ((file, ["--out", file]), (run_folder / "figures", [])):
        done = kdnas("plot", run_folder, *arguments, check=False)
        assert done.returncode == 2
        assert done.stderr == (
            f"kdnas: cannot write {place / 'process.png'} (File exists): free some space, or name"
            " with --out where you can write to\n"
        )


def test_a_run_of_another_configuration_is_left_alone(config: Config, finished: Path) -> None:
    before = timeless(finished)
    changed = config.model_copy(update={"search": config.search.model_copy(update={"seed": 9})})
    with pytest.raises(ValueError, match=r"search\.seed = 0 \(now 9\)"):
        run(changed, finished)
    assert timeless(finished) == before


def test_a_run_on_other_texts_is_left_alone(config: Config, finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    shutil.copytree(finished, path)
    with Archive.open(path / FILE_NAME) as archive:
        task, other = archive.meta("task"), archive.meta("task")
        other["splits"]["search"]["sha256"] = "0" * 64
        archive.set_meta(task=other, finished=False)
    before = timeless(path)
    with pytest.raises(UserError, match="changed: the texts or labels of search"):
        run(config, path, resume=True)
    assert timeless(path) == before
    with Archive.open(path / FILE_NAME) as archive:
        archive.set_meta(task=task)
    elsewhere = config.task.model_copy(update={"path": str(tmp_path)})
    with open_run(RunFolder(path), config.model_copy(update={"task": elsewhere}), resume=True):
        pass  # where the texts lie does not matter


def test_a_finished_run_is_printed_again(finished: Path, config: Config) -> None:
    with open_run(RunFolder(finished), config, resume=False) as archive:
        assert archive.meta("finished")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "--preset", "quickstrat"], ["quickstrat", "did you mean quickstart"]),
        (
            ["search", "--set", "search.populaton=3"],
            ["search.populaton", "did you mean population"],
        ),
        (
            ["search", "--set", "search.population=one"],
            ["search.population", "one", "whole number"],
        ),
        (["search", "--set", "nonsense"], ["nonsense", "section.field=value"]),
        (["search", "--config", "no.toml"], ["no.toml"]),
        (["search", "--jobs", "0"], ["--jobs", "1"]),
        (["search"], ["--preset NAME", "task.name=DATA"]),
        (["reproduce"], ["--preset NAME"]),
        (["search", "--preset", "quickstart", "--resume"], ["no run in", "leave out --resume"]),
        (["serach"], ["serach", "search"]),
        (["front", "no/run"], ["no/run", "there is no such folder"]),
        (["show", "no/run", "abc"], ["no/run"]),
        (["plot", "no/run"], ["no/run"]),
        (["export", "no/run", "abc", "--out", "x"], ["no/run"]),
        (["evaluate", "no.json", "--preset", "quickstart"], ["no.json"]),
        (["attack", "--model", "no-model", "--data", "x.tsv"], ["no-model", "config.json"]),
        (["attack", "--model", "x", "--data", "y", "--recipe", "x"], ["no attack 'x'", "pruthi"]),
        (["presets", "paper"], ["paper", "quickstart"]),
        (["search", "--set", "task.name=missing.csv"], ["missing.csv"]),
        (["search", "--set", "teacher.model=offline:bert"], ["offline:bert", "offline:minilm"]),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    if arguments[0] == "search":
        arguments = [*arguments, "--out", str(tmp_path / "run")]
    done = kdnas(*arguments, check=False)
    assert done.returncode == 2
    message = done.stderr.strip().splitlines()
    assert "Traceback" not in done.stderr
    assert message[-1].startswith("kdnas: ")
    assert all(word in message[-1] for word in words)
    assert not list(tmp_path.iterdir())  # no folder of a run that recorded nothing
    assert done.stdout == ""


def interrupt(driver: int) -> None:
    """As Ctrl-C in its terminal does."""
    os.killpg(driver, signal.SIGINT)


def terminate(driver: int) -> None:
    """As `kill` and batch systems do."""
    os.kill(driver, signal.SIGTERM)


@pytest.mark.parametrize("send", [interrupt, pytest.param(terminate, marks=pytest.mark.long)])
def test_a_stopped_run_resumes(
    send: Callable[[int], None], config: Config, finished: Path, tmp_path: Path
) -> None:
    """The driver is stopped during the search; it says how to go on and leaves no process."""
    path, file = tmp_path / "run", tmp_path / "config.toml"
    chosen = {name: value for name, value in leaves(config).items() if value is not None}
    file.write_text("\n".join(f"{name} = {as_toml(value)}" for name, value in chosen.items()))
    program = STOPS.format(count=1) + "from kdnas.cli import main; main()"
    command = [sys.executable, "-c", program, "search",
               "--config", str(file), "--out", str(path), "--jobs", "2"]  # fmt: skip
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    assert "recorded\n" in iter(process.stdout.readline, "")
    assert _finished_students(path) == 1
    send(process.pid)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "--resume" in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors
    assert _ends(process.pid)
    run(config, path, resume=True)
    assert timeless(path) == timeless(finished)


def test_what_cannot_go_on_says_nothing_of_resume(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    shutil.rmtree(copy / "students")
    key = json.loads(kdnas("front", copy, "--json").stdout)[0]["key"]
    command = [sys.executable, "-c", "from kdnas.cli import main; main()"]
    export = [*command, "export", str(copy), key, "--out", str(tmp_path / "out")]
    with subprocess.Popen(export, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline() == "stage data\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "kdnas: stopped before its end: give the command again"
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def toml(value: object) -> str:
    """A value of the settings as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)


def _ends(group: int) -> bool:
    """Whether a process group is gone within seconds; Python's own helper process ends last."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_damaged_archive_is_one_line(finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "run" / FILE_NAME
    file.parent.mkdir()
    with Archive.open(finished / FILE_NAME):  # closing it empties the write-ahead log
        pass
    content = bytearray((finished / FILE_NAME).read_bytes())
    content[5000:-5000] = b"\7" * (len(content) - 10000)
    file.write_bytes(content)
    done = kdnas("front", tmp_path / "run", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"kdnas: {file} cannot be read as an archive")
    way_out = f"`kdnas verify {file.parent}` says more; use a copy of it, or a new --out\n"
    assert done.stderr.endswith(way_out)
    assert done.stderr.count("\n") == 1


def test_a_kept_student_is_exported_from_the_folder_alone(
    config: Config, finished: Path, student, exported: Path, tmp_path: Path, monkeypatch
) -> None:
    """Neither teacher nor data nor cache are asked for, and the export is the same to the byte."""
    run_folder, bare = tmp_path / "run", tmp_path / "bare"
    shutil.copytree(finished, run_folder)
    with Archive.open(run_folder / FILE_NAME) as archive:
        gone = archive.meta("config")
        gone["teacher"]["model"] = str(tmp_path / "gone")
        gone["task"]["name"] = str(tmp_path / "gone.tsv")
        archive.set_meta(config=gone)
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    done = kdnas("export", run_folder, student["key"], "--out", bare)
    assert done.stderr == ""
    assert not (tmp_path / "cache").exists()
    names = sorted(path.name for path in exported.iterdir())
    assert sorted(path.name for path in bare.iterdir()) == names
    for name in set(names) - {"README.md"}:  # which has a measured time
        assert (bare / name).read_bytes() == (exported / name).read_bytes(), name
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (finished / "tokenizer" / name).read_bytes() == (exported / name).read_bytes()


def test_without_its_tokenizer_a_student_needs_the_teacher(
    finished: Path, student, exported: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    (copy / "tokenizer" / "tokenizer.json").unlink()
    assert "tokenizer: is damaged" in kdnas("verify", copy, check=False).stdout
    said = kdnas("export", copy, student["key"], "--out", tmp_path / "out").stderr
    assert [line for line in said.splitlines() if not line.startswith(("  epoch", "data: "))] == [
        "stage data", "stage teacher", "stage signals",
    ]  # fmt: skip
    for file in ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json"):
        assert (tmp_path / "out" / file).read_bytes() == (exported / file).read_bytes()


def test_weights_that_are_gone_are_trained_again(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    shutil.rmtree(copy / "students")
    key = json.loads(kdnas("front", copy, "--json").stdout)[0]["key"]
    said = kdnas("export", copy, key, "--out", tmp_path / "again").stderr
    lines = said.splitlines()
    assert [line for line in lines if not line.startswith(("  epoch", "data: "))] == [
        "stage data",
        "stage teacher",
        "stage signals",
        "the run has no whole weights of it: trained again from its seed",
        "stage training",
    ]
    assert lines[-1].startswith("  epoch 1 of 1, loss ")
    assert kdnas("export", finished, key, "--out", tmp_path / "kept").stderr == ""
    again, kept = (tmp_path / n / "model.safetensors" for n in ("again", "kept"))
    assert again.read_bytes() == kept.read_bytes()
