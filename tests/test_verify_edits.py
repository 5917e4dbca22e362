"""A table of edits of a finished run: what `verify` says of each, and that its readers go on.

They are made as nothing but an editor of databases can: no constraint is asked. `pytest -s` prints
the table.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from test_verify import record
from typer.testing import CliRunner

from kdnas.cli.app import app
from kdnas.errors import UserError
from kdnas.runs import FILE_NAME, Archive
from kdnas.runs.schema import SCHEMA

Edit = str | tuple[str, ...] | Callable[[Path], None]
"""One statement or some of them, or what is done to the folder."""

Named = tuple[str, Edit]

_SEARCH = "(SELECT measurement FROM measurements WHERE trial = {front} AND split = 'search')"
_OTHER = "(SELECT measurement FROM measurements WHERE trial = {other} AND split = 'search')"

ROWS = {
    "students": "birth = {front}",
    "trials": "trial = {front}",
    "events": "trial = {front} AND kind = 'tell'",
    "attacks": "attack = 0",
    "splits": "split = 'search'",
    "originals": "split = 'search' AND text_index = 2",
    "measurements": f"measurement = {_SEARCH}",
    "outcomes": f"measurement = {_SEARCH} AND text_index = {{hit}}",
}
"""The row of each table that is edited: of a student of the front, save where it is the run's."""

VALUES = {
    "INTEGER": ("NULL", "coalesce({}, 0) + 1", "-5", "9223372036854775807", "'abc'"),
    "REAL": ("NULL", "coalesce({}, 0) + 0.5", "-5.0", "9e999", "'abc'"),
    "TEXT": ("NULL", "'abc'", "'{{}}'", "'[[1]]'", f"'{'[' * 3000}'"),
    "BLOB": ("NULL", "x''", "x'ff'", "zeroblob(20)"),
}
"""Other values for a column by its type: none, a plausible one, an extreme one, one of a kind."""

NULL_ALREADY = {("trials", name) for name in ("examples", "failure", "message")}

META = (
    *("config", "settings", "versions", "sources", "finished", "seal", "task", "teacher", "shape"),
    *("majority_share", "teacher_accuracy", "teacher_predictions", "floor", "stages", "tokenizer"),
)


def cells(rows: Mapping[str, str], nothing: Collection[tuple[str, str]]) -> Iterator[Named]:
    """Every column of tables with other values.

    Args:
        rows: A row of each table.
        nothing: The columns that hold nothing there.
    """
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        for table, row in rows.items():
            for _, column, kind, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
                for value in VALUES[kind]:
                    if value == "NULL" and (table, column) in nothing:
                        continue
                    given = value.format(column)
                    name = f"{table}.{column} = {given[:30]}"
                    yield name, f"UPDATE {table} SET {column} = {given} WHERE {row}"


def metas(names: Collection[str]) -> Iterator[Named]:
    """Every value of the run deleted, and of another kind."""
    for name in names:
        yield f"meta {name} deleted", f"DELETE FROM meta WHERE name = '{name}'"
        for value in ("null", "-0.5", '"abc"', '[{"a": 1}]', "1e999", "abc", "[" * 3000):
            if (name, value) != ("teacher", '"abc"'):
                yield f"meta {name} = {value[:30]}", meta(name, value)


def meta(name: str, value: str) -> str:
    return f"UPDATE meta SET value = '{value}' WHERE name = '{name}'"


def deep(table: str, column: str, row: str, paths: dict[str, str]) -> Iterator[Named]:
    """Values within a column of JSON."""
    for path, value in paths.items():
        changed = f"json_set({column}, '$.{path}', {value})".replace("$.[", "$[")
        yield (
            f"{table} {column} {path} = {value}",
            (f"UPDATE {table} SET {column} = {changed} WHERE {row}"),
        )


