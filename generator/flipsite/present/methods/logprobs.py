"""A model's log-probabilities beside its draws, for its page."""

from dataclasses import dataclass

from flipsite.analyse.binomial import interval
from flipsite.analyse.methods.logprobs import LogprobReading, MeanProbability
from flipsite.domain.study import Prompt

LISTED = 20
"""Outcomes of more than two that are shown: the likeliest by their probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogprobRow:
    """One outcome: its share by draws, with Jeffreys' interval, beside its mean probability.

    Attributes:
        tempered: The mean probability at the study's temperature; None where the study sets none, or 1.
    """

    name: str
    drawn_low: float
    drawn_high: float
    stated: MeanProbability
    tempered: MeanProbability | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogprobsView:
    """A reading and the rows of its table."""

    found: LogprobReading
    rows: tuple[LogprobRow, ...]


def logprobs_view(prompt: Prompt, found: LogprobReading) -> LogprobsView:
    """The reading of a model: of a coin the share of ones, of k > 2 outcomes the likeliest ones."""
    shown = [1]
    names = {1: "Share of ones"}
    if prompt.n_outcomes > 2:
        by_mean = sorted(range(prompt.n_outcomes), key=lambda j: (-found.outcomes[j].mean, j))
        shown = by_mean[:LISTED]
        fixed = prompt.labels == "fixed"
        names = {j: prompt.outcomes[j] if fixed else f"label {j + 1}" for j in shown}
    return LogprobsView(found=found, rows=tuple(_row(names[j], j, found) for j in shown))


def _row(name: str, index: int, found: LogprobReading) -> LogprobRow:
    stated = found.outcomes[index]
    low, high = interval(round(stated.drawn * found.n_read), found.n_read)
    return LogprobRow(
        name=name,
        drawn_low=low,
        drawn_high=high,
        stated=stated,
        tempered=found.at_temperature.outcomes[index] if found.at_temperature else None,
    )
