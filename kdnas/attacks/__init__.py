"""Attacks: a victim and texts go in, what became of each text comes out.

- `Victim`: what is attacked, `encode(texts) -> ids` and `logits(ids) -> float32`;
- `AttackResources`, `load_resources`: vectors, word classes and encoder of a spec;
- `Attacker`: TextFooler as TextAttack defines it, with those resources.

This is the only place that imports textattack, and only when an attack is built.
"""

from kdnas.attacks.attacker import Attacker
from kdnas.attacks.resources import AttackResources, load_resources
from kdnas.attacks.victim import CallableVictim, ModelVictim, Victim

__all__ = [
    "AttackResources",
    "Attacker",
    "CallableVictim",
    "ModelVictim",
    "Victim",
    "load_resources",
]