def within() -> Iterator[Named]:
    """What stands inside of JSON: settings, spec, data, sizes, architecture, counts."""
    settings = {
        "search.seed": "5", "search.evaluations": "17", "search.population": "7",
        "search.algorithm": "'random'", "search.objectives[0]": "'flops'",
        "distill.epochs": "9", "distill.method": "'pkd'", "attack.texts": "7",
        "attack.mode": "'exact'", "attack.recipe": "'deepwordbug'",
        "attack.textfooler.polarity": "'off'", "attack.textfooler.similarity": "0.5",
        "constraints.accuracy_floor": "0.1", "constraints.max_parameters": "10",
        "task.name": "'bbc_news'", "task.train": "10", "teacher.model": "'x'",
        "space.widths": "json('[64]')", "student.max_length": "9", "fitness.robustness": "9",
        "colour": "1",
    }  # fmt: skip
    yield from deep("meta", "value", "name = 'config'", settings)
    spec = {
        "recipe": "'deepwordbug'", "resources": "'textattack'", "seed": "3", "mode": "'lazy'",
        "query_budget": "5", "settings.polarity": "'on'", "settings.similarity": "0.1",
        "settings.candidates": "49", "settings.window": "7", "settings.colour": "1",
    }  # fmt: skip
    yield from deep("attacks", "spec", "attack = 0", spec)
    task = {
        "splits.search.texts": "19", "splits.search.majority_share": "0.9", "splits": "7",
        "splits.train.texts": "9000", "splits.report": "'x'",
    }  # fmt: skip
    yield from deep("meta", "value", "name = 'task'", task)
    shape = {
        "vocabulary": "60",
        "classes": "3",
        "positions": "9",
        "norm": "'none'",
        "segments": "0",
    }
    yield from deep("meta", "value", "name = 'shape'", shape)
    genes = {
        "repeats": "9", "width": "-1", "edges": "json('[]')", "edges[0]": "7", "nodes": "7",
        "nodes[0].op.kind": "'magic'", "nodes[0].width": "'x'", "nodes[0].activation": "7",
        "output.mode": "'magic'", "space": "'other'",
    }  # fmt: skip
    yield from deep("students", "genotype", ROWS["students"], genes)
    counts = {
        "[0]": "json('{\"a\": 1}')", "[0][0]": "1e308 * 10", "[0][1]": "-5", "[1][0]": "'x'",
        "[1][1]": "0.5", "[2]": "json('[1]')", "[3]": "json('[0, 0]')", "[4][0]": "null",
        "[5]": "json('[]')", "[6]": "'x'", "[7]": "'x'", "[8]": "5",
    }  # fmt: skip
    yield from deep("measurements", "counts", ROWS["measurements"], counts)
    yield from deep("trials", "metrics", ROWS["trials"], {"milliseconds": "'x'", "other": "1"})
    parents = {"[0]": "-1", "[1]": "99"}
    yield from deep("students", "parents", ROWS["students"], parents)
    yield from deep("students", "parents", ROWS["students"], {"[0]": "'x'"})


_TELL = "kind = 'tell' AND trial"
_GONE = (
    "DELETE FROM outcomes WHERE measurement IN (SELECT measurement FROM measurements WHERE {})",
    "DELETE FROM measurements WHERE {}",
)
_LAST = tuple(statement.format("trial = {last}") for statement in _GONE)
_FRONT = tuple(statement.format("trial = {front}") for statement in _GONE)
_FAILED = (
    "status = 'failed', failure = 'oom', message = 'no memory', parameters = NULL,"
    " block_parameters = NULL, flops = NULL, loss = NULL, train_seconds = NULL,"
    " attack_seconds = NULL, metrics = NULL, weights = NULL, digest = NULL"
)


def swap(table: str, key: str, names: str) -> str:
    """A statement that changes the values of the student of the front and of the other one."""
    others = (
        f"SELECT * FROM {table} AS b WHERE b.{key} = iif(a.{key} = {{front}}, {{other}}, {{front}})"
    )
    values = ", ".join(f"(SELECT {name} FROM ({others}))" for name in names.split(", "))
    return f"UPDATE {table} AS a SET ({names}) = ({values}) WHERE {key} IN ({{front}}, {{other}})"


