"""What a study trains and attacks."""

from pathlib import Path

from kdnas.comparison import STUDY, TEACHER, Model
from kdnas.config import AttackSettings, Config
from kdnas.errors import UserError
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study.student import Student, student_of

_GROWING = ("compare.methods", "compare.students", "compare.replicates", "distill.method")


def growing(stored: Config, config: Config) -> tuple[str, ...]:
    """Beginnings of the settings that ask for more of the same; models stay what they are.

    Args:
        stored: What a study was started with.
        config: What it is asked to go on with; rows that only one of the two has are free.
    """
    rows = set(stored.compare.rows) ^ set(config.compare.rows)
    return (*_GROWING, *(f"compare.rows.{name}." for name in rows))


def is_study(folder: Path) -> bool:
    """Whether a folder holds a study, and not a reproduction."""
    path = folder / MODELS_FILE
    if not path.is_file():
        return False
    with ModelArchive.read(path) as archive:
        return archive.meta("kind") == STUDY


def study_students(config: Config) -> list[Student]:
    """The students of a study, each of which every method can teach.

    Raises:
        UserError: A word names none, two name the same, or a method cannot teach one.
    """
    found: dict[str, Student] = {}
    for word in config.compare.students:
        student = student_of(word, config.space)
        if student.name in found:
            raise UserError(f"compare.students names {student.name} twice: leave one out")
        found[student.name] = student
        learner = student.learner(config.task)
        for name in config.compare.methods:
            distill = config.taught_by(name)
            distill.require_teachable(distill.method, learner)
    return list(found.values())


def study_models(config: Config) -> list[Model]:
    """Every training, after those it needs; the methods begin from the same student.

    Raises:
        UserError: As `study_students` does.
    """
    models, students = [TEACHER], study_students(config)
    for replicate in range(1, config.compare.replicates + 1):
        for student in students:
            models += [
                Model(
                    model_name(student.name, method),
                    replicate,
                    student.kind,
                    method,
                    TEACHER,
                    student.start,
                    stem=student.name,
                )
                for method in config.compare.methods
            ]
    return models


def model_name(student: str, method: str) -> str:
    """The name of a student that a method has taught; user's methods have a colon in theirs."""
    return f"{student}.{method.replace(':', '_')}"


def stem(name: str) -> str:
    """The student in the name of a model."""
    return name.partition(".")[0]


def study_attacks(config: Config) -> dict[str, AttackSettings]:
    """The attacks on every model by name: first that of the section `attack`.

    There is none where labels are numbers, which no attack flips.
    """
    if config.task.of_numbers:
        return {}
    recipes = dict.fromkeys((config.attack.recipe, *config.compare.attacks))
    return {recipe: config.attack.model_copy(update={"recipe": recipe}) for recipe in recipes}
