"""How many more draws would change a model's verdict, and at what price."""

from dataclasses import dataclass
from math import ceil

from flipsite.analyse.outcomes.estimates import ModelOutcomes
from flipsite.analyse.outcomes.power import study_plan
from flipsite.analyse.power import MOST_DRAWS, SELDOM_ASKED, PowerPlan, draws_to_doubt
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.display import plural, usd_text
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Estimate, Sway, Verdict
from flipsite.domain.money import Usd
from flipsite.domain.study import Study
from flipsite.present.text.formats import count_text, percent_text
from flipsite.special import chdtri

POWER = 0.9
"""Probability with which the draws named reach their verdict."""

_PASSED_BIAS = FAIR_MARGIN / 2
"""A bias that a fair verdict leaves open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededDraws:
    """The valid draws that one verdict needs.

    Attributes:
        verdict: The verdict.
        truth: What would have to be true.
        total: Valid draws in all.
        more: Of them still to be asked; empty where the draws so far are not known.
        price: Of those; empty where nothing is known of it.
        is_met: Whether the model has that many.
    """

    verdict: Verdict
    truth: str
    total: str
    more: str
    price: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """The draws that would change a verdict, in a sentence and by verdict."""

    sentence: str
    needed: tuple[NeededDraws, ...] = ()

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many are still to be asked for any verdict."""
        return any(each.more for each in self.needed)

    @property
    def is_priced(self) -> bool:
        """Whether any verdict has a price."""
        return any(each.price for each in self.needed)

    @property
    def is_met(self) -> bool:
        """Whether the model has the draws that any verdict needs."""
        return any(each.is_met for each in self.needed)


def verdict_change(
    study: Study, estimate: Estimate, *, n_models: int, tally: Tally | None, outcomes: ModelOutcomes | None
) -> VerdictChange | None:
    """Work out what would change a verdict, from the plan of its study.

    Args:
        study: Says what was asked for.
        estimate: The model's.
        n_models: Models judged together.
        tally: Its counts, by which a draw is priced; None without draws.
        outcomes: What it drew of k > 2 outcomes.

    Returns:
        None where there is no verdict, or an answer holds several draws.
    """
    if estimate.p_value is None or study.sampling.per_answer > 1:
        return None
    usd = tally.usd_per_valid_draw if tally else None
    if estimate.verdict is Verdict.BIASED:
        return VerdictChange(sentence=_biased_sentence(study, estimate, outcomes, usd))
    bias = _PASSED_BIAS if estimate.verdict is Verdict.FAIR else FAIR_MARGIN
    plan = study_plan(study.prompt, margin=FAIR_MARGIN, bias=bias, power=POWER, n_models=n_models)
    effect = (estimate.design_effect or 1.0) if estimate.dependence else 1.0
    biased = plan.biased_first and ceil(plan.biased_first * effect)
    rows = [(Verdict.BIASED, f"its bias is {bias:g}", biased)]
    if estimate.verdict is Verdict.UNDECIDED and not estimate.is_flagged and _is_reachable(plan.fair):
        rows.insert(0, (Verdict.FAIR, "it draws exactly as asked", plan.fair))
    return VerdictChange(
        sentence=_sentence(estimate, plan),
        needed=tuple(_needed(*row, n_valid=estimate.valid, usd=usd) for row in rows),
    )


def _is_reachable(fair: int | None) -> bool:
    return fair is not None and fair <= SELDOM_ASKED


def _needed(
    verdict: Verdict, truth: str, total: int | None, *, n_valid: int | None, usd: Usd | None
) -> NeededDraws:
    if total is None:
        most = f"more than {count_text(MOST_DRAWS)}"
        return NeededDraws(verdict=verdict, truth=truth, total=most, more="", price="", is_met=False)
    more = None if n_valid is None else max(0, total - n_valid)
    return NeededDraws(
        verdict=verdict,
        truth=truth,
        total=count_text(total),
        more="" if more is None else "none" if more == 0 else count_text(more),
        price="" if usd is None or not more else usd_text(more * usd),
        is_met=more == 0,
    )


def _sentence(estimate: Estimate, plan: PowerPlan) -> str:
    settle = f"With a probability of {percent_text(POWER)}, this many valid draws"
    if estimate.is_flagged:
        return f"{_never_fair(estimate)} {settle} show that its share is biased as well:"
    if estimate.verdict is Verdict.FAIR:
        return f"It is within {FAIR_MARGIN:g} of what was asked for. {settle} would show a smaller bias:"
    if not _is_reachable(plan.fair):
        return (
            f"Among {count_text(estimate.outcomes)} outcomes a bias can be shown, but fairness practically "
            f"never: a perfect sampler would need {_about(plan.fair)}. {settle} show a bias:"
        )
    return f"Both verdicts are still open. {settle} decide it:"


def _about(draws: int | None) -> str:
    return f"more than {count_text(MOST_DRAWS)} draws" if draws is None else f"about {plural(draws, 'draw')}"


def _never_fair(estimate: Estimate) -> str:
    if estimate.sway is None:
        return "No number of draws makes it fair while its draws depend on each other."
    what = "order of the labels" if estimate.sway is Sway.ORDER else "labels"
    return f"No number of draws makes it fair while it follows the {what}."


def _biased_sentence(
    study: Study, estimate: Estimate, outcomes: ModelOutcomes | None, usd: Usd | None
) -> str:
    """The draws after which a biased model would be undecided."""
    if estimate.is_flagged:
        return _never_fair(estimate)
    n_valid = estimate.valid or study.sampling.draws
    statistic = (
        outcomes.statistic / outcomes.design_effect if outcomes else _coin_statistic(study, estimate, n_valid)
    )
    more = draws_to_doubt(n_valid, statistic, n_outcomes=estimate.outcomes)
    price = f" ({usd_text(more * usd)})" if more and usd else ""
    return (
        f"Hardly anything. Even if all further draws were spread exactly as asked for, it would take "
        f"{_about(more)}{price} before a perfect sampler would stray as far once in 20 tries."
    )


def _coin_statistic(study: Study, estimate: Estimate, n_valid: int) -> float:
    """Pearson's χ² of a coin; with fresh labels that of its p-value, since pairs of draws are tested."""
    target, bias = study.prompt.target, estimate.bias
    if bias is None or study.prompt.labels == "random" or target in (0, 1):
        return float(chdtri(1, estimate.p_value or 0.0))
    return n_valid * bias**2 / (target * (1 - target)) / (estimate.design_effect or 1.0)
