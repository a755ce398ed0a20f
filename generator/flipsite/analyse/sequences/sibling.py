"""Draws in one answer beside draws in separate requests, where another study asked for those."""

from collections.abc import Sequence
from dataclasses import dataclass

from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceEstimate
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideRequests:
    """One model both ways.

    Attributes:
        row: What its answers of several draws say.
        in_rows: Its estimate from them.
        apart: Its estimate from separate requests.
        alternation: Share of separate flips that differ from the one before; None for fewer than two.
    """

    row: SequenceEstimate
    in_rows: Estimate
    apart: Estimate
    alternation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSibling:
    """A study of separate requests, and the models that both studies asked."""

    study: Study
    models: tuple[BesideRequests, ...]


def single_sibling(report: StudyReport, others: Sequence[StudyReport]) -> SingleSibling | None:
    """The study that asked most of the same models for the same draws, one a request; None without one.

    The same draws have the same outcomes and shares, are asked outright, and are of the same kind: a
    simulated study is never compared with a measured one.
    """
    found = [
        SingleSibling(study=other.study, models=_both(report, other))
        for other in others
        if report.sequences is not None and _asks_the_same(report.study, other)
    ]
    return max((each for each in found if each.models), key=lambda each: len(each.models), default=None)


def _asks_the_same(study: Study, other: StudyReport) -> bool:
    prompt, theirs = study.prompt, other.study.prompt
    return (
        other.counts is not None
        and other.study.sampling.per_answer == 1
        and other.study.method.kind == "direct"
        and other.study.kind is study.kind
        and (prompt.outcomes, prompt.shares) == (theirs.outcomes, theirs.shares)
    )


def _both(report: StudyReport, other: StudyReport) -> tuple[BesideRequests, ...]:
    rows = report.sequences.sequences if report.sequences else {}
    in_rows = {each.model: each for each in report.estimates}
    return tuple(
        BesideRequests(
            row=rows[each.model],
            in_rows=in_rows[each.model],
            apart=each,
            alternation=_alternation(other, each.model),
        )
        for each in other.estimates
        if each.valid and each.model in rows and rows[each.model].bias is not None
    )


def _alternation(report: StudyReport, model: str) -> float | None:
    """That of a coin; of more outcomes the neighbours are not counted one by one."""
    if report.counts is None or not report.study.is_coin:
        return None
    beside = report.counts.models[model].neighbours
    return beside.n_changes / (beside.n_valid - 1) if beside.n_valid > 1 else None
