"""Stand-ins for the paper's attack resources, in the files' own formats and places.

The real ones are a gigabyte and a half. What stands in for them is small, but read by the same
code: a SavedModel in tensorflow-hub's cache, the folder of word vectors that TextAttack keeps, and
a tagger trained by NLTK itself in the folder of NLTK's data.
"""

import json
import pickle
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kdnas.attacks.resources.vectors import nearest_neighbours
from kdnas.offline import offline_path
from kdnas.paper_files import PAPER_FILES

NEIGHBOURS = 50
ACCENTED = ("café", "naïve", "cliché", "fiancé", "беше", "κat")
"""Words of other letters, as the real vectors have them."""


def places(folder: Path) -> dict[str, str]:
    """The environment variables under which all three are looked for in `folder`."""
    return {
        "TA_CACHE_DIR": str(folder / "textattack"),
        "TFHUB_CACHE_DIR": str(folder / "tfhub"),
        "NLTK_DATA": str(folder / "nltk_data"),
    }


def save_vectors(words: int = 8000, stored: int = 2) -> Path:
    """Write word vectors where TextAttack looks for its counter-fitted ones.

    Args:
        words: The most frequent alphabetic words of GloVe, and a few with accents.
        stored: Every so manieth cosine of neighbours is stored too, as computed elsewhere: some are
            off, so that who does not read them decides otherwise.
    """
    from pyarrow import parquet

    folder = PAPER_FILES["counter-fitted"].place()
    folder.mkdir(parents=True)
    listed = parquet.read_table(offline_path("glove_words"))["index"].to_pylist()
    plain = [row for row, word in enumerate(listed) if word.isascii() and word.isalpha()]
    accented = [listed.index(word) for word in ACCENTED if word in listed]
    rows = [*plain[:words], *accented]
    matrix = np.load(offline_path("glove_vectors"), allow_pickle=False)[rows].astype(np.float32)
    matrix -= matrix.mean(axis=0)
    units = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    neighbours = nearest_neighbours(units, NEIGHBOURS)
    np.save(folder / "paragram.npy", matrix)
    np.save(folder / "nn.npy", neighbours)
    index = {listed[row]: k for k, row in enumerate(rows)}
    _pickle(folder / "wordlist.pickle", index)
    _pickle(folder / "cos_sim.p", _cosines(units, neighbours, stored))
    _pickle(folder / "mse_dist.p", defaultdict(dict))
    return folder


def _cosines(units: np.ndarray, neighbours: np.ndarray, every: int) -> Mapping[int, Any]:
    """Cosines by the lower row and the other one, every third of them a tenth too low."""
    found: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for a, row in enumerate(neighbours.tolist()):
        for b in row[1:]:
            low, high = min(a, b), max(a, b)
            if (low + high) % every == 0:
                off = 0.1 if (low + high) % 3 == 0 else 0.0
                found[low][high] = float(units[low] @ units[high]) - off
    return found


def _pickle(path: Path, value: object) -> None:
    path.write_bytes(pickle.dumps(value, protocol=4))


def save_encoder(seed: int = 0, buckets: int = 4000, width: int = 64) -> Path:
    """Write a SavedModel where tensorflow-hub keeps the Universal Sentence Encoder.

    It is a deep averaging network too: hashed words, their mean, two layers, 512 features.
    """
    import tensorflow as tf

    rng = np.random.default_rng(seed)

    class Averaging(tf.Module):
        """Called with texts, (texts,), it gives unit vectors, (texts, 512)."""

        def __init__(self) -> None:
            super().__init__()
            shapes = ((buckets, width), (width, 512), (512, 512))
            scales = (1.0, 0.8 / width**0.5, 1.5 / 512**0.5)
            self.words, self.first, self.second = (
                tf.Variable((scale * rng.normal(size=shape)).astype(np.float32))
                for shape, scale in zip(shapes, scales, strict=True)
            )

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, inputs: Any) -> Any:
            cut = tf.strings.split(tf.strings.lower(inputs, encoding="utf-8"))
            hashed = tf.strings.to_hash_bucket_fast(cut, buckets)
            states = tf.ragged.map_flat_values(lambda ids: tf.gather(self.words, ids), hashed)
            lengths = tf.cast(tf.maximum(cut.row_lengths(), 1), tf.float32)
            mean = tf.reduce_sum(states, axis=1) / tf.sqrt(lengths)[:, None]
            deep = tf.tanh(tf.tanh(mean @ self.first) @ self.second)
            return tf.math.l2_normalize(deep, axis=1)

    folder = PAPER_FILES["sentence-encoder"].place()
    folder.parent.mkdir(parents=True, exist_ok=True)
    tf.saved_model.save(Averaging(), str(folder))
    return folder


def save_tagger() -> Path:
    """Write a tagger where NLTK looks for its own, trained on words whose classes are known.

    The sentences put a word where its class often stands; the classes are those of a lexicon.
    """
    from lemminflect import getAllLemmas
    from nltk.tag.perceptron import PerceptronTagger

    tagger = PerceptronTagger(load=False)
    tagger.train(_sentences(getAllLemmas), nr_iter=3)
    folder = PAPER_FILES["tagger"].place()
    folder.mkdir(parents=True)
    parts = zip(("weights", "tagdict", "classes"), tagger.encode_json_obj(), strict=True)
    for part, value in parts:
        (folder / f"averaged_perceptron_tagger_eng.{part}.json").write_text(json.dumps(value))
    tags = folder.parent / "universal_tagset" / "en-ptb.map"
    tags.parent.mkdir()
    names = {"DT": "DET", "NN": "NOUN", "VB": "VERB", "JJ": "ADJ", "RB": "ADV"}
    tags.write_text("".join(f"{name}\t{universal}\n" for name, universal in names.items()))
    return folder


def _sentences(classes: Any, count: int = 2000) -> list[list[tuple[str, str]]]:
    """Tagged sentences of the frequent words: the JJ NN RB VB the NN."""
    from pyarrow import parquet

    listed = parquet.read_table(offline_path("glove_words"))["index"].to_pylist()[:8000]
    of = {"NOUN": "NN", "VERB": "VB", "ADJ": "JJ", "ADV": "RB"}
    words: dict[str, list[str]] = {tag: [] for tag in of.values()}
    for word in listed:
        found = [of[name] for name in classes(word) if name in of] if word.isalpha() else []
        if len(found) == 1:
            words[found[0]].append(word)
    rng = np.random.default_rng(0)
    form = ("DT", "JJ", "NN", "RB", "VB", "DT", "NN")
    words["DT"] = ["the", "a", "this"]
    return [[(str(rng.choice(words[tag])), tag) for tag in form] for _ in range(count)]
