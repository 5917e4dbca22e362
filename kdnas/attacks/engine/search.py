"""The attack on one text as a generator: it yields what it has to ask and is sent the answers.

It comes to the outcome and the text that TextAttack's `GreedyWordSwapWIR` comes to with the same
recipe, and calls no model itself, so that the attacks on many texts can ask together.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kdnas.attacks.engine.asks import Asking, Compare, Score, SettleScores, SettleSimilarities
from kdnas.attacks.engine.candidates import Candidates
from kdnas.attacks.engine.choice import Choice, Tally
from kdnas.attacks.engine.lazy import shortlist
from kdnas.attacks.engine.metrics import MARGIN
from kdnas.attacks.engine.steps import (
    NO_SCORES,
    Scores,
    alike,
    choose,
    judge,
    probabilities_of,
    ranking,
    rivals,
    unclear,
)
from kdnas.attacks.engine.swaps import Check, Swaps, passing, similarities
from kdnas.attacks.parts import swapped, words_changed, words_of
from kdnas.attacks.victim import Victim
from kdnas.records import AttackSpec, Outcome, TextOutcome


class TextSearch:
    """The search for one text's adversarial example.

    Args:
        candidates: The text's, with its plan.
        label: Its class.
        victim: Makes rows of texts.
        spec: The attack.
        check: The comparison of windows; None where the recipe has none.
        tally: Counts on.
    """

    def __init__(
        self,
        candidates: Candidates,
        label: int,
        victim: Victim,
        spec: AttackSpec,
        check: Check | None,
        tally: Tally,
    ) -> None:
        self._candidates, self._plan = candidates, candidates.plan
        self._label, self._victim, self._spec = label, victim, spec
        short = check is not None and len(words_of(self._plan.parts)) < check.window
        self._check, self._tally = None if short else check, tally
        self._parts = self._plan.parts
        self._queries = self._sent = 0
        self._current = Choice(0, np.float32(0), False)
        self._taken: Swaps | None = None
        self._unmoved = False

    def run(self) -> Asking[TextOutcome]:
        """Ask until it is known what becomes of the text."""
        text = "".join(self._parts)
        logits = yield self._score(self._victim.encode([text]))
        exact = bool(judge(logits, self._label).lead[0] < MARGIN)
        if exact:
            logits = yield SettleScores([text])
        scores = judge(logits, self._label)
        self._current = Choice(0, scores.score[0], bool(scores.flips[0]), exact)
        self._queries = 1
        predicted = int(probabilities_of(logits)[0].argmax())
        if self._current.flips:
            return self._outcome(predicted, "skipped")
        for i in (yield from self._visits()):
            yield from self._visit(i)
            if self._current.flips:
                return self._outcome(predicted, "succeeded")
            if self._left == 0:
                break
        return self._outcome(predicted, "failed")

    @property
    def _left(self) -> int | None:
        """Queries that the budget leaves."""
        budget = self._spec.query_budget
        return None if budget is None else budget - self._queries

    def _visits(self) -> Asking[list[int]]:
        """The words that have candidates, in the order in which they are visited."""
        order = self._plan.order
        self._queries += len(order[: self._left])
        visited = [i for i in order if self._candidates.exist(i)]
        if self._left == 0 or len(visited) < 2:
            return visited if self._left != 0 else []
        rows = self._candidates.rows_without(self._victim, visited)
        logits = yield self._score(rows)
        scores = judge(logits, self._label).score
        self._tally.choices += 1
        if np.diff(np.sort(scores)).min() >= MARGIN:
            return [visited[k] for k in ranking(scores)]
        self._tally.settled += 1
        self._unmoved = alike(scores, self._current.score)
        exact = yield from self._settled([self._candidates.without(i) for i in order])
        return [order[k] for k in ranking(exact.score) if order[k] in visited]

    def _visit(self, i: int) -> Asking[None]:
        """Swap word i for one of its candidates, if one raises the score."""
        words = self._candidates.of(self._parts, i)
        if not words:
            return
        swaps = Swaps(self._parts, i, words, self._check, self._left)
        self._tally.choices += 1
        lazy = self._spec.lazy and not self._unmoved
        choice = yield from (self._lazily if lazy else self._counting)(swaps)
        if choice is not None:
            self._current, self._taken = choice, swaps
            self._parts = swapped(self._parts, i, words[choice.k])

    def _counting(self, swaps: Swaps) -> Asking[Choice | None]:
        """The choice among all that pass, each of which TextAttack counts as a query."""
        index, values = yield from self._passing(swaps)
        self._queries += len(index)
        if self._unmoved:
            return (yield from self._settled_choice(swaps, index, values))
        scores = yield from self._scores(swaps, index)
        return (yield from self._decided(swaps, index, scores, values))

    def _lazily(self, swaps: Swaps) -> Asking[Choice | None]:
        """The same choice, with as few comparisons of windows as it takes."""
        if swaps.check is None:
            return (yield from self._counting(swaps))
        known = yield from shortlist(
            swaps, swaps.check.similarities, self._scores, self._current.score
        )
        return (yield from self._counting(swaps) if known is None else self._decided(swaps, *known))

    def _passing(self, swaps: Swaps) -> Asking[tuple[np.ndarray, np.ndarray | None]]:
        """What TextAttack queries of a word's candidates, and its similarities."""
        values = yield from similarities(swaps)
        index = swaps.sent(passing(values, swaps))
        return index, None if values is None else values[index]

    def _decided(
        self, swaps: Swaps, index: np.ndarray, scores: Scores, values: np.ndarray | None
    ) -> Asking[Choice | None]:
        """The choice by scores of any batch where that is clear, else by settled ones."""
        if unclear(scores, self._current.score, compared=values is not None):
            self._unmoved = alike(scores.score, self._current.score)
        else:
            values = yield from self._told_apart(swaps, index, scores, values)
            if not self._tied(scores, values):
                return self._choice(index, scores, values, exact=False)
        index, values = yield from self._passing(swaps)
        return (yield from self._settled_choice(swaps, index, values))

    def _settled_choice(
        self, swaps: Swaps, index: np.ndarray, values: np.ndarray | None
    ) -> Asking[Choice | None]:
        """The choice by what TextAttack itself would have computed."""
        self._tally.settled += 1
        scores = yield from self._settled(swaps.texts(index.tolist()))
        if abs(scores.score.max(initial=-1.0) - self._current.score) < MARGIN:
            yield from self._settle_current()
        self._unmoved = alike(scores.score, self._current.score)
        values = yield from self._told_apart(swaps, index, scores, values)
        if self._tied(scores, values):
            values = (yield SettleSimilarities(*swaps.windows()))[index]
        return self._choice(index, scores, values, exact=True)

    def _told_apart(
        self, swaps: Swaps, index: np.ndarray, scores: Scores, values: np.ndarray | None
    ) -> Asking[np.ndarray | None]:
        """The similarities with the encoder's own where its rough twin cannot choose by them."""
        if values is None or self._check is None or not self._check.similarities.rough:
            return values
        doubt = self._check.similarities.doubt
        close = rivals(scores, values, self._current.score, doubt)
        if len(close) < 2:
            return values
        reference, windows = swaps.windows()
        found = values.copy()
        found[close] = yield Compare(reference, [windows[k] for k in index[close]], exact=True)
        return found

    def _tied(self, scores: Scores, values: np.ndarray | None) -> bool:
        """Whether similarities of any batch could choose another candidate in TextAttack's."""
        if values is None or self._check is None:
            return False
        doubt = self._check.similarities.metric.doubt
        return len(rivals(scores, values, self._current.score, doubt)) > 1

    def _choice(
        self, index: np.ndarray, scores: Scores, values: np.ndarray | None, *, exact: bool
    ) -> Choice | None:
        k = choose(scores, values, self._current.score)
        if k is None:
            return None
        return Choice(int(index[k]), scores.score[k], bool(scores.flips[k]), exact)

    def _settle_current(self) -> Asking[None]:
        """Have TextAttack's score of the text as it is."""
        if self._current.exact:
            return
        if self._taken is None:
            score = (yield from self._settled(["".join(self._parts)])).score[0]
        else:
            index, _ = yield from self._passing(self._taken)
            scores = yield from self._settled(self._taken.texts(index.tolist()))
            score = scores.score[index.tolist().index(self._current.k)]
        self._current = replace(self._current, score=score, exact=True)

    def _settled(self, texts: Sequence[str]) -> Asking[Scores]:
        self._sent += len(texts)
        return judge((yield SettleScores(texts)), self._label) if texts else NO_SCORES

    def _scores(self, swaps: Swaps, index: np.ndarray) -> Asking[Scores]:
        """Scores of some candidates, in any batch."""
        if not len(index):
            return NO_SCORES
        words = [swaps.words[k] for k in index]
        rows = self._victim.swap_rows(swaps.parts, swaps.i, words)
        return judge((yield self._score(rows)), self._label)

    def _score(self, rows: Sequence[Any]) -> Score:
        self._sent += len(rows)
        return Score(rows)

    def _outcome(self, predicted: int, outcome: Outcome) -> TextOutcome:
        succeeded = outcome == "succeeded"
        return TextOutcome(
            index=0,
            label=self._label,
            predicted=predicted,
            outcome=outcome,
            words=len(words_of(self._plan.parts)),
            words_changed=words_changed(self._plan.parts, self._parts) if succeeded else 0,
            queries=None if self._spec.lazy else self._queries,
            perturbed="".join(self._parts) if succeeded else "",
            sent=self._sent,
        )
