"""Reading configurations: presets and TOML files, overrides, and one-line errors."""

import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from kdnas.config.config import Config
from kdnas.config.named import NAMED
from kdnas.config.section import LOADING, strictly
from kdnas.errors import UserError
from kdnas.reading import read_small

PAPER = "rosearch-sst2"
_PRESETS = files("kdnas") / "presets"

_NO_TOML = (ValueError, RecursionError)
"""What tomllib raises, besides its own error for brackets too deep and numbers too long."""

_OF_COMPARISONS = ("compare.rows.", "compare.changes.")

Leaves = dict[str, Any]

Command = Literal["search", "reproduce", "compare"]
"""The commands that have presets of their own."""

COMMANDS: tuple[Command, ...] = get_args(Command)


def preset_names(command: Command | None = None) -> list[str]:
    """The names of the presets that are made for a command, or of all."""
    kinds = [_PRESETS / command] if command else list(_PRESETS.iterdir())
    return sorted(path.name.removesuffix(".toml") for kind in kinds for path in kind.iterdir())


def read_preset(name: str) -> str:
    """The text of a preset.

    Raises:
        UserError: There is no such preset.
    """
    names = preset_names()
    if name not in names:
        raise UserError(f"no preset {name!r}{_suggest(name, names)}; there are {', '.join(names)}")
    return next(
        file for kind in _PRESETS.iterdir() if (file := kind / f"{name}.toml").is_file()
    ).read_text()


def load_config(
    preset: str | None = None, file: Path | None = None, overrides: Sequence[str] = ()
) -> Config:
    """The configuration of a preset or a TOML file, with `section.field=value` overrides.

    Raises:
        UserError: The preset or file does not exist or is no TOML, a key is unknown, or a value
            is out of its range; the message names it and what is allowed.
    """
    if preset and file:
        raise UserError("give a preset or a config file, not both")
    values = _parse(read_preset(preset), f"preset {preset}") if preset else {}
    if file:
        values = _parse(read_small(file), str(file))
        if not values:
            raise UserError(f"{file} sets nothing: write settings into it, or name a --preset")
    return config_of(values, overrides)


def overridden(config: Config, overrides: Sequence[str]) -> Config:
    """A configuration with some settings changed, each `section.field=value`.

    Raises:
        UserError: As `load_config` does.
    """
    return config_of(config.model_dump(mode="json"), overrides)


def config_of(values: dict[str, Any], overrides: Sequence[str] = ()) -> Config:
    """The configuration of nested values, as TOML has them, with overrides.

    Raises:
        UserError: As `load_config` does.
    """
    for override in overrides:
        _apply(values, override)
    try:
        return strictly(Config, values, LOADING)
    except ValidationError as error:
        raise UserError(_one_line(error)) from error
    except RecursionError as error:
        raise UserError("the configuration has too many tables in each other") from error


