"""A table of edits of a comparison's models: each is refused by the tables, or `verify` says so.

The models are made up, the search that they stand beside is a real one. `pytest -s` prints the
table.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from test_verify import ATTACKED, CONFIG, LABELS, SHAPE, TASK, record
from test_verify_edits import Named, cells, deep, garbage, meta, metas, put, refused, said

from kdnas.errors import UserError
from kdnas.offline import content_hash
from kdnas.problems import TOY_SPACE
from kdnas.records import AttackSpec, TextOutcome
from kdnas.runs import MODELS_FILE, ModelArchive, ModelRow, beginning, weights_of
from kdnas.seeds import derived_seed
from kdnas.verify import Problem, model_problems, seal_problems

ATTACKS = {"textfooler": AttackSpec(mode="exact"), "deepwordbug": AttackSpec(recipe="deepwordbug")}
STUDENT = TOY_SPACE.start(np.random.default_rng(1))
NAMES = ("teacher", "pkd", f"student-{STUDENT.key[:12]}")
HIT, SHOWN = 3, 4
"""A text that fools every model, and how many texts do."""

_PKD = "trial = (SELECT trial FROM trials JOIN students USING (birth) WHERE key = 'pkd')"
_MEASURED = f"measurement = (SELECT measurement FROM measurements WHERE {_PKD})"

ROWS = {
    "students": "key = 'pkd'",
    "trials": _PKD,
    "attacks": "attack = 0",
    "splits": "split = 'report'",
    "originals": f"split = 'report' AND text_index = {HIT}",
    "measurements": _PKD,
    "outcomes": f"{_MEASURED} AND attack = 0 AND text_index = {HIT}",
    "transfers": f"surrogate = 'teacher' AND target = 'pkd' AND text_index = {HIT}",
}
"""The row of each table that is edited."""

NULL_ALREADY = {("trials", name) for name in ("block_parameters", "flops", "attack_seconds",
                                              "failure", "message")}  # fmt: skip

META = (
    *("config", "settings", "versions", "sources", "task", "teacher", "shape", "trainings"),
    *("finished", "seal"),
)

_GONE = (
    f"DELETE FROM outcomes WHERE {_MEASURED}",
    f"DELETE FROM measurements WHERE {_PKD}",
)


def within() -> Iterator[Named]:
    """What stands inside of JSON."""
    settings = {
        "search.seed": "5", "search.evaluations": "17", "distill.method": "'pkd'",
        "attack.report_texts": "7", "attack.recipe": "'deepwordbug'", "task.name": "'bbc_news'",
        "teacher.model": "'x'", "reproduce.strength": "0.9", "reproduce.replicates": "9",
    }  # fmt: skip
    yield from deep("meta", "value", "name = 'config'", settings)
    spec = {"recipe": "'pruthi'", "seed": "3", "settings.similarity": "0.1", "settings.window": "7"}
    yield from deep("attacks", "spec", "attack = 0", spec)
    task = {"splits.report.texts": "19", "splits.train.texts": "9000", "splits": "7"}
    yield from deep("meta", "value", "name = 'task'", task)
    shape = {"vocabulary": "60", "classes": "3", "positions": "9"}
    yield from deep("meta", "value", "name = 'shape'", shape)
    student = f"key = '{NAMES[-1]}'"
    genes = {"repeats": "9", "width": "-1", "nodes[0].op.kind": "'magic'", "edges": "7"}
    yield from deep("students", "genotype", student, genes)
    counts = {"[0]": "json('[1]')", "[0][0]": "-5", "[3]": "json('[1, 0]')", "[8]": "5"}
    yield from deep("measurements", "counts", ROWS["measurements"], counts)


def rows() -> Iterator[Named]:
    """Whole rows gone, added or exchanged."""
    for table in ("attacks", "splits", "originals", "measurements", "outcomes", "trials"):
        yield f"{table}: its row gone", f"DELETE FROM {table} WHERE {ROWS[table]}"
    yield "a model's texts gone", _GONE
    yield "a student renamed", "UPDATE students SET key = 'student-0' WHERE key LIKE 'student-%'"
    yield (
        "two models called each other",
        (
            "UPDATE students SET key = 'x' WHERE key = 'pkd'",
            "UPDATE students SET key = 'pkd' WHERE key = 'teacher'",
            "UPDATE students SET key = 'teacher' WHERE key = 'x'",
        ),
    )
    yield (
        "two measurements swapped",
        (
            "UPDATE measurements SET trial = -1 WHERE trial = 1",
            "UPDATE measurements SET trial = 1 WHERE trial = 2",
            "UPDATE measurements SET trial = 2 WHERE trial = -1",
        ),
    )
    yield (
        "an attack succeeded more often",
        (f"UPDATE outcomes SET outcome = 'succeeded' WHERE {_MEASURED} AND outcome = 'failed'"),
    )
    yield (
        "a text that never fooled it is shown",
        ("INSERT INTO transfers VALUES ('teacher', 'pkd', 1, 0, 1)"),
    )
    yield (
        "it resists what fooled it",
        ("UPDATE transfers SET correct = 1 WHERE surrogate = 'pkd' AND target = 'pkd'"),
    )
    yield "every transfer to a model gone", "DELETE FROM transfers WHERE target = 'pkd'"
    yield "one text of a transfer gone", f"DELETE FROM transfers WHERE {ROWS['transfers']}"
    yield (
        "a training twice",
        (
            "INSERT INTO students SELECT 9, 'more', genotype, operation, parents, digest"
            " FROM students WHERE key = 'pkd'"
        ),
    )
    yield (
        "a model gone with all that was recorded of it",
        (
            *_GONE,
            f"DELETE FROM trials WHERE {_PKD}",
            "DELETE FROM transfers WHERE 'pkd' IN (surrogate, target)",
            "DELETE FROM students WHERE key = 'pkd'",
        ),
    )
    yield "another teacher", meta("teacher", '"abc"')


def schemas() -> Iterator[Named]:
    """Tables, triggers, views and the version."""
    for statement in (
        "CREATE TRIGGER t AFTER INSERT ON transfers BEGIN DELETE FROM outcomes; END",
        "CREATE TABLE other (x)",
        "DROP TABLE transfers",
        "DROP TABLE meta",
        "ALTER TABLE students ADD COLUMN x TEXT",
        "PRAGMA user_version = 2",
    ):
        yield statement[:50], statement


def change_weights(content: bytes | None, folder: Path) -> None:
    path = weights_of(folder, "pkd", 1)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def swap_weights(folder: Path) -> None:
    one, other = (weights_of(folder, name, 1) for name in ("pkd", "teacher"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def garbled(page: int, folder: Path) -> None:
    shutil.copy(folder / MODELS_FILE, folder / "archive.sqlite")
    garbage(page, folder)
    (folder / "archive.sqlite").rename(folder / MODELS_FILE)


def files() -> Iterator[Named]:
    yield "weights replaced", partial(change_weights, b"x")
    yield "weights deleted", partial(change_weights, None)
    yield "weights swapped", swap_weights
    yield "the store replaced", partial(put, MODELS_FILE, b"SQLite format 3\0" + b"\xa5" * 5000)
    for page in (1, 3):
        yield f"page {page} of the store is garbage", partial(garbled, page)
    yield "all models deleted", lambda folder: shutil.rmtree(folder / "models")
    yield "the store packed", "VACUUM"


EDITS = dict((*cells(ROWS, NULL_ALREADY), *metas(META), *within(), *rows(), *schemas(), *files()))

del EDITS["trials.metrics = '{}'"]  # which they are

UNNOTICED = {
    "all models deleted": "copies for publishing are made without them",
    "the store packed": "all rows are as they were",
}
"""The edits that are not noticed, and why they need not be."""


def told(name: str) -> dict[str, list[TextOutcome]]:
    """The first texts are wrong or hold out, the others are fooled."""
    texts = [
        TextOutcome(i, LABELS[i], LABELS[i], "succeeded", 9, 1, 7, f"{name} {i}")
        if 2 <= i < 2 + SHOWN
        else TextOutcome(i, LABELS[i], LABELS[i], "failed", 9, 0, 7, "")
        for i in range(ATTACKED)
    ]
    return dict.fromkeys(ATTACKS, texts)


def save(path: Path, name: str) -> str:
    """Write weights that no other model has, and return their checksum."""
    save_file({"a": np.frombuffer(name.encode(), dtype=np.uint8)}, path)
    return content_hash(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of three models beside its search."""
    folder = tmp_path_factory.mktemp("sound") / "all"
    record(folder / "weighted")
    with ModelArchive.create(folder / MODELS_FILE, **beginning(CONFIG)) as archive:
        archive.set_meta(task=TASK, teacher="a teacher", shape=asdict(SHAPE), trainings=3)
        archive.record_attacks(ATTACKS)
        archive.record_split("report", LABELS[:ATTACKED], 2, [f"text {i}" for i in range(ATTACKED)])
        for name in NAMES:
            weights = weights_of(folder, name, 1)
            weights.parent.mkdir(parents=True)
            row = ModelRow(
                name,
                1,
                derived_seed(CONFIG.search.seed, name, 1),
                1_000_000,
                0,
                0.5,
                1.0,
                STUDENT.to_json() if name.startswith("student-") else "",
                save(weights, name),
            )
            archive.add(row, told(name))
        for surrogate in NAMES[:2]:
            for target in NAMES:
                right = dict.fromkeys(range(2, 2 + SHOWN), target != surrogate)
                archive.add_transfer(surrogate, target, 1, right)
        archive.end()
    return folder


