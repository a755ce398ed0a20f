"""All charts of a site.

What is to be drawn for a site, and what was: plain data, for drawing goes on in a process of its own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flipsite.analyse.cross_study.comparisons import Comparison, Family
from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.registry import (
    comparison_drawings,
    family_drawings,
    method_drawings,
    methods_family_drawings,
    study_drawings,
)
from flipsite.present.embeds.registry import table_drawings
from flipsite.present.sparklines.interactive import SparklineSpec
from flipsite.present.sparklines.specs import twin_files

Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRequest:
    """A chart to draw.

    Attributes:
        reports: The studies; their draws themselves are in no chart.
        compared: Pairs of studies.
        alike: Families of targets.
        methods: Families of methods.
        embedded: Ids of the studies whose tables are embedded, with pictures of their own.
        twins: The models' small pictures whose specifications are wanted.
    """

    reports: tuple[StudyReport, ...]
    compared: Sequence[Comparison]
    alike: Sequence[Family]
    methods: Sequence[MethodFamily]
    embedded: Collection[str]
    twins: Collection[SparklineSpec]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSet:
    """The charts of a site.

    Attributes:
        studies: By study and name; those of no study under "".
        compared: By the path of the page that compares two studies.
        families: Each family's, by model.
        methods: By the base study of a family of methods.
        tables: The pictures of tables that show some of a study's models, by study and table.
        twins: The specifications that models' small pictures share, by path.
    """

    studies: Mapping[str, Figures]
    compared: Figures
    families: tuple[Figures, ...]
    methods: Figures
    tables: Mapping[str, Figures]
    twins: Mapping[str, bytes]

    def __iter__(self) -> Iterator[Figure]:
        """Every chart that stands on a page."""
        for group in (*self.studies.values(), self.compared, *self.families, self.methods):
            yield from group.values()


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
