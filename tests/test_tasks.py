"""Tasks: every source and file format, the splits' guarantees, the cut, the overlap, the errors."""

import csv
import json
import socket
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import datasets
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from programs import output_of
from pyarrow import parquet

from kdnas import registry
from kdnas.config import TASKS, TaskSettings, load_config
from kdnas.errors import UserError
from kdnas.offline import offline_path
from kdnas.tasks import (
    LabelledTexts,
    Split,
    Task,
    build_task,
    overlap_share,
    word_boundary_cut,
)
from kdnas.tasks.clean import clean
from kdnas.tasks.divide import divide, stratified_order
from kdnas.tasks.groups import near_duplicates
from kdnas.tasks.hub import read_hub
from kdnas.tasks.overlap import grams

Row = tuple[str, str]

NASTY = [
    'he said "no, never"',
    "it 's 5 , 6",
    "a 'quoted' \"half",
    "naïve café 日本",
    "  two   gaps ",
]


def uncut(text):
    return text


def one_line(text):
    return " ".join(text.split())


def rows(n, labels=("0", "1"), word="w", period=None) -> list[Row]:
    """Distinct texts without a common 4-gram; the labels take turns."""
    texts = [f"{word}{i} a{i} b{i} c{i} d{i}" for i in range(n)]
    return [
        (text, labels[i % (period or len(labels)) % len(labels)]) for i, text in enumerate(texts)
    ]


def write_csv(path, header, data):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows(([header] if header else []) + [list(row) for row in data])


def write_tsv(path, header, data):
    lines = ["\t".join(row) for row in ([header] if header else []) + list(data)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_json_lines(path, header, data):
    lines = [json.dumps(dict(zip(header, row, strict=True))) for row in data]
    path.write_text("\n".join(lines), encoding="utf-8")


def table_of(header, data):
    return {name: [row[i] for row in data] for i, name in enumerate(header)}


def task_of(settings: TaskSettings, cut: Callable[[str], str]) -> Task:
    return build_task(cut, **dict(settings))


def local_task(folder, data, validation=None, **changes) -> Task:
    write_csv(folder / "train.csv", ["text", "label"], data)
    if validation is not None:
        write_csv(folder / "validation.csv", ["text", "label"], validation)
        changes["validation"] = str(folder / "validation.csv")
    return task_of(TaskSettings(name=str(folder / "train.csv"), **changes), uncut)


def named_rows(task, *splits) -> list[Row]:
    chosen = splits or (task.train, task.search, task.report)
    return [
        (text, task.label_names[label])
        for split in chosen
        for text, label in zip(split.texts, split.labels, strict=True)
    ]


@pytest.fixture(scope="module", params=["bbc_news", "rotten_tomatoes"])
def offline_task(request):
    settings = TaskSettings(name=request.param, max_overlap=1)
    return task_of(settings, lambda text: " ".join(text.split()[:50]))


# --- the offline tasks


def test_the_offline_tasks_are_the_known_data():
    films = task_of(TaskSettings(name="rotten_tomatoes"), uncut)
    assert films.label_names == ("negative", "positive")
    assert films.sentiment
    assert (len(films.train), len(films.search), len(films.report)) == (6824, 853, 853)
    assert ("interminably bleak , to say nothing of boring .", "negative") in named_rows(films)
    news = task_of(TaskSettings(name="bbc_news"), uncut)
    assert news.label_names == ("business", "entertainment", "politics", "sports", "tech")
    assert not news.sentiment
    # Of 2,225 articles, 2,124 are distinct but for case and white space.
    assert sum(map(len, news.splits.values())) + news.duplicates == 2225
    assert any("£15.8m" in text for text, _ in named_rows(news)), "Latin-1 was not decoded"
    assert not any("\n" in text or "�" in text for text, _ in named_rows(news))


def test_offline_validation_was_not_cut_from_training(offline_task):
    validation = offline_task.search.texts + offline_task.report.texts
    assert offline_task.overlap == overlap_share(validation, offline_task.train.texts)
    assert offline_task.overlap <= 0.01


def test_offline_splits_are_disjoint_and_stratified(offline_task):
    keys = [text.lower() for split in offline_task.splits.values() for text in split.texts]
    assert len(keys) == len(set(keys))
    everything = Counter(label for s in offline_task.splits.values() for label in s.labels)
    for split in offline_task.splits.values():
        for label, count in Counter(split.labels).items():
            expected = everything[label] / len(keys) * len(split)
            assert abs(count - expected) <= 2


def test_the_summary_is_json_and_marks_offline_tasks(offline_task):
    summary = json.loads(json.dumps(offline_task.summary()))
    assert summary["offline"] is True
    assert summary["licence"]
    assert summary["labels"] == list(offline_task.label_names)
    assert summary["splits"]["search"]["texts"] == len(offline_task.search)
    share = offline_task.majority_share(offline_task.train)
    assert summary["splits"]["train"]["majority_share"] == share
    assert (summary["pairs"], summary["metric"]) == (False, "accuracy")
    assert summary["fingerprint"] == offline_task.fingerprint


def test_importing_tasks_and_building_an_offline_one_stays_cheap():
    code = (
        "import sys; from kdnas.config import TaskSettings; from kdnas.tasks import build_task;"
        "build_task(str, **dict(TaskSettings()));"
        "print([m for m in ('datasets', 'torch', 'transformers', 'pandas') if m in sys.modules])"
    )
    assert output_of(code).strip() == "[]"


# --- formats


def write_parquet(path, header, data):
    parquet.write_table(pa.table(table_of(header, data)), path)


def write_parquet_with_class_names(path, header, data):
    names = sorted({row[1] for row in data})
    numbered = [(text, names.index(label)) for text, label in data]
    features = datasets.Features(
        {header[0]: datasets.Value("string"), header[1]: datasets.ClassLabel(names=names)}
    )
    datasets.Dataset.from_dict(table_of(header, numbered), features=features).to_parquet(path)


def write_saved_folder(path, header, data):
    datasets.Dataset.from_dict(table_of(header, data)).save_to_disk(path)


FORMATS = {
    "data.tsv": write_tsv,
    "data.csv": write_csv,
    "data.jsonl": write_json_lines,
    "data.json": write_json_lines,
    "plain.parquet": write_parquet,
    "classes.parquet": write_parquet_with_class_names,
    "folder": write_saved_folder,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("labels", [("0", "1"), ("spam", "ham")])
def test_every_format_gives_back_its_rows(tmp_path, name, labels):
    data = rows(40, labels) + [(text, labels[0]) for text in NASTY]
    FORMATS[name](tmp_path / name, ["text", "label"], data)
    task = task_of(TaskSettings(name=str(tmp_path / name)), uncut)
    expected = sorted((one_line(text), label) for text, label in data)
    assert sorted(named_rows(task)) == expected
    assert task.label_names == tuple(sorted(labels))
    assert not task.offline
    assert task.licence == "not stated"
    assert {split.origin for split in task.splits.values()} == {str(tmp_path / name)}


@pytest.mark.parametrize(("name", "write"), [("data.tsv", write_tsv), ("data.csv", write_csv)])
def test_two_columns_without_a_header_are_text_and_label(tmp_path, name, write):
    data = rows(30)
    write(tmp_path / name, None, data)
    task = task_of(TaskSettings(name=str(tmp_path / name)), uncut)
    assert sorted(named_rows(task)) == sorted(data)


def test_quotes_are_characters_in_tsv_and_quoting_in_csv(tmp_path):
    body = "".join(f"{text}\t{label}\n" for text, label in rows(30))
    (tmp_path / "a.tsv").write_text('text\tlabel\n"open\t0\nclose"\t1\n' + body)
    texts = [t for t, _ in named_rows(task_of(TaskSettings(name=str(tmp_path / "a.tsv")), uncut))]
    assert '"open' in texts
    assert 'close"' in texts
    (tmp_path / "a.csv").write_text(
        'text,label\n"one, ""two""\nthree",0\n' + body.replace("\t", ",")
    )
    texts = [t for t, _ in named_rows(task_of(TaskSettings(name=str(tmp_path / "a.csv")), uncut))]
    assert 'one, "two" three' in texts


def test_a_csv_field_may_be_longer_than_the_limit_of_the_csv_module(tmp_path):
    limit = csv.field_size_limit()
    texts = ["word " * 30_000 + str(i) for i in range(4)]
    write_csv(tmp_path / "long.csv", ("text", "label"), [(t, i % 2) for i, t in enumerate(texts)])
    found = LabelledTexts.read(str(tmp_path / "long.csv")).among(["0", "1"])
    assert list(found.texts) == texts
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.CSV", "text,label\na b,0\nc d,1\n"),
        ("a.csv", "text, label\na b,0\nc d,1\n"),
        ("a.csv", "text,label\ra b,0\rc d,1\r"),
        ("a.TSV", "text\tlabel \na b\t0\nc d\t1\n"),
    ],
)
def test_endings_headers_and_lines_are_read_as_people_write_them(tmp_path, name, content):
    (tmp_path / name).write_bytes(content.encode())
    found = LabelledTexts.read(str(tmp_path / name)).among(["0", "1"])
    assert (found.texts, found.labels) == (("a b", "c d"), (0, 1))


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_data(tmp_path):
    content = "text\tlabel\r\n" + "".join(f"{t}\t{label}\r\n" for t, label in rows(30))
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    task = task_of(TaskSettings(name=str(tmp_path / "a.tsv")), uncut)
    assert sorted(named_rows(task)) == sorted(rows(30))


