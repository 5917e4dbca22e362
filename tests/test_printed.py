"""The numbers that the sources print: complete, and averages by each table's own convention."""

from statistics import fmean

import pytest

from kdnas.analysis.paper import printed
from kdnas.config import load_config, preset_names
from kdnas.errors import UserError
from kdnas.metrics import TASK_METRICS

OFF = {
    ("compare-glue", "layers-6", "kd"): 80.39,
    ("annealing-roberta", "distilroberta-base", "finetune"): 79.4,
    ("annealing-bert-small", "bert_uncased_L-4_H-512_A-8", "takd"): 70.68,
    ("mate-glue", "distilroberta-base", "finetune"): 79.36,
}
"""Averages of columns that are not the printed ones; the notes of the tables say so."""

TABLES = [name for name in preset_names("compare") if load_config(name).compare.printed]


@pytest.mark.parametrize("name", TABLES)
def test_averages_are_those_of_the_columns(name: str) -> None:
    table = printed(name)
    for row, values in table.rows.items():
        assert len(values) == len(table.columns)
        assert all(0 < value < 100 for value in values)
        if table.averages:
            mean = fmean([*values, *table.constants])
            expected = OFF.get((name, *row), table.averages[row])
            assert mean == pytest.approx(expected, abs=0.051)
            if (name, *row) in OFF:
                assert f"{table.averages[row]:g}" in table.note
                assert abs(mean - table.averages[row]) > 0.051


@pytest.mark.parametrize("name", TABLES)
def test_columns_and_rows_are_of_the_preset(name: str) -> None:
    """What is printed is asked for, unless the preset says that it is printed only."""
    table, compare = printed(name), load_config(name).compare
    scores = {score for _, score in table.columns}
    assert scores <= {*TASK_METRICS, "bae", "textfooler", "deepwordbug", "pruthi"}
    tasks = compare.tasks or (load_config(name).task.name,)
    missing = {task for task, _ in table.columns} - set(tasks)
    assert missing <= {"imp"}
    students = {
        s.replace("hub:", "").rpartition("/")[2].replace(":", "-") for s in compare.students
    }
    for student, method in table.rows:
        assert student in students or student == "teacher" or "gan-bert" in student
        assert method in compare.methods or not method or method in PRINTED_ONLY


PRINTED_ONLY = {"freelb", "freelb-kd", "adversarial-text", "tinybert", "embedding", "wordnet",
                "synonym-insertion", "embedding-only", "synonym-insertion-only", "wordnet-only",
                "all-only"}  # fmt: skip


def test_there_is_no_other_table() -> None:
    with pytest.raises(UserError, match=r"compare.printed = 'nobody': there are compare-glue"):
        printed("nobody")
