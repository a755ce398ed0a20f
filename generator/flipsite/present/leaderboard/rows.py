"""The rows of a leaderboard in the order of their rank; the page, the embeds and the notebook show them.

`templates/parts/board.html` draws them on the page; `leaderboard/tables.py` makes tables of them, for the
embeds and the notebook.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from flipsite.analyse.outcomes.multinomial import total_variation_quantiles
from flipsite.analyse.published.possible_counts import PrintedFit
from flipsite.analyse.ranking.ranks import RankEstimate, tied_models
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.estimates import SequenceEstimate, SequenceVerdict
from flipsite.domain.display import usd_text
from flipsite.domain.estimates import Estimate
from flipsite.present.sparklines.intervals import (
    RowMark,
    outcomes_mark,
    printed_mark,
    share_mark,
)
from flipsite.present.sparklines.outcomes import SmallOutcomes, small_outcomes
from flipsite.present.tables import by_rank
from flipsite.present.text.features import ROLEPLAY, Trait, facts, traits
from flipsite.present.text.formats import MISSING, bias_text, count_text, p_text, share_text
from flipsite.present.text.verdicts import flag_text


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model.

    Attributes:
        estimate: What is known of it.
        author: The part of its name before the slash, with the slash.
        slug: The rest.
        rank: As text, after an equals sign where others share it; its interval is `rank_range`.
        bias: As text; printed figures as printed.
        valid: Valid draws, as text.
        flag: Why its verdict is not about one coin; empty where nothing is shown.
        mark: The picture; None without a valid draw.
        outcomes: The picture of k > 2 outcomes, which stands in its place.
        sequence: Its answers of several draws; None where each is one draw.
        tied: Whether it cannot be distinguished from a fair coin.
        rank_estimate: Its rank and bias with their intervals; None without a valid draw.
        rank_mark: Where its rank's interval begins and how wide it is, in per cent of all ranks.
        traits: What the model is, where that is known.
        facts: Its features by name, for the columns a reader may add: numbers as numbers.
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
    flag: str
    mark: RowMark | None
    outcomes: SmallOutcomes | None = None
    sequence: SequenceEstimate | None = None
    tied: bool = False
    rank_estimate: RankEstimate | None = None
    rank_mark: tuple[float, float] | None = None
    traits: tuple[Trait, ...] = ()
    facts: Mapping[str, float | str] = field(default_factory=dict)


def board_rows(report: StudyReport, asked_in: Mapping[str, int]) -> tuple[BoardRow, ...]:
    """All models by rank and then by name; those without a rank last.

    Args:
        report: The study's.
        asked_in: In how many studies each model was asked, where that is worth a column.
    """
    ranks = Counter(estimate.rank for estimate in report.estimates)
    patterned = report.sequences.patterned if report.sequences else frozenset()
    tied = frozenset(tied_models(report.estimates)) - patterned
    rows = _printed_rows(report) if report.printed else _measured_rows(report)
    asking = _asking(report, asked_in)
    return tuple(
        replace(
            row,
            facts={**row.facts, **asking.get(row.estimate.model, {})},
            rank=f"={row.rank}"
            if row.estimate.rank is not None and ranks[row.estimate.rank] > 1
            else row.rank,
            tied=row.estimate.model in tied,
        )
        for row in rows
    )


def _asking(report: StudyReport, asked_in: Mapping[str, int]) -> dict[str, dict[str, float | str]]:
    """The labels asked of each model, and the number of its studies where any model has several."""
    found: dict[str, dict[str, float | str]] = {record.model: {} for record in report.estimates}
    if any(asked_in.get(model, 0) > 1 for model in found):
        for model, known in found.items():
            known["asked_in"] = float(asked_in.get(model, 0))
    if (draws := report.draws) is not None:
        for at, model in enumerate(draws.models):
            if modes := sorted({mode for mode in draws.mode[draws.rows(at)] if mode}):
                found[model]["asked_for"] = " and ".join(modes)
    return found


def _measured_rows(report: StudyReport) -> list[BoardRow]:
    if not report.study.is_coin:
        return _outcome_rows(report)
    target, n_ranked = report.study.prompt.target, _n_ranked(report)
    return [
        _row(
            report,
            estimate,
            n_ranked=n_ranked,
            bias=bias_text(estimate.ranking_bias),
            valid=_valid_text(estimate),
            mark=share_mark(estimate, target=target),
        )
        for estimate in by_rank(report.estimates)
    ]


def _outcome_rows(report: StudyReport) -> list[BoardRow]:
    prompt = report.study.prompt
    counts = {tally.model: tally.by_outcome for tally in report.tallies}
    sizes = {model: sum(each) for model, each in counts.items()}
    reach = total_variation_quantiles({size for size in sizes.values() if size}, prompt.n_outcomes)
    sequences = report.sequences.sequences if report.sequences else {}
    n_ranked = _n_ranked(report)
    return [
        replace(
            _row(
                report,
                estimate,
                n_ranked=n_ranked,
                bias=bias_text(estimate.ranking_bias),
                valid=_valid_text(estimate),
                mark=outcomes_mark(
                    estimate, widest=prompt.largest_bias, reach=reach.get(sizes[estimate.model], 0.0)
                ),
            ),
            outcomes=small_outcomes(counts[estimate.model], prompt.shares, prompt.outcomes),
            sequence=(found := sequences.get(estimate.model)),
            flag=str(found.verdict)
            if found and found.verdict is not SequenceVerdict.UNDECIDED
            else flag_text(estimate),
        )
        for estimate in by_rank(report.estimates)
    ]


def _printed_rows(report: StudyReport) -> list[BoardRow]:
    printed = report.printed
    assert printed is not None  # noqa: S101 - only asked of a published study
    figures = {row.model: row.figure for row in printed.rows}
    n_ranked = _n_ranked(report)
    return [
        _row(
            report,
            estimate,
            n_ranked=n_ranked,
            bias=figures[estimate.model],
            valid=fits_text(report.fits[estimate.model]),
            mark=printed_mark(
                estimate, report.fits[estimate.model], printed, target=report.study.prompt.target
            ),
            named=(ROLEPLAY,) if estimate.model in printed.roleplay else (),
        )
        for estimate in by_rank(report.estimates)
        if estimate.model in figures
    ]


def fits_text(fits: Sequence[PrintedFit]) -> str:
    """The numbers of draws that print as a figure: `47`, `45 or 47`, `40 to 55`."""
    counts = sorted({fit.n_valid for fit in fits})
    if not counts:
        return "none"
    if len(counts) == 1:
        return str(counts[0])
    if len(counts) == 2:
        return f"{counts[0]} or {counts[1]}"
    step = "" if counts[-1] - counts[0] == len(counts) - 1 else f" ({len(counts)} of them)"
    return f"{counts[0]} to {counts[-1]}{step}"


def _n_ranked(report: StudyReport) -> int:
    """How many models have a rank."""
    if report.printed:
        return report.printed.n_models
    return len(report.rank_estimates) or sum(each.rank is not None for each in report.estimates)


def _row(
    report: StudyReport,
    estimate: Estimate,
    *,
    n_ranked: int,
    bias: str,
    valid: str,
    mark: RowMark | None,
    named: tuple[Trait, ...] = (),
) -> BoardRow:
    author, slash, slug = estimate.model.partition("/")
    features = report.features.get(estimate.model, ())
    known = traits(features)
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
        flag=flag_text(estimate),
        mark=mark,
        rank_estimate=report.rank_estimates.get(estimate.model),
        rank_mark=_rank_mark(estimate, n_ranked),
        traits=(*known, *(trait for trait in named if trait not in known)),
        facts=facts(features),
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
