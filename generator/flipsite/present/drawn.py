"""What is to be drawn for a site, and what was: plain data, for drawing goes on in a process of its own."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flipsite.analyse.cross_study import Comparison, Family
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.present.twins import Twin

Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be drawn.

    Attributes:
        reports: The studies; their draws themselves are in no chart.
        compared: Pairs of studies.
        alike: Families of targets.
        embedded: Ids of the studies whose tables are embedded, with pictures of their own.
        twins: The models' small pictures whose specifications are wanted.
    """

    reports: tuple[StudyReport, ...]
    compared: Sequence[Comparison]
    alike: Sequence[Family]
    embedded: Collection[str]
    twins: Collection[Twin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The charts of a site.

    Attributes:
        studies: By study and name; those of no study under "".
        compared: By the path of the page that compares two studies.
        families: Each family's, by model.
        tables: The pictures of tables that show some of a study's models, by study and table.
        twins: The specifications that models' small pictures share, by path.
    """

    studies: Mapping[str, Figures]
    compared: Figures
    families: tuple[Figures, ...]
    tables: Mapping[str, Figures]
    twins: Mapping[str, bytes]

    def __iter__(self) -> Iterator[Figure]:
        """Every chart that stands on a page."""
        for group in (*self.studies.values(), self.compared, *self.families):
            yield from group.values()
