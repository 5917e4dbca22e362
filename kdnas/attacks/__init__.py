"""Attacks: a victim and texts go in, what became of each text comes out.

- `Attacker`: a spec and its resources; attacks many texts in lock step, or has TextAttack do it;
- `Victim`: what is attacked, `encode(texts) -> rows` and `logits(rows) -> float32`;
  `ModelVictim` for a network and its `Tokens`, `CallableVictim` for a plain function;
- `transfer`: adversarial texts made against one model, shown to another;
- `AttackResources`, `load_resources`: vectors and encoder of a spec (resources/).

An attack is a recipe (recipes/) in one of two hands: the engine (engine/) attacks many texts in
lock step, TextAttack (textattack/) one after the other, which is the reference. The engine works on
texts cut into parts (parts), a `ModelVictim` on their tokens (tokens).
"""

from kdnas.attacks.attacker import Attacker
from kdnas.attacks.resources import AttackResources, load_resources
from kdnas.attacks.tokens import Tokens
from kdnas.attacks.transfer import transfer
from kdnas.attacks.victim import CallableVictim, ModelVictim, Victim

__all__ = [
    "AttackResources",
    "Attacker",
    "CallableVictim",
    "ModelVictim",
    "Tokens",
    "Victim",
    "load_resources",
    "transfer",
]
