"""The files of WordNet (Miller 1995), in NLTK's data or of Debian's package `wordnet-base`."""

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from kdnas.errors import UserError, require_extra
from kdnas.paper_files.table import nltk_roots
from kdnas.paper_files.whole import HALF, MISSING

DEBIAN = Path("/usr/share/wordnet")

READ = tuple(
    name
    for part in ("adj", "adv", "noun", "verb")
    for name in (f"index.{part}", f"data.{part}", f"{part}.exc")
)
"""The files that synonyms are read from."""


def wordnet_place() -> Path:
    """Find the folder of WordNet, or NLTK's archive of it; where it would be if it is nowhere."""
    corpora = [root / "corpora" for root in nltk_roots()]
    places = [place / name for place in corpora for name in ("wordnet", "wordnet.zip")]
    return next((place for place in (*places, DEBIAN) if place.exists()), places[0])


def require_wordnet() -> Path:
    """Return where WordNet is.

    Raises:
        UserError: It, or NLTK, which reads it, is missing; it says how to get that.
    """
    require_extra("paper", "nltk", "WordNet")
    place = wordnet_place()
    problem = _problem(place)
    if problem:
        raise UserError(
            f"WordNet in {place}: {problem}; get it with python -m nltk.downloader wordnet, or"
            " apt-get install wordnet-base"
        )
    return place


def _problem(place: Path) -> str:
    """What is wrong with the folder or archive of WordNet; "" where it is whole."""
    if not place.exists():
        return MISSING
    try:
        there = set(ZipFile(place).namelist()) if place.is_file() else set()
    except BadZipFile:
        return HALF
    lost = (
        name for name in READ if f"wordnet/{name}" not in there and not (place / name).is_file()
    )
    return next((f"{name} is missing" for name in lost), "")
