"""`Workshop`: trains a model of the comparison, saves it and attacks it. One per process."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from kdnas.archive import ModelRow
from kdnas.attacks import Attacker, ModelVictim
from kdnas.baselines import (
    AdversarialRecipe,
    CellArchitecture,
    CellConfig,
    CellsForSequenceClassification,
    PatientRecipe,
    adversarial_examples,
    attacked_share,
    distil_cells,
    distil_patiently,
    train_on_labels,
    with_examples,
)
from kdnas.cache import fingerprint
from kdnas.config import Config
from kdnas.distill import distill
from kdnas.evaluate import prepare
from kdnas.offline import content_hash
from kdnas.pipeline import quiet_libraries
from kdnas.records import SIMILARITY_THRESHOLDS, AttackSpec, TextOutcome
from kdnas.reproduce.models import CELLS, PATIENT, TEACHER, How, Model
from kdnas.seeds import derived_seed
from kdnas.space import Architecture
from kdnas.students import StudentConfig, StudentForSequenceClassification, load_tables
from kdnas.tasks import Task
from kdnas.teachers import (
    Teacher,
    load_trained_classifier,
    student_tables,
    teacher_signals,
)
from kdnas.training import EncodedTexts, choose_device, encode, exact_float32

CELL_FILE = files("kdnas.baselines") / "kdnas-cell.json"
"""The cell that our own search has found (`benchmarks/cell_search.py`)."""


@dataclass(frozen=True)
class Built:
    """A trained model and what became of each text of report-val in each attack on it."""

    row: ModelRow
    specs: Mapping[str, str]
    texts: Mapping[str, list[TextOutcome]]


def attack_specs(spec: AttackSpec, seed: int) -> dict[str, AttackSpec]:
    """The attacks on every model: the run's, with the other named threshold, and DeepWordBug."""
    other = next(s for s in SIMILARITY_THRESHOLDS.values() if s != spec.similarity)
    return {
        "textfooler": replace(spec, mode="exact"),
        "other-threshold": replace(spec, similarity=other, mode="lazy"),
        "deepwordbug": AttackSpec(recipe="deepwordbug", resources=spec.resources, seed=seed),
    }