FRAME = {
    "text": ["a warm film", 'a "dull"\nfilm, too', None, "naïve 日本 👩\u200d👧"],
    "label": [1, 0, None, None],
}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_files_are_read_as_pandas_writes_them(tmp_path, name):
    """With a column of row numbers, and class numbers that a missing label makes 1.0 and 0.0."""
    import pandas as pd

    frame = pd.DataFrame(FRAME)
    write = {
        "a.csv": frame.to_csv,
        "a.jsonl": lambda path: frame.to_json(path, orient="records", lines=True),
        "a.parquet": frame.to_parquet,
    }
    write[name](tmp_path / name)
    read = LabelledTexts.read(str(tmp_path / name))
    assert read.texts == ("a warm film", 'a "dull" film, too', "naïve 日本 👩\u200d👧")
    assert (read.labels, read.empty) == (("1", "0", None), 1)


def test_files_are_read_as_excel_writes_them(tmp_path):
    """With a byte order mark, cells of several lines, and rows and columns of empty cells."""
    lines = ["text,label,,", '"a warm\nfilm, ""too""",positive,,', "a dull film,negative,,", ",,,"]
    content = "".join(f"{line}\r\n" for line in lines)
    (tmp_path / "a.csv").write_bytes(content.encode("utf-8-sig"))
    read = LabelledTexts.read(str(tmp_path / "a.csv"))
    assert (read.texts, read.empty) == (('a warm film, "too"', "a dull film"), 1)
    assert read.labels == ("positive", "negative")


@pytest.mark.parametrize("column", ["text", "sentence", "content", "review"])
def test_the_usual_text_columns_are_found(tmp_path, column):
    data = [(f"id{i}", *row) for i, row in enumerate(rows(30))]
    write_csv(tmp_path / "a.csv", ["id", column, "label"], data)
    task = task_of(TaskSettings(name=str(tmp_path / "a.csv")), uncut)
    assert sorted(named_rows(task)) == sorted(rows(30))


