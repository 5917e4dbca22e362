"""Which models a reproduction compares (Guo 2021), and what each is made from."""

from collections.abc import Mapping
from dataclasses import replace

from kdnas.comparison import TEACHER, Model
from kdnas.config import AttackSettings, Config
from kdnas.records import SIMILARITY_THRESHOLDS, AttackMode

GROWING = tuple(f"reproduce.{n}" for n in ("replicates", "strengths", "sweep_seeds"))
"""Settings that ask for more of the same; the models that are there stay what they are."""

OTHER_THRESHOLD = "other-threshold"
"""The attack by TextFooler with the other named threshold."""

ROBUST_TEACHER, PATIENT, CELLS = "teacher-at", "pkd", "cells"


def sweep_name(strength: float) -> str:
    """The name of PKD after adversarial training of that strength."""
    return f"{PATIENT}-at-{strength:g}"


def student_name(key: str) -> str:
    """The name of a searched or hand-made student."""
    return f"student-{key[:12]}"


def compared_models(config: Config, students: Mapping[str, str]) -> list[Model]:
    """Every training, after those it needs.

    Args:
        config: The reproduction, with replicates and strengths.
        students: JSON of each architecture by its key.
    """
    strength = config.reproduce.strength
    robust = _hardened(ROBUST_TEACHER, TEACHER, strength, strength)
    models = [TEACHER, robust]
    method, epochs = config.distill.method, config.reproduce.epochs
    for replicate in range(1, config.reproduce.replicates + 1):
        models += _baselines(config, robust, replicate)
        models += [
            Model(
                student_name(key),
                replicate,
                "searched",
                method,
                TEACHER,
                architecture,
                epochs=epochs,
            )
            for key, architecture in students.items()
        ]
    return models


def _hardened(name: str, source: Model, strength: float, widest: float) -> Model:
    """A model that goes on with what fools it; there is one such teacher."""
    return Model(
        name, source.replicate, "trained", "adversarial", source, strength=strength, widest=widest
    )


def _baselines(config: Config, robust: Model, replicate: int) -> list[Model]:
    """PKD and the cells, each after adversarial training too; the cells of table 4.

    The sweep of strengths is made for the first replicate.
    """
    strength = config.reproduce.strength
    sweep = sorted({strength, *(config.reproduce.strengths if replicate == 1 else ())})
    layers = config.distill.table(PATIENT).layers
    first = str(layers) if layers else ""
    patient = Model(PATIENT, replicate, "first-layers", "pkd", TEACHER, first)
    cells = Model(CELLS, replicate, "cells", "adabert", TEACHER, epochs=config.reproduce.epochs)
    extra = replace(cells, strength=strength, widest=strength)
    return [
        patient,
        cells,
        *(_hardened(sweep_name(s), patient, s, max(sweep)) for s in sweep),
        _hardened(f"{CELLS}-at", cells, strength, strength),
        replace(extra, name=f"{CELLS}-extra"),
        replace(cells, name=f"{CELLS}-robust", source=robust),
        replace(extra, name=f"{CELLS}-robust-extra", source=robust),
    ]


def compared_attacks(config: Config) -> dict[str, AttackSettings]:
    """The attacks on every model by name: first that of the searches, then what to compare it with.

    These are TextFooler as it is set, TextFooler with the other named threshold, and DeepWordBug.
    """
    attack = config.attack

    def chosen(recipe: str, mode: AttackMode) -> AttackSettings:
        return attack.model_copy(update={"recipe": recipe, "mode": mode})

    fooler = chosen("textfooler", "lazy")
    usual = fooler.table("textfooler")
    threshold = fooler.spec(sentiment=True, seed=0).settings.similarity  # a number, not its name
    other = next(s for s in SIMILARITY_THRESHOLDS.values() if s != threshold)
    own = {attack.recipe: chosen(attack.recipe, "exact")}
    others = {
        "textfooler": fooler,
        OTHER_THRESHOLD: fooler.model_copy(update={"textfooler": replace(usual, similarity=other)}),
        "deepwordbug": AttackSettings(
            recipe="deepwordbug", resources=attack.resources, mode="exact"
        ),
    }
    return own | others | own  # the own one first, and none twice
