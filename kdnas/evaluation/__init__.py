"""The evaluation of a student: from an architecture to what was measured of it.

- `load_task`, `attack_spec`, `prepare`: what a run computes once, as a `Prepared`;
- `attacked_texts`: the training texts in their attacked form, where a method shows it to students;
- `fresh_student`: a student before its training, built as the section `student` says;
- `within_limits`: what is known of a student before its training; `require_possible` refuses
  limits that no student keeps to;
- `record_preparation`: what the archive of a run keeps of it;
- `Evaluator`: distils, measures and attacks one student after the other; `make_evaluator` makes
  it in a worker process;
- `weights`: where their trained weights are kept, and `KeptWeights`: which of them.
"""

from kdnas.evaluation.attacked import attacked_texts
from kdnas.evaluation.evaluator import Evaluator, make_evaluator
from kdnas.evaluation.fresh import fresh_student
from kdnas.evaluation.kept import KeptWeights
from kdnas.evaluation.limits import require_possible, within_limits
from kdnas.evaluation.prepare import OnStage, Prepared, attack_spec, load_task, prepare
from kdnas.evaluation.recorded import record_preparation

__all__ = [
    "Evaluator",
    "KeptWeights",
    "OnStage",
    "Prepared",
    "attack_spec",
    "attacked_texts",
    "fresh_student",
    "load_task",
    "make_evaluator",
    "prepare",
    "record_preparation",
    "require_possible",
    "within_limits",
]
