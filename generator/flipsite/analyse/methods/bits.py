"""Fair bits that a model's direct draws are worth, and their price.

A procedure on independent draws of one share yields at most H(p) fair bits a draw (Elias 1972). Pairs of
draws yield p(1 − p) (von Neumann 1951), and pairing what they leave approaches H(p) (Peres 1992). None of
it makes bits fit for a secret: it only removes a bias that stays the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

import numpy as np

from flipsite.analyse.outcomes.entropy import (
    PERES_DEPTH,
    binary_entropy,
    collision_bits,
    extracted_bits,
    min_entropy_bits,
)
from flipsite.analyse.report import StudyReport
from flipsite.domain.draws import STATUSES, Status, Tally
from flipsite.domain.estimates import Dependence, Estimate
from flipsite.domain.money import Usd
from flipsite.domain.study import Study

LEVEL = 0.05
"""Of all tests of one model together: where one of them rejects, its bits are not claimed."""

_WHY = {
    Dependence.RUNS: "its draws depend on the ones before",
    Dependence.DRIFT: "its first half differs from its second",
    Dependence.PROVIDER: "its providers differ",
    Dependence.DAY: "its days differ",
    Dependence.EVEN: "its outcomes are more even than chance allows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FairBits:
    """The fair bits of one model's valid draws. None where nothing is known.

    Attributes:
        model: The model.
        valid: Valid draws.
        bits: At the shares found: n H(p̂) of a coin, n collision bits of more outcomes; less `host_bits`.
        bits_low: The same at the end of the interval farther from even, less `host_bits`.
        host_bits: Bits that our own choice of labels and orders may have brought in.
        von_neumann: Bits that von Neumann's pairs of the draws, in their order, really give.
        peres: Bits that Peres' extraction of them gives.
        cost_usd: What all draws cost, failed ones included.
        claimed: Whether the draws may be taken for independent draws of one share.
        why: Why not; empty where they may.
    """

    model: str
    valid: int
    bits: float | None
    bits_low: float | None
    host_bits: float
    von_neumann: int | None
    peres: int | None
    cost_usd: Usd | None
    claimed: bool
    why: str

    @property
    def bits_per_usd(self) -> float | None:
        """Bits at the interval’s end for a dollar; None where they are not claimed or cost nothing."""
        if not self.claimed or self.bits_low is None or not self.cost_usd:
            return None
        return self.bits_low / self.cost_usd

    @property
    def usd_per_1000_bits(self) -> Usd | None:
        """The price of 1,000 bits at the interval’s end; None where they are not claimed or cost nothing."""
        if not self.claimed or not self.bits_low or not self.cost_usd:
            return None
        return 1000 * self.cost_usd / self.bits_low

    @property
    def usd_per_1000_valid(self) -> Usd | None:
        """The price of a thousand valid draws, failed ones billed with them."""
        return 1000 * self.cost_usd / self.valid if self.cost_usd is not None and self.valid else None


def study_bits(report: StudyReport) -> tuple[FairBits, ...]:
    """The fair bits of each model of a study of direct draws, in the order of its estimates."""
    tallies: Mapping[str, Tally] = {each.model: each for each in report.tallies}
    extracted = _extracted(report)
    return tuple(
        _fair_bits(report, estimate, tallies[estimate.model], extracted.get(estimate.model, (None, None)))
        for estimate in report.estimates
        if estimate.model in tallies
    )


def host_bits(study: Study, tally: Tally) -> float:
    """Bits of our own randomness that may have passed into a model's outcomes.

    Each proposal that it answered brings the entropy of our proposals. Fresh labels may decide any outcome,
    log₂ k bits a draw. Turned orders begin at a place of our choosing once a block of k draws.
    """
    k, n_draws = study.prompt.n_outcomes, tally.n_valid
    if study.method.kind == "rejection":
        return tally.by_status[STATUSES.index(Status.VALID)] * binary_entropy(study.method.proposal)
    if study.prompt.labels == "random":
        return n_draws * log2(k)
    return 0.0 if study.prompt.orders == "one" else n_draws * log2(k) / k


def _fair_bits(
    report: StudyReport,
    estimate: Estimate,
    tally: Tally,
    extracted: tuple[int | None, int | None],
) -> FairBits:
    valid, own = tally.n_valid, host_bits(report.study, tally)
    found, low = _bits(estimate, tally)
    why = _objection(report, estimate)
    return FairBits(
        model=tally.model,
        valid=valid,
        bits=None if found is None else max(0.0, found - own),
        bits_low=None if low is None else max(0.0, low - own),
        host_bits=own,
        von_neumann=extracted[0],
        peres=extracted[1],
        cost_usd=tally.cost_usd,
        claimed=not why,
        why=why,
    )


def _bits(estimate: Estimate, tally: Tally) -> tuple[float | None, float | None]:
    """Bits of all valid draws, and a lower bound of them."""
    n = tally.n_valid
    if not n:
        return None, None
    if estimate.mean is None or estimate.mean_low is None or estimate.mean_high is None:
        each, _ = collision_bits(tally.by_outcome)
        low = min_entropy_bits(tally.by_outcome)
        return n * min(each, log2(len(tally.by_outcome))), n * min(low, each)
    farther = max((estimate.mean_low, estimate.mean_high), key=lambda share: abs(share - 0.5))
    return n * binary_entropy(estimate.mean), n * binary_entropy(farther)


def _objection(report: StudyReport, estimate: Estimate) -> str:
    """Why the draws cannot be taken for independent draws of one share; empty where they can.

    Either the tests of this model alone say so, or those of the study, which may be many.
    """
    if report.study.sampling.per_answer > 1:
        return "several draws in one answer are not separate requests"
    if report.study.method.kind == "rejection":
        return "the accepted outcomes are proposals of ours"
    if not estimate.valid:
        return "no valid draw"
    if estimate.sway is not None:
        return f"it follows the {estimate.sway}"
    known = _tests(report, estimate.model)
    found = [words for words, p in known.items() if p < LEVEL / len(known)]
    if estimate.dependence is not None and (shown := _WHY[estimate.dependence]) not in found:
        found.append(shown)
    return "; ".join(found)


def _tests(report: StudyReport, model: str) -> dict[str, float]:
    """p-values of the tests of a model's draws, by what they would show."""
    evidence, outcomes = report.evidence.get(model), report.outcomes.get(model)
    tests = evidence.dependence_tests if evidence else outcomes.dependence if outcomes else ()
    found = {_WHY[test.kind]: test.p_value for test in tests}
    if evidence and evidence.modes:
        found["text and structured answers differ"] = evidence.modes.p_value
    return found


def _extracted(report: StudyReport) -> dict[str, tuple[int, int]]:
    """Bits by von Neumann’s pairs and by Peres’ extraction, by model; empty where not all draws are held."""
    draws = report.draws
    if draws is None or report.sampled or report.study.prompt.n_outcomes > 2:
        return {}
    n_models, is_valid = len(draws.models), draws.outcome >= 0
    model = np.repeat(np.arange(n_models), np.diff(draws.starts))[is_valid]
    found = (extracted_bits(draws.outcome[is_valid], model, depth=depth) for depth in (1, PERES_DEPTH))
    counts = (np.bincount(whose, minlength=n_models).tolist() for _, whose in found)
    return dict(zip(draws.models, zip(*counts, strict=True), strict=True))
