"""Reads data sets of the Hugging Face hub."""

from kdnas.config.named import NAMED, NamedTask, hub_id
from kdnas.errors import UserError
from kdnas.resources import load_hub
from kdnas.tasks.tables import NO_LICENCE, ROLES, Role, Source, dataset_tables


def read_hub(name: str) -> Source:
    """The data set of that id, from the hub or from the cache of `datasets`.

    Raises:
        UserError: It could not be loaded.
    """
    try:
        data = load_hub(hub_id(name))
    except UserError as error:
        raise UserError(
            f"task.name={name} is no offline task, no file here, and could not be loaded from the"
            f" hub ({error}); give a local file, or rotten_tomatoes or bbc_news, which need no"
            " connection"
        ) from error
    licence = next(iter(data.values())).info.license or NO_LICENCE
    held_out = NAMED.get(name, NamedTask()).held_out
    roles: dict[str, Role] = {**ROLES, f"validation{held_out}": "validation"}
    return Source(dataset_tables(data, name, roles), licence)
