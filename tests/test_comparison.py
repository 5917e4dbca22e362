"""A comparison whose searches are guided by another attack than TextFooler: names and numbers."""

import csv
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdnas.analysis.paper import write_outputs
from kdnas.comparison import STUDY, Contents, Site
from kdnas.config import Config, load_config
from kdnas.errors import UserError
from kdnas.records import AttackSpec, TextOutcome
from kdnas.reproduce import OUTPUTS, read_material
from kdnas.reproduce.models import GROWING, compared_attacks
from kdnas.reproduce.recounted import table_problems
from kdnas.reproduce.transfers import transfer_matrix
from kdnas.runs import MODELS_FILE, ModelArchive, ModelRow, beginning, stored_config
from kdnas.verify.measured import measurement_problems

HELD = {"pruthi": 5, "deepwordbug": 4, "textfooler": 3, "other-threshold": 1}
"""Of six texts, under each attack."""


def specs_of(*overrides: str) -> tuple[Config, dict[str, AttackSpec]]:
    config = load_config(overrides=["search.seed=3", "attack.mode=lazy", *overrides])
    attacks = compared_attacks(config)
    return config, {name: each.spec(sentiment=True, seed=3) for name, each in attacks.items()}


def told(held: int) -> list[TextOutcome]:
    """Six texts of two classes, all right before the attack."""
    outcomes = ["failed"] * held + ["succeeded"] * (6 - held)
    return [
        TextOutcome(i, i % 2, i % 2, outcome, 9, int(outcome == "succeeded"), 7,
                    "x" if outcome == "succeeded" else "")
        for i, outcome in enumerate(outcomes)
    ]  # fmt: skip


def record(path: Path, config: Config, specs: Mapping[str, AttackSpec]) -> None:
    with ModelArchive.create(path, **beginning(config)) as archive:
        archive.record_attacks(specs)
        archive.record_split("report", [0, 1] * 3, 2, [f"text {i}" for i in range(6)])
        for name in ("teacher", "cells", "pkd"):
            row = ModelRow(name, 1, 0, 1_000_000, 0, None, 1.0)
            archive.add(row, [0, 1] * 3, {attack: told(HELD[attack]) for attack in specs})


@pytest.mark.parametrize(
    ("recipe", "names"),
    [
        ("textfooler", ["textfooler", "other-threshold", "deepwordbug"]),
        ("deepwordbug", ["deepwordbug", "textfooler", "other-threshold"]),
        ("pruthi", ["pruthi", "textfooler", "other-threshold", "deepwordbug"]),
    ],
)
@pytest.mark.parametrize("threshold", ["rosearch", "textattack"])
def test_the_first_attack_is_that_of_the_searches(
    recipe: str, names: list[str], threshold: str
) -> None:
    config, specs = specs_of(
        f"attack.recipe={recipe}",
        "attack.textfooler.candidates=7",
        f"attack.textfooler.similarity={threshold}",
    )
    assert list(specs) == names
    searched = config.attack.spec(sentiment=True, seed=3)
    assert specs[recipe].digest == searched.digest
    assert specs[recipe].mode == "exact"  # its queries are counted
    other, fooler = specs["other-threshold"].settings, specs["textfooler"].settings
    assert fooler.candidates == other.candidates == 7
    assert fooler.similarity != other.similarity
    assert len({spec.digest for spec in specs.values()}) == len(names)


@pytest.mark.parametrize(
    ("recipe", "label", "header", "count"),
    [
        ("deepwordbug", "DeepWordBug", ["TextFooler", "TextFooler, other threshold"], "three"),
        ("pruthi", "Pruthi", ["TextFooler", "TextFooler, other threshold", "DeepWordBug"], "four"),
    ],
)
def test_the_tables_name_the_attack_that_they_are_of(
    recipe: str, label: str, header: list[str], count: str, tmp_path: Path
) -> None:
    config, specs = specs_of(f"attack.recipe={recipe}")
    record(tmp_path / MODELS_FILE, config, specs)
    files, missing = write_outputs(
        OUTPUTS, read_material(config, tmp_path), tmp_path / "results", ["table1", "attacks"]
    )
    assert len(files) == 6, missing
    with (tmp_path / "results" / "attacks.csv").open() as file:
        lines = list(csv.DictReader(file))
    shown = [c for c in lines[0] if not c.endswith(" error") and c not in ("model", "accuracy")]
    assert shown == [label, "worst class", *header]
    for line in lines:
        for name, attack in zip([label, *header], specs, strict=True):
            assert float(line[name]) == pytest.approx(100 * HELD[attack] / 6)
    said = (tmp_path / "results" / "attacks.md").read_text()
    assert said.startswith(f"**Accuracy under {count} attacks; ")
    assert "other threshold: lower in 3, higher in 0 of 3 trainings, -33.3 points" in said
    note = f"attacked by {label} (spec {specs[recipe].digest})"
    assert note in said
    assert note in (tmp_path / "results" / "table1.md").read_text()
    problems, numbers = table_problems(tmp_path / MODELS_FILE, tmp_path / "results", {})
    assert not problems
    assert numbers > 10