def test_columns_can_be_named(tmp_path):
    data = [("wrong", text, label, "7") for text, label in rows(30)]
    write_csv(tmp_path / "a.csv", ["text", "phrase", "mood", "label"], data)
    settings = TaskSettings(name=str(tmp_path / "a.csv"), text_column="phrase", label_column="mood")
    assert sorted(named_rows(task_of(settings, uncut))) == sorted(rows(30))


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["10", "9", "-2"], ("-2", "9", "10")),
        (["1.0", "0.0"], ("0", "1")),
        (["v1.0", "1.05.0"], ("1.05.0", "v1.0")),
        ([3, 1, 2], ("1", "2", "3")),
        ([1.0, 0.0, 2.0], ("0", "1", "2")),
        ([True, False], ("0", "1")),
        (["b", "a", "10"], ("10", "a", "b")),
    ],
)
def test_classes_are_sorted_as_numbers_or_as_text(tmp_path, written, names):
    data = [(text, written[i % len(written)]) for i, (text, _) in enumerate(rows(60))]
    write_json_lines(tmp_path / "a.jsonl", ["text", "label"], data)
    assert task_of(TaskSettings(name=str(tmp_path / "a.jsonl")), uncut).label_names == names


@pytest.mark.parametrize(
    ("texts", "different", "taken"), [(1040, 21, False), (1050, 21, True), (200, 20, True)]
)
def test_many_numbers_with_few_texts_each_are_scores(tmp_path, texts, different, taken):
    scores = [str(i + 1) for i in range(different)]
    if taken:
        assert local_task(tmp_path, rows(texts, scores), search=different).label_names == (*scores,)
        return
    with pytest.raises(
        UserError, match=r"like scores, .* 21 different numbers from 1 to 21: task\.metric="
    ):
        local_task(tmp_path, rows(texts, scores))
    words = [f"class {score}" for score in scores]
    assert len(local_task(tmp_path, rows(texts, words)).label_names) == different


@pytest.mark.parametrize(
    ("columns", "asked", "remark"),
    [
        (("premise", "hypothesis"), "premise", "from column 'premise'; 'hypothesis' is not used"),
        (
            ("sentence2", "sentence1"),
            "sentence2",
            "from column 'sentence2'; 'sentence1' is not used",
        ),
        (("question", "sentence"), None, "from column 'sentence'; 'question' is not used"),
        (("question", "text"), None, None),
        (("text", "premise"), None, None),
    ],
)
def test_of_a_pair_of_texts_one_is_read_and_said(tmp_path, columns, asked, remark):
    data = [(text, f"other {text}", label) for text, label in rows(30)]
    write_csv(tmp_path / "a.csv", [*columns, "label"], data)
    task = task_of(TaskSettings(name=str(tmp_path / "a.csv"), text_column=asked), uncut)
    way_out = " (task.premise_column=NAME reads pairs)"
    expected = f"one text per example is read, {remark}{way_out}" if remark else ""
    assert task.remarks[:-1] == ((expected,) if expected else ())  # the last: there are few


# --- data sets with several splits