def rows() -> Iterator[Named]:
    """Rows deleted, doubled, swapped; states changed by someone who knows what belongs together."""
    for table, row in ROWS.items():
        yield f"a row of {table} deleted", f"DELETE FROM {table} WHERE {row}"
        yield f"all rows of {table} deleted", f"DELETE FROM {table}"
    yield (
        "a text doubled",
        (
            "INSERT INTO outcomes SELECT measurement, attack, 99, predicted, outcome, words,"
            f" words_changed, queries, perturbed FROM outcomes WHERE {ROWS['outcomes']}"
        ),
    )
    yield (
        "a trial doubled",
        (
            "INSERT INTO trials SELECT 99, birth, 1, fidelity, method, seed, status, parameters,"
            " block_parameters, flops, loss, train_seconds, attack_seconds, examples, metrics,"
            " weights, digest, failure, message, attempts, seconds, worker FROM trials"
            f" WHERE {ROWS['trials']}"
        ),
    )
    yield (
        "a student doubled",
        (
            "INSERT INTO students SELECT 99, 'f00', genotype, operation, parents, digest"
            f" FROM students WHERE {ROWS['students']}"
        ),
    )
    yield (
        "an attack more",
        ("INSERT INTO attacks SELECT 1, 'other', spec, 'x' FROM attacks WHERE attack = 0"),
    )
    yield "an original more", "INSERT INTO originals VALUES ('search', 8, 0, 'a text')"
    yield "two students swapped", swap("students", "birth", "genotype, operation, parents, digest")
    yield (
        "two results swapped",
        swap("trials", "trial", "parameters, block_parameters, flops, digest"),
    )
    yield (
        "two trials swapped",
        (
            "UPDATE trials SET birth = -1 WHERE trial = {front}",
            "UPDATE trials SET birth = {front} WHERE trial = {other}",
            "UPDATE trials SET birth = {other} WHERE trial = {front}",
        ),
    )
    yield (
        "two measurements swapped",
        (
            "UPDATE measurements SET trial = -1 WHERE trial = {front} AND split = 'search'",
            "UPDATE measurements SET trial = {front} WHERE trial = {other} AND split = 'search'",
            "UPDATE measurements SET trial = {other} WHERE trial = -1",
        ),
    )
    yield (
        "search and report swapped",
        (
            "UPDATE measurements SET split = iif(split = 'search', 'report', 'search'),"
            " trial = -trial WHERE trial = {front}",
            "UPDATE measurements SET trial = -trial WHERE trial < 0",
        ),
    )
    yield (
        "the splits swapped",
        (
            "UPDATE originals SET split = iif(split = 'search', 'report', 'search'),"
            " text_index = text_index + 100",
            "UPDATE originals SET text_index = text_index - 100",
        ),
    )
    yield (
        "the order of two results swapped",
        (
            f"UPDATE events SET trial = -1 WHERE {_TELL} = {{front}}",
            f"UPDATE events SET trial = {{front}} WHERE {_TELL} = {{other}}",
            f"UPDATE events SET trial = {{other}} WHERE {_TELL} = -1",
        ),
    )
    yield (
        "the last student gone with all that was recorded of it",
        (
            *_LAST,
            "DELETE FROM events WHERE trial = {last}",
            "DELETE FROM trials WHERE trial = {last}",
            "DELETE FROM students WHERE birth = {last}",
        ),
    )
    yield "a student of the front called failed", (
        *_FRONT, f"UPDATE trials SET {_FAILED} WHERE trial = {{front}}",
    )  # fmt: skip
    yield (
        "a failed student called pending",
        (
            "UPDATE trials SET status = 'pending', failure = NULL, message = NULL, attempts = NULL,"
            " seconds = NULL, worker = NULL WHERE trial = {failed}",
            "DELETE FROM events WHERE kind = 'tell' AND trial = {failed}",
        ),
    )
    yield (
        "the report of the front gone",
        (
            "DELETE FROM outcomes WHERE measurement IN (SELECT measurement FROM measurements"
            " WHERE split = 'report')",
            "DELETE FROM measurements WHERE split = 'report'",
        ),
    )
    yield (
        "a student called failed, and the run unfinished",
        (
            *_FRONT,
            f"UPDATE trials SET {_FAILED} WHERE trial = {{front}}",
            meta("finished", "false"),
        ),
    )
    yield "the run unfinished", meta("finished", "false")
    yield (
        "the data called otherwise",
        (
            "UPDATE meta SET value = json_set(value, '$.labels', json('[\"bad\", \"good\"]'))"
            " WHERE name = 'task'"
        ),
    )
    yield "another teacher", meta("teacher", '"abc"')
    yield "everything in no time", meta("stages", "{}")


