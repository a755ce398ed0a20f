"""All charts of a site."""

from concurrent.futures import ThreadPoolExecutor

from flipsite.present.drawn import Drawn, Wanted
from flipsite.present.embeds import table_drawings
from flipsite.present.micro_specs import twin_files
from flipsite.present.study_charts import (
    comparison_drawings,
    family_drawings,
    method_drawings,
    study_drawings,
)


def drawn(wanted: Wanted) -> Drawn:
    """Draw every chart: while one is rendered, the next one is described."""
    embedded = [report for report in wanted.reports if report.study.id in wanted.embedded]
    groups = [
        method_drawings(),
        comparison_drawings(wanted.compared),
        *(study_drawings(report) for report in wanted.reports),
        *(family_drawings(family) for family in wanted.alike),
        *(table_drawings(report) for report in embedded),
    ]
    with ThreadPoolExecutor(2) as pool:
        figures = pool.map(lambda draw: draw(), [draw for group in groups for draw in group.values()])
        made = iter([{name: next(figures) for name in group} for group in groups])
    methods, compared = next(made), next(made)
    return Drawn(
        studies={report.study.id: next(made) for report in wanted.reports} | {"": methods},
        compared=compared,
        families=tuple(next(made) for _ in wanted.alike),
        tables={report.study.id: next(made) for report in embedded},
        twins=twin_files(wanted.twins),
    )
