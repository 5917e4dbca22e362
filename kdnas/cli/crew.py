"""What commands that train a list of models have in common: who trains, and what is said."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kdnas.comparison import Site
    from kdnas.config import Config


@contextmanager
def shown_site(
    config: "Config",
    out: Path,
    jobs: int | None,
    cluster: str | None,
    *,
    resume: bool,
    take_over: bool,
) -> "Iterator[Site]":
    """Yield where models are trained; how that gets on is shown.

    Args:
        config: The comparison.
        out: Its folder.
        jobs: Trainings at once; None for what the cores can do.
        cluster: A Dask cluster; None for processes of this machine.
        resume: Whether to go on with a part of it.
        take_over: Whether to go on with one whose process elsewhere is silent.
    """
    from kdnas.cli.attack_output import warn_of_reference
    from kdnas.cli.progress import Display
    from kdnas.cli.search import default_jobs
    from kdnas.comparison import Site
    from kdnas.workers import require_cluster

    if cluster is not None:
        require_cluster(cluster)
    warn_of_reference(config.attack.recipe)
    with Display(config.fitness) as display:
        count = jobs or default_jobs(config.search.threads)
        yield Site(out, count, cluster, display, resume or take_over, take_over)


def print_written(files: Sequence[Path], missing: Mapping[str, str]) -> None:
    """Print what was written, and why the rest could not be."""
    from kdnas.cli.output import messages, results

    for file in files:
        results().print(str(file))
    for name, reason in missing.items():
        messages().print(f"{name}: {reason}")


@contextmanager
def saying_where(out: Path) -> Iterator[None]:
    """Say in the end how long it took and where everything is."""
    from kdnas.cli.output import duration, messages
    from kdnas.runs import MODELS_FILE
    from kdnas.study import is_of_tasks

    begun = time.perf_counter()
    yield
    where = f"tables and figures in {out / 'results'}, models in {out / 'models'}, texts in"
    where = f"{where} {out / MODELS_FILE}"
    if is_of_tasks(out):
        where = f"the table over tasks in {out / 'results'}, all of each task in a folder in {out}"
    messages().print(f"done in {duration(time.perf_counter() - begun)}: {where}")
