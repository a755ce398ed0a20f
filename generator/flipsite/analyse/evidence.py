"""What else one model's draws tell: what sways it, what is missing, whether it is one coin."""

from dataclasses import dataclass

from flipsite.analyse.drift import (
    Homogeneity,
    Modes,
    Succession,
    homogeneity,
    homogeneity_of,
    modes,
    modes_of,
    succession_of,
)
from flipsite.analyse.missing import Missing, missing_answers
from flipsite.analyse.order import Decomposition, decompose, decompose_shown
from flipsite.domain.counts import Counts, Neighbours
from flipsite.domain.draws import Draws, Tally
from flipsite.domain.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The tests of one model's page; None where a test says nothing.

    Attributes:
        swayed: Order, look and label, as far as the study's design tells them apart.
        missing: Answers that name no side, and what they could change.
        by_provider: Whether its providers draw alike.
        by_day: Whether its days draw alike.
        succession: Whether the outcomes come in an order that chance would give.
        modes: Structured answers against text.
    """

    swayed: Decomposition
    missing: Missing
    by_provider: Homogeneity | None
    by_day: Homogeneity | None
    succession: Succession | None
    modes: Modes | None


def evidence(study: Study, draws: Draws, tallies: tuple[Tally, ...]) -> dict[str, Evidence]:
    """The evidence on each model of a study, by model."""
    target = study.prompt.target
    return {
        model: Evidence(
            swayed=decompose(draws, index, target=target),
            missing=missing,
            by_provider=homogeneity(draws, index, by="provider"),
            by_day=homogeneity(draws, index, by="day"),
            succession=succession_of(neighbours),
            modes=modes(draws, index),
        )
        for index, (model, missing, neighbours) in enumerate(
            zip(draws.models, missing_answers(tallies, target=target), Neighbours.of_each(draws), strict=True)
        )
    }


def counted_evidence(study: Study, counts: Counts) -> dict[str, Evidence]:
    """The same from counts, for draws too many to hold."""
    target = study.prompt.target
    return {
        missing.model: Evidence(
            swayed=decompose_shown(missing.model, each.shown, target=target),
            missing=missing,
            by_provider=homogeneity_of(each.by_provider, by="provider"),
            by_day=homogeneity_of(each.by_day, by="day"),
            succession=succession_of(each.neighbours),
            modes=modes_of(each.by_mode),
        )
        for missing in missing_answers(counts.tallies, target=target)
        for each in (counts.models[missing.model],)
    }
