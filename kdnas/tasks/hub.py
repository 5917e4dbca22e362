"""Reads data sets of the Hugging Face hub."""

from kdnas.errors import UserError
from kdnas.tasks.tables import NO_LICENCE, Source, dataset_tables


def read_hub(name: str) -> Source:
    """The data set of that id, from the hub or from the cache of `datasets`.

    `user/set` and `set/configuration` look alike. The id is tried as it stands, and if there is
    no such data set, the part after the last slash is taken as the configuration: so
    `SetFit/sst5` is found at once, and `glue/sst2` becomes configuration `sst2` of `glue`. No code
    of a data set is ever run.

    Raises:
        UserError: Neither could be loaded.
    """
    from datasets import load_dataset
    from huggingface_hub import logging

    logging.set_verbosity_error()  # else every attempt to reach it is a page

    readings = [(name,), tuple(name.rsplit("/", 1))] if "/" in name else [(name,)]
    problems = []
    for reading in readings:
        try:
            data = load_dataset(*reading)
        # The hub, the connection and the file formats have a dozen unrelated exceptions.
        except Exception as error:
            problems.append(f"{' with configuration '.join(reading)}: {_first_line(error)}")
            continue
        licence = next(iter(data.values())).info.license or NO_LICENCE
        return Source(dataset_tables(data, name), licence)
    raise UserError(
        f"task.name={name} is no offline task, no file here, and could not be loaded from the hub "
        f"({'; '.join(problems)}); give a local file, or rotten_tomatoes or bbc_news, which need "
        "no connection"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
