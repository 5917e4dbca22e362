"""Builds a task: read, cut, clean, divide, check."""

from collections.abc import Callable, Mapping
from typing import Any

from kdnas.config import TASKS
from kdnas.config.named import NAMED
from kdnas.config.task import is_local
from kdnas.errors import UserError
from kdnas.metrics import TASK_METRICS
from kdnas.records import Text
from kdnas.registry import raised, resolve
from kdnas.tasks.clean import clean
from kdnas.tasks.divide import divide
from kdnas.tasks.files import read_local
from kdnas.tasks.glue import is_glue, read_glue
from kdnas.tasks.hub import read_hub
from kdnas.tasks.labels import Pools, labelled_pools
from kdnas.tasks.overlap import overlap_share
from kdnas.tasks.remarks import left_out, remarks
from kdnas.tasks.tables import Columns, Role, Source, Table
from kdnas.tasks.task import Split, Task


def build_task(
    cut: Callable[[Any], Any], *, name: str, path: str | None, validation: str | None,
    text_column: str | None, premise_column: str | None, label_column: str, metric: str,
    max_overlap: float, **parts: Any,
) -> Task:  # fmt: skip
    """The task of that name, equal for equal arguments and data.

    `cut` shortens a text to what the student sees, see `word_boundary_cut`; `divide` takes the
    `parts`; and what each means is said in `TaskSettings`.

    Raises:
        UserError: The data cannot be read, lacks a class where one is needed, or its validation
            was cut from its training text.
    """
    numbers = TASK_METRICS[metric].numbers
    columns = Columns(text_column, premise_column, label_column, numbers)
    source, pools = read_pools(name, path, validation, columns)
    _require_two(name, metric, pools.label_names)
    cleaned = clean(pools.splits, cut)
    (train, search, report), overlap = _divided(name, cleaned.splits, max_overlap, parts)
    parts_found = {"train": train, "search": search, "report": report}
    told = f" ({left_out(pools, cleaned) or 'no row was left out'})"
    _require_texts(name, parts_found, told)
    if not numbers:
        _require_classes(name, pools.label_names, parts_found, told)
    texts = train.texts + _held_out_texts(search, report)
    return Task(
        name=name,
        label_names=pools.label_names,
        train=train,
        search=search,
        report=report,
        cut_share=sum(text in cleaned.shortened for text in texts) / len(texts),
        overlap=overlap,
        duplicates=cleaned.repeated + cleaned.conflicting,
        licence=source.licence,
        empty=pools.empty,
        offline=source.offline,
        remarks=tuple(remarks(pools, cleaned, parts_found)),
        metric=metric,
    )


def read_pools(
    name: str, path: str | None, validation: str | None, columns: Columns
) -> tuple[Source, Pools]:
    """The rows of a task, and their labelled texts, before they are cut and divided.

    Raises:
        UserError: The data cannot be read, or has no texts with labels of two classes.
    """
    source = _source(name, path, validation)
    return source, labelled_pools(source.tables, columns)


def _source(name: str, path: str | None, validation: str | None) -> Source:
    """The rows at a path, an offline task by its name, or else a hub id."""
    local = path is not None or (name not in TASKS and is_local(name))
    if validation is not None and not local:
        raise UserError(
            f"task.validation={validation} goes with a local file, and task.name={name} is none; "
            "leave task.validation out or name two files"
        )
    if not local:
        reader = TASKS.get(name)
        if reader is None:
            return read_hub(name)
        return _read_by(name, resolve(reader))
    named = NAMED.get(name)
    if named is not None and path is not None and is_glue(named, path):
        return Source(read_glue(named, path))
    tables = read_local(path or name)
    if validation is not None:
        train = tables.get("train") or next(iter(tables.values()))
        tables = {"train": train, **_held_out(read_local(validation))}
    return Source(tables)


def _read_by(name: str, reader: Callable[[], Any]) -> Source:
    """What the function of a task returns.

    Raises:
        UserError: A user's function raises, or returns something else.
    """
    try:
        source = reader()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"task {name} cannot be read: {raised(error)}; mend it") from error
    if not isinstance(source, Source):
        found = type(source).__name__
        raise UserError(f"task {name} gives a {found}: return a kdnas.tasks.Source")
    return source


def _held_out(tables: Mapping[Role, Table]) -> Mapping[Role, Table]:
    """The validation and test tables of a saved folder, or the one table of a file."""
    held_out: dict[Role, Table] = {r: table for r, table in tables.items() if r != "train"}
    return held_out or {"validation": tables["train"]}


def _require_two(name: str, metric: str, label_names: tuple[str, ...]) -> None:
    """Refuse a metric of two classes for more."""
    if TASK_METRICS[metric].binary and len(label_names) != 2:
        raise UserError(
            f"task.metric={metric} is of two classes, and {name} has {len(label_names)}: set"
            " task.metric=accuracy or matthews"
        )


def _require_texts(name: str, splits: Mapping[str, Split], told: str) -> None:
    """Refuse splits in which there is no text."""
    for part, split in splits.items():
        if not len(split):
            raise UserError(
                f"{name}: no text is left for {part}, out of {split.origin}{told}; give more"
                " texts that differ, each with one label"
            )


def _require_classes(
    name: str, label_names: tuple[str, ...], splits: Mapping[str, Split], told: str
) -> None:
    """Refuse splits in which there is no text of a class."""
    for part, split in splits.items():
        missing = set(range(len(label_names))) - set(split.labels)
        if missing:
            raise UserError(
                f"{name}: class {label_names[min(missing)]!r} has no text among the {len(split)} "
                f"of {part}, out of {split.origin}{told}; raise task.{part}, or give data with"
                " texts of every class for training and for validation"
            )


def _divided(
    name: str, pools: Mapping[Role, Split], most: float, parts: Mapping[str, Any]
) -> tuple[tuple[Split, Split, Split], float]:
    """The three splits, and the share of held-out texts that were cut from training texts.

    Where one pool was divided and the share is above `most`, it is divided again with its
    near-duplicates kept on one side; other data is refused.
    """
    splits = train, search, report = divide(pools, **parts)
    share = overlap_share(_held_out_texts(search, report), train.texts)
    if share <= most:
        return splits, share
    if search.origin == train.origin:
        splits = train, search, report = divide(pools, **parts, apart=True)
        return splits, overlap_share(_held_out_texts(search, report), train.texts)
    raise UserError(
        f"{name}: {share:.1%} of the validation texts have all their 4-grams in the "
        f"training texts, the limit is {most:.1%}: they were cut from the same "
        "text; give validation from elsewhere with task.validation=FILE, or allow it with "
        "task.max_overlap=1"
    )


def _held_out_texts(search: Split, report: Split) -> tuple[Text, ...]:
    return search.texts if report is search else search.texts + report.texts
