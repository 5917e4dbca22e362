"""Similarities of windows: TextAttack's values, each window encoded once, kept on disk."""

import math
import multiprocessing
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from attack_texts import reviews
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kdnas.attacks.engine.asks import Compare
from kdnas.attacks.engine.metrics import VECTOR_METRICS, angular_doubt, angular_similarity
from kdnas.attacks.engine.pair_store import PairStore
from kdnas.attacks.engine.pair_values import Encode
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.resources import MiniLM, RoughEncoder, rough_twin
from kdnas.attacks.resources.rough import bfloat16_twin

WINDOWS = [
    "a good film of the year in every way that a film can be good for",
    "a fine film of the year in every way that a film can be good for",
    "a good movie of the year in every way that a film can be good for",
    "good",
    "tax law",
]


class Counting:
    """An encoder that notes what it was asked; vectors follow from the letters."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.batches.append(list(texts))
        return np.array([[len(t), t.count("a"), t.count("o")] for t in texts], np.float32)

    @property
    def encoded(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


def exact(a: str, b: str) -> float:
    first, second = Counting()([a]), Counting()([b])
    return float(angular_similarity(first, second)[0])


def compared(encode: Encode, folder: Path, rough: RoughEncoder | None = None) -> Similarities:
    """Similarities with a threshold of 0.9, stored in a folder."""
    twin = rough and (rough, PairStore(folder / rough.name))
    return Similarities(encode, "angular", 0.9, PairStore(folder / "s"), twin)


# Values.


rows = arrays(np.float32, (4, 3), elements=st.floats(-4, 4, width=32, allow_subnormal=False))


@pytest.mark.textattack
@given(rows, rows)
def test_the_metrics_are_textattacks_to_the_last_bit(a: np.ndarray, b: np.ndarray) -> None:
    from kdnas.attacks.textattack.importing import import_textattack

    import_textattack()
    from textattack.constraints.semantics.sentence_encoders import SentenceEncoder

    for name, metric in VECTOR_METRICS.items():
        theirs = SentenceEncoder(metric=name).sim_metric
        expected = theirs(torch.tensor(a), torch.tensor(b)).numpy()
        found = metric.similarity(a, b)
        assert found.dtype == np.float32
        assert found.tobytes() == expected.tobytes()


def test_settled_values_are_those_of_textattacks_batch(tmp_path: Path) -> None:
    encode = Counting()
    found = compared(encode, tmp_path).settled("good", ["bad", "good", "bad"])
    assert encode.batches == [["good"] * 3 + ["bad", "good", "bad"]]
    assert found.tolist() == [exact("good", w) for w in ("bad", "good", "bad")]


def test_doubt_covers_what_another_batch_makes_of_a_window() -> None:
    """Equal windows have similarity 1 in one batch; near 1 the arc cosine magnifies."""
    encoder, others = MiniLM(), [f"{'long ' * k}window" for k in (1, 9, 40)]
    vectors = {k: encoder([*WINDOWS, *others[:k]])[: len(WINDOWS)] for k in range(len(others) + 1)}
    vectors[-1] = np.concatenate([encoder([window]) for window in WINDOWS])
    first, second = (grid.ravel() for grid in np.indices((len(WINDOWS),) * 2))
    every = [*product(vectors.values(), repeat=2)]
    values = np.array([angular_similarity(a[first], b[second]) for a, b in every])
    lowest, highest = values.min(axis=0), values.max(axis=0)
    off = highest - lowest
    assert (off <= angular_doubt(lowest)).all()
    assert (off <= angular_doubt(highest)).all()
    assert off.max() > 1e-5, "no batch made a difference; the test shows nothing"


@given(st.floats(-1, 1), st.floats(-1e-6, 1e-6))
def test_doubt_covers_an_error_of_the_cosine(cosine: float, error: float) -> None:
    a, b = (1 - math.acos(min(1.0, max(-1.0, c))) / math.pi for c in (cosine, cosine + error))
    if cosine > -0.9:  # opposite windows do not matter
        assert abs(a - b) <= angular_doubt(np.array(a)) + 1e-12


# What is encoded.


def test_known_values_are_nan_until_they_are_computed(tmp_path: Path) -> None:
    similarities = compared(Counting(), tmp_path)
    assert np.isnan(similarities.known("good", ["bad", "fair"])).all()
    assert similarities.known("good", []).shape == (0,)
    similarities.compute([Compare("good", ["bad"])])
    assert similarities.known("good", ["bad", "fair"]).tolist()[0] == exact("good", "bad")
    assert np.isnan(similarities.known("good", ["bad", "fair"])[1])
    assert np.isnan(similarities.known("bad", ["good"])[0]), "pairs have a direction"


def test_each_window_is_encoded_once(tmp_path: Path) -> None:
    encode = Counting()
    similarities = compared(encode, tmp_path)
    asked = [("good", ["bad", "fair", "bad"]), ("bad", ["good", "poor"]), ("good", ["good"])]
    for _ in range(2):
        found = similarities.compute([Compare(*pairs) for pairs in asked])
        for (reference, windows), values in zip(asked, found, strict=True):
            assert values.tolist() == [exact(reference, w) for w in windows]
    assert sorted(encode.encoded) == ["bad", "fair", "good", "poor"]
    assert len(encode.batches) == 1


def test_vectors_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdnas.attacks.engine.pair_values._MOST_VECTORS", 5)
    similarities = compared(Counting(), tmp_path)
    for k in range(1, 12):
        windows = ["x" * k, "o" * k, "a" * k]
        [values] = similarities.compute([Compare("good", windows)])
        assert values.tolist() == [exact("good", w) for w in windows]
        assert len(similarities._exact._vectors) <= 5


# A rough twin.

FAR, NEAR, ON = "far", "near", "on"
ANGLES = {"reference": 0.0, FAR: 0.8, NEAR: 0.15, ON: 0.1 * np.pi + 0.002}
"""rad; the last window is just below the threshold of 0.9."""
MARGIN = 0.002


class Turned(Counting):
    """An encoder that is off by an angle (rad) for all but the reference."""

    def __init__(self, off: float = 0.0) -> None:
        super().__init__()
        self.off = off

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        super().__call__([])
        self.batches[-1] += texts
        angles = [ANGLES[text] + self.off * (text != "reference") for text in texts]
        return np.array([[math.cos(angle), math.sin(angle)] for angle in angles], np.float32)


def value(window: str, off: float = 0.0) -> float:
    return pytest.approx(1 - (ANGLES[window] + off) / math.pi, abs=1e-6)


OFF = -0.9 * MARGIN * np.pi
"""It makes the window on the threshold pass by the twin alone."""


def test_a_rough_value_near_the_threshold_is_replaced(tmp_path: Path) -> None:
    own, rough = Turned(), Turned(OFF)
    similarities = compared(own, tmp_path, RoughEncoder("rough", rough, MARGIN))
    [found] = similarities.compute([Compare("reference", [FAR, ON, NEAR])])
    assert found.tolist() == [value(FAR, OFF), value(ON), value(NEAR, OFF)]
    assert found[1] < 0.9 < 1 - (ANGLES[ON] + OFF) / np.pi, "else the test shows nothing"
    assert own.encoded == ["reference", ON]
    assert rough.encoded == ["reference", FAR, ON, NEAR]
    assert (np.abs(found - [1 - ANGLES[w] / np.pi for w in (FAR, ON, NEAR)]) <= MARGIN).all()
    assert similarities.known("reference", [FAR, ON, NEAR]).tolist() == found.tolist()


def test_exact_values_are_asked_of_the_encoder_alone(tmp_path: Path) -> None:
    own, rough = Turned(), Turned(OFF)
    similarities = compared(own, tmp_path, RoughEncoder("rough", rough, MARGIN))
    asked = [Compare("reference", [FAR], exact=True), Compare("reference", [NEAR])]
    first, second = similarities.compute(asked)
    assert (first, second) == ([value(FAR)], [value(NEAR, OFF)])
    assert (own.encoded, rough.encoded) == (["reference", FAR], ["reference", NEAR])
    similarities.compute([Compare("reference", [NEAR], exact=True)])
    assert similarities.known("reference", [NEAR]) == [value(NEAR)], "the better one counts"


def test_a_machine_without_the_twin_sees_none_of_its_values(tmp_path: Path) -> None:
    """Both share the folder, and the values of the encoder itself."""
    rough = RoughEncoder("rough", Turned(OFF), MARGIN)
    quick = compared(Turned(), tmp_path, rough)
    quick.compute([Compare("reference", [FAR, ON, NEAR])])
    quick.sync()
    plain = compared(Turned(), tmp_path)
    assert plain.known("reference", [ON]) == [value(ON)]
    assert np.isnan(plain.known("reference", [FAR, NEAR])).all()
    plain.compute([Compare("reference", [NEAR])])
    plain.sync()
    again = compared(Turned(), tmp_path, rough)
    known = again.known("reference", [FAR, ON, NEAR]).tolist()
    assert known == [value(FAR, OFF), value(ON), value(NEAR)]


def test_what_a_store_knows_roughly_is_nothing_near_another_threshold(tmp_path: Path) -> None:
    rough = RoughEncoder("rough", Turned(OFF), MARGIN)
    compared(Turned(), tmp_path, rough).compute([Compare("reference", [FAR])])
    stores = PairStore(tmp_path / "other"), PairStore(tmp_path / "rough")
    stores[1].put("reference", FAR, 1 - (ANGLES[FAR] + OFF) / np.pi)
    threshold = 1 - ANGLES[FAR] / np.pi
    other = Similarities(Turned(), "angular", threshold, stores[0], (rough, stores[1]))
    assert np.isnan(other.known("reference", [FAR])).all()
    assert other.compute([Compare("reference", [FAR])]) == [[value(FAR)]]


@pytest.mark.parametrize(("times", "used"), [((1.0, 0.6), True), ((1.0, 0.9), False)])
def test_a_twin_is_used_where_it_pays(
    times: tuple[float, float], used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = MiniLM()
    took = dict(zip((False, True), times, strict=True))
    clock = lambda encode, texts: took[encode is not encoder]  # noqa: E731
    monkeypatch.setattr("kdnas.attacks.resources.rough._seconds", clock)
    assert (rough_twin(encoder) is not None) == used


def test_a_twin_that_is_too_far_off_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights have too few digits here."""
    encoder = MiniLM()
    monkeypatch.setattr("kdnas.attacks.resources.rough.pays", lambda own, rough: True)
    assert rough_twin(encoder) is not None
    twin = encoder.in_bfloat16()
    for weights in twin._model.parameters():
        weights.data = weights.data.to(torch.float8_e4m3fn).to(torch.bfloat16)
    monkeypatch.setattr(encoder, "in_bfloat16", lambda: twin)
    assert rough_twin(encoder) is None


