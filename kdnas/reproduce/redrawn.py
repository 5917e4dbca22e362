"""Whether the tables beside the archives are those that the archives give."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from kdnas.reproduce.material import Material
from kdnas.reproduce.outputs import FORMS, OUTPUTS, write_outputs
from kdnas.verify import Problem

TABLES = tuple(n for n in OUTPUTS if not n.startswith("figure") and n != "weights")
"""Those that follow from the archives alone; the sweep of the weights has settings of its own."""


def redrawn_problems(material: Material, results: Path) -> Iterator[Problem]:
    """Tables below `results` that are others when they are drawn again, in any of their forms."""
    kept = {name: [results / f"{name}{end}" for end in FORMS] for name in TABLES}
    names = [name for name, files in kept.items() if any(file.is_file() for file in files)]
    with TemporaryDirectory(prefix="kdnas-") as folder:
        write_outputs(material, Path(folder), names)
        for name in names:
            for file in kept[name]:
                drawn = Path(folder) / file.name
                if not file.is_file():
                    yield Problem(file.name, f"is missing: --only {name} draws it again")
                elif not drawn.is_file() or drawn.read_bytes() != file.read_bytes():
                    yield Problem(
                        file.name, f"is not what the archives give: --only {name} draws it again"
                    )
