"""What is refused before seconds are spent on loading torch and transformers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kdnas.errors import UserError

if TYPE_CHECKING:
    from kdnas.config import Command, Config


def chosen_config(
    preset: str | None,
    file: Path | None,
    overrides: list[str] | None,
    command: "Command | None" = None,
) -> "Config":
    """The configuration that the options name.

    Args:
        preset: The name of a preset.
        file: A TOML file.
        overrides: Settings.
        command: The command that it is for, where that has presets of its own.

    Raises:
        UserError: They name none, it cannot be used, or the preset is another command's.
    """
    from kdnas.config import COMMANDS, load_config, preset_names

    if not (preset or file or overrides):
        raise UserError(
            "name what is to be run: --preset NAME (`kdnas presets` lists them), --config FILE, or"
            " --set task.name=DATA; what goes on is named as it was begun"
        )
    if preset in preset_names() and command and preset not in preset_names(command):
        other = next(each for each in COMMANDS if preset in preset_names(each))
        raise UserError(
            f"{preset} is a preset of kdnas {other}: kdnas {other} --preset {preset}; those of"
            f" kdnas {command} are {', '.join(preset_names(command))}"
        )
    return load_config(preset, file, overrides or [])


def require_classes(config: "Config") -> None:
    """Refuse labels that are numbers, of which there is no reproduction.

    Raises:
        UserError: It says so.
    """
    if config.task.of_numbers:
        raise UserError(
            "kdnas reproduce searches by robustness and compares models under attack, and labels"
            f" are numbers with task.metric={config.task.metric}, which no attack flips: use kdnas"
            " search, or kdnas compare for methods"
        )


def is_comparison(config: "Config") -> bool:
    """Whether a configuration is made for `kdnas compare`: it sets something of that section."""
    return "compare" in config.model_fields_set


def require_comparable(config: "Config", preset: str | None, file: Path | None) -> None:
    """Refuse what cannot be taught, has not been printed, or is said of what is not there.

    Args:
        config: The comparison.
        preset: The name of the preset that it comes from.
        file: The TOML file that it comes from.

    Raises:
        UserError: It says what there is.
    """
    from kdnas.analysis.paper import printed
    from kdnas.config import comparison_configs, require_used
    from kdnas.study import study_models

    if config.compare.printed is not None:
        printed(config.compare.printed)
    for each in comparison_configs(config):
        study_models(each)
    require_used(config, preset, file)


def require_inputs(
    config: "Config", fetch: str, out: Path | None = None, command: "Command" = "search"
) -> None:
    """Fetch or refuse what is missing, and refuse data that cannot be read, before any work.

    Hugging Face's libraries are told where their hub does not answer.

    Args:
        config: The run.
        fetch: The command that fetches all of it.
        out: Its folder; None where none is made.
        command: Whose run it is.

    Raises:
        UserError: It says what is missing and what to do, or `out` holds the files of others.
    """
    from kdnas.cli.fetching import require_resources
    from kdnas.config import comparison_configs
    from kdnas.feasible import require_possible_beforehand
    from kdnas.model_names import is_hub_id, leave_hub_alone_where_unreachable
    from kdnas.resources import methods_of, other_heads, require_depths, resources_of
    from kdnas.runs import require_own
    from kdnas.tasks import Columns, read_pools

    if out is not None:
        require_own(out)
    configs = comparison_configs(config) if command == "compare" else [config]
    require_possible_beforehand(config)
    _require_own_parts(configs, command)
    require_cache()
    require_resources(partial(resources_of, config, out or Path("run"), command), fetch)
    for each in configs:
        students = each.compare.students if command == "compare" else ()
        require_depths(each, methods_of(each, command), students)
    if any(each.task.on_hub for each in configs) or is_hub_id(config.teacher.model):
        leave_hub_alone_where_unreachable()
    for each in configs:
        task, students = each.task, each.compare.students if command == "compare" else ()
        if task.on_hub:
            continue
        columns = Columns(task.text_column, task.premise_column, task.label_column, task.of_numbers)
        _, pools = read_pools(task.name, task.path, task.validation, columns)
        other_heads(students, pools.label_names)  # it refuses; the comparison says the rest


def _require_own_parts(configs: "list[Config]", command: "Command") -> None:
    """Refuse a user's algorithm that cannot be made, and a method whose recipe is not there.

    Raises:
        UserError: It says what is missing.
    """
    from kdnas.config import ALGORITHMS
    from kdnas.methods import METHODS
    from kdnas.registry import resolve
    from kdnas.resources import methods_of

    for config in configs:
        for row in methods_of(config, command):
            recipe = METHODS[config.taught_by(row).method].recipe
            if isinstance(recipe, str) and not recipe.startswith("kdnas."):
                resolve(recipe)
        if command == "search" and not isinstance(ALGORITHMS[config.search.algorithm], str):
            from kdnas.algorithms import make_algorithm  # pymoo comes with it

            make_algorithm(config.search, config.space, config.fitness, 0.0, lambda arch: True)


def require_data_and_model(config: "Config") -> None:
    """Fetch or refuse the data and the model that a finished run was made from.

    Raises:
        UserError: It says what is missing and what to do.
    """
    from kdnas.cli.fetching import require_resources
    from kdnas.cli.options import fetch_command
    from kdnas.model_names import is_hub_id, leave_hub_alone_where_unreachable
    from kdnas.resources import Resource, data_resources, model_resources

    task, model = config.task, config.teacher.model

    def look() -> list[Resource]:
        return [*data_resources(task), *model_resources(model)]

    named = [f"task.name={task.name}", f"teacher.model={model}"]
    require_resources(look, fetch_command(None, None, named))
    if task.on_hub or is_hub_id(model):
        leave_hub_alone_where_unreachable()


def require_cache() -> None:
    """Refuse a cache that cannot be read, or a place where there can be none; tidy it.

    Raises:
        UserError: It names the place.
    """
    from kdnas.cache import WAY_OUT, cache_folder, make_folder, remove_drafts, unusable

    reason = unusable(cache_folder())
    if reason:
        raise UserError(f"the cache {cache_folder()}: {reason}; {WAY_OUT}")
    make_folder(cache_folder())
    remove_drafts(cache_folder())


def require_gpus(numbers: tuple[int, ...]) -> None:
    """Refuse GPUs that this machine does not have.

    Raises:
        UserError: It says how many there are.
    """
    if not numbers:
        return
    import torch

    there = torch.cuda.device_count()
    if max(numbers) >= there:
        raise UserError(
            f"workers.gpus = {list(numbers)}: torch sees"
            f" {f'the GPUs 0 to {there - 1}' if there else 'no GPU'} here; name those, or leave it"
            " out"
        )


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield a draft beside `out` that takes its place in the end; without an error, not before.

    Raises:
        UserError: `out` holds something, or no folder can be made there.
    """
    from tempfile import TemporaryDirectory

    with ExitStack() as stack:
        with _written(out):
            if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
                raise UserError(f"{out} exists already: choose a new folder")
            out.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(stack.enter_context(TemporaryDirectory(dir=out.parent)), "draft")
        yield draft
        with _written(out):
            if out.is_dir():
                out.rmdir()
            draft.rename(out)


@contextmanager
def _written(out: Path) -> Iterator[None]:
    """Say of an error that `out` cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"cannot write {out}: {reason}; name a folder that you can write to"
        ) from error
