"""Parts that can be added from outside: each family of them is a `Registry` of parts by name.

The parts of kdnas are there from the start. A user adds one with `Registry.add`, or names it as
`module:attribute` in a setting, which `Registry.load` imports. A configuration that names code
therefore runs it; what is read from an archive never does.

Where added parts come from is remembered: `sources` lists the modules with a hash of each, so that
a run can record them, `load_sources` imports the same ones in a worker process, and
`require_sources` refuses a module whose source has changed since.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from kdnas.errors import UserError

Part = TypeVar("Part")


class UnknownPart(UserError, KeyError):
    """A name that no part has; the message lists the names that there are."""

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


@dataclass(frozen=True)
class Source:
    """A module that has added parts.

    Attributes:
        module: Its name, as it is imported.
        sha256: Hash of its file; modules that it imports itself have no part in it.
    """

    module: str
    sha256: str


_sources: dict[str, Source] = {}


class Registry(Mapping[str, Part], Generic[Part]):
    """The parts of one family by name, in the order in which they were added.

    Args:
        kind: What one of them is called in messages, such as "layer type".
        parts: Those of kdnas.
        form: The class or protocol that every part is an instance of, where there is one.

    >>> colours = Registry("colour", {"red": 1})
    >>> colours.add("blue", 2)
    >>> list(colours), colours["blue"]
    (['red', 'blue'], 2)
    """

    def __init__(
        self, kind: str, parts: Mapping[str, Part] | None = None, form: type | None = None
    ) -> None:
        self.kind, self._form = kind, form
        self._parts: dict[str, Part] = dict(parts or {})

    def __getitem__(self, name: str) -> Part:
        if name not in self:
            raise UnknownPart(self._unknown(name))
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __contains__(self, name: object) -> bool:
        """Whether the part is there; one of a module that is a source already is fetched."""
        if name not in self._parts and isinstance(name, str) and _module_of(name) in _sources:
            self.load(name)
        return name in self._parts

    def add(self, name: str, part: Part) -> None:
        """Add a part under a name of its own; its module is remembered as a source.

        Raises:
            UserError: The name is taken, or the part is none of this family.
        """
        module = sys._getframe(1).f_globals["__name__"]  # whose source decides what the part does
        if name in self._parts:
            raise UserError(f"{self.kind} {name!r} is there already: choose another name")
        self._parts[name] = self._checked(name, part)
        _remember(module)

    def load(self, name: str) -> Part:
        """The part of that name; one written `module:attribute` is imported where it is missing.

        Raises:
            UserError: There is none, or its module cannot be imported.
        """
        module, attribute = _module_of(name), name.partition(":")[2]
        if module and name not in self._parts:
            part = getattr(_imported(module), attribute, None)
            if part is None:
                raise UserError(f"{self.kind} {name}: module {module} has no {attribute!r}")
            self._parts[name] = self._checked(name, part)
            _remember(module)
        return self[name]

    def _checked(self, name: str, part: Any) -> Part:
        if self._form is not None and not isinstance(part, self._form):
            name_of_form = self._form.__name__
            needed = "function" if name_of_form == "Callable" else name_of_form
            found = f"of type {type(part).__name__}"
            if isinstance(part, type):
                found = f"the class {part.__name__}"
            raise UserError(f"{self.kind} {name} is no {needed}: it is {found}")
        checked: Part = part
        return checked

    def _unknown(self, name: str) -> str:
        close = get_close_matches(name, self._parts, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        there = ", ".join(self._parts)
        return f"no {self.kind} {name!r}{meant}; there are {there}, or name your own module:name"


def resolve(reference: Any) -> Any:
    """What `module:attribute` stands for, imported at the first call; an object stands for itself.

    The light side of kdnas names parts of the heavy side in this form.

    Raises:
        UserError: There is no such module, or nothing of that name in it.

    >>> resolve("math:pi") > 3
    True
    """
    return _resolved(reference) if isinstance(reference, str) else reference


@cache
def _resolved(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    try:
        return getattr(_imported(module), attribute)
    except AttributeError as error:
        raise UserError(f"module {module} has no {attribute!r}: mend the name") from error


def plug_in(module: str) -> None:
    """Import a module that adds parts, and remember it as a source.

    From then on its parts are known under `module:name` too, whoever asks for them.

    Raises:
        UserError: It cannot be imported.
    """
    _imported(module)
    _remember(module)


def sources() -> tuple[Source, ...]:
    """The modules that have added parts in this process, in the order of their names."""
    return tuple(_sources[name] for name in sorted(_sources))


def load_sources(wanted: Sequence[Source]) -> None:
    """Import the modules that added parts elsewhere, as a worker process has to.

    Raises:
        UserError: One cannot be imported, or its source is another one here.
    """
    for source in wanted:
        plug_in(source.module)
    require_sources(wanted)


def require_sources(recorded: Sequence[Source]) -> None:
    """Refuse modules whose source is not the one that was recorded.

    Raises:
        UserError: It names the first module that is missing or has changed.
    """
    for source in recorded:
        here = _sources.get(source.module)
        if here is None:
            raise UserError(
                f"parts of module {source.module} were used, and it is not loaded: name it with"
                f" --plugin {source.module}, or in the settings as before"
            )
        if here.sha256 != source.sha256:
            raise UserError(
                f"the source of module {source.module} has changed since its parts were first"
                " used: bring it back, or start a new run"
            )


def _module_of(name: str) -> str:
    """The module of a part that is named `module:attribute`, else nothing."""
    module, colon, _ = name.partition(":")
    return module if colon else ""


def _imported(module: str) -> Any:
    """A module by its name; the working folder counts, as it does for `python -m`."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # What is not there may be the module itself, a package above it, or what it imports.
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise UserError(
                f"module {module} cannot be imported: it imports {error.name}, which is not there;"
                " install that"
            ) from error
        raise UserError(
            f"module {module} cannot be imported ({error}): run kdnas in the folder that holds it,"
            " or add that to PYTHONPATH"
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever it is, a module must not end kdnas with a traceback
        raise UserError(f"module {module} cannot be imported: {raised(error)}; mend it") from error


def raised(error: BaseException) -> str:
    """What code of a user's raised and where, in one line."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename[0] != "<"]
    place = f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})"
    return f"{type(error).__name__}: {error}" + ("" if isinstance(error, SyntaxError) else place)


def _remember(module: str) -> None:
    if module.partition(".")[0] == "kdnas":
        return
    file = getattr(sys.modules[module], "__file__", None)
    # A notebook has no file: its parts serve this process alone, since no other can import them.
    content = Path(file).read_bytes() if file else b""
    _sources[module] = Source(module, sha256(content).hexdigest())
