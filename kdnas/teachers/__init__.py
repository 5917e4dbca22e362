"""Teachers: a pre-trained classifier, fine-tuned on a task, probed at every layer, and cached.

In the order of a run:

- `load_tokenizer`: the task is cut with it;
- `prepare_teacher`: the `Teacher`, fine-tuned once and kept under a content hash; `load_for_task`
  brings the classes of a model into the order of the task's;
- `teacher_signals`: what students learn from, an array for each kind in `SIGNALS`, made when a
  recipe asks for it and then cached; `lesson_of` joins them with the texts;
- `student_tables`: embedding tables that students start from;
- `first_layers`, `every_layers`, `some_layers`: students that are a shorter teacher;
- `taught_chain`: the last of the transformers between a teacher and its students; `require_chain`
  refuses those that are larger than the teacher;
- `taught_team`, `require_team`: several teachers of one student;
- `untrained_teacher`, `untrained_rewriter`: models of the right size, for an estimate.
"""

from kdnas.teachers.chain import require_chain, taught_chain
from kdnas.teachers.finetune import Teacher, prepare_teacher
from kdnas.teachers.first_layers import every_layers, first_layers, some_layers
from kdnas.teachers.fitting import class_names
from kdnas.teachers.head import load_for_task
from kdnas.teachers.layers import logits_and_layers
from kdnas.teachers.lesson import lesson_of
from kdnas.teachers.pretrained import (
    load_classifier,
    load_config,
    load_tokenizer,
    load_trained_classifier,
    model_identity,
    require_vocabulary,
    token_limit,
)
from kdnas.teachers.probes import ProbeTraining, train_probes
from kdnas.teachers.signals import SIGNALS, teacher_signals
from kdnas.teachers.tables import student_tables
from kdnas.teachers.team import require_team, taught_team
from kdnas.teachers.untrained import untrained_rewriter, untrained_teacher

__all__ = [
    "SIGNALS",
    "ProbeTraining",
    "Teacher",
    "class_names",
    "every_layers",
    "first_layers",
    "lesson_of",
    "load_classifier",
    "load_config",
    "load_for_task",
    "load_tokenizer",
    "load_trained_classifier",
    "logits_and_layers",
    "model_identity",
    "prepare_teacher",
    "require_chain",
    "require_team",
    "require_vocabulary",
    "some_layers",
    "student_tables",
    "taught_chain",
    "taught_team",
    "teacher_signals",
    "token_limit",
    "train_probes",
    "untrained_rewriter",
    "untrained_teacher",
]
