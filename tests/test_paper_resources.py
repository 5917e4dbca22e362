"""The paper's own resources in the engine: TextAttack's decisions through the same files, quietly.

The files are stand-ins of the real formats; TextAttack reads them by its own code and by
tensorflow-hub, the engine by ours.
"""

import json
import pickle
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from attack_texts import count_words, weigh_words
from heavy import save_tiny_bert
from hypothesis import given
from hypothesis import strategies as st
from paper_stand_ins import places, save_encoder, save_tagger, save_vectors
from paper_worlds import looked_for_in
from programs import output_of
from test_attack_alone import BLOCKED

from kdnas.attacks import Attacker, AttackResources, CallableVictim, ModelVictim, load_resources
from kdnas.attacks.engine.metrics import VECTOR_METRICS
from kdnas.attacks.resources.counter_fitted import counter_fitted_vectors
from kdnas.attacks.resources.plain_pickle import read_plain_pickle
from kdnas.errors import UserError
from kdnas.paper_files import PAPER_FILES
from kdnas.records import AttackSpec, TextFooler, TextOutcome
from kdnas.tasks.packaged import rotten_tomatoes

SPEC = AttackSpec(resources="textattack")
ACCENTED = (
    "The CAFÉ film, naïve and good",
    "a CLICHÉ of the best film, really, and a café with a NAÏVE fiancé in a very strong and good"
    " story of the year",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All three stand-ins, in their places."""
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("paper")
    with looked_for_in(folder):
        save_vectors()
        save_tagger()
        save_encoder()
        yield folder


@pytest.fixture(scope="module")
def resources(folder: Path) -> AttackResources:
    return load_resources(SPEC)


def real_texts(count: int) -> list[str]:
    return [*rotten_tomatoes().tables["train"].columns["text"][:count], *ACCENTED]


# Decisions.


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> dict:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    path = save_tiny_bert(tmp_path_factory.mktemp("bert"), 2)
    model = AutoModelForSequenceClassification.from_pretrained(path).eval()
    torch.nn.init.normal_(model.classifier.weight, std=2.0)
    bert = ModelVictim.of_classifier(model, AutoTokenizer.from_pretrained(path), 64)
    return {
        "counts": CallableVictim(count_words), "weights": CallableVictim(weigh_words), "bert": bert
    }  # fmt: skip


@pytest.mark.paper
@pytest.mark.textattack
@pytest.mark.parametrize(
    ("victim", "similarity", "budget"),
    [("weights", "rosearch", None), ("weights", "textattack", None), ("counts", "rosearch", None),
     ("bert", "rosearch", None), ("weights", 0.9, 60)],
)  # fmt: skip
def test_the_engine_decides_as_textattack_does(
    victim: str, similarity: float | str, budget: int | None, victims, resources
) -> None:
    pytest.importorskip("tensorflow_hub")
    model, texts = victims[victim], real_texts(24)
    labels = model.logits(model.encode(texts)).argmax(axis=1).tolist()
    labels[0] = 1 - min(labels[0], 1)
    spec = replace(SPEC, settings=TextFooler(similarity=similarity), query_budget=budget)
    expected = Attacker(spec, engine="textattack").attack(model, texts, labels)
    assert Attacker(spec, resources).attack(model, texts, labels) == expected
    if budget is None:
        lazy = Attacker(replace(spec, mode="lazy"), resources)
        for _ in ("cold", "warm"):
            found = lazy.attack(model, texts, labels)
            assert found == [replace(outcome, queries=None) for outcome in expected]
    assert any(outcome.words_changed for outcome in expected) or victim == "bert"


def outcomes(resources: AttackResources, spec: AttackSpec = SPEC) -> list[TextOutcome]:
    texts = real_texts(60)
    labels = weigh_words(texts).argmax(axis=1).tolist()
    return Attacker(spec, resources).attack(CallableVictim(weigh_words), texts, labels)


@pytest.mark.paper
def test_each_resource_has_a_say(folder: Path, resources: AttackResources, monkeypatch) -> None:
    """Else their equality would show nothing."""
    found = outcomes(resources)
    unstored = replace(resources.vectors, identity="unstored", stored=None)
    assert outcomes(AttackResources(unstored, resources.encoder)) != found
    backwards = replace(
        resources.vectors, identity="backwards", neighbours=resources.vectors.neighbours[:, ::-1]
    )
    assert outcomes(AttackResources(backwards, resources.encoder)) != found
    assert outcomes(resources, replace(SPEC, settings=TextFooler(similarity=0.99))) != found
    monkeypatch.setattr("kdnas.attacks.recipes.textfooler.tags_agree", lambda *words: True)
    unnamed = replace(resources.vectors, identity="without a tagger")  # so that plans are made anew
    assert outcomes(AttackResources(unnamed, resources.encoder)) != found


@pytest.mark.paper
def test_neither_textattack_nor_flair_is_needed(folder: Path) -> None:
    blocked = BLOCKED.replace('"nltk", ', "")
    program = (
        f"{blocked}\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from attack_texts import reviews, weigh_words\n"
        "from kdnas.attacks import Attacker, CallableVictim\n"
        "from kdnas.records import AttackSpec\n"
        "texts = reviews()\n"
        "labels = weigh_words(texts).argmax(axis=1).tolist()\n"
        "spec = AttackSpec(resources='textattack')\n"
        "found = Attacker(spec).attack(CallableVictim(weigh_words), texts, labels)\n"
        "print(sum(outcome.outcome == 'succeeded' for outcome in found) > 0)\n"
    )
    assert output_of(program) == "True\n"


# Vectors.


@pytest.mark.paper
@pytest.mark.textattack
def test_vectors_are_textattacks(folder: Path, resources: AttackResources) -> None:
    """Words, neighbours and cosines, of which some are stored and off."""
    from kdnas.attacks.textattack.build import _its_own_files

    from textattack.shared import WordEmbedding, utils  # isort: skip

    utils.GLOBAL_OBJECTS.pop("textattack_counterfitted_GLOVE_embedding", None)
    with _its_own_files():
        theirs = WordEmbedding.counterfitted_GLOVE_embedding()
    vectors, decided = resources.vectors, set()
    for row in range(0, len(vectors.words), 97):
        near = [int(other) for other in vectors.neighbours[row][1:51]]
        assert theirs.word2index(vectors.words[row]) == row
        assert near == theirs.nearest_neighbours(row, 50).tolist()
        cosines = [theirs.get_cos_sim(row, other) for other in near]
        for floor in (0.5, 0.6, cosines[3], np.nextafter(cosines[3], 2)):
            expected = [cosine >= floor for cosine in cosines]
            assert vectors.within(floor, row, near) == expected
            decided.update(expected)
    assert decided == {True, False}


class Evil:
    """Its pickle would write a file where it is loaded."""

    def __reduce__(self):
        return Path.touch, (Path("evil"),)


@pytest.mark.parametrize("value", [{"a": 1, "b": [2, "c", 0.5]}, defaultdict(dict, {1: {2: 0.5}})])
@pytest.mark.parametrize("protocol", range(6))
def test_plain_pickles_are_read(value: object, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "value.p"
    path.write_bytes(pickle.dumps(value, protocol))
    assert read_plain_pickle(path) == value


@pytest.mark.parametrize("value", [Evil(), {"a": Evil()}, print, {"a": np.float64(1.0)}])
def test_other_pickles_run_nothing(
    value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "value.p"
    path.write_bytes(pickle.dumps(value))
    with pytest.raises(ValueError, match=r"value\.p: no pickle of plain values \(it names "):
        read_plain_pickle(path)
    assert not (tmp_path / "evil").exists()


def test_every_cut_of_a_pickle_is_refused(tmp_path: Path) -> None:
    path, whole = tmp_path / "value.p", pickle.dumps({"a": 1, "b": {"c": 0.5}})
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="no pickle of plain values"):
            read_plain_pickle(path)


def array_with(path: Path, value: float) -> None:
    array = np.load(path)
    array[7, 3] = value
    np.save(path, array)


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [("paragram.npy", lambda path: array_with(path, np.nan), "a value is not finite"),
     ("nn.npy", lambda path: array_with(path, 300), "a neighbour is no word"),
     ("wordlist.pickle", lambda path: path.write_bytes(pickle.dumps({"a": 0})), "1 words for 300"),
     ("wordlist.pickle", lambda path: path.write_bytes(pickle.dumps(["a"])), "no dict of words"),
     ("wordlist.pickle", lambda path: path.write_bytes(pickle.dumps({"a": Evil()})), "it names"),
     ("cos_sim.p", lambda path: path.write_bytes(pickle.dumps({1: 0.5})), "no dict of dicts"),
     ("cos_sim.p", lambda path: path.write_bytes(pickle.dumps({1: {2: "x"}})), "is no number"),
     ("cos_sim.p", lambda path: path.write_bytes(b"x."), "no pickle of plain values")],
)  # fmt: skip
def test_vectors_damaged_inside_are_one_line(
    name: str, damage, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path))
    place = save_vectors(300 - 4)  # and the accented ones
    damage(place / name)
    with pytest.raises(UserError) as refusal:
        counter_fitted_vectors()
    line = str(refusal.value)
    assert line.startswith(f"the word vectors in {place} cannot be read ({name}: ")
    assert said in line
    assert "\n" not in line


# The encoder.


@pytest.mark.paper
def test_nothing_of_tensorflow_is_said(folder: Path) -> None:
    program = (
        "import os\nfrom kdnas.attacks.resources import UniversalSentenceEncoder\n"
        "before = dict(os.environ)\n"
        "print(UniversalSentenceEncoder()(['a film', 'a good film']).shape)\n"
        "import tensorflow as tf\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())\n"
        "assert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import torch\ntorch.set_num_threads(3)\n{program}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("(2, 512)\n3\n", "")


@pytest.mark.paper
def test_what_others_say_while_it_loads_is_heard_again(folder: Path, capfd) -> None:
    from kdnas.attacks.resources import UniversalSentenceEncoder

    UniversalSentenceEncoder()
    print("heard", file=sys.stderr)
    assert capfd.readouterr().err == "heard\n"


@pytest.mark.paper
def test_another_batch_is_off_by_less_than_its_doubt(resources: AttackResources) -> None:
    texts, encoder = real_texts(400), resources.encoder
    metric = VECTOR_METRICS[encoder.metric]
    alone = np.concatenate([encoder([text]) for text in texts])
    together, reverse = encoder(texts), encoder(texts[::-1])[::-1]
    assert encoder([]).shape == (0, 512)
    pairs = np.random.default_rng(0).integers(len(texts), size=(2, 20_000))
    pairs[1, :9000] = (pairs[0, :9000] + 1) % len(texts)
    found = [metric.similarity(v[pairs[0]], v[pairs[1]]) for v in (alone, together, reverse.copy())]
    off = np.ptp(found, axis=0)
    assert (off <= metric.doubt(found[0]) / 2).all()
    assert off.max() > 0, "the batch has no influence: this shows nothing"


@pytest.mark.paper
def test_its_identity_changes_with_its_variables(folder: Path, tmp_path: Path, monkeypatch) -> None:
    from kdnas.attacks.resources import UniversalSentenceEncoder

    first = UniversalSentenceEncoder().identity
    assert UniversalSentenceEncoder().identity == first
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    save_encoder(seed=1)
    assert UniversalSentenceEncoder().identity != first


def other_models() -> dict:
    """SavedModels that are no sentence encoders, by what is said of them."""
    import tensorflow as tf

    def text_to(function, kind=tf.string):
        @tf.function(input_signature=[tf.TensorSpec([None], kind)])
        def called(self, inputs):
            return function(inputs)

        return type("Other", (tf.Module,), {"__call__": called})()

    return {
        "to EagerTensor of dtype float": text_to(lambda x: x[:, None], tf.float32),
        "1 texts give float32 of shape (1,)": text_to(lambda x: tf.zeros_like(x, tf.float32)),
        "1 texts give int32": text_to(lambda x: tf.strings.length(x)[:, None]),
        "not callable": tf.Module(),
    }


@pytest.mark.paper
def test_savedmodels_of_another_signature_are_one_line(tmp_path: Path, monkeypatch) -> None:
    import tensorflow as tf

    from kdnas.attacks.resources import UniversalSentenceEncoder

    for number, (said, model) in enumerate(other_models().items()):
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / str(number)))
        place = PAPER_FILES["sentence-encoder"].place()
        tf.saved_model.save(model, str(place))
        with pytest.raises(UserError) as refusal:
            UniversalSentenceEncoder()
        line = str(refusal.value)
        assert line.startswith(f"the SavedModel in {place} is no sentence encoder (")
        assert said in line
        assert "\n" not in line


@pytest.mark.paper
def test_so_are_damaged_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the right size, so that only their checksum tells."""
    from kdnas.attacks.resources import UniversalSentenceEncoder

    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    data = save_encoder() / "variables" / "variables.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 255
    data.write_bytes(content)
    assert PAPER_FILES["sentence-encoder"].problem() == ""
    with pytest.raises(UserError, match=r"is no sentence encoder \([^{]*[Cc]hecksum"):
        UniversalSentenceEncoder()


# The tagger.


@pytest.mark.paper
def test_a_tagger_of_another_form_is_one_line(tmp_path: Path) -> None:
    """In a process of its own: NLTK keeps the tags that it has read."""
    program = (
        "from kdnas.attacks.resources.tagger import load_tagger\n"
        "from kdnas.errors import UserError\n"
        "try:\n    load_tagger()\nexcept UserError as error:\n    print(error)\n"
    )
    with looked_for_in(tmp_path):
        place = save_tagger()
        (place.parent / "universal_tagset" / "en-ptb.map").write_text("NN\tHORSE\n")
        said = output_of(program)
    assert said.startswith(f"NLTK's tagger in {place} cannot be read (Unexpected coarse tag: HORSE")
    assert said.count("\n") == 1


TAGGED = ("film", "good", "The", "run", "runs", "quickly", "café", "2001", "x-y", "$", "of", "seen")
few = st.lists(st.sampled_from(TAGGED), max_size=4)


@pytest.mark.paper
@given(before=few, word=st.sampled_from(TAGGED), after=few)
def test_tags_are_nltks(folder: Path, before: list[str], word: str, after: list[str]) -> None:
    """Those of the whole context at once; of equal words the first one's."""
    import nltk

    from kdnas.attacks.resources.tagger import _tag, load_tagger

    expected: dict[str, str] = {}
    for token, tag in load_tagger()._model.tag([*before, word, *after]):
        expected.setdefault(token, nltk.map_tag("en-ptb", "universal", tag))
    assert _tag(tuple(before), word, tuple(after)) == expected[word]


@pytest.mark.paper
def test_plans_of_another_tagger_are_others(folder: Path, tmp_path: Path) -> None:
    from kdnas.attacks.resources import tagger_identity

    first = tagger_identity()
    with looked_for_in(tmp_path):
        place = save_tagger()
        assert tagger_identity() == first
        (place / "averaged_perceptron_tagger_eng.tagdict.json").write_text(json.dumps({"a": "DT"}))
        assert tagger_identity() != first


def test_stand_ins_are_in_places_of_their_own(tmp_path: Path) -> None:
    with looked_for_in(tmp_path):
        assert all(file.place().is_relative_to(tmp_path) for file in PAPER_FILES.values())
    assert len(places(tmp_path)) == len(PAPER_FILES)
