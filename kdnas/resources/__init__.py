"""What a configuration needs that kdnas does not bring along, looked up before anything is trained.

- `Resource`: what it is, where it was looked for, its size and licence, what is wrong with it, and
  what gets it;
- `cache_resources`: the caches that cannot be used; nothing else is looked up then;
- `data_resources`, `model_resources`, `attack_resources`, `method_resources`, `student_resources`,
  `disk_resources`: one function for each kind, `resources_of` for all of a run;
- `require_depths`: refuses who has more layers than the teacher;
- `other_heads`: says or refuses who begins with the head of other classes;
- `load_hub`: the one way to a data set of the hub.

Nothing here loads torch, transformers or `datasets` to look, or asks the network; `fetch` does.
The caches of Hugging Face's libraries are looked into by their layout (`hub`).
"""

from pathlib import Path

from kdnas.config import Command, Config, comparison_configs
from kdnas.resources.attack import attack_resources
from kdnas.resources.caches import cache_resources
from kdnas.resources.classes import other_heads
from kdnas.resources.data import data_resources, load_hub
from kdnas.resources.depths import require_depths
from kdnas.resources.disk import BYTES_PER_TEXT, disk_resources, run_bytes
from kdnas.resources.methods import method_resources, student_resources
from kdnas.resources.models import model_resources, vocabulary
from kdnas.resources.resource import Resource

__all__ = [
    "BYTES_PER_TEXT",
    "Resource",
    "attack_resources",
    "cache_resources",
    "data_resources",
    "disk_resources",
    "load_hub",
    "method_resources",
    "methods_of",
    "model_resources",
    "other_heads",
    "require_depths",
    "resources_of",
    "run_bytes",
    "student_resources",
    "vocabulary",
]

_COMPARED = ("textfooler", "deepwordbug")
"""The attacks that a reproduction compares besides that of its searches."""


def methods_of(config: Config, command: Command) -> tuple[str, ...]:
    """The methods, or rows, that teach in a run of a command."""
    return config.compare.methods if command == "compare" else (config.distill.method,)


def resources_of(
    config: Config, out: Path = Path("run"), command: Command = "search"
) -> list[Resource]:
    """Everything that a run needs, whether it is there or not, each thing once.

    Args:
        config: The run.
        out: Its folder.
        command: Whose run it is: a search, a whole reproduction, or a comparison of methods.

    Raises:
        UserError: The configuration names what there cannot be.
    """
    configs = comparison_configs(config) if command == "compare" else [config]
    closed = [resource for each in configs for resource in cache_resources(each)]
    if closed:
        return closed  # nothing can be said of what is in them
    listed = [resource for each in configs for resource in _needed(each, command)]
    found: dict[str, Resource] = {}
    for resource in listed:
        found.setdefault(resource.what, resource)
    return [*found.values(), *disk_resources(config, found.values(), out, command)]


def _needed(config: Config, command: Command) -> list[Resource]:
    """What a run on one task needs besides room."""
    compared = config.compare
    listed = [*data_resources(config.task), *model_resources(config.teacher.model)]
    if not config.task.of_numbers:
        others = {"search": (), "reproduce": _COMPARED, "compare": compared.attacks}[command]
        listed += attack_resources(config.attack, config.attack.recipe, *others)
    listed += method_resources(config, methods_of(config, command))
    if command == "compare":
        listed += student_resources(compared.students)
    return listed
