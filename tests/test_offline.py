"""The offline extra: its files are the ones kdnas was built for, and anything else is refused."""

import sys

import pytest

from kdnas import offline
from kdnas.errors import UserError
from kdnas.offline import content_hash, expected_hash, offline_path

NAMES = ("rotten_tomatoes", "bbc_news", "minilm", "glove_vectors", "glove_words", "vader")


def test_these_are_all_the_files():
    assert set(offline._FILES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_installed_file_is_the_expected_one(name):
    path = offline_path(name)
    assert path.exists()
    assert len(expected_hash(name)) == 64
    assert int(expected_hash(name), 16)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package with one data file, listed under the name `words`."""
    folder = tmp_path / "made_up_words"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('data packages are not executed')")
    (folder / "data" / "words.txt").write_text("good\nbad\n")
    monkeypatch.syspath_prepend(tmp_path)
    place, digest = "made_up_words/data/words.txt", content_hash(folder / "data" / "words.txt")
    monkeypatch.setattr(offline, "_FILES", {"words": (place, digest)})
    offline_path.cache_clear()
    yield folder
    offline_path.cache_clear()


def test_a_file_is_found_without_running_its_package(package):
    assert offline_path("words").read_text() == "good\nbad\n"
    assert "made_up_words" not in sys.modules


def test_a_file_is_checked_once_per_process(package):
    path = offline_path("words")
    path.write_text("changed")
    assert offline_path("words") == path


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_another_content_is_refused(package, damage):
    path = package / "data" / "words.txt"
    path.unlink() if damage == "remove" else path.write_text("good\nbad\n\n")
    with pytest.raises(UserError, match="is not the file that kdnas was built for") as caught:
        offline_path("words")
    message = str(caught.value)
    assert str(path) in message
    assert "pip install --force-reinstall 'kdnas[offline]'" in message
    assert "\n" not in message


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(offline, "_FILES", {"words": ("kdnas_never_made/words.txt", "0" * 64)})
    offline_path.cache_clear()
    with pytest.raises(UserError, match=r"words needs the offline extra: pip install 'kdnas\[off"):
        offline_path("words")


def test_the_hash_of_a_file_is_its_sha256(tmp_path):
    from hashlib import sha256

    path = tmp_path / "a"
    path.write_bytes(b"abc" * 1_000_000)  # more than one block
    assert content_hash(path) == sha256(path.read_bytes()).hexdigest()


def test_the_hash_of_a_folder_depends_on_names_and_contents(tmp_path):
    def folder(name: str, files: dict[str, str]) -> str:
        for inside, text in files.items():
            path = tmp_path / name / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return content_hash(tmp_path / name)

    base = folder("one", {"a": "1", "b/c": "2"})
    assert folder("two", {"b/c": "2", "a": "1"}) == base, (
        "neither place nor order of writing counts"
    )
    assert folder("three", {"a": "1", "b/d": "2"}) != base
    assert folder("four", {"a": "1", "b/c": "3"}) != base
    assert folder("five", {"a": "2", "b/c": "1"}) != base
    assert folder("one", {"__pycache__/a.pyc": "x"}) == base, "what Python leaves there is no data"
    assert folder("one", {"d": ""}) != base
