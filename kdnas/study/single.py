"""One student taught by one method, as a Hugging Face folder with a model card."""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kdnas.cards import attack_line, score_table
from kdnas.comparison import TEACHER, Model
from kdnas.config import Config, as_toml
from kdnas.methods import METHODS
from kdnas.records import NO_ATTACK, AttackOutcome, AttackSpec, Measurement
from kdnas.resources import other_heads
from kdnas.runs import weights_of
from kdnas.runs.folder import settings_digest
from kdnas.study.models import model_name
from kdnas.study.student import Student

if TYPE_CHECKING:
    from kdnas.comparison.evaluator import EvaluatedModel
    from kdnas.tasks import Task

Say = Callable[[str], None]


def distil_one(
    config: Config, student: Student, method: str, out: Path, stage: Say, say: Say
) -> tuple[Measurement, AttackSpec | None]:
    """Teach a student and write it to a folder: weights, configuration, tokenizer, model card.

    Data, teacher, signals and what stands between teacher and student come from the cache where
    they are there.

    Args:
        config: Data, teacher, settings of the method, attack.
        student: Whom to teach.
        method: By which method.
        out: The folder.
        stage: Called with the name of each stage as it starts.
        say: Called with a line on how a stage gets on.

    Returns:
        Its scores on report-val, and the attack behind them; None where labels are numbers.

    Raises:
        UserError: The method cannot teach it, or something cannot be had or written.
    """
    config.distill.require_teachable(method, student.learner(config.task))
    from kdnas.comparison.evaluator import ModelEvaluator  # these load torch
    from kdnas.evaluation import prepare
    from kdnas.training import quiet_libraries

    quiet_libraries()
    prepared = prepare(config, stage, say)
    for line in other_heads(config.compare.students, prepared.task.label_names):
        say(line)
    prepared.require_taught(config)
    name = model_name(student.name, method)
    model = Model(name, 1, student.kind, method, TEACHER, student.start, stem=student.name)
    stage("training and attack")
    with TemporaryDirectory(prefix="kdnas-") as scratch:
        attacks = {} if config.task.of_numbers else {config.attack.recipe: config.attack}
        evaluator = ModelEvaluator(config, attacks, Path(scratch))
        found = evaluator(model)
        measured, spec = _measured(found, prepared.task)
        shutil.copytree(weights_of(Path(scratch), *model.identity).parent, out)
    (out / "README.md").write_text(_card(config, student, method, found, measured, prepared.task))
    return measured, spec


def _measured(found: "EvaluatedModel", task: "Task") -> tuple[Measurement, AttackSpec | None]:
    """Its scores, and the one attack on it, where there is one."""
    import numpy as np

    spec, classes = next(iter(found.specs.values()), None), len(task.label_names)
    truth, predicted = np.array(task.report.labels), np.array(found.predictions)
    outcomes = [AttackOutcome.of(texts, classes) for texts in found.texts.values()]
    outcome, digest = (outcomes[0], spec.digest) if spec else (NO_ATTACK, "")
    measured = Measurement.of(
        truth, predicted, classes, metric=task.metric, attack=outcome, spec=digest
    )
    return measured, spec


def _card(
    config: Config,
    student: Student,
    method: str,
    found: "EvaluatedModel",
    measured: Measurement,
    task: "Task",
) -> str:
    """The model card."""
    spec = next(iter(found.specs.values()), None)
    settings: dict[str, Any] = {"method": method, **asdict(config.distill.table(method))}
    source = METHODS[method].source
    return Template((files("kdnas") / "distilled_card.md").read_text()).substitute(
        name=student.name,
        teacher=config.teacher.model,
        way=config.teacher.way,
        task=task.name,
        labels=", ".join(task.label_names),
        method=f"{method} ({source})" if source else method,
        about=METHODS[method].about,
        settings="\n".join(f"- `{name} = {as_toml(value)}`" for name, value in settings.items()),
        digest=settings_digest(config.model_dump(mode="json"))[:12],
        seed=found.row.seed,
        scores=score_table(task.metric, {"report-val": measured}),
        attack=attack_line(spec),
        parameters=f"{found.row.parameters:,}",
        seconds=f"{found.row.seconds:.0f}",
        licence=task.licence,
    )
