"""Every kind of student beside one small teacher, with classes and with numbers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from heavy import TINY_ARCHITECTURE
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

from kdnas.adabert import EDGES, CellArchitecture, CellEdge, CellsForSequenceClassification
from kdnas.distillation import FurtherTexts, Lesson, Reader, Rewriter, Step
from kdnas.methods import Learner
from kdnas.space import NetworkShape
from kdnas.students import Blueprint, build
from kdnas.teachers import logits_and_layers
from kdnas.training import EncodedTexts, take

CPU = torch.device("cpu")
LAYERS, WIDTH, TEXTS, LENGTH, VOCABULARY, EACH = 4, 32, 24, 8, 50, 8
DEEP = replace(TINY_ARCHITECTURE, repeats=3)


def a_bert(layers: int, width: int, classes: int, seed: int = 0) -> Any:
    """A random transformer."""
    torch.manual_seed(seed)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=VOCABULARY,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            intermediate_size=32,
            max_position_embeddings=16,
            num_labels=classes,
        )
    )


def _built(architecture: Any, classes: int, **form: Any) -> Any:
    shape = NetworkShape(VOCABULARY, max(classes, 2), 16)
    names = tuple("abc"[:classes])
    return build(architecture.to_json(), Blueprint(shape, names, 16, 0.1, CPU), 0, **form)


def _cells(classes: int) -> Any:
    edges = tuple(CellEdge(*EDGES[i], op) for i, op in ((0, "conv3"), (1, "max"), (4, "identity")))
    return a_student_of_cells(CellArchitecture(2, 24, edges), classes)


def a_student_of_cells(cells: CellArchitecture, classes: int) -> Any:
    """A fresh student of these cells."""
    return _built(cells, classes, form=CellsForSequenceClassification)


STUDENTS: dict[str, Callable[[int], Any]] = {
    "of the space": lambda classes: _built(DEEP, classes),
    "cells": _cells,
    "a shorter teacher": lambda classes: a_bert(2, WIDTH, classes, seed=1),
    "another transformer": lambda classes: a_bert(5, 16, classes, seed=2),
}
"""From the number of classes, 1 for a number, to a fresh student; widths are the teacher's or not,
layers fewer or more than its."""


def learner(kind: str, classes: int) -> Learner:
    """What decides about the methods that teach such a student."""
    return Learner(kind, True, "transformer" in kind or "teacher" in kind, classes > 1)


def a_lesson(classes: int, pairs: bool = False) -> tuple[Lesson, Any]:
    """Texts, or pairs, with the signals of a teacher, which is there too.

    Classes are told by one token.
    """
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, TEXTS)
    ids = rng.integers(10, VOCABULARY, (TEXTS, LENGTH)).astype(np.int32)
    ids[:, 3] = truth + 1
    segments = (np.arange(LENGTH) > 3).astype(np.uint8)[None].repeat(TEXTS, 0) if pairs else None
    texts = EncodedTexts(ids, rng.integers(5, LENGTH + 1, TEXTS), segments)
    teacher = a_bert(LAYERS, WIDTH, classes).eval()
    answers, states = logits_and_layers(teacher, texts, CPU)
    signals = {
        "logits": answers,
        "states": states,
        "probe_logits": rng.normal(size=(TEXTS, LAYERS + 1, classes)).astype(np.float32),
        "team_logits": answers[:, None] + rng.normal(size=(TEXTS, 3, classes)).astype(np.float32),
        "team_scores": np.array([0.6, 0.9, 0.7]),
    }
    labels = truth.tolist() if classes > 1 else (truth / 2).tolist()
    attacked = EncodedTexts(
        ids[::-1, : LENGTH - 1].copy(),
        np.minimum(texts.lengths, LENGTH - 1),
        None if segments is None else segments[:, : LENGTH - 1].copy(),
    )
    lesson = Lesson(texts, labels, signals, lambda device: teacher, attacked=attacked)
    lesson = replace(lesson, further=_further(texts, classes), rewriter=a_rewriter())
    return lesson, teacher


def a_rewriter() -> Rewriter:
    """A random masked language model."""

    def load(device: torch.device) -> Any:
        torch.manual_seed(7)
        config = BertConfig(
            vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=16, max_position_embeddings=16,
        )  # fmt: skip
        return BertForMaskedLM(config).to(device)

    return Rewriter(load, mask=4, special=(4, 5), tokens=VOCABULARY)


def _further(texts: EncodedTexts, classes: int) -> FurtherTexts:
    """Eight others beside each text, with random answers of the teacher."""
    rng = np.random.default_rng(1)
    index = np.repeat(np.arange(TEXTS), EACH)
    ids = rng.permuted(texts.ids[index], axis=1)
    segments = None if texts.segments is None else texts.segments[index]
    logits = rng.normal(size=(TEXTS, EACH, classes)).astype(np.float32)
    return FurtherTexts(EncodedTexts(ids, texts.lengths[index], segments), logits)


def a_step(student: Any, lesson: Lesson, attention: bool = False, **progress: int) -> Step:
    """What a term sees of a student and all texts."""
    index = np.arange(TEXTS)
    reader = Reader.of(student, lesson.inputs, attention)
    teacher = Reader.of(lesson.live(CPU), lesson.inputs, attention)
    own = reader.see(take(lesson.texts, index, CPU))
    further = lesson.further and lesson.further.texts
    known = {"teacher": teacher, "others": lesson.attacked, "further": further}
    return Step(lesson, index, own, **{"number": 0, "steps": 1} | progress, **known)
