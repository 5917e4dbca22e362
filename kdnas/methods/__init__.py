"""Methods of distillation by name, each with its settings; reading them loads no torch.

- `METHODS`: the table, one `Method` each: family, source, settings, and where its recipe is;
- `Method`: how it is configured, what it uses, and whom it cannot teach (`Method.refuses`);
- `Learner`: what decides about that;
- `MethodSettings`: the base of the settings, which stand in a file for each family.

A method of your own is one value more:

    METHODS.add("mine", Method("my_module:recipe", MySettings))

where `recipe(schedule, settings)` returns the stages of the training (`kdnas.distillation.Stage`)
and `MySettings` is a frozen dataclass whose fields have defaults.
"""

from kdnas.methods.adversarial import (
    AdversarialSettings,
    ARDSettings,
    AugmentationSettings,
    AugmenterName,
    CombinedSettings,
    FreeLBKDSettings,
    FreeLBSettings,
    GeneratorSettings,
    MateSettings,
    MinimaxSettings,
)
from kdnas.methods.background import KDSettings, LabelSmoothingSettings, TeacherFreeSettings
from kdnas.methods.capacity import AnnealingSettings
from kdnas.methods.chain import Chain, Link
from kdnas.methods.layers import ALPSettings, CKDSettings, GeneralSettings, PKDSettings
from kdnas.methods.method import Learner, Method, Use
from kdnas.methods.nas import AdaBERTSettings, RoSearchSettings
from kdnas.methods.settings import MethodSettings
from kdnas.methods.several import AutoSKDSettings, MTBERTSettings, SKDSettings
from kdnas.methods.table import METHODS
from kdnas.methods.team import Member, ShareSearch, Team

__all__ = [
    "METHODS",
    "ALPSettings",
    "ARDSettings",
    "AdaBERTSettings",
    "AdversarialSettings",
    "AnnealingSettings",
    "AugmentationSettings",
    "AugmenterName",
    "AutoSKDSettings",
    "CKDSettings",
    "Chain",
    "CombinedSettings",
    "FreeLBKDSettings",
    "FreeLBSettings",
    "GeneralSettings",
    "GeneratorSettings",
    "KDSettings",
    "LabelSmoothingSettings",
    "Learner",
    "Link",
    "MTBERTSettings",
    "MateSettings",
    "Member",
    "Method",
    "MethodSettings",
    "MinimaxSettings",
    "PKDSettings",
    "RoSearchSettings",
    "SKDSettings",
    "ShareSearch",
    "TeacherFreeSettings",
    "Team",
    "Use",
]
