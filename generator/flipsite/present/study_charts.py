"""Which charts a study has, by the name a narrative or a page asks for."""

from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.domain import Figure
from flipsite.present.charts_bias import bias_intervals
from flipsite.present.charts_chance import bias_distribution, verdicts
from flipsite.present.charts_printed import printed_tables
from flipsite.present.charts_spend import cost_against_bias


def study_figures(report: StudyReport) -> Mapping[str, Figure]:
    """The study's charts by name; none before it has a figure to show."""
    study, estimates = report.study, report.estimates
    biased = [estimate for estimate in estimates if estimate.bias is not None]
    if not biased:
        return {}
    if report.printed:
        return {"printed-tables": printed_tables(estimates, report.printed, study)}
    figures = {
        "verdicts": verdicts(biased, study),
        "bias-intervals": bias_intervals(estimates, study),
        "bias-distribution": bias_distribution(estimates, study),
    }
    if sum(1 for estimate in biased if estimate.cost_usd) > 1:
        figures["cost-against-bias"] = cost_against_bias(estimates, study)
    return figures
