"""Methods of distillation by name, each with its settings.

A `Method` is light: configurations are checked against `METHODS` without loading torch. How it
trains is its recipe, a function of `kdnas.distillation` that is named here and imported when a
student is trained. A method of your own is one value more:

    METHODS.add("mine", Method("my_module:recipe", MySettings))

where `recipe(schedule, settings)` returns the stages of the training (`kdnas.distillation.Stage`)
and `MySettings` is a frozen dataclass whose fields have defaults.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from kdnas.limits import Count, NotNegative, Positive, Share
from kdnas.registry import Registry

StudentKind = Literal["searched", "cells", "first-layers", "trained"]
"""Students of the search space, AdaBERT's cells, the first layers of the teacher, and models that
are trained already and go on."""


@dataclass(frozen=True)
class MethodSettings:
    """The settings of a method that has none; those of other methods add fields to it."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True)
class Method:
    """A way to teach a student.

    Attributes:
        recipe: From the schedule of `[distill]` and the settings to the stages of the training, or
            where that function is found, as "module:attribute".
        settings: Class of its settings, a frozen dataclass whose fields have defaults.
        teaches: The kinds of students that it can teach.
    """

    recipe: str | Callable[[Any, Any], Any]
    settings: type = MethodSettings
    teaches: frozenset[StudentKind] = frozenset({"searched"})


@dataclass(frozen=True)
class RoSearchSettings(MethodSettings):
    """The loss of RoSearch (Guo 2021, section 6.1).

    Attributes:
        kd_weight, probe_weight, logit_weight: Weights of the three terms.
        temperature: Temperature of the KD term.
        kd_direction: `forward` is KL(teacher || student), `reverse` the other way round.
        probe_temperature: Temperature of the probe term.
        probe_last: Whether the last block has a probe besides the classifier.
        layer_map: Which teacher layer a block's probe follows, a rule of
            `kdnas.distillation.followed_layers`.
    """

    kd_weight: NotNegative = 0.5
    probe_weight: NotNegative = 0.25
    logit_weight: NotNegative = 0.25
    temperature: Positive = 2.0
    kd_direction: Literal["forward", "reverse"] = "forward"
    probe_temperature: Positive = 1.0
    probe_last: bool = True
    layer_map: Literal["ceil", "stride"] = "ceil"


@dataclass(frozen=True)
class PKDSettings(MethodSettings):
    """Patient knowledge distillation; what Sun 2019 tried is in brackets.

    Attributes:
        layers: Layers of the student; None for half the teacher's.
        follow: Which teacher layers it follows, a rule of `kdnas.distillation.followed_layers`.
        alpha: Share of the teacher's answers, the rest are true labels (0.2, 0.5, 0.7).
        beta: Weight of the hidden states (10, 100, 500, 1000).
        temperature: Temperature of the teacher's answers (5, 10, 20).
        learning_rate: Rate at the end of the warm-up (1e-5, 2e-5, 5e-5).
        epochs: Epochs of the training.
    """

    layers: Count | None = None
    follow: Literal["skip", "last"] = "skip"
    alpha: Share = 0.5
    beta: NotNegative = 100.0
    temperature: Positive = 5.0
    learning_rate: Positive = 5e-5
    epochs: Count = 4


@dataclass(frozen=True)
class AdaBERTSettings(MethodSettings):
    """The loss of AdaBERT's students (Chen 2020).

    Attributes:
        gamma: Share of the teacher's probes, the rest are true labels.
    """

    gamma: Share = 0.8


@dataclass(frozen=True)
class AdversarialSettings(MethodSettings):
    """How a trained model goes on with adversarial texts beside the original ones.

    Attributes:
        learning_rate: None for the rate that the model was trained with.
        epochs: Epochs of the training.
    """

    learning_rate: Positive | None = None
    epochs: Count = 3


METHODS: Registry[Method] = Registry(
    "distillation method",
    {
        "rosearch": Method("kdnas.distillation.recipes.rosearch:recipe", RoSearchSettings),
        "pkd": Method(
            "kdnas.distillation.recipes.pkd:recipe", PKDSettings, frozenset({"first-layers"})
        ),
        "adabert": Method("kdnas.adabert.recipe:recipe", AdaBERTSettings, frozenset({"cells"})),
        "adversarial": Method(
            "kdnas.distillation.recipes.adversarial:recipe",
            AdversarialSettings,
            frozenset({"trained"}),
        ),
    },
    Method,
)
