"""The files of the paper's attack resources: found where their libraries keep them, whole, fetched.

The stand-ins are small, but of the real formats.
"""

import json
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from paper_stand_ins import places, save_encoder, save_tagger, save_vectors

from kdnas.errors import UserError
from kdnas.paper_files import PAPER_FILES, needed_paper_files, require_paper_files
from kdnas.paper_files.fetching import fetch_archive
from kdnas.paper_files.saved_model import saved_model_problem
from kdnas.paper_files.whole import tagger_problem, vectors_problem
from kdnas.records import ATTACKS, AttackSpec, TextFooler

PAPER = AttackSpec(resources="textattack")


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in places(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a SavedModel, to copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFHUB_CACHE_DIR", str(tmp_path_factory.mktemp("tfhub")))
        return save_encoder(buckets=50, width=8)


def copied(folder: Path, name: str) -> Path:
    place = PAPER_FILES[name].place()
    return Path(shutil.copytree(folder, place))


def cut(path: Path, left: int = -1) -> None:
    """Leave the start of a file, half of it by default."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 if left < 0 else left])


# Places.


def test_places_are_those_of_the_libraries_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TA_CACHE_DIR", "TFHUB_CACHE_DIR", "NLTK_DATA"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nowhere/home")
    found = {name: str(file.place()) for name, file in PAPER_FILES.items()}
    assert found["counter-fitted"] == "/nowhere/home/.cache/textattack/word_embeddings/paragramcf"
    assert found["tagger"].endswith("nltk_data/taggers/averaged_perceptron_tagger_eng")
    assert found["sentence-encoder"].endswith(
        "/tfhub_modules/42480c3c7f42bf87d36d4c58fc4374b08dae2909"
    )


@pytest.mark.textattack
def test_textattack_looks_in_the_same_place(tmp_path: Path) -> None:
    from kdnas.attacks.textattack.build import _its_own_files

    from textattack.shared.utils import install  # isort: skip

    before = install.TEXTATTACK_CACHE_DIR
    with _its_own_files():
        found = install.path_in_cache("word_embeddings/paragramcf")
    assert found == str(PAPER_FILES["counter-fitted"].place())
    assert before == install.TEXTATTACK_CACHE_DIR


@pytest.mark.paper
def test_tensorflow_hub_looks_in_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow_hub")
    from tensorflow_hub import compressed_module_resolver

    from kdnas.paper_files import SENTENCE_ENCODER_URL

    def asked() -> str:
        return compressed_module_resolver._module_dir(SENTENCE_ENCODER_URL)

    assert asked() == str(PAPER_FILES["sentence-encoder"].place())
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    assert asked() == str(PAPER_FILES["sentence-encoder"].place())


@pytest.mark.paper
def test_nltk_looks_in_the_same_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    home, second = tmp_path / "home", tmp_path / "second"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NLTK_DATA", os.pathsep.join(["", str(tmp_path / "first"), str(second)]))
    program = (
        "import nltk\nfrom kdnas.paper_files.table import nltk_roots\n"
        "assert nltk.data.path == [str(root) for root in nltk_roots()], nltk.data.path\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert PAPER_FILES["tagger"].place().is_relative_to(tmp_path / "first")
    (second / "taggers" / "averaged_perceptron_tagger_eng").mkdir(parents=True)
    assert PAPER_FILES["tagger"].place().is_relative_to(second)


# Whole files, and others.


def test_nothing_is_there_at_first() -> None:
    assert {file.problem() for file in PAPER_FILES.values()} == {"missing"}


def test_whole_vectors_have_no_problem_and_damaged_ones_say_which_file() -> None:
    place = save_vectors(300)
    assert PAPER_FILES["counter-fitted"].problem() == ""
    for name in ("paragram.npy", "nn.npy", "wordlist.pickle", "cos_sim.p"):
        whole = (place / name).read_bytes()
        for left in (0, 5, 60, len(whole) // 2, len(whole) - 1):
            cut(place / name, left)
            found = PAPER_FILES["counter-fitted"].problem()
            assert found in (f"{name}: half a download", f"{name}: another format"), left
        (place / name).unlink()
        assert PAPER_FILES["counter-fitted"].problem() == f"{name}: missing"
        (place / name).write_bytes(whole)
    assert PAPER_FILES["counter-fitted"].problem() == ""


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [("paragram.npy", np.zeros((3, 2, 2), np.float32), "paragram.npy: another format"),
     ("paragram.npy", np.array([["a", {}]], object), "paragram.npy: another format"),
     ("paragram.npy", np.zeros((300, 50), np.int64), "paragram.npy, nn.npy: another format"),
     ("nn.npy", np.zeros((9, 51), np.int64), "nn.npy: of other vectors than paragram.npy")],
)  # fmt: skip
def test_arrays_of_another_form_are_seen(name: str, array: np.ndarray, said: str) -> None:
    place = save_vectors(300)
    np.save(place / name, array, allow_pickle=True)
    assert vectors_problem(place) == said


@pytest.mark.paper
def test_a_cut_saved_model_is_seen_without_tensorflow(encoder: Path) -> None:
    place = copied(encoder, "sentence-encoder")
    assert PAPER_FILES["sentence-encoder"].problem() == ""
    for name in ("saved_model.pb", "variables/variables.index",
                 "variables/variables.data-00000-of-00001"):  # fmt: skip
        whole = (place / name).read_bytes()
        for left in (0, 9, len(whole) // 2, len(whole) - 1):
            cut(place / name, left)
            assert saved_model_problem(place) == f"{Path(name).name}: half a download", left
        (place / name).unlink()
        assert saved_model_problem(place).endswith(": missing")
        (place / name).write_bytes(whole)
    assert saved_model_problem(place) == ""
    (place / "variables" / "variables.data-x").touch()
    assert saved_model_problem(place) == "variables.data-x: another format"


@pytest.mark.paper
def test_a_cut_tagger_is_seen() -> None:
    place = save_tagger()
    assert PAPER_FILES["tagger"].problem() == ""
    for path in place.iterdir():
        whole = path.read_bytes()
        cut(path, len(whole) - 1)
        assert tagger_problem(place) == f"{path.name}: half a download"
        path.write_bytes(whole)
    shutil.rmtree(place.parent / "universal_tagset")
    assert PAPER_FILES["tagger"].problem() == "universal_tagset beside it: missing"


# What an attack needs.


def test_an_attack_needs_the_files_that_it_reads() -> None:
    assert needed_paper_files(PAPER) == ["counter-fitted", "sentence-encoder", "tagger"]
    assert needed_paper_files(AttackSpec()) == []
    assert needed_paper_files(AttackSpec("deepwordbug", resources="textattack")) == []
    in_context = AttackSpec(settings=TextFooler(word_classes="tagger"))
    assert needed_paper_files(in_context) == ["tagger"]
    assert all(needed_paper_files(AttackSpec(name)) == [] for name in ATTACKS)


@pytest.mark.paper
def test_the_first_that_is_missing_is_named_with_its_place() -> None:
    with pytest.raises(UserError) as refusal:
        require_paper_files(PAPER)
    said, place = str(refusal.value), PAPER_FILES["counter-fitted"].place()
    assert said.startswith(f"counter-fitted word vectors in {place}: missing; kdnas resources")
    assert "\n" not in said


def test_a_missing_package_is_named_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdnas.errors.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"Encoder needs tensorflow: .*'kdnas\[paper\]'$"):
        require_paper_files(PAPER)


# Fetching.


class Served(BaseHTTPRequestHandler):
    """Serves one archive; says that it is longer where the connection is to break off."""

    def __init__(self, content: bytes, missing: int, *args) -> None:
        self._content, self._missing = content, missing
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self._content) + self._missing))
        self.end_headers()
        self.wfile.write(self._content)

    def log_message(self, *args) -> None:
        pass


@contextmanager
def served(content: bytes, missing: int = 0) -> Iterator[str]:
    """The address of a server in this process."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, content, missing)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/archive"
        finally:
            server.shutdown()
            thread.join()


def zipped(folder: Path, out: Path) -> bytes:
    """A zip that holds the folder by its name, as that of the vectors does."""
    made = shutil.make_archive(str(out / "made"), "zip", folder.parent, folder.name)
    content = Path(made).read_bytes()
    Path(made).unlink()
    return content


def test_what_is_fetched_is_whole_and_in_its_place(tmp_path: Path) -> None:
    place, told = save_vectors(300), []
    content = zipped(place, tmp_path)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    shutil.rmtree(place)
    place.mkdir()  # a broken one, which is replaced
    (place / "nn.npy").touch()
    with served(content) as address:
        fetch_archive(address, "zip", place, vectors_problem, lambda *said: told.append(said))
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert told[-1] == (len(content), len(content))
    assert [path.name for path in place.parent.iterdir()] == ["paragramcf"]


@pytest.mark.paper
def test_so_is_a_saved_model_whose_archive_holds_no_folder(encoder: Path, tmp_path: Path) -> None:
    archive, place = tmp_path / "archive.tar.gz", PAPER_FILES["sentence-encoder"].place()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(encoder, ".")
    with served(archive.read_bytes()) as address:
        fetch_archive(address, "gztar", place, saved_model_problem, lambda *said: None)
    assert PAPER_FILES["sentence-encoder"].problem() == ""


@pytest.mark.parametrize(
    ("keep", "missing", "said"),
    [(1.0, 9, r"cannot fetch http.*\((the connection broke off|IncompleteRead)"),
     (0.5, 0, r"^what http.*/archive gives is not whole \(no zip archive\)"),
     (0.0, 0, r"^what http.*/archive gives is not whole \(no zip archive\)")],
)  # fmt: skip
def test_half_a_download_is_never_taken_for_whole(
    keep: float, missing: int, said: str, tmp_path: Path
) -> None:
    place = save_vectors(300)
    content = zipped(place, tmp_path)
    shutil.rmtree(place)
    half = content[: int(keep * len(content))]
    with served(half, missing) as address, pytest.raises(UserError, match=said) as refusal:
        fetch_archive(address, "zip", place, vectors_problem, lambda *said: None)
    assert "\n" not in str(refusal.value)
    assert list(place.parent.iterdir()) == []


def test_an_archive_of_something_else_leaves_the_place_as_it_was(tmp_path: Path) -> None:
    place = save_vectors(300)
    other = tmp_path / "other" / "paragramcf"
    other.mkdir(parents=True)
    (other / "nn.npy").write_text(json.dumps("no array"))
    with (
        served(zipped(other, tmp_path)) as address,
        pytest.raises(UserError, match=r"gives is not whole \(paragram.npy: missing\)"),
    ):
        fetch_archive(address, "zip", place, vectors_problem, lambda *said: None)
    assert vectors_problem(place) == ""


def test_no_connection_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    place = PAPER_FILES["counter-fitted"].place()
    with pytest.raises(UserError, match=r"^cannot fetch http://127\.0\.0\.1:9/x to .*: connect"):
        fetch_archive("http://127.0.0.1:9/x", "zip", place, vectors_problem, lambda *said: None)
    assert list(place.parent.iterdir()) == []