def saved_dict(folder, splits, names=("positive", "negative")):
    """Saves splits of (text, class number) rows with class names, in an unsorted order."""
    features = datasets.Features(
        {"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=list(names))}
    )
    made = {
        name: datasets.Dataset.from_dict(table_of(["sentence", "label"], data), features=features)
        for name, data in splits.items()
    }
    datasets.DatasetDict(made).save_to_disk(folder / "saved")
    return TaskSettings(name=str(folder / "saved"))


def numbered(n, word, hidden=False):
    return [(text, -1 if hidden else int(label)) for text, label in rows(n, word=word)]


def test_test_is_for_the_report_and_validation_for_the_search(tmp_path):
    splits = {"train": numbered(40, "x"), "dev": numbered(12, "y"), "test": numbered(20, "z")}
    settings = saved_dict(tmp_path, splits)
    task = task_of(settings, uncut)
    assert task.label_names == ("positive", "negative")
    assert task.sentiment
    for split, data, name in zip(task.splits.values(), splits.values(), splits, strict=True):
        assert sorted(zip(split.texts, split.labels, strict=True)) == sorted(data)
        assert split.origin == f"{settings.name} {name}"


def test_a_test_split_without_labels_does_not_count(tmp_path):
    hidden = numbered(50, "z", hidden=True)
    splits = {"train": numbered(40, "x"), "validation": numbered(872, "y"), "test": hidden}
    task = task_of(saved_dict(tmp_path, splits), uncut)
    # The sizes that SST-2 is to be split into.
    assert (len(task.train), len(task.search), len(task.report)) == (40, 400, 472)
    assert task.empty == 0
    validation = sorted(splits["validation"])
    found = [*zip(task.search.texts, task.search.labels, strict=True)]
    found += zip(task.report.texts, task.report.labels, strict=True)
    assert sorted(found) == validation


def test_hidden_numbers_do_not_count_without_class_names_either(tmp_path):
    data = {name: table_of(["text", "label"], numbered(n, name)) for name, n in [("train", 60)]}
    data["test"] = table_of(["text", "label"], numbered(30, "z", hidden=True))
    made = {name: datasets.Dataset.from_dict(columns) for name, columns in data.items()}
    datasets.DatasetDict(made).save_to_disk(tmp_path / "saved")
    task = task_of(TaskSettings(name=str(tmp_path / "saved")), uncut)
    assert sum(map(len, task.splits.values())) == 60
    assert task.label_names == ("0", "1")


def test_one_split_of_any_name_is_divided(tmp_path):
    task = task_of(saved_dict(tmp_path, {"test": numbered(100, "x")}), uncut)
    assert (len(task.train), len(task.search), len(task.report)) == (60, 20, 20)


def test_a_second_file_is_the_validation(tmp_path):
    task = local_task(tmp_path, rows(30), rows(20, word="v"))
    assert sorted(named_rows(task, task.train)) == sorted(rows(30))
    assert sorted(named_rows(task, task.search, task.report)) == sorted(rows(20, word="v"))
    assert task.train.origin == str(tmp_path / "train.csv")
    assert task.search.origin == task.report.origin == str(tmp_path / "validation.csv")


def test_a_saved_folder_as_validation_keeps_its_test_split(tmp_path):
    splits = {"train": numbered(9, "x"), "validation": numbered(8, "y"), "test": numbered(6, "z")}
    saved = saved_dict(tmp_path, splits, names=("0", "1"))
    write_csv(tmp_path / "a.csv", ["text", "label"], rows(30))
    settings = TaskSettings(name=str(tmp_path / "a.csv"), validation=saved.name)
    task = task_of(settings, uncut)
    assert sorted(named_rows(task, task.train)) == sorted(rows(30))
    assert sorted(named_rows(task, task.search)) == sorted(rows(8, word="y"))
    assert sorted(named_rows(task, task.report)) == sorted(rows(6, word="z"))


def test_a_path_is_read_instead_of_the_hub_and_the_name_stays(tmp_path):
    write_tsv(tmp_path / "train.tsv", ["text", "label"], rows(30))
    write_csv(tmp_path / "dev.csv", ["text", "label"], rows(20, word="v"))
    (tmp_path / "README.md").write_text("not a split")
    task = task_of(TaskSettings(name="glue/sst2", path=str(tmp_path)), uncut)
    assert task.name == "glue/sst2"
    assert sorted(named_rows(task, task.train)) == sorted(rows(30))
    assert sorted(named_rows(task, task.search, task.report)) == sorted(rows(20, word="v"))


def test_two_files_for_one_split_are_refused(tmp_path):
    for name in ("dev.csv", "valid.csv"):
        write_csv(tmp_path / name, ["text", "label"], rows(30))
    with pytest.raises(UserError, match=r"two files for validation, one is valid\.csv"):
        task_of(TaskSettings(path=str(tmp_path)), uncut)


# --- the protocol of the paper


def test_the_paper_selects_and_reports_on_all_of_validation(tmp_path):
    task = local_task(tmp_path, rows(30), rows(20, word="v"), protocol="paper")
    assert task.report is task.search
    assert sorted(named_rows(task, task.report)) == sorted(rows(20, word="v"))
    capped = local_task(tmp_path, rows(30), rows(20, word="v"), protocol="paper", report=8)
    assert capped.report == capped.search == task.report.head(8)


def test_the_paper_carves_one_part_out_of_one_pool(tmp_path):
    task = local_task(tmp_path, rows(100), protocol="paper")
    assert task.report == task.search
    assert (len(task.train), len(task.search)) == (80, 20)
    assert not set(task.train.texts) & set(task.search.texts)


# --- sizes and order


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({}, (30, 46, 54)),
        ({"search": 10}, (30, 10, 90)),
        ({"report": 10}, (30, 90, 10)),
        ({"search": 70, "report": 20}, (30, 70, 20)),
        ({"search": 70, "report": 80}, (30, 46, 54)),
        ({"train": 8, "search": 4, "report": 6}, (8, 4, 6)),
    ],
)
def test_sizes_share_one_validation_pool(tmp_path, sizes, expected):
    task = local_task(tmp_path, rows(30), rows(100, word="v"), **sizes)
    assert tuple(map(len, task.splits.values())) == expected
    texts = [text for split in task.splits.values() for text in split.texts]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("texts", "asked", "expected"),
    [
        (100, {"train": 20, "search": 15, "report": 10}, (20, 15, 10)),
        (100, {"search": 30, "report": 40}, (60, 20, 20)),
        (100, {}, (60, 20, 20)),
        (1500, {}, (1100, 200, 200)),
        (1500, {"search": 400, "report": 600}, (900, 300, 300)),
        (5000, {"search": 400, "report": 600}, (4000, 400, 600)),
    ],
)
def test_carved_sizes_follow_the_data(tmp_path, texts, asked, expected):
    """What is asked for, but at most a fifth each: a pool must train, too."""
    task = local_task(tmp_path, rows(texts), **asked)
    assert tuple(map(len, task.splits.values())) == expected


def test_at_most_a_thousand_texts_are_carved_unasked(tmp_path):
    task = local_task(tmp_path, rows(12_000))
    assert tuple(map(len, task.splits.values())) == (10_000, 1000, 1000)


@pytest.mark.parametrize("validation", [None, rows(200, word="v")])
def test_a_larger_size_keeps_the_texts_of_the_smaller_and_of_the_other(tmp_path, validation):
    small = local_task(tmp_path, rows(200), validation, search=20, report=20)
    large = local_task(tmp_path, rows(200), validation, search=20, report=60)
    assert large.search == small.search
    assert large.report.head(20) == small.report


@pytest.mark.parametrize("part", ["train", "search", "report"])
def test_heads_contain_each_other_and_keep_the_proportions(tmp_path, part):
    labels = ("0", "1", "1")  # one to two
    task = local_task(tmp_path, rows(900, labels), search=200, report=200)
    split = task.splits[part]
    share = Counter(split.labels)[0] / len(split)
    for n in range(1, len(split)):
        head = split.head(n)
        assert head.texts == split.texts[:n]
        assert abs(Counter(head.labels)[0] - share * n) <= 1
    assert split.head(None) == split.head(10**6) == split


def test_equal_settings_give_equal_tasks_and_seeds_other_splits(tmp_path):
    first = local_task(tmp_path, rows(200))
    again = local_task(tmp_path, rows(200))
    other = local_task(tmp_path, rows(200), seed=1)
    assert again == first
    assert again.fingerprint == first.fingerprint
    assert set(other.search.texts) != set(first.search.texts)
    assert other.fingerprint != first.fingerprint