class Workshop:
    """Builds the models of one reproduction.

    Args:
        config: The reproduction.
        folder: Its folder; models and adversarial texts are kept there.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        quiet_libraries()
        exact_float32(config.search.threads)
        self._config, self._folder = config, folder
        self._prepared = prepare(config)
        self._device = choose_device()
        specs = attack_specs(self._prepared.spec, config.search.seed)
        self._attackers = {name: Attacker(spec) for name, spec in specs.items()}
        self._make: dict[How, Callable[[Model, int], tuple[Any, float | None]]] = {
            "teacher": self._teacher,
            "patient": self._patient,
            "cells": self._cells,
            "student": self._student,
            "adversarial": self._adversarial,
        }

    def __call__(self, model: Model) -> Built:
        """Train, save and attack a model; what it is made from has been built.

        Raises:
            EvaluationFailed: A loss or a logit is not finite.
            UserError: A file cannot be written.
        """
        seed = derived_seed(self._config.search.seed, *model.identity)
        start = time.perf_counter()
        network, loss = self._make[model.how](model, seed)
        seconds = time.perf_counter() - start
        network.eval()
        self._save(model, network)
        split = self._prepared.task.report.head(self._config.attack.report_texts)
        victim = self._victim(network)
        texts = {
            name: attacker.attack(victim, split.texts, split.labels)
            for name, attacker in self._attackers.items()
        }
        architecture = getattr(network.config, "architecture", None)
        row = ModelRow(
            name=model.name,
            replicate=model.replicate,
            seed=seed,
            parameters=sum(p.numel() for p in network.parameters()),
            examples=len(self._task_of(model).train) - len(self._prepared.task.train),
            loss=loss,
            seconds=seconds,
            architecture=json.dumps(architecture) if architecture else "",
        )
        return Built(row, {n: a.spec.digest for n, a in self._attackers.items()}, texts)

    def shown(self, outcomes: list[TextOutcome], model: tuple[str, int]) -> dict[int, bool]:
        """Whether a saved model is right on the adversarial texts of another."""
        from kdnas.attacks import transfer

        return transfer(outcomes, self._victim(self._load(model)))

    def _teacher(self, model: Model, seed: int) -> tuple[Any, float | None]:
        return self._prepared.teacher.load(self._device), None

    def _patient(self, model: Model, seed: int) -> tuple[Any, float | None]:
        chosen = self._config.reproduce
        recipe = PatientRecipe(epochs=chosen.patient_epochs, learning_rate=chosen.patient_rate)
        prepared = self._prepared
        student = distil_patiently(
            self._config.teacher, prepared.teacher, prepared.task, recipe, seed
        )
        return student, None

    def _cells(self, model: Model, seed: int) -> tuple[Any, float | None]:
        arch = CellArchitecture.from_json(CELL_FILE.read_text())
        prepared, task = self._prepared, self._task_of(model)
        labels, length = task.label_names, self._config.student.max_length
        torch.manual_seed(seed)
        config = CellConfig.of(arch.to_json(), prepared.shape, labels, length)
        shell: Any = CellsForSequenceClassification(config)
        shell.to(self._device)
        teacher = self._teacher_of(model, task)
        load_tables(shell.student.embedding, student_tables(prepared.teacher, arch.width))
        signals = teacher_signals(self._config.teacher, teacher, task)
        texts, settings = self._encoded(task), self._distillation
        loss = distil_cells(shell.student, texts, task.train.labels, signals, settings, seed)
        return shell, loss

    def _student(self, model: Model, seed: int) -> tuple[Any, float | None]:
        arch = Architecture.from_json(model.architecture)
        prepared, chosen = self._prepared, self._config.student
        torch.manual_seed(seed)
        labels = prepared.task.label_names
        config = StudentConfig.of(
            arch.canonical().to_json(), prepared.shape, labels, chosen.max_length
        )
        shell: Any = StudentForSequenceClassification(config)
        shell.to(self._device)
        if chosen.emb_init == "teacher_pca":
            load_tables(shell.student.embedding, student_tables(prepared.teacher, arch.width))
        texts = self._encoded(prepared.task)
        loss = distill(shell.student, texts, prepared.signals, self._distillation, seed)
        return shell, loss

    def _adversarial(self, model: Model, seed: int) -> tuple[Any, float | None]:
        network, task = self._load(model.source), self._task_of(model)

        def forward(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = network(input_ids=ids, attention_mask=mask.long()).logits
            return logits

        rates = {
            TEACHER: self._config.teacher.learning_rate,
            PATIENT: self._config.reproduce.patient_rate,
            CELLS: self._config.distill.learning_rate,
        }
        recipe = AdversarialRecipe(rates[model.origin], self._config.reproduce.adversarial_epochs)
        texts = self._encoded(task)
        return network, train_on_labels(network, forward, texts, task.train.labels, recipe, seed)

    @cached_property
    def _distillation(self) -> Any:
        epochs = self._config.reproduce.epochs or self._config.distill.epochs
        return self._config.distill.model_copy(update={"epochs": epochs})

    def _task_of(self, model: Model) -> Task:
        """The task with the adversarial texts that a model is trained on besides."""
        task = self._prepared.task
        if not model.strength:
            return task
        source = model.source if model.how == "adversarial" else (TEACHER, 1)
        seed = self._config.search.seed
        examples = self._examples(source, attacked_share(len(task.train), model.widest, seed))
        chosen = attacked_share(len(task.train), model.strength, seed)
        return replace(task, train=with_examples(task.train, examples, chosen))

    def _examples(self, source: tuple[str, int], chosen: list[int]) -> dict[int, str]:
        """What fools a saved model among the chosen training texts; attacked once and kept."""
        path = self._folder / "examples" / f"{source[0]}-{source[1]}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if path.exists():
                kept = json.loads(path.read_text())
                if set(chosen) <= set(kept["attacked"]):
                    return {int(i): text for i, text in kept["texts"].items()}
            victim = self._victim(self._load(source))
            attacker = Attacker(replace(self._prepared.spec, mode="lazy"))
            texts = adversarial_examples(attacker, victim, self._prepared.task.train, chosen)
            draft = path.with_suffix(".tmp")
            draft.write_text(json.dumps({"attacked": chosen, "texts": texts}))
            draft.replace(path)
            return texts

    def _teacher_of(self, model: Model, task: Task) -> Teacher:
        """The teacher that a model is distilled from; signals depend on the texts too."""
        teacher = self._prepared.teacher
        if model.origin == TEACHER and not model.strength:
            return teacher
        folder = teacher.folder if model.origin == TEACHER else self._place(model.source)
        identity = fingerprint(teacher=content_hash(folder), texts=task.fingerprint)
        return Teacher(folder, identity, teacher.max_length)

    def _encoded(self, task: Task) -> EncodedTexts:
        length = self._config.student.max_length
        return encode(self._prepared.tokenizer, task.train.texts, length)

    def _victim(self, network: Any) -> ModelVictim:
        length = self._config.student.max_length
        return ModelVictim.of_classifier(network, self._prepared.tokenizer, length)

    def _place(self, identity: tuple[str, int]) -> Path:
        return self._folder / "models" / f"{identity[0]}-{identity[1]}"

    def _load(self, identity: tuple[str, int]) -> Any:
        return load_trained_classifier(self._place(identity))[0].to(self._device)

    def _save(self, model: Model, network: Any) -> None:
        place, tokenizer = self._place(model.identity), self._prepared.tokenizer
        tokenizer.model_max_length = self._config.student.max_length
        network.save_pretrained(place, safe_serialization=True)
        tokenizer.save_pretrained(place)
