"""What the command line says while a run or a reproduction works, line by line."""

import subprocess
import sys
from unicodedata import category

import pytest
from evaluators import MEASUREMENT
from rich.table import Table
from strategies import some_architectures

from kdnas.cli.output import print_json, print_table, results
from kdnas.cli.progress import Display
from kdnas.metrics import PAPER_WEIGHTS
from kdnas.records import Evaluation, Failure, Finished, Job, Result
from kdnas.runs import Birth
from kdnas.runs.status import Status
from kdnas.space import canonical

(ARCH,) = some_architectures(1)
BIRTH = Birth(0, ARCH, "initial", (), 0)


@pytest.fixture
def display():
    with Display(PAPER_WEIGHTS) as display:
        yield display


def test_a_run_says_its_stages_and_what_is_new_of_its_students(display, capsys):
    def finished(result: Result, number: int) -> None:
        status = Status("search", number, 4, recorded=1, since=1000.0, updated=1000.0 + number)
        display.finished(BIRTH, Finished(Job(0, ARCH, 0), result), status)

    display.stage(Status("data"))
    display.stage(Status("search", total=4, recorded=1))
    finished(Failure("oom", "?"), 1)  # was recorded before
    finished(Failure("oom", "?"), 2)
    finished(Evaluation(2_000_000, 1, 1, MEASUREMENT), 3)
    stages, search, failed, evaluated = capsys.readouterr().err.splitlines()
    assert stages == "stage data"
    assert search == "stage search, 4 students, 1 of them done before"
    assert failed == f"   2/4  failed: oom  left 0:04  {canonical(ARCH)}"
    assert evaluated.startswith("   3/4  accuracy ")
    assert "2.00 M  fitness" in evaluated


def test_a_reproduction_says_its_parts_and_how_much_of_each_is_done(display, capsys):
    display.part("search 1 of 5, weighted")
    for done in (3, 4, 5):
        display.counted("models", f"model pkd, training {done}", done, 5)
    display.counted("transfers", "transfer", 1, 9)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "search 1 of 5, weighted"
    assert lines[1] == "   3/5  model pkd, training 3"
    assert lines[2].startswith("   4/5  model pkd, training 4  left ")
    assert lines[3].startswith("   5/5  model pkd, training 5  left 0")
    assert lines[4] == "   1/9  transfer"


@pytest.mark.parametrize("text", ["a\x1b]0;x\x07", "\x9b31m", "\u202e", "\x7f", "\ud800"])
def test_no_control_character_reaches_the_output(text, capsys):
    table = Table(text, title=text)
    table.add_row(text)
    print_table(table)
    results().print(f"{text} [/b]")
    print_json([{"x": text}])
    shown = capsys.readouterr().out
    assert not any(category(letter)[0] == "C" and letter != "\n" for letter in shown)
    assert "[/b]" in shown


@pytest.mark.parametrize("columns", ["0", "20", "40"])
def test_a_narrow_terminal_hides_nothing(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    table = Table()
    table.add_row(*["12345678 ± 9"] * 8)
    print_table(table)
    results().print("word " * 30)
    shown = capsys.readouterr().out
    assert shown.count("12345678 ± 9") == 8
    assert shown.count("word") == 30


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("presets > /dev/full", "kdnas: cannot write the output (No space left on device)"),
        ("presets | head -1 > /dev/null", ""),
        ("show nowhere$'\\e[31m'", "kdnas: no run at nowhere\\x1b[31m"),
    ],
)
def test_the_command_line_says_what_became_of_its_output(command, said):
    call = f"{sys.executable} -c 'from kdnas.cli import main; main()' {command}"
    found = subprocess.run(["bash", "-c", call], capture_output=True, text=True, check=False)
    assert found.stderr.startswith(said)
    assert found.stderr.count("\n") == bool(said)
