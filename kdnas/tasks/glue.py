"""Reads GLUE's own files: `train.tsv` and `dev.tsv` of a task in the form of its download."""

from pathlib import Path

from kdnas.config.named import NamedTask
from kdnas.errors import UserError
from kdnas.reading import decoded
from kdnas.tasks.tables import Role, Table


def read_glue(task: NamedTask, folder: str) -> dict[Role, Table]:
    """The tables of a folder, with the columns as the hub calls them.

    Rows with another number of fields than the header, of which QQP has a few, are left out, as
    GLUE's own readers do.

    Raises:
        UserError: A file is missing or empty.
    """
    stems: dict[Role, str] = {"train": "train", "validation": f"dev{task.held_out}"}
    return {role: _table(task, Path(folder).expanduser(), stem) for role, stem in stems.items()}


def _table(task: NamedTask, folder: Path, stem: str) -> Table:
    path = folder / f"{stem}.tsv"
    if not path.is_file():
        raise UserError(f"there is no {path.name} in {folder}: GLUE's files are train and dev")
    text = decoded(path.read_bytes(), path, str(path))
    rows = [line.rstrip("\r").split("\t") for line in text.split("\n") if line.strip()]
    if not rows:
        raise UserError(f"{path} is empty: there is no row of data in it")
    header = list(task.header) or [task.renamed.get(name, name) for name in rows.pop(0)]
    whole = [row for row in rows if len(row) == len(header)]
    return Table(str(path), {name: [row[i] for row in whole] for i, name in enumerate(header)})


def is_glue(task: NamedTask, folder: str) -> bool:
    """Whether a folder holds a task in the form of GLUE's download."""
    return task.in_own_form and (Path(folder).expanduser() / f"dev{task.held_out}.tsv").is_file()
