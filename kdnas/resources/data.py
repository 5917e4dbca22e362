"""The rows of a task: a path, a data set of the offline extra, or one of the hub."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from kdnas.config import TASKS, TaskSettings
from kdnas.config.named import NAMED, hub_id
from kdnas.errors import UserError
from kdnas.model_names import hub_address
from kdnas.paper_files.fetching import Report
from kdnas.paper_files.whole import HALF, MISSING
from kdnas.resources.hub import datasets_cache
from kdnas.resources.offline import offline_resource
from kdnas.resources.resource import DAMAGED, Resource, bytes_in

if TYPE_CHECKING:
    from datasets import DatasetDict

_OFFLINE = {
    "rotten_tomatoes": ("rotten_tomatoes",),
    "bbc_news": ("bbc_news",),
    "bbc-pairs": ("bbc_news",),
    "bbc-similarity": ("bbc_news", "minilm"),
}
"""What the offline tasks are made from."""

_HUB = {
    "glue/sst2": (5_004_495, "other (GLUE's data card)"),
    "ag_news": (31_696_777, "unknown (data card); its collector: for research"),
}
"""Bytes and licence of the presets' data sets, as their cards state them."""

_HOMES = {"glue": "nyu-mll/glue", "ag_news": "fancyzhx/ag_news"}
"""Where the hub keeps the presets' data sets: huggingface_hub 2 refuses ids without a user."""

_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The end of a stream of Arrow, which a file that was cut short lacks."""


def data_resources(task: TaskSettings) -> list[Resource]:
    """What the rows of a task are read from; nothing for one of a user's own function."""
    if task.on_hub:
        return [_of_hub(hub_id(task.name))]
    if task.is_local:
        named = (task.path or task.name, task.validation)
        return [_local(name) for name in named if name is not None]
    made_from = _OFFLINE.get(task.name, ())
    return [offline_resource(f"data {name}", name) for name in made_from]


def readings(name: str) -> list[tuple[str, ...]]:
    """What the id of a data set can mean: `user/set`, or `set/configuration`.

    >>> readings("ag_news")
    [('ag_news',), ('fancyzhx/ag_news',)]
    >>> readings("glue/sst2")
    [('glue/sst2',), ('glue', 'sst2'), ('nyu-mll/glue', 'sst2')]
    """
    found: list[tuple[str, ...]] = [(name,)]
    if "/" in name:
        found.append(tuple(name.rsplit("/", 1)))
    return found + [(_HOMES[own], *rest) for own, *rest in found if own in _HOMES]


def load_hub(name: str, **settings: Any) -> "DatasetDict":
    """The data set of that id, from the hub or from the cache of `datasets`.

    `user/set` and `set/configuration` look alike. The id is tried as it stands, and if there is
    no such data set, the part after the last slash is taken as the configuration: so
    `SetFit/sst5` is found at once, and `glue/sst2` becomes configuration `sst2` of `glue`. No code
    of a data set is ever run.

    Args:
        name: The id.
        settings: Of `load_dataset`.

    Raises:
        UserError: Neither could be loaded.
    """
    import datasets
    import huggingface_hub
    from tqdm import tqdm

    tqdm.set_lock(RLock())  # its own is for many processes; workers end without giving it back
    for library in (datasets, huggingface_hub):  # else every attempt to reach it is a page
        library.logging.set_verbosity_error()
    problems = []
    for reading in readings(name):
        try:
            return datasets.load_dataset(*reading, **settings)
        # The hub, the connection and the file formats have a dozen unrelated exceptions.
        except Exception as error:
            problems.append(f"{' with configuration '.join(reading)}: {_first_line(error)}")
    raise UserError("; ".join(problems))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _local(name: str) -> Resource:
    path = Path(name).expanduser()
    if not path.exists():
        cure = f"there is no file or folder {name}; name another"
        return Resource(f"data {name}", path, problem=MISSING, cure=cure)
    return Resource(f"data {name}", path, bytes_in(path))


def _of_hub(name: str) -> Resource:
    size, licence = _HUB.get(name, (None, f"see {hub_address()}/datasets/{name}"))
    what, known = f"data {name}", [_prepared(reading) for reading in readings(name)]
    place, problem = min(known, key=lambda found: (found[1] != "", found[1] == MISSING))
    fetch = None
    if problem:
        fetch = partial(_fetch, name)
        meant = get_close_matches(name, [*TASKS, *NAMED], n=1, cutoff=0.9)
        if meant and name not in NAMED:
            problem += f" (did you mean {meant[0]}?)"
    else:
        size = bytes_in(place)
    return Resource(what, place, size, licence, problem, "", hub_address(), fetch)


def _fetch(name: str, report: Report) -> None:
    """Fetch a data set; `datasets` shows its progress itself. What is prepared by halves goes."""
    load_hub(name, download_mode="reuse_cache_if_exists")


def _prepared(reading: tuple[str, ...]) -> tuple[Path, str]:
    """Find where `datasets` keeps one reading of an id, and why it cannot be used from there."""
    name, configuration = reading[0], reading[1] if len(reading) > 1 else "*"
    root = datasets_cache() / _folder_name(name)
    found = [path for path in root.glob(f"{configuration}/*/*") if path.is_dir()]
    whole = [path for path in found if path.suffix != ".incomplete"]
    if whole:
        newest = max(whole, key=lambda path: path.stat().st_mtime)  # as `datasets` chooses
        return newest, _damage(newest)
    return (found[0], HALF) if found else (datasets_cache(), MISSING)


def _folder_name(name: str) -> str:
    """The folder of a data set in the cache of `datasets`.

    >>> _folder_name("SetFit/SST5"), _folder_name("ag_news")
    ('SetFit___sst5', 'ag_news')
    """
    user, slash, own = name.rpartition("/")
    own = re.sub("([A-Z]+)([A-Z][a-z])", r"\1_\2", own)
    own = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", own).lower()
    return f"{user}___{own}" if slash else own


def _damage(folder: Path) -> str:
    """Why a prepared data set cannot be read; "" where all its splits are whole."""
    try:
        info = json.loads((folder / "dataset_info.json").read_bytes())
        files = [file for split in info["splits"].values() for file in _files(info, split)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return f"{DAMAGED}: dataset_info.json cannot be read"
    for file in files:
        path = folder / file
        if not path.is_file():
            return f"{HALF}: {file} is missing"
        with path.open("rb") as stream:
            stream.seek(max(path.stat().st_size - len(_END), 0))
            if stream.read() != _END:
                return f"{DAMAGED}: {file} is cut short"
    return ""


def _files(info: Mapping[str, Any], split: Mapping[str, Any]) -> list[str]:
    """The files of a split."""
    begin = f"{info['dataset_name']}-{split['name']}"
    shards = len(split.get("shard_lengths") or ())
    if shards < 2:
        return [f"{begin}.arrow"]
    return [f"{begin}-{i:05d}-of-{shards:05d}.arrow" for i in range(shards)]
