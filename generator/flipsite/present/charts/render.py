"""All charts of a site, drawn."""

from concurrent.futures import ThreadPoolExecutor

from flipsite.present.charts.chart_set import ChartRequest, ChartSet
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.registry import (
    comparison_drawings,
    family_drawings,
    method_drawings,
    methods_family_drawings,
    study_drawings,
)
from flipsite.present.embeds.registry import table_drawings
from flipsite.present.sparklines.specs import twin_files


def drawn(wanted: ChartRequest) -> ChartSet:
    """Draw every chart: while one is rendered, the next one is described."""
    embedded = [report for report in wanted.reports if report.study.id in wanted.embedded]
    groups = [
        method_drawings() | history_drawings(wanted.reports),
        comparison_drawings(wanted.compared),
        methods_family_drawings(wanted.methods),
        *(study_drawings(report) for report in wanted.reports),
        *(family_drawings(family) for family in wanted.alike),
        *(table_drawings(report) for report in embedded),
    ]
    with ThreadPoolExecutor(2) as pool:
        figures = pool.map(lambda draw: draw(), [draw for group in groups for draw in group.values()])
        made = iter([{name: next(figures) for name in group} for group in groups])
    alone, compared, methods = next(made), next(made), next(made)
    return ChartSet(
        studies={report.study.id: next(made) for report in wanted.reports} | {"": alone},
        compared=compared,
        methods=methods,
        families=tuple(next(made) for _ in wanted.alike),
        tables={report.study.id: next(made) for report in embedded},
        twins=twin_files(wanted.twins),
    )
