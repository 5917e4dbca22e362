"""Which models a reproduction compares, and what each is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kdnas.config import ReproduceSettings

GROWING = tuple(f"reproduce.{n}" for n in ("replicates", "strengths", "sweep_seeds"))
"""Settings that ask for more of the same; the models that are there stay what they are."""

OTHER_THRESHOLD = "other-threshold"
"""The attack by TextFooler with the other named threshold."""

How = Literal["teacher", "patient", "cells", "student", "adversarial"]

TEACHER, ROBUST_TEACHER, PATIENT, CELLS = "teacher", "teacher-at", "pkd", "cells"


@dataclass(frozen=True)
class Model:
    """One training.

    Attributes:
        name: What it is; trainings of one name differ in their seeds.
        replicate: Which of them, from 1.
        how: `adversarial` goes on with another model, the others begin.
        origin: The name of what it is distilled from, or goes on with.
        strength: Share of the training texts whose adversarial examples it sees: of `origin`
            where it is adversarially trained, else of the teacher.
        widest: The largest share that any training needs of the same examples.
        architecture: JSON of a student.
    """

    name: str
    replicate: int
    how: How
    origin: str = TEACHER
    strength: float = 0.0
    widest: float = 0.0
    architecture: str = ""

    @property
    def identity(self) -> tuple[str, int]:
        """Name and replicate."""
        return self.name, self.replicate

    @property
    def source(self) -> tuple[str, int]:
        """The identity of `origin`; there is one teacher of each kind."""
        single = self.origin in (TEACHER, ROBUST_TEACHER)
        return self.origin, 1 if single else self.replicate


def sweep_name(strength: float) -> str:
    """The name of PKD after adversarial training of that strength."""
    return f"{PATIENT}-at-{strength:g}"


def student_name(key: str) -> str:
    """The name of a searched or hand-made student."""
    return f"student-{key[:12]}"


def origin_how(model: Model) -> How:
    """How the model that another goes on with was trained at first."""
    kinds: dict[str, How] = {TEACHER: "teacher", PATIENT: "patient", CELLS: "cells"}
    return kinds.get(model.origin.partition("-")[0], "student")


def compared_models(settings: ReproduceSettings, students: Mapping[str, str]) -> list[Model]:
    """Every training, after those it needs.

    Args:
        settings: Replicates and strengths.
        students: JSON of each architecture by its key.
    """
    models = [Model(TEACHER, 1, "teacher")]
    strength = settings.strength
    models += [_hardened(ROBUST_TEACHER, TEACHER, 1, strength, strength)]
    for replicate in range(1, settings.replicates + 1):
        models += _baselines(settings, replicate)
        models += [
            Model(student_name(key), replicate, "student", architecture=architecture)
            for key, architecture in students.items()
        ]
    return models


def _hardened(name: str, origin: str, replicate: int, strength: float, widest: float) -> Model:
    return Model(name, replicate, "adversarial", origin, strength, widest)


def _baselines(settings: ReproduceSettings, replicate: int) -> list[Model]:
    """PKD and the cells, each after adversarial training too; the cells of table 4.

    The sweep of strengths is made for the first replicate.
    """
    strength = settings.strength
    sweep = sorted({strength, *(settings.strengths if replicate == 1 else ())})
    widest = max(sweep)
    return [
        Model(PATIENT, replicate, "patient"),
        Model(CELLS, replicate, "cells"),
        *(_hardened(sweep_name(s), PATIENT, replicate, s, widest) for s in sweep),
        _hardened(f"{CELLS}-at", CELLS, replicate, strength, strength),
        Model(f"{CELLS}-extra", replicate, "cells", TEACHER, strength, strength),
        Model(f"{CELLS}-robust", replicate, "cells", ROBUST_TEACHER),
        Model(f"{CELLS}-robust-extra", replicate, "cells", ROBUST_TEACHER, strength, strength),
    ]
