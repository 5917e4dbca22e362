"""The attacks on many texts at once: what they ask is answered in common batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from kdnas.attacks.engine.asks import (
    Ask,
    Asking,
    Compare,
    Score,
    SettleScores,
    SettleSimilarities,
)
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.victim import Victim
from kdnas.records import TextOutcome

RUNNING = 256
"""Attacks under way at a time; a text joins as another one is done."""

TEXTATTACK_BATCH = 32
"""Texts that TextAttack's goal function sends at a time."""

Search = tuple[int, Asking[TextOutcome]]


def run_searches(
    searches: Iterable[Search], victim: Victim, similarities: Similarities | None
) -> Iterator[tuple[int, TextOutcome]]:
    """Run numbered searches side by side.

    Args:
        searches: A number and a search each; started as there is room.
        victim: Answers for the model.
        similarities: Answers for the encoder; None where the recipe has none.

    Yields:
        Number and outcome of each search as it ends.
    """
    waiting = iter(searches)
    running: dict[int, Asking[TextOutcome]] = {}
    asks: dict[int, Ask] = {}
    while True:
        answers: dict[int, Any] = dict(_answers(asks, victim, similarities))
        for number, search in islice(waiting, RUNNING - len(running)):
            running[number], answers[number] = search, None
        if not answers:
            return
        for number, answer in answers.items():
            try:
                asks[number] = running[number].send(answer)
            except StopIteration as done:
                del running[number]
                asks.pop(number, None)
                yield number, done.value


def _answers(
    asks: dict[int, Ask], victim: Victim, similarities: Similarities | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Answers of one kind of ask; the victim's first, for the encoder's batches to grow.

    Exact comparisons come last: a text that asks for one is nearly done, and they are few.
    """
    for number, ask in asks.items():
        if isinstance(ask, SettleScores):
            yield number, settled_logits(victim, ask.texts)
        elif isinstance(ask, SettleSimilarities) and similarities:
            yield number, similarities.settled(ask.reference, ask.windows)
    scores = {number: ask.rows for number, ask in asks.items() if isinstance(ask, Score)}
    if scores:
        yield from _logits(victim, scores)
        return
    compares = {number: ask for number, ask in asks.items() if isinstance(ask, Compare)}
    rough = {number: ask for number, ask in compares.items() if not ask.exact}
    compares = rough or compares
    if compares and similarities:
        yield from zip(compares, similarities.compute([*compares.values()]), strict=True)


def _logits(victim: Victim, asked: dict[int, Sequence[Any]]) -> Iterator[tuple[int, np.ndarray]]:
    rows = [row for own in asked.values() for row in own]
    ends = np.cumsum([len(own) for own in asked.values()])
    yield from zip(asked, np.split(victim.logits(rows), ends[:-1]), strict=True)


def settled_logits(victim: Victim, texts: Sequence[str]) -> np.ndarray:
    """The logits of `texts` in TextAttack's own batches; of equal texts the last one's count."""
    batches = [texts[k : k + TEXTATTACK_BATCH] for k in range(0, len(texts), TEXTATTACK_BATCH)]
    logits = np.concatenate([victim.logits(victim.encode(batch)) for batch in batches])
    last = {text: k for k, text in enumerate(texts)}
    return logits[[last[text] for text in texts]]