def schemas() -> Iterator[Named]:
    """Tables, triggers, views and the version."""
    new = "CREATE VIEW {0} AS SELECT * FROM old_{0}"
    for table in ("trials", "measurements", "meta"):
        renamed = f"ALTER TABLE {table} RENAME TO old_{table}"
        yield f"a view in the place of {table}", (renamed, new.format(table))
        yield f"table {table} renamed", renamed
    for statement in (
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM outcomes; END",
        "CREATE VIEW v AS SELECT * FROM trials",
        "CREATE TABLE other (x)",
        "CREATE INDEX i ON events (kind)",
        "DROP TABLE outcomes",
        "DROP TABLE meta",
        "ALTER TABLE trials RENAME COLUMN worker TO host",
        "ALTER TABLE students ADD COLUMN x TEXT",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 2",
        "PRAGMA user_version = 99",
    ):
        yield statement[:50], statement


def weights(run: Path) -> list[Path]:
    return sorted((run / "students").iterdir())


def put(name: str, content: bytes, run: Path) -> None:
    (run / name).write_bytes(content)


def cut(share: float, run: Path) -> None:
    path = run / FILE_NAME
    os.truncate(path, int(share * path.stat().st_size))


def garbage(page: int, run: Path) -> None:
    path = run / FILE_NAME
    whole = bytearray(path.read_bytes())
    whole[4096 * page : 4096 * (page + 1)] = b"\xa5" * 4096
    path.write_bytes(whole)


def swap_weights(run: Path) -> None:
    one, other, *_ = weights(run)
    one.rename(run / "kept")
    other.rename(one)
    (run / "kept").rename(other)


def change_weights(change: Callable[[bytes], bytes], run: Path) -> None:
    path = weights(run)[0]
    path.write_bytes(change(path.read_bytes()))


def files() -> Iterator[Named]:
    """The archive and what lies beside it."""
    yield "weights swapped", swap_weights
    changes: dict[str, Callable[[bytes], bytes]] = {
        "weights zeroed": lambda whole: whole[:-4] + bytes(4),
        "weights cut": lambda whole: whole[:-1],
        "weights longer": lambda whole: whole + b"x",
        "weights of no bytes": lambda whole: b"",
        "weights replaced": lambda whole: b"\xff" * len(whole),
    }
    for name, change in changes.items():
        yield name, partial(change_weights, change)
    yield "the tokenizer changed", partial(put, "tokenizer/tokenizer.json", b"[]")
    yield "a file more in the tokenizer", partial(put, "tokenizer/more.json", b"[]")
    yield "no tokenizer", lambda run: shutil.rmtree(run / "tokenizer")
    yield "weights of no student", partial(put, "students/f00.safetensors", b"x")
    for name in ("status.json", "lock.json"):
        for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
            yield f"{name} is {content[:9]!r}", partial(put, name, content)
    for share in (0, 0.003, 0.3, 0.99):
        yield f"the archive cut to {share}", partial(cut, share)
    for page in (0, 1, 3, 5, 8):
        yield f"page {page} of the archive is garbage", partial(garbage, page)
    yield "weights deleted", lambda run: weights(run)[0].unlink()
    yield "all weights deleted", lambda run: shutil.rmtree(run / "students")
    yield "no state", lambda run: (run / "status.json").unlink()
    yield "another state", partial(put, "status.json", b'{"stage": "search", "done": 3}')
    yield "the archive packed", "VACUUM"


