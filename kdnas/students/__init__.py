"""Student networks: an `Architecture` becomes a `torch` module and a Hugging Face model.

- `Student`: embedding, repeated blocks, classifier; built from `arch.canonical()`, so that equal
  keys give the same network;
- `make_layer`, `merge_of`: layer types and input modes of `kdnas.space`, as torch computes them;
- `initial_tables`, `load_tables`: embedding tables started from the teacher's;
- `only_rows_of`: the embedding tables without the rows that a training set does not use;
- `StudentConfig`, `StudentForSequenceClassification`: the shell that `save_pretrained` writes;
- `build`: a fresh student as its shell, the only form in which students are trained; a
  `Blueprint` holds what the students of a run have in common;
- `save_model`: a model and its tokenizer as a folder; `for_students`: a tokenizer as students need
  it, `save_tokenizer`: as files;
- `HiddenHead`, `HiddenHeadForSequenceClassification`: a transformer whose head has a hidden layer;
  `class_layer` finds the layer of a classifier that gives its logits.

Importing this folder registers the shells with the Auto classes of transformers, so that
`AutoModelForSequenceClassification.from_pretrained` loads an exported student.
"""

from kdnas.students.build import Blueprint, build
from kdnas.students.embedding import Embedding, initial_tables, load_tables, only_rows_of
from kdnas.students.hidden_head import (
    HiddenHead,
    HiddenHeadForSequenceClassification,
    class_layer,
    register_hidden_head,
)
from kdnas.students.layers import make_layer
from kdnas.students.merges import merge_of
from kdnas.students.pretrained import (
    StudentConfig,
    StudentForSequenceClassification,
    for_students,
    register,
    save_model,
    save_tokenizer,
)
from kdnas.students.student import Student, masked_max

register()
register_hidden_head()

__all__ = [
    "Blueprint",
    "Embedding",
    "HiddenHead",
    "HiddenHeadForSequenceClassification",
    "Student",
    "StudentConfig",
    "StudentForSequenceClassification",
    "build",
    "class_layer",
    "for_students",
    "initial_tables",
    "load_tables",
    "make_layer",
    "masked_max",
    "merge_of",
    "only_rows_of",
    "save_model",
    "save_tokenizer",
]
