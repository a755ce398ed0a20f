"""Which charts a study has, by the name a narrative or a page asks for."""

from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.domain import Figure
from flipsite.present.charts_bias import bias_intervals, printed_tables


def study_figures(report: StudyReport) -> Mapping[str, Figure]:
    """The study's charts by name; none before it has a figure to show."""
    study, estimates = report.study, report.estimates
    if not estimates:
        return {}
    if report.printed:
        return {"printed-tables": printed_tables(estimates, report.printed, study)}
    return {"bias-intervals": bias_intervals(estimates, study)}
