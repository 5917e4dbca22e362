"""A student of a run as a Hugging Face model folder, with a model card."""

import statistics
import time
import warnings
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

from kdnas.archive import Archive, Row
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, Prepared
from kdnas.objectives import fitness, standard_error
from kdnas.records import Job, Measurement
from kdnas.run_folder import RunFolder, stored_config
from kdnas.space import Architecture
from kdnas.students import Student, StudentConfig, StudentForSequenceClassification, save_model

WARM_UPS, TIMED_RUNS = 5, 30


def export_student(folder: RunFolder, archive: Archive, row: Row, out: Path) -> None:
    """Write the trained student of `row` to `out`: weights, config, tokenizer, model card.

    The weights are those of the run, or trained again from the recorded seed where the run did
    not keep them.

    Raises:
        UserError: `out` cannot be written, or what the run needs cannot be had any more.
    """
    config = stored_config(archive)
    evaluator = Evaluator(config, folder.students)
    job = Job(row.birth, row.architecture, row.seed)
    student = evaluator.stored(job)
    if student is None:
        warnings.warn(
            "the run has no whole weights of it: trained again from its seed", stacklevel=2
        )
        student = evaluator.student(job)
    student = student.cpu()
    prepared, length = evaluator.prepared, config.student.max_length
    labels = prepared.task.label_names
    model = StudentForSequenceClassification(
        StudentConfig.of(_as_built(row.architecture).to_json(), prepared.shape, labels, length)
    )
    model.student.load_state_dict(student.state_dict())
    tokenizer = prepared.tokenizer
    tokenizer.model_max_length = length
    card = _model_card(row, archive, prepared, student)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent) as draft:
            save_model(model, tokenizer, Path(draft) / "model")
            (Path(draft) / "model" / "README.md").write_text(card)
            if out.is_dir():
                out.rmdir()
            (Path(draft) / "model").rename(out)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot write {out}: {error}; free some space or name another") from error


def milliseconds(student: Student, vocabulary: int, length: int) -> float:
    """Median time of one text of `length` tokens, on one thread of this CPU (milliseconds)."""
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, vocabulary, (1, length)))
    mask = torch.ones_like(ids, dtype=torch.bool)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    with torch.inference_mode():
        for _ in range(WARM_UPS + TIMED_RUNS):
            start = time.perf_counter()
            student(ids, mask)
            times.append(1000 * (time.perf_counter() - start))
    torch.set_num_threads(threads)
    return statistics.median(times[WARM_UPS:])


def _model_card(row: Row, archive: Archive, prepared: Prepared, student: Student) -> str:
    assert row.evaluation is not None
    config, task, spec = stored_config(archive), prepared.task, prepared.spec
    length, evaluation = config.student.max_length, row.evaluation
    splits = [("search-val", evaluation.search)]
    splits += [("report-val", row.report)] if row.report else []
    started = config.student.emb_init == "teacher_pca"
    offline = spec.resources == "offline"
    return Template((files("kdnas") / "model_card.md").read_text()).substitute(
        asdict(spec),
        key=row.key,
        teacher=config.teacher.model,
        task=task.name,
        labels=", ".join(task.label_names),
        scores="\n".join(_score_line(name, measured) for name, measured in splits),
        similarity=f"{spec.similarity:.6f}",
        digest=spec.digest,
        caveat="Its scores are not comparable with published ones." if offline else "",
        parameters=f"{evaluation.parameters:,}",
        flops=f"{evaluation.flops:,}",
        length=length,
        milliseconds=f"{milliseconds(student, prepared.shape.vocabulary, length):.1f}",
        runs=TIMED_RUNS,
        fitness=f"{fitness(evaluation, config.fitness):.1f}",
        architecture=_as_built(row.architecture),
        licence=task.licence,
        start="started from the teacher's" if started else "not taken from it",
    )


def _as_built(genotype: Any) -> Any:
    """The canonical form, where the space of the genotype has one."""
    return genotype.canonical() if isinstance(genotype, Architecture) else genotype


def _score_line(name: str, m: Measurement) -> str:
    accuracy = _points(m.accuracy, m.texts)
    robustness = _points(m.robustness, m.attack.texts)
    worst = f"{100 * m.worst_class_robustness:.1f}"
    return f"| {name} | {accuracy} | {robustness} | {worst} | {m.attack.texts} |"


def _points(share: float, texts: int) -> str:
    return f"{100 * share:.1f} ± {100 * standard_error(share, texts):.1f}"
