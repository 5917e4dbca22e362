"""A student of a run as a Hugging Face model folder, with a model card."""

import statistics
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer

from kdnas.cards import attack_line, score_table
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, OnStage, kept_student
from kdnas.metrics import fitness
from kdnas.records import Job
from kdnas.runs import Archive, Row, RunFolder, is_kept, require_same_origin, stored_config
from kdnas.runs.reading import unreadable
from kdnas.space import NetworkShape, canonical
from kdnas.students import Blueprint, save_model

WARM_UPS, TIMED_RUNS = 5, 30

_PAIRS = """ It reads pairs: give the tokenizer both
strings, or a pipeline `{"text": premise, "text_pair": hypothesis}`."""


@dataclass(frozen=True)
class Told:
    """Who is told how the training of a student gets on that a run has not kept."""

    stage: OnStage = lambda name: None
    line: OnStage = lambda remark: None


def export_student(
    folder: RunFolder, archive: Archive, row: Row, out: Path, told: Told = Told()
) -> None:
    """Write the trained student of `row` to a new folder: weights, config, tokenizer, model card.

    Where the run has kept the student (`is_kept`), its folder is all that is needed. Otherwise the
    student is trained again from the recorded seed, with the data and the teacher of the run. Of
    several trials of a student the one that stands for it is taken (`Row.chosen`).

    Raises:
        UserError: `out` cannot be written, what the run needs cannot be had any more, or data or
            teacher are not those of the run.
    """
    if is_kept(folder, archive, row):
        student = kept_student(folder.students, _job(row), _blueprint(archive))
        tokenizer = AutoTokenizer.from_pretrained(str(folder.tokenizer))
    else:
        student, tokenizer = _trained_again(folder, archive, row, told)
    student = student.cpu()
    card = _model_card(row, archive, student)
    try:
        save_model(student, tokenizer, out)
        (out / "README.md").write_text(card)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot write {out}: {error}; free some space") from error


def _blueprint(archive: Archive) -> Blueprint:
    """What the students of a run have in common, as its archive records it."""
    settings = stored_config(archive).student
    try:
        labels, shape = archive.meta("task")["labels"], NetworkShape(**archive.meta("shape"))
    except (TypeError, LookupError) as error:
        raise unreadable(archive.path, f"meta task or shape: {error}") from error
    return Blueprint(
        shape, tuple(labels), settings.max_length, settings.dropout, torch.device("cpu")
    )


def _trained_again(folder: RunFolder, archive: Archive, row: Row, told: Told) -> tuple[Any, Any]:
    """The student of `row` and its tokenizer, by way of the run's data and teacher."""
    config = stored_config(archive)
    evaluator = Evaluator(config, folder.students, told.stage, told.line)
    origin = evaluator.prepared
    require_same_origin(folder.path, archive, origin.task.summary(), origin.teacher.identity)
    student = evaluator.stored(_job(row))
    if student is None:
        told.line("the run has no whole weights of it: trained again from its seed")
        told.stage("training")
        student = evaluator.student(_job(row))
    tokenizer = origin.tokenizer
    tokenizer.model_max_length = config.student.max_length
    return student, tokenizer


def _job(row: Row) -> Job:
    """The training that stands for a student."""
    trial = row.chosen
    assert trial.evaluation is not None
    return Job(
        row.birth,
        row.architecture,
        trial.seed,
        replicate=trial.replicate,
        fidelity=trial.fidelity,
        weights=trial.evaluation.weights,
    )


def milliseconds(student: Any, vocabulary: int, length: int) -> float:
    """Median time of one text of `length` tokens, on one thread of this CPU (milliseconds)."""
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, vocabulary, (1, length)))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    with torch.inference_mode():
        for _ in range(WARM_UPS + TIMED_RUNS):
            start = time.perf_counter()
            student(ids)
            times.append(1000 * (time.perf_counter() - start))
    torch.set_num_threads(threads)
    return statistics.median(times[WARM_UPS:])


def _model_card(row: Row, archive: Archive, student: Any) -> str:
    assert row.evaluation is not None
    config, task = stored_config(archive), archive.meta("task")
    spec = next(iter(archive.specs().values()), None)
    length, evaluation = config.student.max_length, row.evaluation
    splits = {"search-val": evaluation.search}
    splits |= {"report-val": row.report} if row.report else {}
    started = config.student.emb_init == "teacher_pca"
    return Template((files("kdnas") / "model_card.md").read_text()).substitute(
        key=row.key,
        teacher=config.teacher.model,
        way=config.teacher.way,
        task=task["name"],
        labels=", ".join(task["labels"]),
        pairs=_PAIRS if task.get("pairs") else "",
        scores=score_table(task.get("metric", "accuracy"), splits),
        attack=attack_line(spec),
        parameters=f"{evaluation.parameters:,}",
        flops=f"{evaluation.flops:,}",
        length=length,
        milliseconds=f"{milliseconds(student, student.config.vocab_size, length):.1f}",
        runs=TIMED_RUNS,
        fitness=f"{fitness(evaluation, config.fitness):.1f}",
        architecture=canonical(row.architecture),
        licence=task["licence"],
        start="started from the teacher's" if started else "not taken from it",
    )
