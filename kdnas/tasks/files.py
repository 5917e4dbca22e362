"""Reads local files, folders of them, and those that `save_to_disk` of `datasets` writes."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kdnas.errors import UserError
from kdnas.reading import decoded
from kdnas.tasks.tables import ROLES, Role, Table, dataset_tables

Columns = Mapping[str, Sequence[object]]


def read_local(name: str) -> dict[Role, Table]:
    """The tables of a file or of a folder; a single one is called train.

    Raises:
        UserError: The path is missing, of another kind, damaged or empty.
    """
    path = Path(name).expanduser()
    if not path.exists():
        raise UserError(f"there is no file or folder {name}")
    if not (path.is_file() or path.is_dir()):
        raise UserError(f"{name} is a pipe or a device: give a file that can be read twice")
    try:
        tables = _read_folder(path, name) if path.is_dir() else _read_file(path, name)
    except UserError:
        raise
    except (OSError, ValueError, LookupError, csv.Error) as error:  # Arrow's are ValueErrors
        detail = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{name} could not be read: {detail}") from error
    for table in tables.values():
        if not any(len(values) for values in table.columns.values()):
            raise UserError(f"{table.origin} is empty: there is no row of data in it")
    return tables


def _read_file(path: Path, name: str) -> dict[Role, Table]:
    if _kind(path) not in _READERS:
        kinds = ", ".join(_READERS)
        raise UserError(f"{name}: a file of data must end in one of {kinds}")
    return {"train": _READERS[_kind(path)](path, name)}


def _read_folder(path: Path, name: str) -> dict[Role, Table]:
    from datasets import load_from_disk

    if any((path / mark).exists() for mark in ("dataset_dict.json", "state.json")):
        return dataset_tables(load_from_disk(path), name)
    tables: dict[Role, Table] = {}
    for file in sorted(path.iterdir()):
        role = ROLES.get(file.stem)
        if role is None or _kind(file) not in _READERS:
            continue
        if role in tables:
            raise UserError(f"{name} has two files for {role}, one is {file.name}; keep one")
        tables |= {role: _READERS[_kind(file)](file, f"{name}/{file.name}")}
    if not tables:
        raise UserError(f"{name} has no file such as train.tsv or dev.csv; name a file in it")
    return tables


def _kind(path: Path) -> str:
    """The ending of a file's name, in lower case."""
    return path.suffix.lower()


def _lines(path: Path, name: str) -> list[str]:
    """The lines of a text file that are not blank; only a line feed ends a line."""
    return [
        line.rstrip("\r")
        for line in decoded(path.read_bytes(), path, name).split("\n")
        if line.strip()
    ]


def _read_tsv(path: Path, name: str) -> Table:
    # As in GLUE, a quote is a character like any other.
    return Table(name, _columns([line.split("\t") for line in _lines(path, name)], name))


def _read_csv(path: Path, name: str) -> Table:
    text = decoded(path.read_bytes(), path, name)
    with _fields_of(len(text)):
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            rows = [row for row in reader if row]
        except csv.Error as error:
            _require_names([text.partition("\n")[0]], name)  # quoted fields, separated otherwise
            raise UserError(f"{name} could not be read: line {reader.line_num}, {error}") from error
    return Table(name, _columns(rows, name))


@contextmanager
def _fields_of(size: int) -> Iterator[None]:
    """Let `csv` read fields of that many characters; its own limit is 131,072."""
    before = csv.field_size_limit(max(size, 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _columns(rows: list[list[str]], name: str) -> Columns:
    """Columns by the names in the first row, or text and label for two columns without names."""
    if not rows:
        return {}
    header, body = [column.strip() for column in rows[0]], rows[1:]
    if all(len(row) == 2 and _is_integer(row[1]) for row in rows):
        header, body = ["text", "label"], rows
    _require_names(header, name)
    for i, row in enumerate(body, start=len(rows) - len(body) + 1):
        if len(row) != len(header):
            raise UserError(f"{name} row {i} has {len(row)} fields instead of {len(header)}")
    return {column: [row[i] for row in body] for i, column in enumerate(header)}


def _require_names(header: list[str], name: str) -> None:
    """Refuse a header that names a column twice, or that another sign separates."""
    named = Counter(filter(None, header)).most_common(1)  # spreadsheets write empty columns, too
    column, times = named[0] if named else ("", 0)
    if times > 1:
        raise UserError(f"{name} has {times} columns {column!r}: keep one, or rename the others")
    sign = next(
        (
            s
            for s in (";", "\t", "|")
            if len(header) == 1 and s in header[0] and "," not in header[0]
        ),
        None,
    )
    if sign is not None:
        raise UserError(f"{name} separates its fields by {sign!r}: write commas, or tabs in a .tsv")


def _is_integer(cell: str) -> bool:
    try:
        int(cell)
    except ValueError:
        return False
    return True


def _read_json_lines(path: Path, name: str) -> Table:
    lines = decoded(path.read_bytes(), path, name).split("\n")
    records = [
        _json_object(line, f"{name} line {i}") for i, line in enumerate(lines, 1) if line.strip()
    ]
    keys = dict.fromkeys(key for record in records for key in record)
    return Table(name, {key: [record.get(key) for record in records] for key in keys})


def _json_object(line: str, place: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (json.JSONDecodeError, RecursionError):  # of brackets that are too deep
        record = None
    if not isinstance(record, dict):
        raise UserError(f"{place} is not a JSON object; JSON Lines has one on every line")
    return record


def _read_parquet(path: Path, name: str) -> Table:
    from datasets import Dataset
    from pyarrow import parquet

    # `datasets` writes class names into the schema, and reads them back from it.
    return dataset_tables(Dataset(parquet.read_table(path)), name)["train"]


_READERS: dict[str, Callable[[Path, str], Table]] = {
    ".tsv": _read_tsv,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".json": _read_json_lines,
    ".parquet": _read_parquet,
}
