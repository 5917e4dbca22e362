"""The committed results are what the committed archives give, and the page says what they say."""

import re
from pathlib import Path

import pytest

from kdnas.analysis.paper import write_outputs
from kdnas.config import load_config
from kdnas.reproduce import OUTPUTS, check_reproduction, read_material
from kdnas.runs import FILE_NAME, Archive

DOCS = Path(__file__).parent.parent / "docs"
RUN = DOCS / "results" / "scaled-sst2"
TABLES = sorted(path.stem for path in (RUN / "results").glob("*.md"))


def test_the_archives_contradict_nothing() -> None:
    verdict = check_reproduction(RUN)
    assert not verdict.problems
    assert verdict.searches == len(list(RUN.glob("*/archive.sqlite"))) > 0


def test_every_table_is_drawn_again_from_the_archives(tmp_path: Path) -> None:
    material = read_material(load_config("scaled-sst2"), RUN)
    write_outputs(OUTPUTS, material, tmp_path, TABLES)
    for name in TABLES:
        committed = (RUN / "results" / f"{name}.md").read_text()
        assert (tmp_path / f"{name}.md").read_text() == committed


@pytest.mark.parametrize(
    ("name", "shown"),
    re.findall(r"<!-- (\w+) -->\n(.*?)<!-- end -->", (DOCS / "RESULTS.md").read_text(), re.DOTALL),
)
def test_the_page_shows_the_tables_as_they_are(name: str, shown: str) -> None:
    assert shown == (RUN / "results" / f"{name}.md").read_text()


@pytest.mark.parametrize(
    ("seed", "search", "first", "best", "accuracy", "robustness"),
    re.findall(
        r"^\| ([01]) \| (weighted|random edits) \| (\S+) \| (\S+) \| \S+"
        r" \| (\S+) ± \S+ \| (\S+) ± ",
        (DOCS / "RESULTS.md").read_text(),
        re.MULTILINE,
    ),
)
def test_the_seeds_have_the_fitness_that_the_page_says(
    seed: str, search: str, first: str, best: str, accuracy: str, robustness: str
) -> None:
    run = RUN if seed == "0" else RUN.with_name(f"{RUN.name}-seed{seed}")
    with Archive.read(run / search.replace(" ", "-") / FILE_NAME) as archive:
        found = [row.evaluation for row in archive.rows() if row.evaluation]
    scores = [
        (100 * e.search.accuracy, 100 * e.search.robustness, e.parameters / 1e6) for e in found
    ]
    assert len(scores) == 100
    fitness = [a + r - 2 * size for a, r, size in scores]
    assert (f"{max(fitness[:20]):.1f}", f"{max(fitness):.1f}") == (first, best)
    means = [sum(score[i] for score in scores[-20:]) / 20 for i in range(2)]
    assert [f"{mean:.1f}" for mean in means] == [accuracy, robustness]


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (DOCS / "RESULTS.md").read_text())
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
