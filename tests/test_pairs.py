"""Pairs of texts: read from files, cut, encoded, and learned by students from data to export."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attack_texts import swaps, texts
from heavy import TINY_ARCHITECTURE, tiny_overrides
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import kdnas, output_of

from kdnas.attacks.cutting import split_parts
from kdnas.attacks.parts import deletion, swap_texts
from kdnas.attacks.tokens import Tokens, cut_longest_first
from kdnas.config import TaskSettings, load_config
from kdnas.errors import UserError
from kdnas.evaluation import load_task, prepare
from kdnas.offline import offline_path
from kdnas.records import as_read, columns_of, written
from kdnas.runs import FILE_NAME, Archive
from kdnas.tasks import Columns, LabelledTexts, Task, build_task, overlap_share, word_boundary_cut
from kdnas.tasks.groups import near_duplicates
from kdnas.training import Row, encode, rows_of, take

CPU = torch.device("cpu")
PAIRS = [("a good film", "it is good"), ("bad", "so it is said of a long film"), ("x", "y")]

lines = st.text(max_size=40).map(lambda text: " ".join(text.split()))
pairs = st.tuples(lines.filter(bool), lines.filter(bool))


@cache
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(offline_path("minilm")))


def their_rows(found: list[tuple[str, str]], length: int) -> list[Row]:
    """What transformers itself makes of pairs."""
    columns = [list(column) for column in zip(*found, strict=True)]
    rows = tokenizer()(*columns, truncation=True, max_length=length)
    return list(map(Row, rows["input_ids"], rows["token_type_ids"]))


# --- one string for a pair


@given(st.one_of(lines, pairs))
def test_what_is_written_is_read_again(text: Any) -> None:
    assert as_read(written(text)) == text
    assert columns_of(text) == columns_of(written(text))


# --- encoding


@given(st.lists(pairs, min_size=1, max_size=5), st.integers(8, 40))
def test_pairs_are_encoded_and_padded_as_by_transformers(found: Any, length: int) -> None:
    columns = [list(column) for column in zip(*found, strict=True)]
    theirs = tokenizer()(
        *columns, truncation=True, max_length=length, padding=True, return_tensors="pt"
    )
    batch = take(encode(tokenizer(), found, length), np.arange(len(found)), CPU)
    assert batch.segments is not None
    assert torch.equal(batch.ids, theirs["input_ids"])
    assert torch.equal(batch.mask, theirs["attention_mask"].bool())
    assert torch.equal(batch.segments, theirs["token_type_ids"])


def test_single_texts_have_no_segments_and_some_texts_stay_as_they_are() -> None:
    assert encode(tokenizer(), ["a good film", "bad"], 8).segments is None
    encoded = encode(tokenizer(), PAIRS, 32)
    last = take(encoded[-1:], np.array([0]), CPU)
    assert encoded.segments is not None
    assert len(encoded[-1:]) == 1
    assert last.segments is not None
    assert last.segments.tolist() == [[0, 0, 0, 1, 1]]


def test_the_longer_string_gives_way_as_with_transformers() -> None:
    """For every two lengths up to 12."""
    for a in range(1, 13):
        for b in range(1, 13):
            for room in range(1, 14):
                [row] = their_rows([("a " * a, "b " * b)], room + 3)
                kept = (row.ids.count(1037), row.ids.count(1038))
                assert cut_longest_first(a, b, room) == kept, (a, b, room)


@settings(max_examples=300)
@given(texts, texts, st.lists(swaps, min_size=1, max_size=3))
def test_spliced_rows_of_pairs_are_those_of_the_whole_pair(
    premise: str, hypothesis: str, words: list[str]
) -> None:
    pair = tuple(" ".join(each.split()) for each in (premise, hypothesis))
    parts = split_parts(written(pair)) or ("\n",)
    for length in (8, 13, 512):
        tokens = Tokens(tokenizer(), length, pairs=True)
        for i in range(len(parts) // 2):
            expected = [as_read(text) for text in swap_texts(parts, i, words)]
            assert tokens.swap_rows(parts, i, words) == their_rows(expected, length)
        shorter = [as_read(deletion(parts, i)) for i in range(len(parts) // 2)]
        expected = their_rows(shorter, length) if shorter else []
        assert tokens.deletion_rows(parts, range(len(shorter))) == expected


def test_pairs_are_spliced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would say nothing about it."""
    tokens = Tokens(tokenizer(), 64, pairs=True)
    parts = split_parts("a good film\nit is good, isn't it")
    assert parts is not None
    monkeypatch.setattr(tokens, "rows", lambda texts: pytest.fail("the whole text was tokenised"))
    for i in range(len(parts) // 2):
        tokens.swap_rows(parts, i, ["bad", "great"])
    tokens.deletion_rows(parts, range(len(parts) // 2))


# --- cutting


@given(pairs, st.integers(9, 24))
def test_a_pair_is_cut_at_words_until_it_fits(pair: tuple[str, str], length: int) -> None:
    cut = word_boundary_cut(tokenizer(), length)(pair)
    assert isinstance(cut, tuple)
    [row] = rows_of(tokenizer(), [cut], 512)
    assert len(row.ids) <= length
    for short, whole in zip(cut, pair, strict=True):
        assert whole.startswith(short)
    fits = len(rows_of(tokenizer(), [pair], 512)[0].ids) <= length
    assert (cut == pair) == fits


def test_the_longer_string_is_cut_first() -> None:
    cut = word_boundary_cut(tokenizer(), 11)
    assert cut(("a b", "c d e f g h i j")) == ("a b", "c d e f g h")
    assert cut(("c d e f g h i j", "a b")) == ("c d e f g h", "a b")
    assert cut(("a b c d e f", "g h i j k l")) == ("a b c d", "g h i j")


# --- reading


def rows(count: int, start: int = 0) -> list[str]:
    """Lines of pairs without a common 4-gram; the labels take turns."""
    numbers = range(start, start + count)
    return [f"p{i} a{i} b{i} c{i}\th{i} d{i} e{i}\t{'ny'[i % 2]}" for i in numbers]


def file_of(path: Path, *lines: str, header: str = "premise\thypothesis\tlabel") -> str:
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


def pair_task(name: str, premise: str | None = "premise", **changes: Any) -> Task:
    chosen = TaskSettings(name=name, premise_column=premise, **changes)
    return build_task(lambda text: text, **dict(chosen))


def test_a_task_of_pairs_has_both_strings(tmp_path: Path) -> None:
    task = pair_task(file_of(tmp_path / "train.tsv", *rows(60)))
    assert not [remark for remark in task.remarks if "one text per example" in remark]
    assert sorted(task.train.texts + task.search.texts + task.report.texts) == sorted(
        tuple(line.split("\t")[:2]) for line in rows(60)
    )
    assert task.train.sha256 != pair_task(file_of(tmp_path / "b.tsv", *rows(60, 1))).train.sha256


@pytest.mark.parametrize(
    ("header", "premise", "text"),
    [
        ("question1\tquestion2\tlabel", "question1", None),
        ("sentence1\tsentence2\tlabel", "sentence1", None),
        ("question\tsentence\tlabel", "question", None),
        ("this\tthat\tlabel", "this", "that"),
        ("sentence2\tsentence1\tlabel", "sentence2", "sentence1"),
    ],
)
def test_the_second_string_is_the_usual_partner_or_named(
    header: str, premise: str, text: str | None, tmp_path: Path
) -> None:
    file = file_of(tmp_path / "train.tsv", *rows(60), header=header)
    task = pair_task(file, premise, text_column=text)
    assert task.train.texts[0][0].startswith("p")
    assert task.train.texts[0][1].startswith("h")


def test_one_column_is_read_where_no_premise_is_named(tmp_path: Path) -> None:
    file = file_of(tmp_path / "train.tsv", *rows(60))
    task = pair_task(file, None, text_column="hypothesis")
    assert isinstance(task.train.texts[0], str)
    assert "'premise' is not used (task.premise_column=NAME reads pairs)" in task.remarks[0]


REFUSED = {
    "no premise": (
        {"premise": "nosuch", "text_column": "hypothesis"},
        "no column 'nosuch'.*task.premise_column=NAME",
    ),
    "twice": (
        {"premise": "premise", "text_column": "premise"},
        "column 'premise' cannot be both strings of a pair; name the other",
    ),
    "numbers": ({"premise": "label"}, "none of text, sentence"),
    "no partner": ({"premise": "hypothesis"}, "has none of text, sentence, content, review"),
    "single": ({"premise": None}, "task.premise_column=NAME reads pairs"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_pair_that_cannot_be_read_is_one_line(case: str, tmp_path: Path) -> None:
    changes, words = REFUSED[case]
    with pytest.raises(UserError, match=words) as refused:
        pair_task(file_of(tmp_path / "train.tsv", *rows(60)), **changes)
    assert "\n" not in str(refused.value)


def test_numbers_for_a_premise_are_one_line(tmp_path: Path) -> None:
    row = {"premise": 3, "hypothesis": "a film", "label": "y"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | {"label": "n"}))
    with pytest.raises(UserError, match=r"'premise' holds 3, not text.*task\.premise_column=NAME"):
        pair_task(str(tmp_path / "a.jsonl"))


def test_a_blank_half_drops_the_row_and_counts(tmp_path: Path) -> None:
    blank = ["\th\ty", "p\t \tn", " \t \ty"]
    task = pair_task(file_of(tmp_path / "train.tsv", *rows(60), *blank))
    assert task.empty == 3
    with pytest.raises(UserError, match="none of the 2 rows has a text and a label"):
        pair_task(file_of(tmp_path / "blank.tsv", "\th\ty", "p\t\tn"))


def test_pairs_are_the_same_only_in_both_strings(tmp_path: Path) -> None:
    again = [
        rows(1)[0].upper().replace("\tN", "\tn"),
        "p0 a0 b0 c0\tanother\tn",
        "new\th0 d0 e0\ty",
    ]
    task = pair_task(file_of(tmp_path / "train.tsv", *rows(60), *again))
    assert task.duplicates == 1
    assert sum(map(len, task.splits.values())) == 62
    other = rows(1)[0].replace("\tn", "\ty")
    assert pair_task(file_of(tmp_path / "b.tsv", *rows(60), other)).duplicates == 2


def test_near_duplicates_and_overlaps_are_those_of_the_joined_text() -> None:
    found = [("a very good", "film indeed"), ("no", "yes"), ("a very good film", "it")]
    joined = [" ".join(pair) for pair in found]
    assert near_duplicates(found) == near_duplicates(joined) == [0, 1, 0]
    assert overlap_share(found[:1], found[2:]) == overlap_share(joined[:1], joined[2:])


def test_labelled_pairs_are_read_for_a_model(tmp_path: Path) -> None:
    read = LabelledTexts.read(
        file_of(tmp_path / "a.tsv", *rows(3), "\th\ty"), Columns(premise="premise")
    )
    assert (read.texts[0], read.rows, read.empty) == (("p0 a0 b0 c0", "h0 d0 e0"), (1, 2, 3), 1)


# --- students


SUBJECTS, OTHERS = ("film", "song", "book", "play"), ("cat", "dog", "cow", "hen")


def learnable(count: int) -> list[str]:
    """Pairs whose label is whether both strings are of one subject: neither alone tells it."""
    rng = np.random.default_rng(1)
    found = []
    for i in range(count):
        subjects = (SUBJECTS, OTHERS)
        first = int(rng.integers(2))
        second = first if i % 2 else 1 - first
        premise, hypothesis = (str(rng.choice(subjects[k])) for k in (first, second))
        found.append(f"the {premise} n{i}\tsome {hypothesis} m{i}\t{'yes' if i % 2 else 'no'}")
    return found


@pytest.fixture(scope="module")
def overrides(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A search on pairs."""
    folder = tmp_path_factory.mktemp("pairs")
    changes = (f'task.name="{file_of(folder / "train.tsv", *learnable(300))}"',
               "task.premise_column=premise", "task.max_overlap=1", "search.evaluations=4",
               "attack.texts=10")  # fmt: skip
    return tiny_overrides(tiny_teacher, *changes)


@pytest.fixture(scope="module")
def run(overrides: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    kdnas("search", *(f"--set={each}" for each in overrides), "--out", folder)
    return folder


def test_teacher_and_student_are_told_the_segments(overrides: list[str]) -> None:
    prepared = prepare(load_config(overrides=overrides))
    assert prepared.lesson.texts.segments is not None
    assert prepared.lesson.texts.segments.max() == 1
    teacher = prepared.teacher.load(CPU)
    text = prepared.task.search.texts[0]
    with torch.no_grad():
        own = teacher(**prepared.tokenizer(*text, return_tensors="pt")).logits[0]
    assert np.allclose(prepared.search_logits[0], own, atol=1e-5)


def test_a_run_keeps_both_strings_and_is_sound(run: Path, overrides: list[str]) -> None:
    task = load_task(load_config(overrides=overrides))
    with Archive.read(run / FILE_NAME) as archive:
        kept = archive.originals("search")
        changed = [t for row in archive.rows() for t in archive.texts(row.birth, "search")]
    assert [text for _, text in kept] == list(task.search.head(10).texts)
    for text in (t for t in changed if t.outcome == "succeeded"):
        (premise, hypothesis), (_, original) = text.perturbed, kept[text.index]
        assert (premise, hypothesis) != original
        assert premise == original[0]
        assert hypothesis != original[1]
    assert "no contradiction" in kdnas("verify", run).stdout
    assert kdnas("front", run).stdout
    assert kdnas("show", run).stdout


@pytest.fixture(scope="module")
def exported(run: Path) -> Path:
    key = json.loads(kdnas("show", run, "--json").stdout)[0]["key"]
    kdnas("export", run, key, "--out", run / "model")
    return run / "model"


def test_an_exported_student_of_pairs_works_in_a_pipeline(exported: Path) -> None:
    """In plain transformers, with the logits of the library itself."""
    from kdnas.teachers import load_trained_classifier
    from kdnas.training import logits_of, predict

    program = (
        "import json, sys, kdnas.students\n"
        "from transformers import pipeline\n"
        f"classify = pipeline('text-classification', {str(exported)!r})\n"
        "asked = [{'text': a, 'text_pair': b} for a, b in json.load(sys.stdin)]\n"
        "found = [classify(each, top_k=None, function_to_apply='none') for each in asked]\n"
        "print(json.dumps([{one['label']: one['score'] for one in each} for each in found]))"
    )
    told = json.loads(output_of(program, json.dumps(PAIRS)))
    student, own = load_trained_classifier(exported)
    logits = predict(logits_of(student), encode(own, PAIRS, 32), CPU)
    assert np.allclose([[each["no"], each["yes"]] for each in told], logits, atol=1e-5)
    turned = predict(logits_of(student), encode(own, [pair[::-1] for pair in PAIRS], 32), CPU)
    assert np.abs(turned - logits).max() > 1e-4
    assert "text_pair" in (exported / "README.md").read_text()


def test_an_exported_student_of_pairs_is_attacked(exported: Path, tmp_path: Path) -> None:
    data = file_of(tmp_path / "data.tsv", *learnable(8))
    command = ["attack", "--model", exported, "--data", data, "--premise-column", "premise"]
    found = json.loads(kdnas(*command, "--set", "vocabulary=1000", "--json").stdout)
    assert [record["original"] for record in found] == [
        line.split("\t")[:2] for line in learnable(8)
    ]
    for record in (each for each in found if each["perturbed"]):
        assert record["perturbed"][0] == record["original"][0]
    assert "8 texts: " in kdnas(*command, "--recipe", "deepwordbug").stdout


def test_one_architecture_of_pairs_through_the_pipeline(
    overrides: list[str], tmp_path: Path
) -> None:
    (tmp_path / "arch.json").write_text(TINY_ARCHITECTURE.to_json())
    chosen = [f"--set={each}" for each in overrides]
    [found] = json.loads(kdnas("evaluate", tmp_path / "arch.json", "--json", *chosen).stdout)
    assert found["report"]["attacked"] == 4