def test_the_fingerprint_sees_every_text_label_and_class_name(tmp_path):
    task = local_task(tmp_path, rows(60))
    texts, labels = list(task.report.texts), list(task.report.labels)
    texts[-1], labels[-1] = "other", 1 - labels[-1]
    changed = [
        replace(task, report=replace(task.report, texts=tuple(texts))),
        replace(task, report=replace(task.report, labels=tuple(labels))),
        replace(task, search=task.report, report=task.search),
        replace(task, label_names=("a", "b")),
    ]
    prints = {task.fingerprint, *(other.fingerprint for other in changed)}
    assert len(prints) == 5
    assert all(len(p) == 16 and int(p, 16) >= 0 for p in prints)
    assert replace(task, name="elsewhere").fingerprint == task.fingerprint


def test_majority_share_is_that_of_the_most_frequent_class():
    split = Split(("a", "b", "c", "d"), (0, 2, 2, 2), "")
    task = Task("few", ("x", "y", "z"), split, split, split, 0.0, 0.0, 0, "none")
    assert task.majority_share(split) == 0.75


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 5))
def test_the_stratified_order_is_a_permutation_with_even_prefixes(labels, seed):
    order = stratified_order(labels, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(labels)))
    counts = Counter(labels)
    bound = 1 if len(counts) <= 2 else 1 + len(counts) / 2
    for n in range(len(labels) + 1):
        head = Counter(labels[i] for i in order[:n])
        for label, count in counts.items():
            assert abs(head[label] - n * count / len(labels)) <= bound


def test_texts_of_a_class_are_shuffled():
    orders = {tuple(stratified_order([0] * 6, np.random.default_rng(s))) for s in range(20)}
    assert len(orders) > 10


# --- duplicates, empty rows, the cut


def test_duplicates_are_removed_over_all_splits(tmp_path):
    train = [*rows(30), ("W0  A0 b0 c0 d0", "0"), ("v1 a1 b1 c1 d1", "1"), ("both ways", "0")]
    validation = [*rows(20, word="v"), ("Both ways", "1"), ("v2 a2 b2 c2 d2 ", "0")]
    task = local_task(tmp_path, train, validation)
    # w0 again, v1 in train, v2 again, and the two that contradict each other.
    assert task.duplicates == 5
    assert sorted(named_rows(task, task.train)) == sorted(rows(30))
    assert sorted(named_rows(task, task.search, task.report)) == sorted(rows(20, word="v"))


def test_rows_without_text_or_label_are_dropped_and_counted(tmp_path):
    data = [*rows(30), ("  ", "1"), ("", "0"), ("no label", "")]
    task = local_task(tmp_path, data)
    assert sorted(named_rows(task)) == sorted(rows(30))
    assert task.empty == 3
    missing = [("text", None), (None, "1"), ("odd", float("nan"))]
    write_json_lines(tmp_path / "a.jsonl", ["text", "label"], rows(30) + missing)
    assert task_of(TaskSettings(name=str(tmp_path / "a.jsonl")), uncut).empty == 3


def test_texts_are_cut_before_duplicates_are_looked_for(tmp_path):
    long = [(f"{text} tail", label) for text, label in rows(20, word="v")]
    data = [*rows(40), *long, ("v0 a0 b0 c0 d0 another", "0")]
    write_csv(tmp_path / "a.csv", ["text", "label"], data)
    settings = TaskSettings(name=str(tmp_path / "a.csv"))
    task = task_of(settings, lambda text: " ".join(text.split()[:5]))
    assert sorted(named_rows(task)) == sorted(rows(40) + rows(20, word="v"))
    assert task.duplicates == 1
    assert task.cut_share == 20 / 60
    assert task_of(settings, uncut).cut_share == 0


pool = st.lists(st.tuples(st.sampled_from("abcdeABC"), st.integers(0, 1)), max_size=8)


@given(st.fixed_dictionaries({"train": pool}, optional={"validation": pool, "test": pool}))
def test_cleaning_keeps_each_text_once_and_in_the_rarest_place(found):
    splits = {
        role: Split(tuple(t for t, _ in data), tuple(label for _, label in data), role)
        for role, data in found.items()
    }
    cleaned = clean(splits, uncut)
    meanings: dict[str, set[int]] = {}
    for data in found.values():
        for text, label in data:
            meanings.setdefault(text.lower(), set()).add(label)
    for key, labels in meanings.items():
        holders = [
            role for role, s in cleaned.splits.items() for text in s.texts if text.lower() == key
        ]
        places = [
            r
            for r in ("test", "validation", "train")
            if key in [t.lower() for t, _ in found.get(r, [])]
        ]
        assert holders == (places[:1] if len(labels) == 1 else [])
    kept = sum(map(len, cleaned.splits.values()))
    assert cleaned.repeated + cleaned.conflicting == sum(map(len, found.values())) - kept
    conflicts = [
        text for data in found.values() for text, _ in data if len(meanings[text.lower()]) > 1
    ]
    assert cleaned.conflicting == len(conflicts)


@given(
    st.lists(st.integers(0, 2), min_size=12, max_size=40),
    st.lists(st.integers(0, 2), max_size=30) | st.none(),
    st.lists(st.integers(0, 2), max_size=30) | st.none(),
    st.integers(1, 9) | st.none(),
    st.integers(1, 9) | st.none(),
    st.sampled_from(["three-way", "paper", "choice"]),
)
def test_splits_are_disjoint_parts_of_their_pools(train, validation, test, search, report, how):
    labels = {"train": train, "validation": validation, "test": test}
    pools = {
        role: Split(tuple(f"{role}{i}" for i in range(len(found))), tuple(found), role)
        for role, found in labels.items()
        if found is not None
    }
    if len(pools) == 1 and (search or 4) + (report or 4) >= len(train):
        return  # then nothing is left to train on, see the errors below
    parts = divide(pools, train=None, search=search, report=report, seed=0, protocol=how)
    texts = [text for part in (parts if how == "three-way" else parts[:2]) for text in part.texts]
    assert len(texts) == len(set(texts))
    known = {(t, n) for p in pools.values() for t, n in zip(p.texts, p.labels, strict=True)}
    last = search if how == "choice" else report
    for part, most in zip(parts, (None, search, last), strict=True):
        assert set(zip(part.texts, part.labels, strict=True)) <= known
        assert len(part) <= (most or len(part))
        assert all(text.startswith(part.origin) for text in part.texts)
    if len(pools) > 1:
        assert set(parts[0].texts) == set(pools["train"].texts)
    if how != "three-way":
        assert parts[1] == parts[2]
    if how == "choice":
        apart = divide(
            pools, train=None, search=search, report=report, seed=0, protocol="three-way"
        )
        assert parts[:2] == apart[:2]


