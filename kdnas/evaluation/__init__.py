"""The evaluation of a student: from an architecture to what was measured of it.

- `load_task`, `attack_spec`, `prepare`: what a run computes once, as a `Prepared`; `remarks_on`
  says what a user should know of its data and attack;
- `attacked_texts`: the training texts in their attacked form, where a method shows it to students;
- `further_texts`: texts beside those of the task, likewise; `require_further` refuses what cannot
  be made before anything is trained;
- `made_texts`: some of all these with what encoder and teacher say of them (`sampled_pairs`,
  `rewritten_pairs`);
- `fresh_student`: a student before its training, built as the section `student` says;
- `record_preparation`, `keep_tokenizer`: what the archive and the folder of a run keep of it;
- `Evaluator`: distils, measures and attacks one student after the other; `make_evaluator` makes
  it in a worker process;
- `weights`: where their trained weights are kept, and `KeptWeights`: which of them; `kept_student`
  is one of them without the data and the teacher.
"""

from kdnas.evaluation.attacked import attacked_texts
from kdnas.evaluation.evaluator import Evaluator, make_evaluator
from kdnas.evaluation.fresh import fresh_student
from kdnas.evaluation.further import further_texts, require_further
from kdnas.evaluation.kept import KeptWeights
from kdnas.evaluation.made import made_texts, rewritten_pairs, sampled_pairs
from kdnas.evaluation.prepare import (
    OnStage,
    Prepared,
    attack_spec,
    load_task,
    prepare,
    remarks_on,
)
from kdnas.evaluation.recorded import keep_tokenizer, record_preparation
from kdnas.evaluation.weights import kept_student

__all__ = [
    "Evaluator",
    "KeptWeights",
    "OnStage",
    "Prepared",
    "attack_spec",
    "attacked_texts",
    "fresh_student",
    "further_texts",
    "keep_tokenizer",
    "kept_student",
    "load_task",
    "made_texts",
    "make_evaluator",
    "prepare",
    "record_preparation",
    "remarks_on",
    "require_further",
    "rewritten_pairs",
    "sampled_pairs",
]
