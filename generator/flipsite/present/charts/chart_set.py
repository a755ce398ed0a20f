"""The charts of a site as plain data: those to draw, and those drawn.

Drawing goes on in a process of its own, and only that one imports Altair.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flipsite.analyse.cross_study.comparisons import Comparison, Family
from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.present.sparklines.interactive import SparklineSpec

Figures = Mapping[str, Figure]

Group = tuple[str, str]
"""Charts that are drawn together: their kind, and the study or family they show; empty where all are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRequest:
    """The charts to draw.

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

    @property
    def embedded_reports(self) -> tuple[StudyReport, ...]:
        """The studies whose tables are embedded."""
        return tuple(report for report in self.reports if report.study.id in self.embedded)


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
        """Every chart on a page."""
        for group in (*self.studies.values(), self.compared, *self.families, self.methods):
            yield from group.values()
