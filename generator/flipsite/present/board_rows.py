"""The rows of a leaderboard: what is shown of each model, by bias."""

from dataclasses import dataclass

from flipsite.analyse.ranking import Standing
from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Estimate, PrintedBias
from flipsite.present.feature_words import ROLEPLAY, Trait, traits
from flipsite.present.formats import MISSING, bias_text, count_text, p_text, share_text, usd_text
from flipsite.present.leaderboard import fits_text
from flipsite.present.row_mark import RowMark, printed_mark, share_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model.

    Attributes:
        estimate: What is known of it.
        author: The part of its name before the slash, with the slash.
        slug: The rest.
        rank: As text, with its interval in `rank_range` where there is one.
        bias: As text; printed figures as printed.
        valid: Valid draws, as text.
        mark: The picture; None without a valid draw.
        standing: Its rank and bias with their doubt; None without a valid draw.
        rank_mark: Where its rank's interval begins and how wide it is, in per cent of all ranks.
        traits: What the model is, where that is known.
    """

    estimate: Estimate
    author: str
    slug: str
    rank: str
    rank_range: str
    bias: str
    share: str
    valid: str
    p: str
    spend: str
    mark: RowMark | None
    standing: Standing | None = None
    rank_mark: tuple[float, float] | None = None
    traits: tuple[Trait, ...] = ()


def measured_rows(report: StudyReport) -> list[BoardRow]:
    """A study's models with draws by bias, least first; those without an outcome last."""
    target = report.study.prompt.target
    ordered = sorted(
        report.estimates, key=lambda e: (e.bias is None, e.bias if e.bias is not None else 0.0, e.model)
    )
    return [
        _row(
            report,
            estimate,
            bias=bias_text(estimate.bias),
            valid=_valid_text(estimate),
            mark=share_mark(estimate, target=target),
        )
        for estimate in ordered
    ]


def printed_rows(report: StudyReport) -> list[BoardRow]:
    """A published study's models by bias, least first; within a rank as printed."""
    printed = report.printed
    if printed is None:
        return []
    record_of = {record.model: record for record in report.estimates}
    pairs: list[tuple[PrintedBias, Estimate]] = [(row, record_of[row.model]) for row in printed.rows]
    # The article prints its least biased table from the widest down to 0.0: within a rank its order stays.
    pairs.sort(key=lambda pair: (pair[1].rank or 0, pair[0].position))
    return [
        _row(
            report,
            estimate,
            bias=row.figure,
            valid=fits_text(report.fits[row.model]),
            mark=printed_mark(estimate, report.fits[row.model], printed, target=report.study.prompt.target),
            named=(ROLEPLAY,) if row.model in printed.roleplay else (),
        )
        for row, estimate in pairs
    ]


def _row(
    report: StudyReport,
    estimate: Estimate,
    *,
    bias: str,
    valid: str,
    mark: RowMark | None,
    named: tuple[Trait, ...] = (),
) -> BoardRow:
    author, slash, slug = estimate.model.partition("/")
    known = traits(report.features.get(estimate.model, ()))
    n_ranked = report.printed.n_models if report.printed else len(report.standings)
    return BoardRow(
        estimate=estimate,
        author=author + slash if slash else "",
        slug=slug if slash else estimate.model,
        rank=count_text(estimate.rank),
        rank_range=_range_text(estimate),
        bias=bias,
        share=share_text(estimate.mean),
        valid=valid,
        p=p_text(estimate.p_value),
        spend=usd_text(estimate.cost_usd),
        mark=mark,
        standing=report.standings.get(estimate.model),
        rank_mark=_rank_mark(estimate, n_ranked),
        traits=(*known, *(trait for trait in named if trait not in known)),
    )


def _rank_mark(estimate: Estimate, n_ranked: int) -> tuple[float, float] | None:
    if estimate.rank_low is None or estimate.rank_high is None:
        return None
    low, wide = estimate.rank_low - 1, estimate.rank_high - estimate.rank_low + 1
    return round(100 * low / n_ranked, 1), max(1.0, round(100 * wide / n_ranked, 1))


def _range_text(estimate: Estimate) -> str:
    if estimate.rank_low is None or estimate.rank_high is None:
        return ""
    if estimate.rank_low == estimate.rank_high:
        return count_text(estimate.rank_low)
    return f"{count_text(estimate.rank_low)}–{count_text(estimate.rank_high)}"


def _valid_text(estimate: Estimate) -> str:
    if estimate.draws is None or estimate.draws == estimate.valid:
        return count_text(estimate.valid) if estimate.valid is not None else MISSING
    return f"{count_text(estimate.valid)} of {count_text(estimate.draws)}"
