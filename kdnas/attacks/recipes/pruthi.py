"""Pruthi (2019): typing errors in at most one word of a text; executed by TextAttack alone."""

from typing import Any

from kdnas.attacks.resources import AttackResources
from kdnas.records.recipes import NoSettings


def build(model: Any, settings: NoSettings, resources: AttackResources) -> Any:
    """TextAttack's recipe as it is."""
    from textattack.attack_recipes import Pruthi2019

    return Pruthi2019.build(model)
