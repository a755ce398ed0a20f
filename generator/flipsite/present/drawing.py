"""All charts of a site, drawn before anything else: their renderer lives in one process and its threads."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flipsite.analyse.families import Comparison, Family
from flipsite.analyse.report import StudyReport
from flipsite.exhibits import Figure
from flipsite.present.study_charts import (
    Draw,
    comparison_drawings,
    family_drawings,
    method_drawings,
    study_drawings,
)

Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The charts of a site.

    Attributes:
        studies: By study and name; those of no study under "".
        compared: By the path of the page that compares two studies.
        families: Each family's, by model.
    """

    studies: Mapping[str, Figures]
    compared: Figures
    families: tuple[Figures, ...]

    def __iter__(self) -> Iterator[Figure]:
        """Every chart."""
        for group in (*self.studies.values(), self.compared, *self.families):
            yield from group.values()


def drawn(
    reports: Sequence[StudyReport],
    compared: Sequence[Comparison],
    alike: Sequence[Family],
    *,
    jobs: int,
) -> Drawn:
    """Draw every chart, `jobs` at once: while one is rendered, the next one is described."""
    groups = [
        *(study_drawings(report) for report in reports),
        method_drawings(),
        comparison_drawings(compared),
        *(family_drawings(family) for family in alike),
    ]
    figures = iter(draw_each([draw for group in groups for draw in group.values()], jobs=jobs))
    made = [{name: next(figures) for name in group} for group in groups]
    names = [*(report.study.id for report in reports), ""]
    return Drawn(
        studies=dict(zip(names, made, strict=False)),
        compared=made[len(names)],
        families=tuple(made[len(names) + 1 :]),
    )


def draw_each(draws: Sequence[Draw], *, jobs: int) -> list[Figure]:
    """Draw charts, `jobs` at once."""
    with ThreadPoolExecutor(max(jobs, 2)) as pool:
        return list(pool.map(lambda draw: draw(), draws))
