"""The evaluation of a student: from an architecture to what was measured of it.

- `load_task`, `attack_spec`, `prepare`: what a run computes once, as a `Prepared`;
- `fresh_student`: a student before its training, built as the section `student` says;
- `Evaluator`: distils, measures and attacks one student after the other;
- `weights`: where their trained weights are kept.
"""

from kdnas.evaluation.evaluator import Evaluator, measurement
from kdnas.evaluation.fresh import fresh_student
from kdnas.evaluation.prepare import Prepared, attack_spec, load_task, prepare

__all__ = [
    "Evaluator",
    "Prepared",
    "attack_spec",
    "fresh_student",
    "load_task",
    "measurement",
    "prepare",
]
