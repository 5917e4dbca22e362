"""Whether the tables beside an archive are those that the archive gives."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from kdnas.analysis.paper import FORMS
from kdnas.verify.problem import Problem


def redrawn_problems(
    write: Callable[[Path, Sequence[str]], object], tables: Sequence[str], results: Path
) -> Iterator[Problem]:
    """Tables below `results` that are others when they are drawn again, in any of their forms.

    Args:
        write: Writes tables of these names into a folder.
        tables: The names of those that follow from the archive alone.
        results: Where they were written.
    """
    kept = {name: [results / f"{name}{end}" for end in FORMS] for name in tables}
    names = [name for name, files in kept.items() if any(file.is_file() for file in files)]
    with TemporaryDirectory(prefix="kdnas-") as folder:
        write(Path(folder), names)
        for name in names:
            for file in kept[name]:
                drawn = Path(folder) / file.name
                if not file.is_file():
                    yield Problem(file.name, f"is missing: --only {name} draws it again")
                elif not drawn.is_file() or drawn.read_bytes() != file.read_bytes():
                    yield Problem(
                        file.name, f"is not what the archives give: --only {name} draws it again"
                    )
