"""Whether a comparison uses all that it says of its rows and of its tasks."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kdnas.config.config import Config
from kdnas.config.load import load_config
from kdnas.config.tasks import comparison_configs, short_name, task_configs
from kdnas.errors import UserError
from kdnas.methods import METHODS


@dataclass(frozen=True)
class _Said:
    """A setting that is for something of a name.

    Attributes:
        setting: What is set.
        name: What it is for.
        among: The names that there are.
        kind: What these are called.
    """

    setting: str
    name: str
    among: Collection[str]
    kind: str

    @property
    def used(self) -> bool:
        return self.name in self.among


def require_used(config: Config, preset: str | None, file: Path | None) -> None:
    """Refuse rows and changes that no training of a comparison uses.

    Of what its preset or file uses by itself, an option may leave some out.

    Args:
        config: The comparison.
        preset: The name of the preset that it comes from.
        file: The TOML file that it comes from.

    Raises:
        UserError: It names the first of them, and what there is.
    """
    unused = [said for said in _said(config) if not said.used]
    left_out: set[str] = set()
    if unused:
        with suppress(UserError):  # it may need the options
            left_out = {said.setting for said in _said(load_config(preset, file)) if said.used}
    for said in unused:
        if said.setting not in left_out:
            there = ", ".join(said.among) or "none"
            raise UserError(
                f"no training uses {said.setting}: name {said.name} in compare.{said.kind}, or"
                f" leave it out; the {said.kind} are {there}"
            )


def _said(config: Config) -> Iterator[_Said]:
    """Yield all that is said of rows, of tasks, and for a task of rows and methods."""
    compared = config.compare
    named = [name for each in comparison_configs(config) for name in each.compare.methods]
    for row in compared.rows:
        yield _Said(f"compare.rows.{row}", row, dict.fromkeys(named), "methods")
    configs = task_configs(config)
    for task, changes in compared.changes.items():
        place = f'compare.changes."{task}"'
        yield _Said(place, task, compared.tasks, "tasks")
        if task not in compared.tasks:
            continue
        own = configs[short_name(task)]
        for row in changes.get("compare", {}).get("rows", {}):
            yield _Said(f"{place}.compare.rows.{row}", row, own.compare.methods, "methods")
        taught = dict.fromkeys(own.taught_by(name).method for name in own.compare.methods)
        for method in changes.get("distill", {}):
            if method in METHODS:
                yield _Said(f"{place}.distill.{method}", method, taught, "methods")
