"""`Site`: where the models of a comparison are made, by whom, and who is told; its open store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.progress import NOBODY, Listener
from kdnas.runs import (
    FILE_NAME,
    MODELS_FILE,
    ModelArchive,
    beginning,
    held,
    require_same,
    require_same_code,
    stored_config,
)

STUDY = "study"
"""The kind of store that a study has, as it says of itself; that of a reproduction has none."""

_NAMES = {STUDY: "comparison", None: "reproduction"}


@dataclass(frozen=True)
class Contents:
    """What a folder of models is there for.

    Attributes:
        kind: `STUDY`, or None for a reproduction.
        growing: From the settings that it was begun with and those to go on with to beginnings of
            the names of those that may differ: they ask for more of the same.
        begun: Whether a folder holds results of it besides models.
    """

    kind: str | None
    growing: Callable[[Config, Config], tuple[str, ...]]
    begun: Callable[[Path], bool] = lambda folder: False

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return _NAMES[self.kind]


@dataclass(frozen=True)
class Site:
    """A place where models are made, with who makes them and who is told.

    Attributes:
        folder: Where archives, models and weights are.
        jobs: Trainings at once.
        cluster: The Dask cluster whose workers train; None for processes of this machine.
        listener: Is told of every student and model.
        resume: Whether `folder` holds a part of it.
        take_over: Whether to take folders from a silent process on another machine.
    """

    folder: Path
    jobs: int
    cluster: str | None = None
    listener: Listener = NOBODY
    resume: bool = False
    take_over: bool = False

    @contextmanager
    def opened(self, config: Config, contents: Contents) -> Iterator[ModelArchive]:
        """Hold the folder and open its store, which is made where there is none, and ended.

        What ended before its first result, as by a mistake in its settings, is none.

        Args:
            config: The settings.
            contents: What they are of.

        Raises:
            UserError: The folder holds something else, or a part of this and it is not resumed, or
                none and it is. What is finished stays.
        """
        with (
            held(self.folder, take_over=self.take_over) as lock,
            self._store(config, contents) as archive,
        ):
            self._require_right(archive, config, contents)
            archive.before_write = lock.require_mine
            archive.set_meta(**beginning(config))
            archive.begin()
            yield archive
            archive.end()

    def _store(self, config: Config, contents: Contents) -> ModelArchive:
        path = self.folder / MODELS_FILE
        if (self.folder / FILE_NAME).exists():
            raise UserError(f"{self.folder} holds a search: choose another --out")
        if path.exists():
            return ModelArchive.open(path)
        if self.resume:
            raise UserError(
                f"no {contents.name} in {self.folder} to go on with: leave out --resume"
            )
        return ModelArchive.create(path, **beginning(config), kind=contents.kind)

    def _require_right(self, archive: ModelArchive, config: Config, contents: Contents) -> None:
        """Refuse a store of something else, and to begin anew what has results."""
        if archive.meta("kind") != contents.kind:
            other = next(name for kind, name in _NAMES.items() if kind != contents.kind)
            raise UserError(f"{self.folder} holds a {other}: choose another --out")
        if not (archive.models() or contents.begun(self.folder)):
            return
        if not self.resume:
            raise UserError(
                f"{self.folder} holds a {contents.name}: add --resume, or choose another --out"
            )
        stored = stored_config(archive)
        require_same(self.folder, stored, config, contents.growing(stored, config))
        require_same_code(archive)