def test_bfloat16_is_within_its_margin_on_windows_of_reviews() -> None:
    encoder = MiniLM()
    windows = [text for text in reviews()[:3] for text in _windows(text)]
    own, rough = encoder(windows), bfloat16_twin(encoder).encode(windows)
    a, b = np.triu_indices(len(windows), 1)
    off = np.abs(angular_similarity(own[a], own[b]) - angular_similarity(rough[a], rough[b]))
    assert 1e-5 < off.max() <= bfloat16_twin(encoder).margin / 2


def _windows(text: str) -> list[str]:
    """The text with one word left out each."""
    words = text.split()
    return [" ".join(words[:k] + words[k + 1 :]) for k in range(len(words))]


# The store.


def stored(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        return file.execute("SELECT count(*) FROM pairs").fetchone()[0]


@given(st.dictionaries(st.tuples(st.text(), st.text()), st.floats(allow_nan=False), max_size=9))
def test_values_survive(tmp_path_factory, pairs: dict[tuple[str, str], float]) -> None:
    path = tmp_path_factory.mktemp("store") / "pairs.sqlite"
    store = PairStore(path)
    for (a, b), value in pairs.items():
        store.put(a, b, value)
    store.sync()
    store.sync()
    again = PairStore(path)
    assert len(again) == len(store) == len(pairs) == stored(path)
    for (a, b), value in pairs.items():
        assert store.get(a, b) == again.get(a, b) == value
    assert again.get("of these", "there is none") is None


def test_the_folder_is_made(tmp_path: Path) -> None:
    PairStore(tmp_path / "new" / "folder" / "pairs.sqlite").sync()
    assert stored(tmp_path / "new" / "folder" / "pairs.sqlite") == 0


def _put(path: Path) -> None:
    store = PairStore(path)
    store.put("of", "another process", 0.25)
    store.sync()


def test_values_of_another_process_arrive_with_sync(tmp_path: Path) -> None:
    path = tmp_path / "pairs.sqlite"
    store = PairStore(path)
    store.put("of", "this one", 0.5)
    process = multiprocessing.get_context("fork").Process(target=_put, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert store.get("of", "another process") is None
    store.sync()
    assert store.get("of", "another process") == 0.25
    assert stored(path) == 2


def test_two_stores_of_one_file_keep_the_first_value(tmp_path: Path) -> None:
    first, second = (PairStore(tmp_path / "pairs.sqlite") for _ in range(2))
    first.put("a", "b", 0.5)
    second.put("a", "b", 0.75)
    first.sync()
    second.sync()
    assert (first.get("a", "b"), second.get("a", "b")) == (0.5, 0.75)
    assert PairStore(tmp_path / "pairs.sqlite").get("a", "b") == 0.5


def test_a_damaged_file_is_started_anew(tmp_path: Path) -> None:
    path = tmp_path / "pairs.sqlite"
    store = PairStore(path)
    store.put("a", "b", 0.5)
    store.sync()
    path.write_bytes(b"no database " * 1000)
    with pytest.warns(UserWarning, match="damaged"):
        other = PairStore(path)
    assert len(other) == 0
    other.put("c", "d", 0.25)
    other.sync()
    assert stored(path) == 1
    store.sync()
    assert store.get("a", "b") == 0.5


def test_a_file_that_cannot_be_opened_is_only_not_shared(tmp_path: Path) -> None:
    (tmp_path / "pairs.sqlite").mkdir()
    with pytest.warns(UserWarning, match="not shared"):
        store = PairStore(tmp_path / "pairs.sqlite")
    store.put("a", "b", 0.5)
    with pytest.warns(UserWarning, match="not shared"):
        store.sync()
    assert store.get("a", "b") == 0.5


def test_a_cache_that_is_a_file_costs_no_result(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.warns(UserWarning, match="a file stands .*not shared; .*KDNAS_CACHE"):
        PairStore(tmp_path / "cache" / "pairs.sqlite")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("protected", ["file", "folder"])
def test_what_is_read_only_is_read_and_not_written(tmp_path: Path, protected: str) -> None:
    path = tmp_path / "pairs.sqlite"
    writer = PairStore(path)
    writer.put("a", "b", 0.5)
    writer.sync()
    place = path if protected == "file" else tmp_path
    mode = place.stat().st_mode
    place.chmod(mode & ~0o222)
    try:
        store = PairStore(path)
        assert store.get("a", "b") == 0.5
        store.put("c", "d", 0.25)
        with pytest.warns(UserWarning, match="not shared"):
            store.sync()
        assert store.get("c", "d") == 0.25
    finally:
        place.chmod(mode)


def test_the_store_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdnas.attacks.engine.pair_store.MOST_PAIRS", 5)
    store = PairStore(tmp_path / "pairs.sqlite")
    for k in range(9):
        store.put("a", str(k), k / 10)
    store.sync()
    assert len(store) == stored(tmp_path / "pairs.sqlite") == 5
    assert [store.get("a", str(k)) for k in (4, 5)] == [0.4, None]
    assert len(PairStore(tmp_path / "pairs.sqlite")) == 5


def test_the_values_of_many_processes_are_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdnas.attacks.engine.pair_store.MOST_PAIRS", 10)
    stores = [PairStore(tmp_path / "pairs.sqlite") for _ in range(3)]
    for number, store in enumerate(stores):
        for k in range(8):
            store.put(str(number), str(k), k / 10)
    for _ in range(3):
        for store in stores:
            store.sync()
            assert len(store) <= 10
