"""Draws where they matter: round after round a few more for every model that is not settled yet.

Between rounds a rule looks at each model's unbroken beginning: its draws in the order in which they were
asked, up to the first that is missing; never at answers that came home early, which may be different ones.
So what is settled, and at which draw, follows from the draws alone: not from the concurrency, and not from
where an earlier run was interrupted. A model once settled is asked no more.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flipsite.collect.prompt import Question
from flipsite.collect.sampler import Sampler, Series
from flipsite.collect.tide import Tide
from flipsite.domain.endpoint import Ledger

log = logging.getLogger(__name__)

ROUND = 4
"""Draws of each open model in a round: whole pairs of both orders, and at most three more than needed."""

Counts = tuple[int, int]
"""Ones, and valid draws."""

Judge = Callable[[Sequence[Counts]], Sequence[str | None]]
"""What is settled of each model by its counts, in a word; None for what is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A model that needs no more draws.

    Attributes:
        word: What was settled.
        n_draws: Draws it took, those without an outcome among them.
        n_spared: Draws that are not asked for that reason.
    """

    model: str
    word: str
    n_draws: int
    n_spared: int


class Rounds:
    """Asks series by rounds, and keeps what was settled on the way."""

    def __init__(
        self, judge: Judge, ledger: Ledger, *, models: Iterable[str], n_draws: int, tide: Tide
    ) -> None:
        """Put the parts together.

        Args:
            judge: The stopping rule.
            ledger: Holds the outcomes.
            models: All that are watched, asked in this run or not: the rule allows for how many they are.
            n_draws: Draws of each model at most.
            tide: Counts; draws that are spared are no longer missing.
        """
        self.settled: dict[str, Settlement] = {}
        self._judge = judge
        self._ledger = ledger
        self._n_draws = n_draws
        self._tide = tide
        self._counts: dict[str, Counts] = dict.fromkeys(sorted(models), (0, 0))

    async def run(self, sampler: Sampler, series: Sequence[Series]) -> None:
        """Ask until all is settled or asked, or something says stop.

        Raises:
            FlipsiteError: What stopped the run; everything that was answered is kept.
        """
        waiting = {one.course.model: one for one in series}
        for start in range(0, self._n_draws, ROUND):
            end = min(start + ROUND, self._n_draws)
            asked = [
                replace(one, questions=_part(one.questions, start, end))
                for model, one in waiting.items()
                if model not in self.settled and model not in self._tide.aside
            ]
            asked = [one for one in asked if one.questions()]
            await sampler.ask(asked)
            if sampler.stopping:
                break
            for one in asked:
                waiting[one.course.model] = replace(waiting[one.course.model], tried=True)
            self._look(waiting, end)
        await sampler.finish()

    def _look(self, waiting: Mapping[str, Series], end: int) -> None:
        """Let the rule see the beginnings of what is open; what was settled stays as it was then."""
        found = beginnings(self._ledger.outcomes(), end)
        for model in self._counts:
            if model not in self.settled:
                self._counts[model] = found.get(model, (0, 0))
        words = self._judge(list(self._counts.values()))
        for model, word in zip(self._counts, words, strict=True):
            if word is None or model in self.settled:
                continue
            left = waiting[model].questions() if model in waiting else ()
            n_spared = sum(question.draw >= end for question in left)
            self.settled[model] = Settlement(model=model, word=word, n_draws=end, n_spared=n_spared)
            self._tide.n_missing -= n_spared
            log.info("%s: settled as %s at draw %d", model, word, end)


def beginnings(outcomes: Iterable[tuple[str, int, int | None]], end: int) -> dict[str, Counts]:
    """Ones and valid draws of each model before its first missing draw, and before `end`."""
    counts: dict[str, Counts] = {}
    reached: dict[str, int] = {}
    for model, draw, outcome in outcomes:
        if draw != reached.get(model, 0) or draw >= end:
            continue
        reached[model] = draw + 1
        ones, valid = counts.get(model, (0, 0))
        counts[model] = (ones + (outcome == 1), valid + (outcome is not None))
    return counts


def _part(
    questions: Callable[[], Sequence[Question]], start: int, end: int
) -> Callable[[], Sequence[Question]]:
    return lambda: [question for question in questions() if start <= question.draw < end]