# --- the overlap


def naive_overlap(validation, train):
    seen = [
        " ".join(t.lower().split()[i : i + 4]) for t in train for i in range(len(t.split()) - 3)
    ]
    held = []
    for text in validation:
        tokens = text.lower().split()
        if len(tokens) >= 4:
            grams = [" ".join(tokens[i : i + 4]) for i in range(len(tokens) - 3)]
            held.append(all(gram in seen for gram in grams))
    return sum(held) / len(held) if held else 0


phrases = st.lists(st.lists(st.sampled_from("aAb"), max_size=7).map(" ".join), max_size=6)


@given(phrases, phrases)
def test_the_overlap_is_that_of_a_naive_count(validation, train):
    assert overlap_share(validation, train) == naive_overlap(validation, train)


def treebank(rng: np.random.Generator, sentences: int) -> list[tuple[str, str]]:
    """All the ends of sentences, as a treebank has them."""
    words = np.array([f"word{i}" for i in range(2000)])
    phrases = []
    for i in range(sentences):
        sentence = rng.choice(words, 12)
        phrases += [(" ".join(sentence[start:]), str(i % 2)) for start in range(8)]
    return phrases


def test_validation_cut_from_the_training_sentences_is_refused(tmp_path):
    phrases = treebank(np.random.default_rng(0), 100)
    with pytest.raises(UserError, match=r"\d\d\.\d% of the validation texts .* limit is 1\.0%"):
        local_task(tmp_path, phrases[::2], phrases[1::2])
    assert local_task(tmp_path, phrases[::2], phrases[1::2], max_overlap=1).overlap > 0.5
    other = treebank(np.random.default_rng(1), 40)
    assert local_task(tmp_path, phrases, other).overlap == 0


def test_one_pool_of_phrases_is_divided_between_its_sentences(tmp_path):
    phrases = treebank(np.random.default_rng(0), 100)
    task = local_task(tmp_path, phrases)
    assert task.overlap == 0
    ends = [{text.split()[-1] for text in split.texts} for split in task.splits.values()]
    together = [a & b for a, b in combinations(ends, 2)]
    assert max(map(len, together)) <= 3  # two sentences may end in one word of 2,000
    kept = sum(map(len, task.splits.values()))
    assert kept > 0.95 * len(phrases)  # only the sentences at the two borders lose some
    unchecked = local_task(tmp_path, phrases, max_overlap=1)
    assert unchecked.overlap > 0.5


@given(st.integers(0, 2**32 - 1))
def test_near_duplicates_are_those_of_a_naive_comparison(seed):
    rng = np.random.default_rng(seed)
    texts = [text for text, _ in treebank(rng, 3)] + ["a b", "", "word1 word2 word3"]
    rng.shuffle(texts)

    def alike(a: str, b: str) -> bool:
        of_a, of_b = grams(a), grams(b)
        return bool(of_a & of_b) and 2 * len(of_a & of_b) >= min(len(of_a), len(of_b))

    group = list(range(len(texts)))
    for _ in texts:  # as often as the longest chain could need
        for i, j in combinations(range(len(texts)), 2):
            if alike(texts[i], texts[j]):
                group[i] = group[j] = min(group[i], group[j])
    assert near_duplicates(texts) == group


def test_an_overlap_at_the_limit_is_accepted(tmp_path):
    validation = [*rows(9, word="v"), ("w0 a0 b0 c0", "1")]
    assert local_task(tmp_path, rows(30), validation, max_overlap=0.1).overlap == 0.1
    with pytest.raises(UserError, match="max_overlap"):
        local_task(tmp_path, rows(30), validation, max_overlap=0.0999)


# --- cutting at a word boundary

WORDS = [
    "a",
    "film,",
    "un-believable!",
    "supercalifragilistic",
    "naïve",
    "£15.8m",
    "日本語",
    "e\u0301",
]
english = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join)


@pytest.fixture(scope="module")
def minilm():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(offline_path("minilm")))


