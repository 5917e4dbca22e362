"""Embedding tables for students, projected from a teacher's and kept per width."""

import torch

from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.errors import UserError
from kdnas.students import initial_tables
from kdnas.teachers.finetune import Teacher


def student_tables(teacher: Teacher, width: int) -> Arrays:
    """Word and position tables of hidden width `width`, from the cache where they are there.

    Raises:
        UserError: The teacher has no position table to start from.
    """
    name = fingerprint(teacher=teacher.identity, width=width)
    return cached_arrays(f"tables-{name}", lambda: _compute(teacher, width))


def _compute(teacher: Teacher, width: int) -> Arrays:
    model = teacher.load(torch.device("cpu"))
    words = model.get_input_embeddings()
    tables = [m for n, m in model.named_modules() if n.endswith("position_embeddings")]
    if not tables or tables[0].weight.shape[1] != words.weight.shape[1]:
        way = "set student.emb_init=random"
        raise UserError(f"this teacher has no table of absolute positions to start from; {way}")
    return initial_tables(words.weight.detach().numpy(), tables[0].weight.detach().numpy(), width)
