"""Every command that has scores of an attack says which attack it was, in words and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from heavy import TINY_ARCHITECTURE, save_tiny_bert, tiny_overrides
from typer.testing import CliRunner, Result

from kdnas.cli.app import app
from kdnas.records import AttackSpec

SETTINGS = ("search.evaluations=2", "search.population=2", "task.name={data}", "task.train=80")
ROWS = [
    (f"a {how} film about the {what} number {i}", int(how in ("warm", "funny")))
    for i in range(10)
    for what in ("war", "sea", "city", "king")
    for how in ("warm", "dull", "funny", "bad")
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of texts whose labels are numbers, which say nothing of sentiments."""
    path = tmp_path_factory.mktemp("data") / "texts.tsv"
    rows = "".join(f"is it good?\t{text}\t{label}\n" for text, label in ROWS)
    path.write_text(f"question\tsentence\tlabel\n{rows}")
    return path


@pytest.fixture(scope="module")
def settings(tiny_teacher: Path, data: Path) -> list[str]:
    overrides = tiny_overrides(
        tiny_teacher, *(o.format(data=json.dumps(str(data))) for o in SETTINGS)
    )
    overrides.append("constraints.accuracy_floor=0.0")
    return [part for setting in overrides for part in ("--set", setting)]


@pytest.fixture(scope="module")
def searched(settings: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("runs") / "run"
    result = CliRunner().invoke(app, ["search", "--jobs", "1", "--out", str(folder), *settings])
    assert result.exit_code == 0, (result.output, result.exception)
    return folder, result


@pytest.fixture(scope="module")
def asked(
    settings: list[str], tiny_teacher: Path, data: Path, searched, tmp_path_factory
) -> Callable[[str], list[str]]:
    """The arguments of a command that has scores."""
    folder = tmp_path_factory.mktemp("asked")
    other, arch = save_tiny_bert(folder / "other"), folder / "arch.json"
    arch.write_text(TINY_ARCHITECTURE.to_json())
    texts = ["--data", str(data), "--texts", "2", "--set", "vocabulary=1000"]
    known = {
        "attack": ["--model", str(tiny_teacher), *texts],
        "transfer": [str(tiny_teacher), str(other), *texts],
        "evaluate": [str(arch), *settings],
        "front": [str(searched[0])],
        "show": [str(searched[0])],
    }
    return lambda command: [command, *known[command]]


@pytest.mark.parametrize("command", ["attack", "transfer", "evaluate", "front", "show"])
def test_recipe_settings_polarity_and_digest_are_in_every_output(
    command: str, asked: Callable[[str], list[str]]
) -> None:
    result = CliRunner().invoke(app, [*asked(command), "--json"])
    assert result.exception is None, result.exception
    records = json.loads(result.stdout)
    assert records
    specs = [AttackSpec.from_record(record["attack"]) for record in records]
    assert [record["spec"] for record in records] == [spec.digest for spec in specs]
    assert {(spec.recipe, spec.settings.polarity) for spec in specs} == {("textfooler", "off")}
    said = CliRunner().invoke(app, asked(command)).stdout.splitlines()
    assert f"attack: {specs[0]}; spec {specs[0].digest}" in said
    assert "polarity off" in str(specs[0])


def test_a_search_says_that_its_classes_tell_nothing_of_sentiments(
    searched: tuple[Path, Result], asked: Callable[[str], list[str]]
) -> None:
    remark = "attack: the classes 0, 1 are not known as sentiments"
    for said in (searched[1].stderr, CliRunner().invoke(app, asked("evaluate")).stderr):
        assert sum(line.startswith(remark) for line in said.splitlines()) == 1


def test_a_search_says_that_it_reads_one_text_of_a_pair(searched: tuple[Path, Result]) -> None:
    remark = "data: one text per example is read, from column 'sentence'; 'question' is not used"
    assert searched[1].stderr.count(remark) == 1