def byte_level():
    """A tokenizer as RoBERTa's, whose tokens include the space before them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([" ".join(WORDS)], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


@pytest.fixture(scope="module", params=["minilm", "byte_level"])
def tokenizer(request):
    return byte_level() if request.param == "byte_level" else request.getfixturevalue("minilm")


def tokens(tokenizer, text):
    return len(tokenizer(text, truncation=False, padding=False)["input_ids"])


@given(text=english | st.text(max_size=80) | st.text("!a ", max_size=40), length=st.integers(8, 24))
@hypothesis_settings(deadline=None)
def test_a_cut_text_fits_and_is_the_beginning(tokenizer, text, length):
    short = word_boundary_cut(tokenizer, length)(text)
    assert tokens(tokenizer, short) <= length
    assert text.startswith(short)
    if tokens(tokenizer, text) <= length:
        assert short == text


@given(text=english, length=st.integers(8, 40))
@hypothesis_settings(deadline=None)
def test_a_cut_is_after_the_last_word_that_fits(tokenizer, text, length):
    assume(tokens(tokenizer, text.split()[0]) <= length)
    short = word_boundary_cut(tokenizer, length)(text)
    rest = text[len(short) :].split()
    assert short.split() + rest == text.split()
    if rest:
        assert tokens(tokenizer, f"{short} {rest[0]}") > length


def test_only_a_first_word_that_is_too_long_is_cut_inside(minilm):
    cut = word_boundary_cut(minilm, 8)
    assert cut("one-two-three-four-five six") == "one-two-three-"
    assert cut("one two three-four-five-six") == "one two"
    assert cut("!" * 6) == "!" * 6
    assert cut("!" * 7) == "!" * 6


def test_a_beginning_that_splits_into_more_tokens_is_cut_again():
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    vocabulary = ["w", "x", " ", "y", "z", "x ", "x y", "wx y"]
    merges = [("x", " "), ("x ", "y"), ("w", "x y")]
    model = models.BPE({token: i for i, token in enumerate(vocabulary)}, merges)
    across_words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model))
    assert tokens(across_words, "wx y") == 1
    assert tokens(across_words, "wx") == 2
    assert word_boundary_cut(across_words, 1)("wx yz") == "w"


def test_a_slow_tokenizer_is_refused():
    from transformers import ByT5Tokenizer

    with pytest.raises(UserError, match="no fast form"):
        word_boundary_cut(ByT5Tokenizer(), 8)


# --- the hub


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path


def test_an_id_is_tried_as_it_stands_and_then_with_a_configuration(hub_cache):
    # `load_dataset` reads a folder just as it reads a repository, configurations and all.
    configurations = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}.parquet\n"
        for name in ("first", "second")
    )
    (hub_cache / "set").mkdir()
    (hub_cache / "set" / "README.md").write_text(f"---\nconfigs:\n{configurations}---\n")
    for name in ("first", "second"):
        write_parquet(hub_cache / "set" / f"{name}.parquet", ["text", "label"], rows(20, word=name))
    (hub_cache / "user" / "set").mkdir(parents=True)
    write_parquet(
        hub_cache / "user" / "set" / "train.parquet", ["text", "label"], rows(20, word="user")
    )
    # A configuration of the same name does not come before the set itself.
    (hub_cache / "user" / "README.md").write_text(
        "---\nconfigs:\n- config_name: set\n  data_files: other.parquet\n---\n"
    )
    write_parquet(hub_cache / "user" / "other.parquet", ["text", "label"], rows(20))
    for name, word in [("set/second", "second"), ("set/first", "first"), ("user/set", "user")]:
        table = read_hub(f"{hub_cache}/{name}").tables["train"]
        assert [*table.columns["text"]] == [text for text, _ in rows(20, word=word)]
    with pytest.raises(UserError, match="'third' not found") as error:
        read_hub(f"{hub_cache}/set/third")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["no_such_set_of_kdnas", "kdnas_nobody/no_such_set", "a b/c"])
def test_an_unreachable_hub_names_the_way_out(hub_cache, monkeypatch, name):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="give a local file, or rotten_tomatoes") as error:
        task_of(TaskSettings(name=name), uncut)
    assert "\n" not in str(error.value)
    assert name in str(error.value)


@pytest.mark.network
def test_sst2_of_the_hub_is_split_as_decided():
    try:
        socket.create_connection(("huggingface.co", 443), timeout=2).close()
    except OSError:
        pytest.skip("the hub cannot be reached")
    task = task_of(TaskSettings(name="glue/sst2"), uncut)
    assert task.sentiment
    assert (len(task.search), len(task.report)) == (400, 472)
    assert len(task.train) + task.duplicates == 67_349
    assert task.overlap == 0


# --- errors


ERRORS = {
    "missing file": (None, "", {"name": "./nowhere.csv"}, "there is no file or folder ./nowhere"),
    "unknown kind": ("a.txt", "x", {}, r"must end in one of \.tsv, \.csv"),
    "other folder": ("folder/x.txt", "x", {"name": "folder"}, "has no file such as train.tsv"),
    "damaged folder": ("folder/state.json", "{}", {"name": "folder"}, "could not be read"),
    "empty file": ("a.csv", "", {}, "is empty"),
    "header only": ("a.csv", "text,label\n", {}, "is empty"),
    "empty lines": ("a.jsonl", "\n\n", {}, "is empty"),
    "other encoding": (
        "a.tsv",
        "text\tlabel\nna\xefve\t0\n".encode("latin-1"),
        {},
        r"a\.tsv line 2 is not UTF-8; .* iconv -f cp1252 -t utf-8 a\.tsv > a-utf8\.tsv",
    ),
    "UTF-16": ("a.csv", "text,label\na,0\n".encode("utf-16"), {}, "in UTF-16: .* iconv -f utf-16"),
    "one name twice": ("a.csv", "text,label,label\na,0,1\n", {}, "has 2 columns 'label': keep one"),
    "two texts": ("a.tsv", "text\ttext\tlabel\na\tb\t0\n", {}, "has 2 columns 'text': keep one"),
    "semicolons": ("a.csv", "text;label\na;0\n", {}, "separates its fields by ';': write commas"),
    "device": (None, "", {"name": "/dev/null"}, "is a pipe or a device"),
    "deep brackets": ("a.jsonl", "[" * 100_000, {}, "line 1 is not a JSON object"),
    "open quote": ("a.csv", 'text,label\n"never closed,0\n', {}, "could not be read: line 2"),
    "ragged row": ("a.csv", "text,label\na,0\nb,1,2\n", {}, "row 3 has 3 fields instead of 2"),
    "no JSON": ("a.jsonl", '{"text": "a", "label": 0}\nb\n', {}, "line 2 is not a JSON object"),
    "JSON list": ("a.json", '[{"text": "a", "label": 0}]', {}, "line 1 is not a JSON object"),
    "no parquet": ("a.parquet", "text", {}, "could not be read"),
    "no text column": (
        "a.csv",
        "body,label\na b,0\nc,1\n",
        {},
        "its columns are body, label: .*text_c",
    ),
    "pair": (
        "a.csv",
        "premise,hypothesis,label\na,b,0\nc,d,1\n",
        {},
        "none of text, .* are premise, .*text_column=NAME .*; task.premise_column=NAME reads pairs",
    ),
    "no such text": (
        "a.csv",
        "text,label\na,0\nb,1\n",
        {"text_column": "x"},
        "no column 'x'; its columns are text, label",
    ),
    "no label column": ("a.csv", "text,mood\na,0\n", {}, "'label'; .*text, mood.*label_column"),
    "no text": ("a.jsonl", '{"text": 5, "label": 0}\n{"text": 6, "label": 1}', {}, "5, not text"),
    "fractions": (
        "a.csv",
        "text,label\na,0.25\nb,0.5\n",
        {},
        "2 different numbers from 0.25 to 0.5, and 0.25 is",
    ),
    "blank": ("a.csv", "text,label\n,0\n  ,1\n", {}, "none of the 2 rows has a text and a label"),
    "one class": ("a.csv", "text,label\na,0\nb,0\n", {}, "only '0' for a label"),
    "no labels": ("a.csv", "text,label\na,-1\nb,-1\n", {}, "holds nothing for a label"),
    "too small": (
        "a.csv",
        "text,label\na,0\nb,1\n",
        {"search": 1, "report": 1},
        r"no text is left for search, out of a\.csv \(no row was left out\)",
    ),
    "validation of hub": (None, "", {"name": "x/y", "validation": "z"}, "goes with a local file"),
    "validation of offline": (
        None,
        "",
        {"name": "rotten_tomatoes", "validation": "z.csv"},
        "goes with a local file",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_one_line(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    name, content, changes, message = ERRORS[case]
    if name:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message) as error:
        task_of(TaskSettings(**{"name": name, **changes}), uncut)
    assert "\n" not in str(error.value)


def test_a_class_missing_from_a_split_is_named(tmp_path):
    rare = [*rows(40), ("the only one", "2")]
    with pytest.raises(
        UserError, match=r"class '2' has no text among the \d+ of train.*task\.train"
    ):
        local_task(tmp_path, rare)
    with pytest.raises(UserError, match=r"class '1' has no text among the 20 of train"):
        local_task(tmp_path, rows(20, ("0",)), rows(20, word="v"))
    with pytest.raises(UserError, match=r"class '0' has no text among the 1 of report"):
        local_task(tmp_path, rows(20), rows(20, word="v"), report=1)


def test_labels_of_validation_must_be_those_of_the_classes(tmp_path):
    settings = saved_dict(tmp_path, {"train": numbered(20, "x")})
    write_csv(tmp_path / "v.csv", ["text", "label"], rows(10, word="v"))
    settings = settings.model_copy(update={"validation": str(tmp_path / "v.csv")})
    with pytest.raises(UserError, match="label '0' is none of positive, negative"):
        task_of(settings, uncut)


def test_validation_without_train_is_refused(tmp_path):
    settings = saved_dict(tmp_path, {"validation": numbered(9, "x"), "test": numbered(9, "y")})
    with pytest.raises(UserError, match="nothing to train on"):
        task_of(settings, uncut)


def test_unknown_split_names_are_listed(tmp_path):
    settings = saved_dict(tmp_path, {"left": numbered(9, "x"), "right": numbered(9, "y")})
    with pytest.raises(UserError, match="it has left, right"):
        task_of(settings, uncut)


def test_a_train_file_that_is_its_own_validation_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"left for train, .* 30 with the text of another row"):
        local_task(tmp_path, rows(30), rows(30))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 5", "task mine:rows gives a int: return a kdnas.tasks.Source"),
        ("raise KeyError('gone')", r"task mine:rows cannot be read: KeyError: 'gone' \(mine.py"),
    ],
)
def test_a_function_that_gives_no_task_is_one_line(body, message, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(f"def rows():\n    {body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setattr(registry, "_sources", {})
    monkeypatch.setattr(TASKS, "_parts", dict(TASKS._parts))
    settings = load_config(overrides=["task.name=mine:rows"]).task
    with pytest.raises(UserError, match=message):
        task_of(settings, uncut)


def test_a_task_that_is_no_function_is_refused(tmp_path, monkeypatch):
    (tmp_path / "mine2.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_sources", {})
    with pytest.raises(UserError, match="task mine2:x is no function: it is of type int"):
        load_config(overrides=["task.name=mine2:x"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([("a film", "0")] * 299 + [("dull", "1")], "of 300 rows left out: 298 with the text of"),
        ([("a film", "0"), ("a film", "1")] * 150, "300 whose text occurs with different labels)"),
        ([*rows(2), ("", "0"), ("Both", "0"), ("both", "1")],
         "of 5 rows left out: 1 without text or label, 2 whose text occurs with different labels)"),
    ],
)  # fmt: skip
def test_too_few_texts_are_counted_by_what_became_of_the_rows(tmp_path, data, said):
    with pytest.raises(UserError) as error:
        local_task(tmp_path, data)
    assert said in str(error.value)
    assert str(error.value).endswith("give more texts that differ, each with one label")


def test_a_class_whose_texts_all_have_another_label_too_is_missing_for_that(tmp_path):
    both = [(f"both ways {i}", label) for i in range(40) for label in ("0", "1")]
    with pytest.raises(UserError, match=r"class '1' has no text .* 80 whose text occurs with diff"):
        local_task(tmp_path, [*rows(100, ("0",)), *both])


def test_a_column_of_texts_is_no_column_of_labels(tmp_path):
    data = [(text, f"label {i}") for i, (text, _) in enumerate(rows(60))]
    with pytest.raises(UserError, match="holds 60 different labels in 60 rows, too many to learn"):
        local_task(tmp_path, data)
