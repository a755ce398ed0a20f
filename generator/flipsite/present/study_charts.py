"""Which charts a study has, by the name a narrative or a page asks for."""

from collections.abc import Mapping

from flipsite.analyse.report import StudyReport
from flipsite.domain import Figure


def study_figures(report: StudyReport) -> Mapping[str, Figure]:
    """The study's charts by name."""
    return {}