EDITS = dict((*cells(ROWS, NULL_ALREADY), *metas(META), *within(), *rows(), *schemas(), *files()))

UNNOTICED = {
    "weights deleted": "a run keeps no others than it needs, and trains what is missing again",
    "all weights deleted": "as above; copies for publishing are made without them",
    "no tokenizer": "as above; `kdnas export` takes the teacher's",
    "no state": "it is there for people who look on",
    "another state": "as above",
    "the archive packed": "all rows are as they were",
}
"""The edits that are not noticed, and why they need not be."""

PLOTTED = re.compile(r"trials\.(parameters|loss)|measurements counts|meta floor")
"""Edits of what a figure is drawn from; to draw one takes as long as all other readers."""


@dataclass(frozen=True)
class Places:
    """What is edited."""

    front: int
    other: int
    failed: int
    last: int
    hit: int
    key: str

    def of(self, statement: str) -> str:
        for name, value in vars(self).items():
            statement = statement.replace(f"{{{name}}}", str(value))
        return statement


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "run"
    record(path)
    return path


@pytest.fixture(scope="module")
def places(sound: Path) -> Places:
    with Archive.read(sound / FILE_NAME) as archive:
        rows = archive.rows()
        reported = [row.birth for row in rows if row.report and row.parents]
        front, last = reported[0], rows[-1].birth
        hit = next(t.index for t in archive.texts(front, "search") if t.outcome == "succeeded")
    other = next(r.birth for r in rows if r.evaluation and r.birth not in (*reported, last))
    failed = next(row.birth for row in rows if row.failure)
    return Places(front, other, failed, last, hit, rows[front].key)


def refused(store: Path, statements: tuple[str, ...]) -> str:
    """Why the tables themselves refuse an edit; "" where they do not and it is made."""
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        before = list(db.iterdump())
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("PRAGMA legacy_alter_table = ON")
        try:
            for statement in statements:
                db.execute(statement)
        except sqlite3.IntegrityError as error:
            return str(error)
        schema = any("PRAGMA" in s or "VACUUM" in s or "TABLE" in s for s in statements)
        assert schema or list(db.iterdump()) != before, "nothing was edited"
    return ""


def said(*arguments: str) -> list[str]:
    """What a command says line by line; its one error line where it ends with one."""
    result = CliRunner().invoke(app, list(arguments))
    if not isinstance(result.exception, SystemExit | UserError | None):
        raise result.exception
    if isinstance(result.exception, UserError):
        assert "\n" not in str(result.exception)
        return [str(result.exception)]
    assert result.exit_code in (0, 1, 2)
    return result.stdout.splitlines()


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_noticed_and_readers_go_on(
    name: str, sound: Path, places: Places, tmp_path: Path
) -> None:
    run, edit = Path(shutil.copytree(sound, tmp_path / "run")), EDITS[name]
    if callable(edit):
        edit(run)
    else:
        statements = (edit,) if isinstance(edit, str) else edit
        reason = refused(run / FILE_NAME, tuple(map(places.of, statements)))
        if reason:
            print(f"\n{name} | by the table | {reason}")
            return
    path = str(run)
    for command in (["front"], ["show"], ["show", "--json"], ["show", places.key], ["status"]):
        assert said(command[0], path, *command[1:])
    if PLOTTED.match(name):
        assert said("plot", path, "--figure", "pareto", "--out", str(tmp_path / "figures"))
    verdict = said("verify", path)
    noticed = not verdict[-1].endswith("no contradiction found")
    print(f"\n{name} | {'noticed' if noticed else 'not noticed'} | {verdict[0]}")
    assert noticed is (name not in UNNOTICED), verdict


def test_a_sound_run_is_sound_and_the_table_is_long(sound: Path) -> None:
    assert said("verify", str(sound))[-1].endswith("no contradiction found")
    assert len(EDITS) >= 95
    assert set(UNNOTICED) <= set(EDITS)