def leaves(config: Config) -> Leaves:
    """Every setting by its dotted name, in which a task such as `glue/rte` is in quotes."""

    def walk(values: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for key, value in values.items():
            name = f'"{key}"' if "/" in key else key
            if isinstance(value, dict):
                yield from walk(value, f"{prefix}{name}.")
            else:
                yield prefix + name, value

    return dict(walk(config.model_dump(mode="json"), ""))


def difference(a: Config, b: Config) -> dict[str, tuple[Any, Any]]:
    """The settings in which two configurations differ: name -> (value in a, value in b)."""
    left, right = leaves(a), leaves(b)
    names = dict.fromkeys([*left, *right])
    both = {name: (left.get(name), right.get(name)) for name in names}
    return {name: (one, other) for name, (one, other) in both.items() if one != other}


def departures(config: Config) -> dict[str, tuple[Any, Any]]:
    """The departures of a configuration from the paper: name -> (its value, the paper's).

    The data set and the caps on its size count as departures from SST-2, the paper's first. Rows
    of a comparison and what is changed for a task do not, which the paper's search has not, nor the
    columns and metric that a data set is known to have: they go with its name.
    """
    found = difference(config, load_config(preset=PAPER))
    known = NAMED[config.task.name].settings if config.task.name in NAMED else {}
    named = {f"task.{name}": value for name, value in known.items()}
    return {
        name: (here, paper)
        for name, (here, paper) in found.items()
        if not name.startswith(_OF_COMPARISONS) and named.get(name, paper) != here
    }


def as_toml(value: Any) -> str:
    """A setting as it is written in TOML and after `--set`; None as `none`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {as_toml(each)}' for name, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _parse(text: str, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except _NO_TOML as error:
        raise UserError(f"{origin} is not TOML: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why something is no TOML; Python's own words on depth and digits are about Python."""
    if isinstance(error, RecursionError):
        return "its brackets are too deep"
    return (
        str(error) if isinstance(error, tomllib.TOMLDecodeError) else "a number has too many digits"
    )


def _apply(values: dict[str, Any], override: str) -> None:
    """Set one `section.field=value` in place; the value is TOML, `none`, or a bare string."""
    name, equals, text = override.partition("=")
    try:
        keys = _keys_of(tomllib.loads(f"{name} = 0"))
    except _NO_TOML:
        keys = []
    if not equals or (len(keys) < 2 and keys != ["plugins"]):
        raise UserError(f"--set {override!r}: write section.field=value, e.g. search.seed=1")
    try:
        value = None if text.strip() == "none" else tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        value = text
    except _NO_TOML as error:
        raise UserError(f"--set {override!r:.80}: {_reason(error)}") from error
    table = values
    for place, key in enumerate(keys[:-1], start=1):
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise UserError(f"--set {override!r}: {'.'.join(keys[:place])} is not a section")
    table[keys[-1]] = value


def _keys_of(nested: Any) -> list[str]:
    """The keys down to the one value of nested tables."""
    keys = []
    while isinstance(nested, dict):
        ((key, nested),) = nested.items()
        keys.append(key)
    return keys


def _one_line(error: ValidationError) -> str:
    """The first problem of a validation, with its value, the limit and a suggestion."""
    first = error.errors()[0]
    if not first["loc"] and first["type"] == "value_error":
        return str(first["msg"]).removeprefix("Value error, ")  # of two sections together
    if not first["loc"]:
        return "the configuration has too many tables in each other"
    of_row = first["loc"][:2] == ("compare", "rows")
    place = [str(part) for part in first["loc"]][: 4 if of_row else 2]  # then branches of a union
    name = ".".join(place)
    if first["type"] == "missing":
        return f"{name} is missing: set it"
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys(place[:-1])
        return f"unknown setting {name}{_suggest(place[-1], known)}; known: {', '.join(known)}"
    ways = [each for each in error.errors() if repr(each["input"]) == repr(first["input"])]
    message = ", or ".join(dict.fromkeys(map(_wanted, ways)))  # one for each branch of a union
    if message.startswith((f"{place[0]}.", f"unknown setting {place[0]}.")):
        return message
    value = first["input"]
    shown = repr(value) if isinstance(value, str) else as_toml(value)
    return f"{name} = {shown}: {message[0].lower()}{message[1:]}"


def _wanted(error: Any) -> str:
    """What a value should be instead."""
    if error["type"] in ("tuple_type", "list_type"):
        return f"should be a list, as {as_toml([error['input']])}"
    if error["type"] == "too_short":
        return f"give at least {error['ctx']['min_length']}"
    message = " ".join(error["msg"].removeprefix("Value error, ").split())
    return _WANTED.get(error["type"], message.replace("Input should be", "should be", 1))


_WANTED = {
    "model_type": "should be a table: write its settings below it, as section.field = value",
    "int_type": "should be a whole number, without quotes or a point",
    "float_type": "should be a number, without quotes",
    "bool_type": "should be true or false, without quotes",
    "string_pattern_mismatch": "is empty: give a name or a path, or leave the setting out",
}
"""What a value should be, in the words of TOML."""


def _keys(place: list[str]) -> list[str]:
    values: Any = Config().model_dump()
    for part in place:
        values = values.get(part, {}) if isinstance(values, dict) else {}
    return list(values)


def _suggest(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
