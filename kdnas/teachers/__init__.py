"""Teachers: a pre-trained classifier, fine-tuned on a task, probed at every layer, and cached.

The way of a run: `load_tokenizer` (the task is cut with it), `prepare_teacher` (fine-tuned once,
kept under a content hash), `teacher_signals` (logits and probe logits of the training set,
computed once), `student_tables` (embedding tables that students start from); `logits_and_layers` is
what a transformer says of texts.
"""

from kdnas.teachers.finetune import Teacher, prepare_teacher
from kdnas.teachers.layers import logits_and_layers
from kdnas.teachers.pretrained import (
    OFFLINE_MODELS,
    load_classifier,
    load_tokenizer,
    load_trained_classifier,
    model_identity,
    resolve_model,
)
from kdnas.teachers.probes import train_probes
from kdnas.teachers.signals import Signals, teacher_signals
from kdnas.teachers.tables import student_tables

__all__ = [
    "OFFLINE_MODELS",
    "Signals",
    "Teacher",
    "load_classifier",
    "load_tokenizer",
    "load_trained_classifier",
    "logits_and_layers",
    "model_identity",
    "prepare_teacher",
    "resolve_model",
    "student_tables",
    "teacher_signals",
    "train_probes",
]
