"""The charts of a site, drawn: while one is rendered, the next one is described."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from flipsite.present.charts.chart_set import ChartRequest, Figures, Group
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.registry import (
    Draw,
    comparison_drawings,
    family_drawings,
    method_drawings,
    methods_family_drawings,
    study_drawings,
)
from flipsite.present.embeds.registry import table_drawings


def render_groups(wanted: ChartRequest, *, known: Collection[Group]) -> Iterator[tuple[Group, Figures]]:
    """Draw the groups of charts that are not known, one after the other."""
    groups: dict[Group, Mapping[str, Draw]] = {
        ("no study", ""): method_drawings() | history_drawings(wanted.reports),
        ("pairs", ""): comparison_drawings(wanted.compared),
        ("methods", ""): methods_family_drawings(wanted.methods),
        **{("study", report.study.id): study_drawings(report) for report in wanted.reports},
        **{("family", str(n)): family_drawings(family) for n, family in enumerate(wanted.alike)},
        **{("tables", report.study.id): table_drawings(report) for report in wanted.embedded_reports},
    }
    missing = {group: drawings for group, drawings in groups.items() if group not in known}
    with ThreadPoolExecutor(2) as pool:
        figures = pool.map(lambda draw: draw(), [draw for each in missing.values() for draw in each.values()])
        for group, each in missing.items():
            yield group, {name: next(figures) for name in each}
