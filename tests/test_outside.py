"""Parts from outside: a user's layer, attack, distillation term, space and others, all the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from heavy import tiny_overrides

from kdnas.runs import Archive

PARTS = Path(__file__).parent / "outside" / "outside_parts.py"
_CLI = [sys.executable, "-c", "from kdnas.cli import main; main()"]
_ROOT = str(Path(__file__).parent.parent)


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A working folder with the user's module."""
    shutil.copy(PARTS, tmp_path)
    return tmp_path


def command(user: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": _ROOT}
    return subprocess.run([*_CLI, *words], cwd=user, env=env, capture_output=True, text=True)


def refusal(user: Path, *words: str) -> str:
    """The one line with which a command is refused."""
    done = command(user, *words)
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("kdnas: ")]
    return line


def settings(teacher: Path, *overrides: str) -> list[str]:
    values = [*tiny_overrides(teacher), 'plugins=["outside_parts"]', *overrides]
    return [word for value in values for word in ("--set", value)]


OTHER_PARTS = (
    "search.algorithm=outside_parts:Patient",
    "space.layers={conv=[3], stretch=[2]}",
    'space.modes=["first", "add"]',
    'space.activations=["gelu"]',
    'search.objectives=["accuracy", "tables"]',
    "attack.recipe=stretching",
    "distill.method=huber",
)


def mlp(teacher: Path, *overrides: str) -> list[str]:
    """Settings of a search in the user's space; those of the paper's space are not in it."""
    tiny = [value for value in tiny_overrides(teacher) if not value.startswith("space.")]
    values = [*tiny, 'plugins=["outside_parts"]', "space.name=mlp", *overrides]
    return [word for value in values for word in ("--set", value)]


def evaluated(run: Path) -> int:
    if not (run / "archive.sqlite").exists():
        return 0
    with Archive.read(run / "archive.sqlite") as archive:
        return sum(row.status == "ok" for row in archive.rows())


def test_a_search_with_other_parts_is_killed_resumed_and_guarded(user, tiny_teacher):
    run, asked = user / "run", settings(tiny_teacher, *OTHER_PARTS)
    search = ["search", *asked, "--out", str(run), "--jobs", "1"]
    env = {**os.environ, "PYTHONPATH": _ROOT}
    running = subprocess.Popen([*_CLI, *search], cwd=user, env=env)
    while evaluated(run) < 1 and running.poll() is None:
        time.sleep(0.2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    (user / "outside_parts.py").write_text(PARTS.read_text() + "\nCHANGED = True\n")
    assert "the source of module outside_parts has changed" in refusal(user, *search, "--resume")
    shutil.copy(PARTS, user)
    resumed = command(user, *search, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    with Archive.read(run / "archive.sqlite") as archive:
        rows = archive.rows()
        kinds = {
            node["op"]["kind"] for r in rows for node in json.loads(r.architecture_json)["nodes"]
        }
        assert {row.status for row in rows} == {"ok"}
        assert list(archive.attacks) == ["stretching"]
        assert all(set(row.evaluation.values) == {"tables"} for row in rows)
        assert archive.meta("sources")[0]["module"] == "outside_parts"
    assert len(rows) == 6
    assert kinds == {"conv", "stretch"}
    (user / "outside_parts.py").write_text("raise RuntimeError('imported')")
    for reading in ("front", "show", "status", "verify"):  # all without the user's code
        read = command(user, reading, str(run))
        assert read.returncode == 0, read.stdout + read.stderr


LONG = ("tournament", "random_edits", "random_uniform")


@pytest.mark.parametrize(
    "algorithm", ["nsga2", *(pytest.param(name, marks=pytest.mark.long) for name in LONG)]
)
def test_a_second_space_is_searched_read_and_exported(user, tiny_teacher, algorithm):
    run = str(user / "run")
    asked = mlp(tiny_teacher, f"search.algorithm={algorithm}")
    done = command(user, "search", *asked, "--out", run, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    (user / "outside_parts.py").write_text("raise RuntimeError('imported')")
    records = json.loads(command(user, "show", run, "--json").stdout)
    assert len(records) == 6
    for words in (["front", run], ["plot", run], ["status", run], ["verify", run]):
        read = command(user, *words)
        assert read.returncode == 0, read.stdout + read.stderr
    assert "sizes not counted again" in command(user, "verify", run).stdout
    key = next(r["key"] for r in records if r["status"] == "ok")
    assert '"space": "mlp"' in " ".join(command(user, "show", run, key).stdout.split())
    export = ["export", run, key, "--out", str(user / "student")]
    assert "--plugin outside_parts" in refusal(user, *export)
    shutil.copy(PARTS, user)
    done = command(user, *export, "--plugin", "outside_parts")
    assert done.returncode == 0, done.stderr
    assert (
        json.loads((user / "student" / "config.json").read_text())["architecture"]["space"] == "mlp"
    )


def test_one_student_of_a_second_space_is_evaluated(user, tiny_teacher):
    (user / "arch.json").write_text('{"space": "mlp", "width": 24, "depth": 2}')
    tiny = [value for value in tiny_overrides(tiny_teacher) if not value.startswith("space.")]
    asked = [word for value in (*tiny, "space.name=mlp") for word in ("--set", value)]
    assert "'mlp'" in refusal(user, "evaluate", "arch.json", *asked)
    done = command(user, "evaluate", "arch.json", "--json", *asked, "--plugin", "outside_parts")
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)
    assert record["status"] == "ok"
    assert '"space": "mlp"' in json.dumps(record["architecture"])


def test_a_task_of_the_user_is_read(user):
    code = (
        "from kdnas.config import load_config; from kdnas.tasks import build_task;"
        "asked = ['task.name=outside_parts:colours', 'task.max_overlap=1'];"
        "print(*build_task(str, **dict(load_config(overrides=asked).task)).label_names)"
    )
    env = {**os.environ, "PYTHONPATH": _ROOT}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=user, env=env, capture_output=True, text=True
    )
    assert done.stdout.split() == ["cold", "warm"], done.stderr
