"""Which charts a study has, by the name a narrative or a page asks for."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from flipsite.analyse.cross_study.comparisons import Comparison, Family
from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.power import power_points
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.urls import comparison_page
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.chance import bias_distribution, verdicts
from flipsite.present.charts.compare import bias_against_bias
from flipsite.present.charts.methods import has_chart, price_against_bias
from flipsite.present.charts.outcomes import outcome_shares
from flipsite.present.charts.power import calibration_curve, power_curve
from flipsite.present.charts.predictors import predictor_drawings
from flipsite.present.charts.published import (
    fair_room,
    kinds_at_the_ends,
    population_fit,
    printed_tables,
    stated_spend,
)
from flipsite.present.charts.ranks import rank_intervals
from flipsite.present.charts.scatter import scatter_drawings
from flipsite.present.charts.sequences import alternation_against_dispersion
from flipsite.present.charts.spend import cost_against_bias, spend_by_model
from flipsite.present.charts.truth import truth

Draw = Callable[[], Figure]

MOST_CURVES = 12
"""Curves that a family's page draws; every model has its table."""


def study_drawings(report: StudyReport) -> Mapping[str, Draw]:
    """The functions that draw a study's charts, by name; a chart without figures is left out."""
    study, estimates = report.study, report.estimates
    known, predictors = (
        scatter_drawings(estimates, report.features, study, report.fit),
        predictor_drawings(report.fit, study),
    )
    if report.printed:
        drawings: dict[str, Draw] = {
            "printed-tables": partial(printed_tables, estimates, report.printed, study),
            "spend": partial(stated_spend, report.printed, study),
            **known,
            **predictors,
        }
        if report.rank_estimates:
            n_models = report.printed.n_models
            drawings["rank-intervals"] = partial(rank_intervals, estimates, study, n_models=n_models)
        return drawings | _claim_drawings(report)
    if not any(record.valid for record in estimates):
        return {}
    answers = report.sequences
    drawings = {
        **({"sequences": partial(alternation_against_dispersion, answers, study)} if answers else {}),
        "bias-intervals": partial(bias_intervals, estimates, study),
        **(
            {}
            if report.outcomes or answers
            else {"bias-distribution": partial(bias_distribution, estimates, study)}
        ),
        "verdicts": partial(verdicts, estimates, study),
        "rank-intervals": partial(rank_intervals, estimates, study),
        **known,
        **predictors,
    }
    if report.outcomes:
        drawings["outcomes"] = partial(outcome_shares, report)
    if any(record.model in report.truths and record.valid for record in estimates):
        drawings = {"truth": partial(truth, estimates, report.truths, study), **drawings}
    if any(row.cost_usd for row in report.spend):
        drawings["spend"] = partial(spend_by_model, report.spend, study)
    if sum(bool(record.cost_usd and record.valid) for record in estimates) > 1:
        drawings["cost-against-bias"] = partial(cost_against_bias, estimates, study)
    return drawings


def _claim_drawings(report: StudyReport) -> dict[str, Draw]:
    """The charts of a ranking's two ends; a study with draws has tables instead, which are faster to make."""
    drawings: dict[str, Draw] = {}
    if report.fair_share:
        drawings["fair-room"] = partial(fair_room, report.fair_share, report.population, report.study)
    if report.population and report.printed:
        drawings["population-fit"] = partial(population_fit, report.population, report.printed, report.study)
    if report.claims:
        drawings["kinds"] = partial(kinds_at_the_ends, report.claims, report.study)
    return drawings


def method_drawings() -> dict[str, Draw]:
    """The functions that draw the methods page's charts, which belong to no study."""
    return {"power": lambda: power_curve(power_points(), name="power")}


def comparison_drawings(comparisons: Sequence[Comparison]) -> Mapping[str, Draw]:
    """The functions that draw each comparison's chart, by its page's path."""
    return {
        comparison_page(each.after.id, each.before.id): partial(
            bias_against_bias, each.changes, each.before, each.after
        )
        for each in comparisons
        if any(change.difference is not None for change in each.changes)
    }


def family_drawings(family: Family) -> Mapping[str, Draw]:
    """The functions that draw a family's curves, by model; the first ones where there are many."""
    return {
        curve.model: partial(calibration_curve, curve, name=f"{family.studies[0].id}-calibration-{number}")
        for number, curve in enumerate(family.curves[:MOST_CURVES], start=1)
    }


def methods_family_drawings(families: Sequence[MethodFamily]) -> Mapping[str, Draw]:
    """The functions that draw each family's ways of asking, by its base study."""
    return {family.base.id: partial(price_against_bias, family) for family in families if has_chart(family)}
