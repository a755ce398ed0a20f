"""Models over several studies: verdict and bias of each in each, and the mean bias above the noise floor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import fmean

from flipsite.analyse.cross_study.comparisons import in_order
from flipsite.analyse.noise_floor import multinomial_noise_floor
from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One model.

    Attributes:
        model: The model.
        records: Its estimate in each study; None where it was not asked.
        excess: Mean over its studies of bias less noise floor; 0 on average for a perfect sampler, None
            where no study has a bias.
    """

    model: str
    records: tuple[Estimate | None, ...]
    excess: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMatrix:
    """Models that at least two studies asked, the least mean excess first; simulated studies left out."""

    studies: tuple[Study, ...]
    rows: tuple[MatrixRow, ...]


def study_matrix(reports: Sequence[StudyReport]) -> StudyMatrix | None:
    """The matrix of a site's studies; None where no two of them share a model.

    A bias that was printed without its number of draws is compared with the noise floor at the number that
    the study is said to have drawn.
    """
    real = [report for report in in_order(reports) if report.study.kind is not Kind.SIMULATED]
    found = [{record.model: record for record in report.estimates} for report in real]
    floors = [_usual_floor(report) for report in real]
    rows = []
    for model in sorted({model for records in found for model in records}):
        records = tuple(each.get(model) for each in found)
        above = [
            record.bias - floor if record.excess is None else record.excess
            for record, floor in zip(records, floors, strict=True)
            if record is not None and record.bias is not None
        ]
        if sum(record is not None for record in records) > 1:
            rows.append(MatrixRow(model=model, records=records, excess=fmean(above) if above else None))
    if not rows:
        return None
    used = [place for place in range(len(real)) if any(row.records[place] for row in rows)]
    return StudyMatrix(
        studies=tuple(real[place].study for place in used),
        rows=tuple(
            replace(row, records=tuple(row.records[place] for place in used))
            for row in sorted(rows, key=_order)
        ),
    )


def _order(row: MatrixRow) -> tuple[float, str]:
    return (inf if row.excess is None else row.excess), row.model


def _usual_floor(report: StudyReport) -> float:
    draws = report.printed.draws_about if report.printed else report.study.sampling.draws
    return float(multinomial_noise_floor(draws, report.study.prompt.shares))
