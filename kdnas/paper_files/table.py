"""The three files by name: what each is, where its own library keeps it, where it comes from."""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha1
from pathlib import Path

from kdnas.errors import UserError, require_extra
from kdnas.paper_files.fetching import Report, fetch_archive
from kdnas.paper_files.saved_model import saved_model_problem
from kdnas.paper_files.whole import tagger_problem, tagset_problem, vectors_problem
from kdnas.records import ATTACKS, AttackSpec


@dataclass(frozen=True)
class PaperFile:
    """A file or folder of the paper's resources.

    Attributes:
        what: Its name in words.
        source: The address it comes from.
        licence: As its authors state it.
        size: Bytes to fetch, about.
        package: What reads it, of the extra `paper`; "" for what the core reads.
        place: Where it is looked for.
        problem: What is wrong with it, in a few words; "" where it is whole.
        fetch: Fetches it; called with (bytes done, bytes in all) of each archive on its way. It
            raises a `UserError` where it cannot.
    """

    what: str
    source: str
    licence: str
    size: int
    package: str
    place: Callable[[], Path]
    problem: Callable[[], str]
    fetch: Callable[[Report], None]


SENTENCE_ENCODER_URL = "https://tfhub.dev/google/universal-sentence-encoder/3"
"""The version that TextAttack's recipe loads; tensorflow-hub's cache names a folder after it."""

_VECTORS_URL = "https://textattack.s3.amazonaws.com/word_embeddings/paragramcf"
_NLTK_URL = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/taggers"
_TAGGER, _TAGSET = "averaged_perceptron_tagger_eng", "universal_tagset"


def textattack_folder() -> Path:
    """TextAttack's cache: `$TA_CACHE_DIR`, else `~/.cache/textattack`."""
    return Path(os.environ.get("TA_CACHE_DIR") or Path.home() / ".cache" / "textattack")


def _vectors_place() -> Path:
    return textattack_folder() / "word_embeddings" / "paragramcf"


def _encoder_place() -> Path:
    """The place in the cache of tensorflow-hub: `$TFHUB_CACHE_DIR`, else a folder for scratch."""
    cache = os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir(), "tfhub_modules")
    return Path(cache) / sha1(SENTENCE_ENCODER_URL.encode(), usedforsecurity=False).hexdigest()


def nltk_roots() -> list[Path]:
    """The folders where NLTK looks for its data, in its order (`nltk.data.path`)."""
    named = [Path(root).expanduser() for root in os.environ.get("NLTK_DATA", "").split(os.pathsep)
             if root]  # fmt: skip
    own = [Path(sys.prefix, inside, "nltk_data") for inside in ("", "share", "lib")]
    common = [Path(root, "nltk_data") for root in ("/usr/share", "/usr/local/share", "/usr/lib",
                                                   "/usr/local/lib")]  # fmt: skip
    return [*named, Path.home() / "nltk_data", *own, *common]


def _nltk_place(name: str) -> Path:
    """Find the folder of one of NLTK's taggers, or where it would be put if it is nowhere."""
    places = [root / "taggers" / name for root in nltk_roots()]
    return next((place for place in places if place.exists()), places[0])


def _tagger_problem() -> str:
    own = tagger_problem(_nltk_place(_TAGGER))
    tags = tagset_problem(_nltk_place(_TAGSET))
    return own or (tags and f"{_TAGSET} beside it: {tags}")


def _fetch_tagger(report: Report) -> None:
    for name, check in ((_TAGGER, tagger_problem), (_TAGSET, tagset_problem)):
        place = _nltk_place(name)
        if check(place):
            fetch_archive(f"{_NLTK_URL}/{name}.zip", "zip", place, check, report)


def _fetch_vectors(report: Report) -> None:
    fetch_archive(_VECTORS_URL, "zip", _vectors_place(), vectors_problem, report)


def _fetch_encoder(report: Report) -> None:
    source = f"{SENTENCE_ENCODER_URL}?tf-hub-format=compressed"
    fetch_archive(source, "gztar", _encoder_place(), saved_model_problem, report)


PAPER_FILES: dict[str, PaperFile] = {
    "counter-fitted": PaperFile(
        what="counter-fitted word vectors",
        source=_VECTORS_URL,
        licence="not stated (Mrksic 2016)",
        size=481_000_000,
        package="",
        place=_vectors_place,
        problem=lambda: vectors_problem(_vectors_place()),
        fetch=_fetch_vectors,
    ),
    "sentence-encoder": PaperFile(
        what="Universal Sentence Encoder",
        source=SENTENCE_ENCODER_URL,
        licence="Apache-2.0",
        size=990_000_000,
        package="tensorflow",
        place=_encoder_place,
        problem=lambda: saved_model_problem(_encoder_place()),
        fetch=_fetch_encoder,
    ),
    "tagger": PaperFile(
        what="NLTK's tagger of word classes",
        source=f"{_NLTK_URL}/{_TAGGER}.zip",
        licence="not stated (NLTK data)",
        size=1_600_000,
        package="nltk",
        place=partial(_nltk_place, _TAGGER),
        problem=_tagger_problem,
        fetch=_fetch_tagger,
    ),
}
"""The files by name."""

_OF_NEEDS = {"vectors": "counter-fitted", "encoder": "sentence-encoder"}


def needed_paper_files(spec: AttackSpec) -> list[str]:
    """The names of the files that an attack reads."""
    needs = ATTACKS[spec.recipe].needs if spec.resources == "textattack" else ()
    tagger = getattr(spec.settings, "word_classes", None) == "tagger"
    return [_OF_NEEDS[need] for need in needs] + ["tagger"] * tagger


def require_paper_files(spec: AttackSpec) -> None:
    """Refuse an attack where a file that it reads, or what reads it, is missing or damaged.

    Raises:
        UserError: It names the first that is missing and what fetches it.
    """
    files = [PAPER_FILES[name] for name in needed_paper_files(spec)]
    for file in files:
        if file.package:
            require_extra("paper", file.package, file.what)
    for file in files:
        if problem := file.problem():
            raise UserError(
                f"{file.what} in {file.place()}: {problem}; kdnas resources --fetch fetches it, or"
                f" put there what {file.source} gives"
            )
