"""What is refused before seconds are spent on loading torch and transformers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kdnas.errors import UserError

if TYPE_CHECKING:
    from kdnas.config import Config
    from kdnas.records import Engine, Resources


def chosen_config(preset: str | None, file: Path | None, overrides: list[str] | None) -> "Config":
    """The configuration that the options name.

    Raises:
        UserError: They name none, or it cannot be used.
    """
    from kdnas.config import load_config

    if not (preset or file or overrides):
        raise UserError(
            "name what is to be run: --preset NAME (`kdnas presets` lists them), --config FILE, or"
            " --set task.name=DATA"
        )
    return load_config(preset, file, overrides or [])


def require_inputs(config: "Config") -> None:
    """Refuse data that cannot be read, a folder without a model, and a cache that is none.

    Data and models of the hub are left to their libraries, which are told where it does not answer.

    Raises:
        UserError: It says what is missing and what to do.
    """
    from kdnas.model_names import is_hub_id, leave_hub_alone_where_unreachable, require_model
    from kdnas.tasks import is_on_hub, read_pools

    require_executor(config.attack.recipe, config.attack.resources)
    require_cache()
    task = config.task
    require_model(config.teacher.model)
    on_hub = is_on_hub(task.name, task.path)
    if on_hub or is_hub_id(config.teacher.model):
        leave_hub_alone_where_unreachable()
    if not on_hub:
        read_pools(task.name, task.path, task.validation, task.text_column, task.label_column)


def require_executor(recipe: str, resources: "Resources", engine: "Engine" = "lockstep") -> None:
    """Refuse an attack that TextAttack has to execute where it is not installed.

    Raises:
        UserError: It says how to install it.
    """
    from kdnas.errors import require_extra
    from kdnas.records import ATTACKS

    if engine == "textattack" or not ATTACKS[recipe].in_lockstep(resources):
        what = f"{recipe} with {resources} resources, executed by TextAttack,"
        require_extra("textattack", "textattack", what)


def require_cache() -> None:
    """Refuse a place for the cache where there can be no folder.

    Raises:
        UserError: It names the place.
    """
    from kdnas.cache import WAY_OUT, cache_folder, make_folder

    try:
        make_folder(cache_folder())
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot make {cache_folder()}: {reason}; {WAY_OUT}") from error


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
