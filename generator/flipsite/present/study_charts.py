"""Which charts a study has, by the name a narrative or a page asks for."""

from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.domain import Figure
from flipsite.present.charts_bias import bias_intervals
from flipsite.present.charts_chance import bias_distribution, verdicts
from flipsite.present.charts_printed import printed_tables
from flipsite.present.charts_spend import cost_against_bias
from flipsite.present.charts_truth import truth


def study_figures(report: StudyReport) -> Mapping[str, Figure]:
    """The study's charts by name; none before it has a figure to show."""
    study, estimates = report.study, report.estimates
    if report.printed:
        return {"printed-tables": printed_tables(estimates, report.printed, study)}
    if not any(record.valid for record in estimates):
        return {}
    figures = {
        "bias-intervals": bias_intervals(estimates, study),
        "bias-distribution": bias_distribution(estimates, study),
        "verdicts": verdicts(estimates, study),
    }
    if any(record.model in report.truths and record.valid for record in estimates):
        figures = {"truth": truth(estimates, report.truths, study), **figures}
    if sum(bool(record.cost_usd and record.valid) for record in estimates) > 1:
        figures["cost-against-bias"] = cost_against_bias(estimates, study)
    return figures
