"""The charts of a site, drawn: while one is rendered, the next one is described."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from flipsite.domain.display import Figure
from flipsite.present.charts.chart_set import ChartRequest, Figures
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.registry import (
    comparison_drawings,
    family_drawings,
    method_drawings,
    methods_family_drawings,
    study_drawings,
)
from flipsite.present.embeds.registry import table_drawings


def render_groups(wanted: ChartRequest, places: Collection[int]) -> dict[int, Figures]:
    """Draw some groups of charts, by their places in this list."""
    groups: list[Mapping[str, Callable[[], Figure]]] = [
        method_drawings() | history_drawings(wanted.reports),
        comparison_drawings(wanted.compared),
        methods_family_drawings(wanted.methods),
        *(study_drawings(report) for report in wanted.reports),
        *(family_drawings(family) for family in wanted.alike),
        *(table_drawings(report) for report in wanted.embedded_reports),
    ]
    with ThreadPoolExecutor(2) as pool:
        figures = pool.map(lambda draw: draw(), [draw for n in places for draw in groups[n].values()])
        return {n: {name: next(figures) for name in groups[n]} for n in places}
