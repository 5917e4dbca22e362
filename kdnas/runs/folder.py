"""A run's folder: its archive, the weights of its students, and what was asked of it."""

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kdnas import __version__
from kdnas.config import STORED, Config, difference
from kdnas.errors import UserError
from kdnas.methods import METHODS
from kdnas.registry import Source, require_sources, sources
from kdnas.runs.archive import Archive
from kdnas.runs.held import held
from kdnas.runs.reading import unreadable
from kdnas.runs.schema import FILE_NAME, MODELS_FILE, TOKENIZER
from kdnas.runs.store import Store

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
    def tokenizer(self) -> Path:
        """The tokenizer of the students, as `save_pretrained` wrote it."""
        return self.path / TOKENIZER

    @property
    def figures(self) -> Path:
        """The folder that figures are drawn into by default."""
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
    with ExitStack() as stack:  # closes what is refused, which leaves no log beside the file
        archive = stack.enter_context(Archive.open(folder.archive))
        if any(row.status != "pending" for row in archive.rows()):
            require_same(folder.path, stored_config(archive), config)
            require_same_code(archive)
            if not (resume or archive.meta("finished")):
                raise UserError(
                    f"{folder.path} holds an unfinished run: add --resume, or choose another --out"
                )
            stack.pop_all()
            return archive
    folder.archive.unlink()
    return _new(folder, config)


@contextmanager
def held_run(
    folder: RunFolder, config: Config, *, resume: bool, take_over: bool
) -> Iterator[Archive]:
    """Hold the folder of a run and open its archive, which is written while it is held.

    Raises:
        UserError: As `held` and `open_run` do.
    """
    with (
        held(folder.path, take_over=take_over) as lock,
        open_run(folder, config, resume=resume) as archive,
    ):
        archive.before_write = lock.require_mine
        yield archive


def _new(folder: RunFolder, config: Config) -> Archive:
    if (folder.path / MODELS_FILE).exists():
        raise UserError(f"{folder.path} holds a reproduction: choose another --out")
    return Archive.create(folder.archive, **beginning(config), finished=False)


def beginning(config: Config) -> dict[str, Any]:
    """What a store is created with: the settings with their digest, versions, added code."""
    asked = config.model_dump(mode="json")
    return {
        "config": asked,
        "settings": settings_digest(asked),
        "versions": versions(),
        "sources": [asdict(source) for source in sources()],
    }


def settings_digest(config: Mapping[str, Any]) -> str:
    """SHA-256 over every setting of a configuration in its JSON form."""
    return sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


NO_MATTER = ("workers.", "slurm.", "task.path")
"""Beginnings of settings that decide about no result; texts are compared by what they say."""


def require_same(
    folder: Path, stored: Config, config: Config, free: tuple[str, ...] | None = None
) -> None:
    """Refuse a folder of another configuration.

    Args:
        folder: What is refused.
        stored: Its configuration.
        config: The one that is asked for.
        free: Beginnings of settings that may differ, besides `NO_MATTER`; None for those of a
            search, whose students only `distill.method` teaches.

    Raises:
        UserError: It names the settings that differ.
    """
    if free is None:
        others = (name for name in METHODS if name != config.distill.method)
        free = ("reproduce.", "compare.", *(f"distill.{name}." for name in others))
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


def require_same_origin(folder: Path, store: Store, task: Mapping[str, Any], teacher: str) -> None:
    """Refuse a folder whose models were made from other data or by another teacher.

    Args:
        folder: What is refused.
        store: Its store; one without a record of them is not refused.
        task: The summary of the task as it is read now.
        teacher: The identity of the teacher as it is now.

    Raises:
        UserError: It names what has changed.
    """
    recorded = store.meta("task")
    if recorded is None:
        return
    changed = [
        f"the texts or labels of {split}"
        for split, values in task["splits"].items()
        if recorded["splits"][split]["sha256"] != values["sha256"]
    ]
    if recorded["labels"] != task["labels"]:
        changed.append("the names of the classes")
    if changed:
        raise UserError(
            f"{folder} holds a run on other data than its task has now; changed:"
            f" {', '.join(changed)}: bring them back, with task.path where they lie elsewhere, or"
            " choose another --out"
        )
    if store.meta("teacher") != teacher:
        raise UserError(
            f"{folder} holds a run with another teacher: the files of teacher.model have changed"
            " (weights, configuration or tokenizer): bring them back, or choose another --out"
        )


def require_same_code(archive: Store) -> None:
    """Refuse a run whose parts from outside are not loaded, or have another source now.

    Raises:
        UserError: It names the first module.
    """
    try:
        recorded = [Source(**source) for source in archive.meta("sources", [])]
    except TypeError as error:
        raise unreadable(archive.path, f"meta sources: {error}") from error
    require_sources(recorded)


def stored_config(archive: Store) -> Config:
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


def versions() -> dict[str, str]:
    """The versions that a resume has to find again."""
    found = {name: version(name) for name in _RECORDED if find_spec(name)}
    return {"kdnas": __version__, "python": platform.python_version(), **found, "os": sys.platform}
