"""A student of a run as a Hugging Face model folder, with a model card."""

import statistics
import time
import warnings
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, Prepared
from kdnas.metrics import ATTACKED, TEXTS, fitness, shown_scores
from kdnas.records import AttackSpec, Job, Measurement
from kdnas.runs import Archive, Row, RunFolder, require_same_origin, stored_config
from kdnas.runs.context import OFFLINE
from kdnas.space import canonical
from kdnas.students import save_model
from kdnas.tasks import Task

WARM_UPS, TIMED_RUNS = 5, 30

_PAIRS = """ It reads pairs: give the tokenizer both
strings, or a pipeline `{"text": premise, "text_pair": hypothesis}`."""


def export_student(folder: RunFolder, archive: Archive, row: Row, out: Path) -> None:
    """Write the trained student of `row` to a new folder: weights, config, tokenizer, model card.

    The weights are those of the run, by their checksum, or trained again from the recorded seed
    where the run did not keep them. Of several trials of a student the one that stands for it is
    taken (`Row.chosen`).

    Raises:
        UserError: `out` cannot be written, what the run needs cannot be had any more, or data or
            teacher are not those of the run.
    """
    config = stored_config(archive)
    evaluator = Evaluator(config, folder.students)
    origin = evaluator.prepared
    require_same_origin(folder.path, archive, origin.task.summary(), origin.teacher.identity)
    trial = row.chosen
    assert trial.evaluation is not None
    job = Job(
        row.birth,
        row.architecture,
        trial.seed,
        replicate=trial.replicate,
        fidelity=trial.fidelity,
        weights=trial.evaluation.weights,
    )
    student = evaluator.stored(job)
    if student is None:
        warnings.warn(
            "the run has no whole weights of it: trained again from its seed", stacklevel=2
        )
        student = evaluator.student(job)
    student = student.cpu()
    prepared = evaluator.prepared
    tokenizer = prepared.tokenizer
    tokenizer.model_max_length = config.student.max_length
    card = _model_card(row, archive, prepared, student)
    try:
        save_model(student, tokenizer, out)
        (out / "README.md").write_text(card)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot write {out}: {error}; free some space") from error


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


def _model_card(row: Row, archive: Archive, prepared: Prepared, student: Any) -> str:
    assert row.evaluation is not None
    config, task, spec = stored_config(archive), prepared.task, prepared.spec
    length, evaluation = config.student.max_length, row.evaluation
    splits = [("search-val", evaluation.search)]
    splits += [("report-val", row.report)] if row.report else []
    started = config.student.emb_init == "teacher_pca"
    return Template((files("kdnas") / "model_card.md").read_text()).substitute(
        key=row.key,
        teacher=config.teacher.model,
        task=task.name,
        labels=", ".join(task.label_names),
        pairs=_PAIRS if task.pairs else "",
        scores=_scores(task, splits),
        attack=_attack(spec),
        parameters=f"{evaluation.parameters:,}",
        flops=f"{evaluation.flops:,}",
        length=length,
        milliseconds=f"{milliseconds(student, prepared.shape.vocabulary, length):.1f}",
        runs=TIMED_RUNS,
        fitness=f"{fitness(evaluation, config.fitness):.1f}",
        architecture=canonical(row.architecture),
        licence=task.licence,
        start="started from the teacher's" if started else "not taken from it",
    )


def _scores(task: Task, splits: list[tuple[str, Measurement]]) -> str:
    """A Markdown table of the scores on each split."""
    columns = [*shown_scores(task.metric), TEXTS if task.of_numbers else ATTACKED]
    lines = [["split", *(column.label for column in columns)], ["---"] * (len(columns) + 1)]
    lines += [[name, *(column.written_of(m) for column in columns)] for name, m in splits]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _attack(spec: AttackSpec | None) -> str:
    """What is said of the attack below the scores."""
    if spec is None:
        return "Labels are numbers, so nothing was attacked."
    caveat = f" {OFFLINE.capitalize()}." if spec.resources == "offline" else ""
    return f"Robustness is accuracy under attack. Attack: {spec}; spec {spec.digest}.{caveat}"
