"""`METHODS`: the methods of kdnas by name."""

from dataclasses import replace
from operator import attrgetter

from kdnas.methods.adversarial import (
    AdversarialSettings,
    ARDSettings,
    AugmentationSettings,
    CombinedSettings,
    FreeLBKDSettings,
    FreeLBSettings,
    GeneratorSettings,
    MateSettings,
    MinimaxSettings,
)
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
from kdnas.methods.several import AutoSKDSettings, MTBERTSettings, SKDSettings
from kdnas.registry import Registry

_RECIPES = "kdnas.distillation.recipes"
_KD = f"{_RECIPES}.kd:recipe"
_SKD = f"{_RECIPES}.skd:recipe"
_CHAIN = attrgetter("chain")

_FAMILIES: dict[str, dict[str, Method]] = {
    "limits and background": {
        "finetune": Method(f"{_RECIPES}.finetune:recipe",
            source="Devlin 2019", cost=1.0, uses=("labels",),
            about="true labels alone, no teacher"),
        "kd": Method(_KD, KDSettings,
            source="Hinton 2015", cost=1.0, uses=("labels", "logits"),
            about="true labels and the teacher's answers at a temperature"),
        "label-smoothing": Method(f"{_RECIPES}.label_smoothing:recipe", LabelSmoothingSettings,
            source="Szegedy 2016", cost=1.0, uses=("labels",), demands=("classes",),
            about="true labels, a share of them spread over all classes"),
        "teacher-free": Method(f"{_RECIPES}.teacher_free:recipe", TeacherFreeSettings,
            source="Yuan 2020", cost=1.0, uses=("labels",), demands=("classes",),
            about="KD from a made-up teacher that is always nearly right"),
        "reverse-kd": Method(_KD, ReverseKDSettings,
            source="Yuan 2020", cost=1.0, chain=_CHAIN, uses=("labels", "logits"),
            about="KD, from a teacher that a smaller model has taught"),
        "defective": Method(_KD, DefectiveSettings,
            source="Yuan 2020", cost=1.0, chain=_CHAIN, uses=("labels", "logits"),
            about="KD, from a teacher that was stopped early"),
        "self-distillation": Method(_KD, SelfDistillationSettings,
            source="Yuan 2020", cost=2.1, chain=_CHAIN, uses=("labels", "logits"),
            about="KD, from the student's own training with true labels"),
        "born-again": Method(_KD, BornAgainSettings,
            source="Furlanello 2018", cost=3.4, chain=_CHAIN, uses=("labels", "logits"),
            about="KD over generations of the student, each from the last"),
    },
    "search": {
        "rosearch": Method(f"{_RECIPES}.rosearch:recipe", RoSearchSettings,
            source="Guo 2021", cost=1.0, uses=("logits", "probe_logits"),
            about="KD, probes on every layer, and the logits; no true labels"),
        "adabert": Method("kdnas.adabert.recipe:recipe", AdaBERTSettings,
            source="Chen 2020", cost=1.1, uses=("labels", "probe_logits"),
            about="a read-out of every layer follows a probe of the teacher"),
    },
    "layers": {
        "pkd": Method(f"{_RECIPES}.pkd:recipe", PKDSettings,
            source="Sun 2019", cost=1.1, uses=("labels", "logits", "states"),
            about="KD, and each layer follows one of the teacher's"),
        "ckd": Method(f"{_RECIPES}.ckd:recipe", CKDSettings,
            source="Wu 2020", cost=1.2, uses=("labels", "logits", "states"),
            about="KD, and each layer follows several of the teacher's"),
        "alp": Method(f"{_RECIPES}.alp:recipe", ALPSettings,
            source="Passban 2021", cost=1.1, uses=("labels", "logits", "states"),
            about="KD, and each layer attends to layers of the teacher"),
        "general": Method(f"{_RECIPES}.general:recipe", GeneralSettings,
            source="Guo 2021", cost=1.1, uses=("logits", "states"),
            demands=lambda settings: ("attention",) if settings.attention_weight else (),
            about="logits, answers, states, attention, embedding: any weights"),
    },
    "capacity gap": {
        "takd": Method(_KD, TAKDSettings,
            source="Mirzadeh 2020", cost=1.0, chain=_CHAIN, uses=("labels", "logits"),
            about="KD, from assistants between teacher and student"),
        "annealing": Method(f"{_RECIPES}.annealing:recipe", AnnealingSettings,
            source="Jafari 2021", cost=1.0, uses=("labels", "logits"),
            about="the teacher's logits, small to whole, then true labels"),
    },
    "many teachers": {
        "skd": Method(_SKD, SKDSettings,
            source="SKDBERT", cost=1.0, chain=_CHAIN, uses=("labels", "team_logits"),
            about="KD, from one teacher of a team, drawn for each step"),
        "autoskd": Method(_SKD, AutoSKDSettings,
            source="AutoSKDBERT", cost=7.5, chain=_CHAIN, uses=("labels", "team_logits"),
            about="SKD, with shares of the teachers that are learned before"),
        "mt-bert": Method(f"{_RECIPES}.mt_bert:recipe", MTBERTSettings,
            source="Wu 2021", cost=1.0, chain=_CHAIN, uses=("labels", "team_logits"),
            about="all teachers of a team, those that are wrong less"),
    },
    "adversarial text": {
        "ard": Method(f"{_RECIPES}.ard:recipe", ARDSettings,
            source="Goldblum 2020", cost=2.0, uses=("labels", "logits", "attacked"),
            demands=("classes",),
            about="KD on attacked texts, from the teacher on the clean ones"),
        "augmentation": Method(f"{_RECIPES}.augmentation:recipe", AugmentationSettings,
            source="Morris 2020", cost=2.7, uses=("labels", "logits", "augmented"),
            about="KD on the texts, and on them with synonyms in them"),
        "minimax-knn": Method(f"{_RECIPES}.minimax_knn:recipe", MinimaxSettings,
            source="Kamalloo 2021", cost=5.5, uses=("labels", "logits", "neighbours"),
            demands=("single",),
            about="KD, and on neighbours that divide student and teacher"),
        "mate": Method(f"{_RECIPES}.mate:recipe", MateSettings,
            source="Rashid 2021", cost=20.0, uses=("labels", "logits", "teacher", "generator"),
            about="KD, and on texts rewritten to divide student and teacher"),
        "combined": Method(f"{_RECIPES}.combined:recipe", CombinedSettings,
            source="Combined-KD", cost=12.0, uses=("labels", "logits", "teacher", "generator"),
            about="annealing, on rewritten texts too, then true labels"),
        "adversarial-text": Method(f"{_RECIPES}.adversarial_text:recipe", GeneratorSettings,
            source="Rashid 2021", cost=14.0, uses=("labels", "generator"),
            about="true labels, on texts rewritten to be told wrong too"),
        "freelb": Method(f"{_RECIPES}.freelb:recipe", FreeLBSettings,
            source="Zhu 2020", cost=2.9, uses=("labels",),
            about="true labels, on vectors of words that move uphill"),
        "freelb-kd": Method(f"{_RECIPES}.freelb:kd_recipe", FreeLBKDSettings,
            source="Zhu 2020", cost=3.0, uses=("labels", "logits"),
            about="KD, on vectors of words that move uphill"),
        "adversarial": Method(f"{_RECIPES}.adversarial:recipe", AdversarialSettings,
            source="Guo 2021", cost=1.0, uses=("labels",), demands=("trained",),
            about="a trained model goes on with what fooled it"),
    },
}  # fmt: skip

METHODS: Registry[Method] = Registry(
    "distillation method",
    {
        name: replace(method, family=family)
        for family, methods in _FAMILIES.items()
        for name, method in methods.items()
    },
    Method,
)
