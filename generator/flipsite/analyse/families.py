"""What several studies tell together: who moved between two, one model over all, and a family of targets."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from flipsite.analyse.calibration import Calibration, calibration
from flipsite.analyse.compare import Change, changes
from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Prompt, Sampling, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two studies of one target that share models, seen from the second.

    Attributes:
        before: The study compared with.
        after: The study whose page this is.
        changes: The shared models, by name.
    """

    before: Study
    after: Study
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One model in every study that asked it, in the order of the studies' start, then of their ids."""

    model: str
    records: tuple[tuple[Study, Estimate], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Studies that differ only in their target, by target, and each model's calibration."""

    studies: tuple[Study, ...]
    curves: tuple[Calibration, ...]


def comparisons(reports: Sequence[StudyReport]) -> tuple[Comparison, ...]:
    """Every ordered pair of studies that share a target and models; coins and models are never compared."""
    found = []
    for before, after in permutations(reports, 2):
        same_kind = _is_simulated(before) == _is_simulated(after)
        if same_kind and before.study.prompt.target == after.study.prompt.target:
            moved = changes(before.estimates, after.estimates, fits_before=before.fits, fits_after=after.fits)
            if moved:
                found.append(Comparison(before=before.study, after=after.study, changes=moved))
    return tuple(found)


def histories(reports: Sequence[StudyReport]) -> Mapping[str, History]:
    """Each model that more than one study asked, coins left out."""
    asked: defaultdict[str, list[tuple[Study, Estimate]]] = defaultdict(list)
    real = [report for report in reports if not _is_simulated(report)]
    for report in sorted(real, key=lambda report: (report.study.started or "", report.study.id)):
        for record in report.estimates:
            asked[record.model].append((report.study, record))
    return {
        model: History(model=model, records=tuple(records))
        for model, records in sorted(asked.items())
        if len(records) > 1
    }


def families(reports: Sequence[StudyReport]) -> tuple[Family, ...]:
    """Studies with draws that differ in nothing but target, names and dates."""
    alike: defaultdict[tuple[Prompt, Sampling], list[StudyReport]] = defaultdict(list)
    for report in reports:
        if report.draws is not None:
            alike[_but_target(report.study)].append(report)
    found = []
    for members in alike.values():
        members.sort(key=lambda report: (report.study.prompt.target, report.study.id))
        if len({report.study.prompt.target for report in members}) > 1:
            studies = tuple(report.study for report in members)
            found.append(Family(studies=studies, curves=_curves(members)))
    return tuple(found)


def _curves(members: Sequence[StudyReport]) -> tuple[Calibration, ...]:
    counts: defaultdict[str, list[tuple[float, int, int]]] = defaultdict(list)
    for report in members:
        for tally in report.tallies:
            counts[tally.model].append((report.study.prompt.target, tally.n_ones, tally.n_valid))
    curves = (calibration(model, counted) for model, counted in sorted(counts.items()))
    return tuple(curve for curve in curves if curve is not None)


def _but_target(study: Study) -> tuple[Prompt, Sampling]:
    """What the studies of a family share; their prompts may say the target as a share or in per cent."""
    target = study.prompt.target
    numbers = {f"{share:.10g}" for p in (target, 1 - target) for share in (p, 100 * p)}
    template = re.sub(r"\d+(?:\.\d+)?", lambda found: _masked(found[0], numbers), study.prompt.template)
    return replace(study.prompt, target=0.5, template=template), replace(study.sampling, draws=0)


def _masked(number: str, targets: set[str]) -> str:
    return "…" if f"{float(number):.10g}" in targets else number


def _is_simulated(report: StudyReport) -> bool:
    return report.study.kind is Kind.SIMULATED
