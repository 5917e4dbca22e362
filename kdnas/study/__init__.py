"""Ways of teaching compared: every method on every student, from one command.

The way of a study: `student_of` (what the words of a setting name), `study_models` (every training;
`kdnas.comparison` does them), and then `read_study` and `write_study`, which need the archive
alone. `run_study` does all of it, `check_study` counts everything again, and `distil_one` teaches
one student by one method.
"""

from kdnas.study.material import Study, read_study
from kdnas.study.models import STUDY, is_study, study_attacks, study_models
from kdnas.study.outputs import OUTPUTS, write_study
from kdnas.study.run import run_study
from kdnas.study.single import distil_one
from kdnas.study.student import Student, student_of
from kdnas.study.verified import StudyVerdict, check_study

__all__ = [
    "OUTPUTS",
    "STUDY",
    "Student",
    "Study",
    "StudyVerdict",
    "check_study",
    "distil_one",
    "is_study",
    "read_study",
    "run_study",
    "student_of",
    "study_attacks",
    "study_models",
    "write_study",
]
