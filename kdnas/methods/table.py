"""`METHODS`: the methods of kdnas by name."""

from kdnas.methods.adversarial import AdversarialSettings
from kdnas.methods.layers import PKDSettings
from kdnas.methods.method import Method
from kdnas.methods.nas import AdaBERTSettings, RoSearchSettings
from kdnas.registry import Registry

_RECIPES = "kdnas.distillation.recipes"

METHODS: Registry[Method] = Registry(
    "distillation method",
    {
        "rosearch": Method(
            f"{_RECIPES}.rosearch:recipe",
            RoSearchSettings,
            family="search",
            source="Guo 2021",
            about="KD, a probe on every layer, and the logits themselves; no true labels",
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
