"""Attacks: a victim and texts go in, what became of each text comes out.

- `Attacker`: a spec and its resources; attacks many texts in lock step, or has TextAttack do it;
- `Victim`: what is attacked, `encode(texts) -> rows` and `logits(rows) -> float32`;
  `ModelVictim` for a network and its `Tokens`, `CallableVictim` for a plain function;
- `transfer`: adversarial texts made against one model, shown to another;
- `AttackResources`, `load_resources`: vectors and encoder of a spec (resources/).

How a text is attacked: its `TextPlan` (plans, made by planning) says which words may become what;
a `TextSearch` (search, with swaps, steps and lazy) yields what it has to ask of the victim and the
encoder; `run_searches` (lockstep) answers the asks of many texts in common batches; what was
compared once is kept (similarity, pair_store). `Reference` is TextAttack executing the same recipe
(recipes). Only planning, recipes and reference import textattack, when they are needed.
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
