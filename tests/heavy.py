"""Small real parts that the tests of the heavy side share: a tiny BERT, a slice of real reviews."""

from pathlib import Path

import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from kdnas.config import Config, load_config
from kdnas.offline import offline_path
from kdnas.space import Architecture, Node, Op

TINY_ARCHITECTURE = Architecture(
    1,
    32,
    frozenset({(0, 1), (1, 2), (2, 3)}),
    (Node(Op("conv", 3), 32, activation="relu"), Node(Op("glu"), 32)),
)


def save_tiny_bert(folder: Path, classes: int = 2) -> Path:
    """A random two-layer BERT with MiniLM's tokenizer, as `save_pretrained` writes it."""
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        num_labels=classes,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(offline_path("minilm"))).save_pretrained(folder)
    return folder


def tiny_config(teacher: Path, *overrides: str) -> Config:
    """A run of seconds: real reviews, a tiny teacher, narrow students, few attacked texts."""
    return load_config(overrides=tiny_overrides(teacher, *overrides))


def tiny_overrides(teacher: Path, *overrides: str) -> list[str]:
    """What makes a run one of seconds, as it is written after `--set`."""
    return [
        f'teacher.model="{teacher}"',
        "teacher.epochs=1",
        "teacher.learning_rate=1e-3",
        "task.train=160",
        "task.search=40",
        "task.report=40",
        "space.repeats=[1,2]",
        "space.widths=[32]",
        "space.node_widths=[32]",
        "space.nodes=2",
        "student.max_length=32",
        "student.positions=64",
        "distill.epochs=1",
        "distill.learning_rate=2e-3",
        "attack.texts=6",
        "attack.report_texts=4",
        "attack.textfooler.vocabulary=1000",
        "search.algorithm=nsga2",
        "search.population=4",
        "search.evaluations=6",
        "search.batch=2",
        "constraints.accuracy_floor=0",
        *overrides,
    ]
