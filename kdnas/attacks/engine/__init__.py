"""The engine: the attacks on many texts in lock step, with TextAttack's outcome for each of them.

A text's `TextPlan` (plans) says which words may become what; a `TextSearch` (search, with swaps,
steps and lazy) yields what it has to ask (asks) of the victim and the encoder; `run_searches`
(lockstep) answers the asks of many texts in common batches; what was compared once is kept
(similarity, pair_store). `Candidates` (candidates) is what a recipe brings: it `DeletesWords` or
`MakesWordsUnknown` to see how important they are.
"""

from kdnas.attacks.engine.candidates import Candidates, DeletesWords, MakesWordsUnknown
from kdnas.attacks.engine.choice import Tally
from kdnas.attacks.engine.lockstep import run_searches
from kdnas.attacks.engine.pair_store import PairStore
from kdnas.attacks.engine.plans import Plans, TextPlan, cached_plans
from kdnas.attacks.engine.search import TextSearch
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.engine.swaps import Check

__all__ = [
    "Candidates",
    "Check",
    "DeletesWords",
    "MakesWordsUnknown",
    "PairStore",
    "Plans",
    "Similarities",
    "Tally",
    "TextPlan",
    "TextSearch",
    "cached_plans",
    "run_searches",
]