@pytest.mark.parametrize("recipe", ["textfooler", "deepwordbug"])
def test_the_paper_s_numbers_stand_beside_those_of_its_attack_alone(
    recipe: str, tmp_path: Path
) -> None:
    config, specs = specs_of(f"attack.recipe={recipe}", "task.name=glue/sst2")
    record(tmp_path / MODELS_FILE, config, specs)
    write_outputs(OUTPUTS, read_material(config, tmp_path), tmp_path, ["table1"])
    header = (tmp_path / "table1.csv").read_text().splitlines()[0]
    assert ("robustness, paper" in header) == (recipe == "textfooler")


def test_what_is_shown_to_others_fooled_under_the_attack_of_the_searches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, specs = specs_of("attack.recipe=deepwordbug")
    record(tmp_path / MODELS_FILE, config, specs)
    shown = []

    def evaluator(*_: object) -> SimpleNamespace:
        return SimpleNamespace(shown=lambda texts, _: shown.append(texts) or {})

    monkeypatch.setattr("kdnas.comparison.evaluator.ModelEvaluator", evaluator)
    with ModelArchive.open(tmp_path / MODELS_FILE) as archive:
        transfer_matrix(config, tmp_path, archive, ["teacher", "pkd"], lambda *_: None)
    assert shown == [told(HELD["deepwordbug"])] * 4


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    ("kind", "other", "held"), [(None, STUDY, "reproduction"), (STUDY, None, "comparison")]
)
def test_a_comparison_is_no_place_for_a_reproduction_nor_the_other_way_round(
    kind: str | None, other: str | None, held: str, resume: bool, tmp_path: Path
) -> None:
    config = load_config(overrides=["search.seed=3"])
    with Site(tmp_path, 1).opened(config, Contents(kind, lambda *_: ())) as archive:
        assert not archive.models()
    refused = Site(tmp_path, 1, resume=resume).opened(config, Contents(other, lambda *_: ()))
    with pytest.raises(UserError, match=f"holds a {held}: choose another --out"), refused:
        pass


def test_what_goes_on_records_the_settings_that_have_grown(tmp_path: Path) -> None:
    begun, grown, other = (
        load_config(overrides=["search.seed=3", more])
        for more in ("reproduce.replicates=1", "reproduce.replicates=2", "task.seed=4")
    )
    contents = Contents(None, lambda *_: GROWING, begun=lambda folder: True)
    with ModelArchive.create(tmp_path / MODELS_FILE, **beginning(begun)):
        pass
    for site, config, message in (
        (Site(tmp_path, 1), begun, "holds a reproduction: add --resume"),
        (Site(tmp_path, 1, resume=True), other, "holds a run with task.seed"),
    ):
        with pytest.raises(UserError, match=message), site.opened(config, contents):
            pass
    with Site(tmp_path, 1, resume=True).opened(grown, contents) as archive:
        assert stored_config(archive).reproduce.replicates == 2


def test_an_attack_whose_code_is_not_here_goes_by_its_name(tmp_path: Path) -> None:
    config, specs = specs_of("attack.recipe=pruthi")
    record(tmp_path / MODELS_FILE, config, specs)
    with closing(sqlite3.connect(tmp_path / MODELS_FILE)) as archive, archive:
        archive.execute("""
            UPDATE attacks SET name = 'mine:ATTACK',
            spec = json_set(spec, '$.recipe', 'mine:ATTACK') WHERE attack = 0
        """)
    assert read_material(config, tmp_path).guide == "mine:ATTACK"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE outcomes SET words = 10 WHERE text_index = 0 AND measurement = {}",
         "cells 1, report: its predictions, counts, outcomes or perturbed texts are not those"
         " of the run"),
        ("DELETE FROM measurements WHERE measurement = {}",
         "cells 1: was evaluated, but not measured on report"),
    ],
)  # fmt: skip
def test_a_wrong_measurement_is_named_by_its_model_and_training(
    statement: str, problem: str, tmp_path: Path
) -> None:
    record(tmp_path / MODELS_FILE, *specs_of())
    of_cells = (
        "(SELECT measurement FROM measurements JOIN trials USING (trial)"
        " JOIN students USING (birth) WHERE key = 'cells')"
    )
    with closing(sqlite3.connect(tmp_path / MODELS_FILE)) as archive, archive:
        assert archive.execute(statement.format(of_cells)).rowcount
    with ModelArchive.read(tmp_path / MODELS_FILE) as archive:
        assert [str(found) for found in measurement_problems(archive, "report")] == [problem]
