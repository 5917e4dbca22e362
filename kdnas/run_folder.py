"""A run's folder: its archive, the weights of its students, and what was asked of it."""

import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from kdnas import __version__
from kdnas.analysis import RunContext
from kdnas.archive import FILE_NAME, MODELS_FILE, Archive, Row
from kdnas.archive.reading import unreadable
from kdnas.config import STORED, Config, difference
from kdnas.errors import UserError
from kdnas.registry import Source, require_sources, sources

_RECORDED = ("torch", "transformers", "textattack", "pymoo", "numpy")


@dataclass(frozen=True)
class RunFolder:
    """The places of a run."""

    path: Path

    @property
    def archive(self) -> Path:
        """The SQLite file."""
        return self.path / FILE_NAME

    @property
    def students(self) -> Path:
        """Weights by key."""
        return self.path / "students"

    @property
    def figures(self) -> Path:
        """Where figures are drawn by default."""
        return self.path / "figures"


def open_run(folder: RunFolder, config: Config, *, resume: bool) -> Archive:
    """The archive of a new, an unfinished or a finished run of `config`.

    A run that ended before its first student, as by a mistake in its settings, is none.

    Raises:
        UserError: The folder holds a run of another configuration, or an unfinished one and
            `resume` is false, or none and it is true, or a reproduction.
    """
    if not folder.archive.exists():
        if resume:
            raise UserError(f"no run in {folder.path} to go on with: leave out --resume")
        return _new(folder, config)
    archive = Archive.open(folder.archive)
    if all(row.status == "pending" for row in archive.rows()):
        with archive:
            pass  # closed, which leaves no log beside the file
        folder.archive.unlink()
        return _new(folder, config)
    require_same(folder.path, stored_config(archive), config)
    require_same_code(archive)
    if not (resume or archive.meta("finished")):
        raise UserError(
            f"{folder.path} holds an unfinished run: add --resume, or choose another --out"
        )
    return archive


def _new(folder: RunFolder, config: Config) -> Archive:
    if (folder.path / MODELS_FILE).exists():
        raise UserError(f"{folder.path} holds a reproduction: choose another --out")
    asked = config.model_dump(mode="json")
    code = [asdict(source) for source in sources()]
    return Archive.create(
        folder.archive, config=asked, versions=versions(), sources=code, finished=False
    )


NO_MATTER = ("workers.", "slurm.", "task.path")
"""Beginnings of settings that decide about no result; texts are compared by what they say."""


def require_same(
    folder: Path, stored: Config, config: Config, free: tuple[str, ...] = ("reproduce.",)
) -> None:
    """Refuse a folder of another configuration.

    Args:
        folder: What is refused.
        stored: Its configuration.
        config: The one that is asked for.
        free: Beginnings of settings that may differ, besides `NO_MATTER`.

    Raises:
        UserError: It names the settings that differ.
    """
    differing = {
        name: values
        for name, values in difference(stored, config).items()
        if not name.startswith(NO_MATTER + free)
    }
    if differing:
        told = ", ".join(
            f"{name} = {was!r} (now {now!r})" for name, (was, now) in differing.items()
        )
        raise UserError(
            f"{folder} holds a run with {told}: repeat its settings, or choose another --out"
        )


def require_same_texts(folder: Path, archive: Archive, fingerprint: str) -> None:
    """Refuse a folder whose students were measured on other texts.

    Args:
        folder: What is refused.
        archive: Its archive.
        fingerprint: Of the task as it is read now.

    Raises:
        UserError: Its task had another one.
    """
    if archive.meta("task", {}).get("fingerprint", fingerprint) != fingerprint:
        raise UserError(
            f"{folder} holds a run on other texts than its task has now: bring them back, with"
            " task.path where they lie elsewhere, or choose another --out"
        )


def require_same_code(archive: Archive) -> None:
    """Refuse a run whose parts from outside are not loaded, or have another source now.

    Raises:
        UserError: It names the first module.
    """
    require_sources([Source(**source) for source in archive.meta("sources", [])])


def stored_config(archive: Archive) -> Config:
    """The configuration that a run was started with.

    Raises:
        UserError: It is damaged, or of another version.
    """
    try:
        return Config.model_validate(archive.meta("config"), context=STORED)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("config", *first["loc"])))
        raise unreadable(archive.path, f"{place}: {first['msg']}") from error


def run_context(folder: RunFolder, archive: Archive, rows: list[Row]) -> RunContext:
    """What tables and figures say of a run besides its students."""
    config = stored_config(archive)
    sizes = [row.evaluation.parameters for row in rows if row.evaluation]
    return RunContext(
        title=folder.path.name,
        objectives=config.search.objectives,
        floor=archive.meta("floor", 0.0),
        majority_share=archive.meta("majority_share", 0.0),
        weights=config.fitness,
        teacher_accuracy=archive.meta("teacher_accuracy"),
        offline=config.attack.resources == "offline",
        largest=max(sizes, default=1),
    )


def versions() -> dict[str, str]:
    """The versions that a resume has to find again."""
    found = {name: version(name) for name in _RECORDED}
    return {"kdnas": __version__, "python": platform.python_version(), **found, "os": sys.platform}
