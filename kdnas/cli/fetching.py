"""Looking up what is needed, fetching what is missing, and refusing what cannot be had."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kdnas.errors import SeveralErrors, UserError

if TYPE_CHECKING:
    from kdnas.resources import Resource

    Look = Callable[[], list[Resource]]


_OTHERWISE = "mend that, or fetch on another machine and copy the places that are named"


def require_resources(look: "Look", command: str) -> None:
    """Fetch what is missing where there is a connection, and refuse the rest.

    Nothing is fetched where something is missing that cannot be: that run cannot start.

    Args:
        look: Looks everything up.
        command: What fetches it later.

    Raises:
        UserError: A line for each: what, where it was looked for, and what to do.
    """
    found = look()
    missing = [resource for resource in found if resource.problem]
    if missing and all(resource.fetch for resource in missing):
        missing = [resource for resource in fetched(found, look) if resource.problem]
    if missing:
        raise SeveralErrors([resource.refusal(command) for resource in missing])


def fetched(
    found: "Sequence[Resource]", look: "Look", say: Callable[[str], object] = lambda line: None
) -> "list[Resource]":
    """What is there after what is missing was fetched; a problem says why that was not possible.

    Args:
        found: What was found before.
        look: Looks everything up.
        say: Is told in a line of each source that cannot be asked.
    """
    wanted = [resource for resource in found if resource.problem and resource.fetch]
    unreachable = _unreachable({resource.source for resource in wanted})
    for source, reason in unreachable.items():
        say(f"nothing is fetched from {urlsplit(source).hostname}: {reason}; {_OTHERWISE}")
    failed: dict[object, str] = {}
    for resource in wanted:  # one fetch may bring several
        if resource.fetch not in failed:
            failed[resource.fetch] = unreachable.get(resource.source) or _fetch(resource)
    reasons = {resource.what: failed[resource.fetch] for resource in wanted}
    return [
        replace(resource, problem=f"{resource.problem} ({reasons[resource.what]})")
        if resource.problem and reasons.get(resource.what)
        else resource
        for resource in look()
    ]


def _unreachable(sources: set[str]) -> dict[str, str]:
    """Which sources cannot be asked, and why; all are tried at once, for five seconds."""
    from concurrent.futures import ThreadPoolExecutor

    from kdnas.model_names import answers, hub_address

    reasons: dict[str, str] = {}
    if hub_address() in sources and os.environ.get("HF_HUB_OFFLINE", "").upper() in {
        "1",
        "ON",
        "YES",
        "TRUE",
    }:
        reasons[hub_address()] = "HF_HUB_OFFLINE is set"
    asked = sorted(sources - set(reasons))
    with ThreadPoolExecutor() as pool:
        for source, is_there in zip(asked, pool.map(answers, asked), strict=True):
            if not is_there:
                reasons[source] = f"{urlsplit(source).hostname} does not answer"
    return reasons


def _fetch(resource: "Resource") -> str:
    """Fetch a resource; why it could not be fetched, "" where it was."""
    from kdnas.cli.output import messages

    assert resource.fetch is not None
    messages().print(f"fetch {resource.what} from {resource.source}")
    try:
        with _shown(resource.what) as report:
            resource.fetch(report)
    except UserError as error:
        return str(error)
    return ""


@contextmanager
def _shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what draws a bar of the bytes, from the first of them on.

    Hugging Face's libraries draw their own.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from kdnas.cli.output import messages

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with ExitStack() as stack:
        bars: list[Progress] = []

        def report(done: int, total: int) -> None:
            if not bars:
                bars.append(
                    stack.enter_context(Progress(*columns, console=messages(), transient=True))
                )
                bars[0].add_task(what)
            bars[0].update(bars[0].task_ids[0], completed=done, total=total or None)

        yield report
