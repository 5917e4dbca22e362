"""What a configuration needs that kdnas does not bring along, looked up before anything is trained.

- `Resource`: what it is, where it was looked for, its size and licence, what is wrong with it, and
  what gets it;
- `cache_resources`: the caches that cannot be used; nothing else is looked up then;
- `data_resources`, `model_resources`, `attack_resources`, `disk_resources`: one function for each
  kind, `resources_of` for all of a run;
- `load_hub`: the one way to a data set of the hub.

Nothing here loads torch, transformers or `datasets` to look, or asks the network; `fetch` does.
The caches of Hugging Face's libraries are looked into by their layout (`hub`).
"""

from pathlib import Path

from kdnas.config import Config, task_configs
from kdnas.resources.attack import attack_resources
from kdnas.resources.caches import cache_resources
from kdnas.resources.data import data_resources, load_hub
from kdnas.resources.disk import BYTES_PER_TEXT, disk_resources, run_bytes
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
    "model_resources",
    "resources_of",
    "run_bytes",
    "vocabulary",
]

_COMPARED = ("textfooler", "deepwordbug")
"""The attacks that a reproduction compares besides that of its searches."""


def resources_of(
    config: Config, out: Path = Path("run"), *, reproduction: bool = False
) -> list[Resource]:
    """Everything that a run needs, whether it is there or not.

    Args:
        config: The run.
        out: Its folder.
        reproduction: Whether it is a whole reproduction and not a search.

    Raises:
        UserError: The configuration names what there cannot be.
    """
    configs = list(task_configs(config).values()) or [config]
    closed = [resource for each in configs for resource in cache_resources(each)]
    if closed:
        return closed  # nothing can be said of what is in them
    recipes = (config.attack.recipe, *_COMPARED) if reproduction else ()
    found = [resource for each in configs for resource in data_resources(each.task)]
    found += model_resources(config.teacher.model)
    if not all(each.task.of_numbers for each in configs):
        found += attack_resources(config.attack, *recipes)
    return [*found, *disk_resources(config, found, out, reproduction=reproduction)]