def found(folder: Path) -> list[Problem] | str:
    """What is wrong with the models, or why they are refused."""
    try:
        return model_problems(folder) or seal_problems(folder)
    except UserError as error:
        return str(error)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_the_models_is_noticed(name: str, sound: Path, tmp_path: Path) -> None:
    folder, edit = Path(shutil.copytree(sound, tmp_path / "all")), EDITS[name]
    if callable(edit):
        edit(folder)
    else:
        reason = refused(folder / MODELS_FILE, (edit,) if isinstance(edit, str) else edit)
        if reason:
            print(f"\n{name} | by the table | {reason}")
            return
    wrong = found(folder)
    print(f"\n{name} | {wrong[0] if isinstance(wrong, list) and wrong else wrong or 'not noticed'}")
    assert bool(wrong) is (name not in UNNOTICED)
    assert said("status", str(folder))
    if isinstance(wrong, str) or model_problems(folder):
        assert said("verify", str(folder))


def test_the_sound_comparison_is_sound_and_the_table_is_long(sound: Path) -> None:
    assert found(sound) == []
    with closing(sqlite3.connect(sound / MODELS_FILE)) as db:
        assert db.execute("SELECT count(*) FROM transfers").fetchone() == (6 * SHOWN,)
    assert len(EDITS) >= 95
    assert set(UNNOTICED) <= set(EDITS)
