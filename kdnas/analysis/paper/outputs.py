"""Tables and figures by name, written into a folder from what a comparison has recorded."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from kdnas.analysis.paper.table import PaperTable, as_csv, as_latex, as_markdown
from kdnas.errors import UserError
from kdnas.writing import CannotWrite, write_whole

FORMS = {".md": as_markdown, ".csv": as_csv, ".tex": as_latex}
"""The forms of a table by the ending of its file."""

MaterialT = TypeVar("MaterialT")

Outputs = Mapping[str, Callable[[MaterialT, Path, str], list[Path]]]
"""From material, folder and name to the files of an output, by name."""


def write_outputs(
    outputs: Outputs[MaterialT],
    material: MaterialT,
    folder: Path,
    names: Sequence[str] | None = None,
) -> tuple[list[Path], dict[str, str]]:
    """Write the outputs of these names (default: all) that are possible.

    Returns:
        The files, and why what could not be made is missing, by name.

    Raises:
        UserError: There is no such output, or a file cannot be written.
    """
    require_known(outputs, names or ())
    files: list[Path] = []
    missing: dict[str, str] = {}
    for name in outputs if names is None else names:
        try:
            files += outputs[name](material, folder, name)
        except CannotWrite:
            raise
        except UserError as error:
            missing[name] = str(error)
    return files, missing


def require_known(outputs: Collection[str], names: Sequence[str]) -> None:
    """Refuse names of outputs that there are not.

    Raises:
        UserError: It names the first of them.
    """
    for name in names:
        if name not in outputs:
            raise UserError(f"no output {name!r}; there are {', '.join(outputs)}")


def write_table(table: PaperTable, folder: Path, name: str) -> list[Path]:
    """Write a table in its three forms.

    Returns:
        The files.

    Raises:
        UserError: It has no line, or a file cannot be written.
    """
    if not table.rows:
        raise UserError("no line of it has scores yet")
    files = [folder / f"{name}{ending}" for ending in FORMS]
    for file, form in zip(files, FORMS.values(), strict=True):
        write_whole(file, form(table).encode())
    return files
