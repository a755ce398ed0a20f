"""Families of studies that differ only in method, temperature, top_p or effort: the price of each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flipsite.analyse.methods.bits import FairBits, study_bits
from flipsite.analyse.outcomes.multinomial import total_variation
from flipsite.analyse.report import StudyReport
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.draws import Draws
from flipsite.domain.estimates import Estimate
from flipsite.domain.method import acceptance, seed_outcome
from flipsite.domain.money import Usd, dollars
from flipsite.domain.study import Kind, Prompt, Sampling, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDetail:
    """The seed strings of a model.

    Attributes:
        strings: Valid draws that state one.
        distinct: Different strings among them.
        right: How often the stated outcome is the one that the string stands for.
        bias_recomputed: Total variation of the outcomes that the strings stand for.
    """

    strings: int
    distinct: int
    right: int
    bias_recomputed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDetail:
    """A model's answers to our proposals of one outcome.

    Attributes:
        outcome: The proposed one.
        trials: Proposals of it that the model answered.
        accepted: How many it accepted.
        wanted: The probability of acceptance that rejection sampling asks for.
    """

    outcome: int
    trials: int
    accepted: int
    wanted: float

    @property
    def always(self) -> bool:
        """Whether it accepted every one where it should have declined some."""
        return self.trials > 0 and self.accepted == self.trials and self.wanted < 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRecord:
    """One model in one study of a family: a record of `methods.json`, and the details of its method.

    Attributes:
        fair: Its fair bits and prices.
        bias: Of all draws, as in `methods.json`.
        ranking_bias: The bias within orders where two were asked, else of all draws.
        noise_floor: The ranking bias that a perfect sampler shows on average at this number of draws.
        is_even: Whether the 95 % interval of the bias ends within FAIR_MARGIN, that of the bias within orders
            too where two were asked, and neither order, label nor earlier draws sway it.
        seeds: Of the method seed; else None.
        trials: Of the method rejection, by proposed outcome; else empty.
    """

    model: str
    study: str
    method: str
    temperature: float | None
    reasoning: str | None
    draws: int
    valid: int
    bias: float | None
    ranking_bias: float | None
    noise_floor: float | None
    is_even: bool
    fair: FairBits
    seeds: SeedDetail | None
    trials: tuple[TrialDetail, ...]

    @property
    def is_ours(self) -> bool:
        """Whether its outcomes are our proposals: it accepts all of them, or all are to be accepted."""
        return any(each.always for each in self.trials) or self.passes_all

    @property
    def passes_all(self) -> bool:
        """Whether rejection sampling asks for every proposal to be accepted: the target is our own coin's."""
        return bool(self.trials) and all(each.wanted == 1 for each in self.trials)

    @property
    def usd_per_1000_within(self) -> Usd | None:
        """The price of 1,000 draws of the model's own, each within FAIR_MARGIN; None where none is shown."""
        return self.fair.usd_per_1000_valid if self.is_even and not self.is_ours else None

    @property
    def excess(self) -> float | None:
        """The ranking bias above what a perfect sampler shows, at least 0."""
        if self.ranking_bias is None or self.noise_floor is None:
            return None
        return max(0.0, self.ranking_bias - self.noise_floor)

    def record(self) -> dict[str, object]:
        """The record of `methods.json`."""
        fair = self.fair
        return {
            "model": self.model,
            "study": self.study,
            "method": self.method,
            "temperature": self.temperature,
            "reasoning": self.reasoning,
            "draws": self.draws,
            "valid": self.valid,
            "bias": self.bias,
            "cost_usd": dollars(fair.cost_usd),
            "usd_per_1000_valid": dollars(fair.usd_per_1000_valid),
            "within": FAIR_MARGIN,
            "usd_per_1000_within": dollars(self.usd_per_1000_within),
            "bits": fair.bits,
            "bits_low": fair.bits_low,
            "host_bits": fair.host_bits,
            "bits_per_usd": fair.bits_per_usd,
            "claimed": fair.claimed,
            "why": fair.why,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFamily:
    """A study and its arms.

    Attributes:
        studies: The direct one first, then by method, temperature and effort.
        records: One a model and study, by model.
    """

    studies: tuple[Study, ...]
    records: tuple[MethodRecord, ...]

    @property
    def base(self) -> Study:
        """The study with the shortest id, from which the ids of its arms are made."""
        return min(self.studies, key=lambda study: (len(study.id), study.id))


def method_families(reports: Sequence[StudyReport]) -> tuple[MethodFamily, ...]:
    """Group a site's studies into families of two or more."""
    alike: defaultdict[tuple[Kind, Prompt, Sampling], list[StudyReport]] = defaultdict(list)
    for report in reports:
        if report.draws is not None and report.study.sampling.per_answer == 1:
            alike[_but_method(report.study)].append(report)
    families = []
    for members in alike.values():
        members.sort(key=lambda report: _place(report.study))
        if len({_place(report.study)[:-1] for report in members}) > 1:
            records = [record for report in members for record in _records(report)]
            records.sort(key=lambda each: each.model)
            families.append(
                MethodFamily(studies=tuple(report.study for report in members), records=tuple(records))
            )
    return tuple(families)


def differ_in_method_alone(one: Study, other: Study) -> bool:
    """Whether two studies could be of one family: only method, temperature, top_p or effort may differ."""
    return _but_method(one) == _but_method(other)


_METHODS = ("direct", "seed", "rejection")


def _place(study: Study) -> tuple[int, float, float, str, str]:
    """The sort key of a study in its family; two studies whose keys differ in the id alone are alike."""
    sampling = study.sampling
    temperature = -1.0 if sampling.temperature is None else sampling.temperature
    top_p = -1.0 if sampling.top_p is None else sampling.top_p
    return _METHODS.index(study.method.kind), temperature, top_p, sampling.reasoning or "", study.id


def _but_method(study: Study) -> tuple[Kind, Prompt, Sampling]:
    """The settings that a family shares: all but method, temperature, top_p, effort, and what they need."""
    shared = Sampling(answer=study.sampling.answer, logprobs=study.sampling.logprobs)
    return study.kind, study.prompt, shared


def _records(report: StudyReport) -> list[MethodRecord]:
    fair = {each.model: each for each in study_bits(report)}
    return [
        _record(report, estimate, fair[estimate.model])
        for estimate in report.estimates
        if estimate.model in fair
    ]


def _record(report: StudyReport, estimate: Estimate, fair: FairBits) -> MethodRecord:
    study = report.study
    rows = _rows(report.draws, estimate.model)
    return MethodRecord(
        model=estimate.model,
        study=study.id,
        method=study.method.kind,
        temperature=study.sampling.temperature,
        reasoning=study.sampling.reasoning,
        draws=estimate.draws or 0,
        valid=estimate.valid or 0,
        bias=estimate.bias,
        ranking_bias=estimate.ranking_bias,
        noise_floor=estimate.ranking_noise_floor,
        is_even=_is_even(estimate),
        fair=fair,
        seeds=seed_detail(report.draws, rows, study.prompt) if report.draws and rows else None,
        trials=trial_details(report.draws, rows, study) if report.draws and rows else (),
    )


def _is_even(estimate: Estimate) -> bool:
    ends = estimate.ranking_interval
    if estimate.bias_high is None or ends is None or estimate.is_flagged:
        return False
    return max(estimate.bias_high, ends[1]) <= FAIR_MARGIN


def _rows(draws: Draws | None, model: str) -> range:
    if draws is None or model not in draws.models:
        return range(0)
    return range(*draws.rows(draws.models.index(model)).indices(len(draws)))


def seed_detail(draws: Draws, rows: range, prompt: Prompt) -> SeedDetail | None:
    """Count and recompute the strings of some draws; None for a study without them."""
    if draws.seed_text is None:
        return None
    stated = [
        (text, int(draws.outcome[row]))
        for row in rows
        if draws.outcome[row] >= 0 and (text := draws.seed_text[row]) is not None
    ]
    due = [(seed_outcome(text, prompt.shares), outcome) for text, outcome in stated]
    counts = np.bincount([each for each, _ in due if each is not None], minlength=prompt.n_outcomes)
    return SeedDetail(
        strings=len(stated),
        distinct=len({text.casefold() for text, _ in stated}),
        right=sum(each == outcome for each, outcome in due),
        bias_recomputed=float(total_variation(counts, prompt.shares)) if counts.sum() else None,
    )


def trial_details(draws: Draws, rows: range, study: Study) -> tuple[TrialDetail, ...]:
    """Count our proposals and their acceptance by outcome; nothing for a study without them."""
    if draws.proposed is None or draws.accepted is None:
        return ()
    place = slice(rows.start, rows.stop)
    proposed, accepted = draws.proposed[place], draws.accepted[place]
    return tuple(
        TrialDetail(
            outcome=outcome,
            trials=int(((proposed == outcome) & np.isfinite(accepted)).sum()),
            accepted=int(((proposed == outcome) & (accepted == 1)).sum()),
            wanted=acceptance(outcome, target=study.prompt.target, share=study.method.proposal),
        )
        for outcome in (0, 1)
    )
