"""`METHODS`: the methods of kdnas by name."""

from operator import attrgetter

from kdnas.methods.adversarial import AdversarialSettings, ARDSettings
from kdnas.methods.background import KDSettings, LabelSmoothingSettings, TeacherFreeSettings
from kdnas.methods.capacity import AnnealingSettings
from kdnas.methods.chain import (
    BornAgainSettings,
    DefectiveSettings,
    ReverseKDSettings,
    SelfDistillationSettings,
    TAKDSettings,
)
from kdnas.methods.layers import ALPSettings, CKDSettings, GeneralSettings, PKDSettings
from kdnas.methods.method import Method
from kdnas.methods.nas import AdaBERTSettings, RoSearchSettings
from kdnas.registry import Registry

_RECIPES = "kdnas.distillation.recipes"
_KD = f"{_RECIPES}.kd:recipe"
_CHAIN = attrgetter("chain")

METHODS: Registry[Method] = Registry(
    "distillation method",
    {
        "finetune": Method(
            f"{_RECIPES}.finetune:recipe",
            family="limits and background",
            source="Devlin 2019",
            about="true labels alone, no teacher",
            uses=("labels",),
        ),
        "kd": Method(
            _KD,
            KDSettings,
            family="limits and background",
            source="Hinton 2015",
            about="true labels and the teacher's answers at a temperature",
            uses=("labels", "logits"),
        ),
        "label-smoothing": Method(
            f"{_RECIPES}.label_smoothing:recipe",
            LabelSmoothingSettings,
            family="limits and background",
            source="Szegedy 2016",
            about="true labels, a share of them spread over all classes",
            uses=("labels",),
            demands=("classes",),
        ),
        "teacher-free": Method(
            f"{_RECIPES}.teacher_free:recipe",
            TeacherFreeSettings,
            family="limits and background",
            source="Yuan 2020",
            about="KD from a made-up teacher that is always nearly right",
            uses=("labels",),
            demands=("classes",),
        ),
        "reverse-kd": Method(
            _KD,
            ReverseKDSettings,
            family="limits and background",
            source="Yuan 2020",
            about="KD, from a teacher that a smaller model has taught",
            uses=("labels", "logits"),
            chain=_CHAIN,
        ),
        "defective": Method(
            _KD,
            DefectiveSettings,
            family="limits and background",
            source="Yuan 2020",
            about="KD, from a teacher that was stopped early",
            uses=("labels", "logits"),
            chain=_CHAIN,
        ),
        "self-distillation": Method(
            _KD,
            SelfDistillationSettings,
            family="limits and background",
            source="Yuan 2020",
            about="KD, from the student's own training with true labels",
            uses=("labels", "logits"),
            chain=_CHAIN,
        ),
        "born-again": Method(
            _KD,
            BornAgainSettings,
            family="limits and background",
            source="Furlanello 2018",
            about="KD over generations of the student, each from the last",
            uses=("labels", "logits"),
            chain=_CHAIN,
        ),
        "rosearch": Method(
            f"{_RECIPES}.rosearch:recipe",
            RoSearchSettings,
            family="search",
            source="Guo 2021",
            about="KD, probes on every layer, and the logits; no true labels",
            uses=("logits", "probe_logits"),
        ),
        "adabert": Method(
            "kdnas.adabert.recipe:recipe",
            AdaBERTSettings,
            family="search",
            source="Chen 2020",
            about="a read-out of every layer follows a probe of the teacher",
            uses=("labels", "probe_logits"),
        ),
        "pkd": Method(
            f"{_RECIPES}.pkd:recipe",
            PKDSettings,
            family="layers",
            source="Sun 2019",
            about="KD, and each layer follows one of the teacher's",
            uses=("labels", "logits", "states"),
        ),
        "ckd": Method(
            f"{_RECIPES}.ckd:recipe",
            CKDSettings,
            family="layers",
            source="Wu 2020",
            about="KD, and each layer follows several of the teacher's",
            uses=("labels", "logits", "states"),
        ),
        "alp": Method(
            f"{_RECIPES}.alp:recipe",
            ALPSettings,
            family="layers",
            source="Passban 2021",
            about="KD, and each layer attends to layers of the teacher",
            uses=("labels", "logits", "states"),
        ),
        "general": Method(
            f"{_RECIPES}.general:recipe",
            GeneralSettings,
            family="layers",
            source="Guo 2021",
            about="logits, answers, states, attention, embedding: any weights",
            uses=("logits", "states"),
            demands=lambda settings: ("attention",) if settings.attention_weight else (),
        ),
        "takd": Method(
            _KD,
            TAKDSettings,
            family="capacity gap",
            source="Mirzadeh 2020",
            about="KD, from assistants between teacher and student",
            uses=("labels", "logits"),
            chain=_CHAIN,
        ),
        "annealing": Method(
            f"{_RECIPES}.annealing:recipe",
            AnnealingSettings,
            family="capacity gap",
            source="Jafari 2021",
            about="the teacher's logits, small to whole, then true labels",
            uses=("labels", "logits"),
        ),
        "ard": Method(
            f"{_RECIPES}.ard:recipe",
            ARDSettings,
            family="adversarial text",
            source="Goldblum 2020",
            about="KD on attacked texts, from the teacher on the clean ones",
            uses=("labels", "logits", "attacked"),
            demands=("classes",),
        ),
        "adversarial": Method(
            f"{_RECIPES}.adversarial:recipe",
            AdversarialSettings,
            family="adversarial text",
            source="Guo 2021",
            about="a trained model goes on with what fooled it",
            uses=("labels",),
            demands=("trained",),
        ),
    },
    Method,
)
