"""Ways of teaching compared: every method on every student, from one command.

The way of a study: `student_of` (what the words of a setting name), `study_models` (every training;
`kdnas.comparison` does them), and then `read_study` and `write_study`, which need the archive
alone. `run_study` does all of it, `check_study` counts everything again, and `distil_one` teaches
one student by one method.

A whole comparison is one study or, of several tasks, one of each: `run_comparison`,
`read_overview`, `write_comparison` and `check_comparison` do either, and the table over tasks.
"""

from kdnas.study.material import Study, read_study
from kdnas.study.models import is_study, study_attacks, study_models
from kdnas.study.outputs import OUTPUTS, write_study
from kdnas.study.over_tasks import OVER_TASKS, Overview
from kdnas.study.run import run_study
from kdnas.study.several import is_of_tasks, read_overview, run_comparison, write_comparison
from kdnas.study.single import distil_one
from kdnas.study.student import Student, student_of
from kdnas.study.verified import StudyVerdict, check_study
from kdnas.study.verified_tasks import check_comparison

__all__ = [
    "OUTPUTS",
    "OVER_TASKS",
    "Overview",
    "Student",
    "Study",
    "StudyVerdict",
    "check_comparison",
    "check_study",
    "distil_one",
    "is_of_tasks",
    "is_study",
    "read_overview",
    "read_study",
    "run_comparison",
    "run_study",
    "student_of",
    "study_attacks",
    "study_models",
    "write_comparison",
    "write_study",
]
