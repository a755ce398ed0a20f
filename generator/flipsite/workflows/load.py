"""From a study's files to its report and its downloads: the first steps of a build.

What reads features or a fit is imported for the studies that have them, Arrow and what reads settings where
they are needed.
"""

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flipsite.analyse.report import (
    StudyReport,
    report_counts,
    report_draws,
    report_printed,
    with_contradictory,
    with_features,
)
from flipsite.analyse.tally import tally
from flipsite.domain.catalogue import Model
from flipsite.domain.counts import PrintedCounts
from flipsite.domain.display import one_line
from flipsite.domain.draws import STATUSES, Draws, Status, Tally
from flipsite.domain.fit import Fit
from flipsite.domain.money import Usd
from flipsite.domain.study import Kind, Study
from flipsite.errors import UsageError
from flipsite.files import Content, StreamedFile, file_digest
from flipsite.processes import call
from flipsite.project import (
    CATALOGUE_FILE,
    FEATURES_FILE,
    FIT_FILE,
    PARTS,
    PRINTED_FILE,
    SNAPSHOT,
    StudyFiles,
    find_study_files,
    project_root,
    snapshot_files,
)
from flipsite.store.snapshot.study import StudyDraws, is_counted, read_all_draws, read_study_draws

if TYPE_CHECKING:
    from flipsite.collect.reading.completion import UnparsedAnswer


def study_files(folder: Path) -> StudyFiles:
    """Find the files of a study, as the settings of its project say where they are.

    Raises:
        SettingsError: If the project's settings are faulty.
        UsageError: If there are two snapshots.
    """
    from flipsite.settings import load_project

    return find_study_files(folder, load_project(project_root(folder)))


def load_draws(files: StudyFiles, study: Study) -> StudyDraws | None:
    """Load a study's draws, or counts and the first of each model's if there are too many; None without any.

    Raises:
        StoreError: If they cannot be read or counted.
    """
    return call(read_study_draws, files, study)


def load_tallies(files: StudyFiles, study: Study) -> tuple[Tally, ...]:
    """Tally a study's draws or printed counts; none where it has none. Errors as for `load_draws`."""
    n_outcomes = study.prompt.n_outcomes
    if study.kind is Kind.PUBLISHED:
        return tuple(row.tally for row in published_counts(files.folder, study) or ())
    if is_counted(files):
        from flipsite.store.counting.aggregate import read_tallies

        return read_tallies(files.places, choice=files.engine, models=study.models, n_outcomes=n_outcomes)
    return tally(read_all_draws(files, study), n_outcomes=n_outcomes) if files.snapshot else ()


def published_counts(folder: Path, study: Study) -> tuple[PrintedCounts, ...] | None:
    """The counts of a published study, without models that it leaves out; None where it has figures."""
    from flipsite.settings import load_counts

    rows = load_counts(folder, n_outcomes=study.prompt.n_outcomes)
    return None if rows is None else tuple(row for row in rows if not study.models.leaves_out(row.model))


def announced_usd(folder: Path, study: Study, models: Container[str]) -> dict[str, Usd]:
    """The estimated price of a draw of each priced model; empty where no catalogue was kept.

    Args:
        folder: The study's, with its `catalogue.json`, which need not exist.
        study: Its prompt and settings, by which a draw is estimated.
        models: Those to look for.

    Raises:
        StoreError: If the catalogue is damaged.
    """
    if not (offered := _offered(folder, models)):
        return {}
    from flipsite.collect.costs import estimate  # a study of others' draws kept no catalogue
    from flipsite.collect.selection import with_stated_price

    priced = (with_stated_price(model, study.models.price) for model in offered)
    estimates = [(model.id, estimate(model, study)) for model in priced if model.price]
    return {name: each.expected_usd / each.n_draws for name, each in estimates}


def _offered(folder: Path, models: Container[str]) -> tuple[Model, ...]:
    """These models in the catalogue that a study kept; none where it kept none.

    Raises:
        StoreError: If the catalogue is damaged.
    """
    path = folder / CATALOGUE_FILE
    if not path.is_file():
        return ()
    from flipsite.collect.catalogue import load_catalogue

    offered = load_catalogue(path.read_bytes(), name=str(path))
    return tuple(model for model in offered.models if model.id in models)


def _with_settings(report: StudyReport, offered: Sequence[Model]) -> StudyReport:
    """The report with each model's catalogue entry, and the settings that were sent to it or were not."""
    if not offered:
        return report
    from flipsite.collect.requests import sampling_settings, unsent_settings

    study = report.study
    pairs = [(name, model.id) for model in offered for name in unsent_settings(model, study)]
    unsent = {name: tuple(model for other, model in pairs if other == name) for name in dict(pairs)}
    sent = {model.id: sampling_settings(model, study) for model in offered}
    return replace(report, catalogue={model.id: model for model in offered}, sent=sent, unsent=unsent)


def load_report(folder: Path) -> StudyReport:
    """Find a study's files, read and analyse them."""
    from flipsite.settings import load_study

    return read_report(study_files(folder), load_study(folder))


def read_report(files: StudyFiles, study: Study, found: StudyDraws | None = None) -> StudyReport:
    """Read a study's files, its draws too unless they are `found` already, and analyse what they hold."""
    folder = files.folder
    known, fitted, report = folder / FEATURES_FILE, folder / FIT_FILE, analysed(files, study, found)
    if known.exists():
        from flipsite.analyse.features.merge import by_model
        from flipsite.store.features import read_features

        leaves_out = report.study.models.leaves_out
        rows = [row for row in read_features(known) if not leaves_out(row.model)]
        report = with_features(report, by_model(rows))
    if fitted.exists():
        from flipsite.store.fits import read_fit

        fit = read_fit(fitted)
        report = replace(report, fit=fit, fit_older_than=stale(fit, folder))
    return report


def kept_files(place: StudyFiles, report: StudyReport) -> dict[str, Content]:
    """A study's downloads: its snapshot, the same as CSV, the features of its models.

    Of a study too large to hold the snapshot goes in parts with a manifest, and not as CSV.
    """
    data, files = f"{report.study.id}/data", dict[str, Content]()
    if report.features:
        from flipsite.store.features import features_csv

        known = features_csv(row for rows in report.features.values() for row in rows)
        files[f"{data}/features.csv"] = known
    if report.fit:
        from flipsite.store.fits import fit_json

        files[f"{data}/fit.json"] = fit_json(report.fit)
    if report.sampled:
        from flipsite.store.snapshot.write import MANIFEST, manifest, part_files

        parts = {} if _left_out(report.study, place.snapshot) else part_files(place.snapshot)
        files |= {f"{data}/{name}": path for name, path in parts.items()}
        n_draws = sum(tally.n_draws for tally in report.tallies)
        files[f"{data}/{PARTS}/{MANIFEST}"] = manifest(parts, n_draws=n_draws, address=place.address)
    elif report.draws is not None:
        from flipsite.store.exports import export_draws

        files |= {
            f"{data}/draws.csv": StreamedFile(
                partial(export_draws, report.draws, study=report.study.id, form="csv")
            ),
            f"{data}/draws.parquet": _snapshot(report.study, report.draws, place.snapshot),
        }
    return files


def _left_out(study: Study, files: Sequence[Path]) -> bool:
    """Whether a snapshot holds a model that the study leaves out, so that it cannot be offered as it is."""
    if not study.models.has_exceptions:
        return False
    from flipsite.store.snapshot.extent import model_extents

    return any(map(study.models.leaves_out, model_extents(files)))


def _snapshot(study: Study, draws: Draws, files: Sequence[Path]) -> bytes | Path:
    """The snapshot to download: the file as it is, or written again without the models that are left out."""
    if not _left_out(study, files):
        return files[0]
    from flipsite.store.snapshot.parquet import write_parquet

    content = io.BytesIO()
    write_parquet(content, draws, study=study.id)
    return content.getvalue()


def analysed(files: StudyFiles, study: Study, found: StudyDraws | None = None) -> StudyReport:
    """Read a study's draws, unless they are `found` already, counts or printed figures, and analyse them."""
    folder = files.folder
    if study.kind is Kind.PUBLISHED:
        from flipsite.settings import load_printed

        rows = published_counts(folder, study)
        return report_printed(study, load_printed(folder)) if rows is None else report_counts(study, rows)
    found = found or load_draws(files, study)
    if found is None:
        return report_draws(study, None)
    truths = _truths() if study.kind is Kind.SIMULATED else None
    announced = announced_usd(folder, study, found.draws.models)
    unread = None if found.counts else unread_answers(study, found.draws)
    report = report_draws(
        study,
        found.draws,
        counts=found.counts,
        truths=truths,
        announced=announced,
        off_list=unread.off_list if unread and study.sampling.per_answer == 1 else None,
    )
    if unread:
        report = with_contradictory(report, unread.last)
    if found.repeated:
        report = replace(report, repeated=found.repeated)
    return _with_settings(report, _offered(folder, found.draws.models))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadAnswers:
    """The statements of the unparsed answers of a study's models.

    Attributes:
        off_list: The share of each model's answers that named what was not offered; only of models that
            answered.
        last: Of each answer of a model that states more than one side the outcome it states last; None for
            none.
    """

    off_list: Mapping[str, float]
    last: Mapping[str, tuple[int | None, ...]]


def unread_answers(study: Study, draws: Draws) -> UnreadAnswers:
    """Read the unparsed answers again for what they state in place of one outcome."""
    unparsed, failed = (STATUSES.index(status) for status in (Status.UNPARSED, Status.ERROR))
    off_list, last = dict[str, float](), dict[str, tuple[int | None, ...]]()
    model_of = np.repeat(np.arange(len(draws.models)), np.diff(draws.starts))
    answers = np.bincount(model_of[draws.status != failed], minlength=len(draws.models)).tolist()
    unread = np.flatnonzero(draws.status == unparsed)
    ends = np.searchsorted(unread, draws.starts).tolist()
    for model, n_answers, (begin, end) in zip(draws.models, answers, pairwise(ends), strict=True):
        found = _read_unparsed(study, draws, model, unread[begin:end].tolist()) if begin < end else []
        if n_answers:
            off_list[model] = sum(answer.off_list for answer in found) / n_answers
        if several := tuple(answer.last for answer in found if answer.contradictory):
            last[model] = several
    return UnreadAnswers(off_list=off_list, last=last)


def _read_unparsed(study: Study, draws: Draws, model: str, rows: Sequence[int]) -> list["UnparsedAnswer"]:
    from flipsite.collect.reading.completion import read_unparsed  # most studies have no such row

    return [read_unparsed(study, draws, model=model, row=row) for row in rows]


def _truths() -> dict[str, float]:
    """The true shares of the simulated endpoint's coins."""
    from flipsite.collect.simulated.coins import TRUTHS

    return {model: truth.p for model, truth in TRUTHS.items() if truth.p is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyModels:
    """The models of a study.

    Attributes:
        models: Sorted.
        providers: How many answers of each name which provider.
    """

    models: tuple[str, ...]
    providers: Mapping[str, Mapping[str, int]]


def subjects_of(folder: Path, study: Study) -> StudyModels:
    """The models of a study: those with a printed figure, or those with draws.

    Raises:
        UsageError: If there are none yet.
    """
    if study.kind is Kind.PUBLISHED:
        from flipsite.settings import load_printed

        rows = published_counts(folder, study)
        printed = {row.model for row in (load_printed(folder).rows if rows is None else rows)}
        return StudyModels(models=tuple(sorted(printed)), providers={})
    files = snapshot_files(folder)
    if not files:
        raise UsageError(f"{folder / SNAPSHOT}: no draws yet; run `flipsite collect {study.id}` first.")
    from flipsite.store.snapshot.read import read_groups

    served = defaultdict[str, Counter[str]](Counter)
    for draws in read_groups(files):
        _count_providers(draws, served)
    shown = {model: named for model, named in served.items() if not study.models.leaves_out(model)}
    return StudyModels(models=tuple(sorted(shown)), providers=shown)


def _count_providers(draws: Draws, served: dict[str, Counter[str]]) -> None:
    for index, model in enumerate(draws.models):
        named = (draws.provider[place] for place in range(*draws.rows(index).indices(len(draws))))
        served[model].update(shown for name in named if name and (shown := one_line(name, most=60)))


def stale(fit: Fit, folder: Path) -> tuple[str, ...]:
    """Which of a study's files say other than what was fitted."""
    digests = ((draws_place(folder), fit.draws_sha256), (folder / FEATURES_FILE, fit.features_sha256))
    return tuple(path.name for path, digest in digests if sha256(path) != digest)


def draws_place(folder: Path) -> Path:
    """The file, or folder of parts, that a study's figures come from."""
    places = (folder / PRINTED_FILE, folder / PARTS)
    return next((place for place in places if place.exists()), folder / SNAPSHOT)


def sha256(path: Path) -> str:
    """The digest of what a fit takes from a file; of one that is not there, an empty text.

    Of printed figures and of features it is that of the figures and values alone, so that a comment or a note
    may be corrected without the fit being out of date.
    """
    if not path.exists():
        return ""
    if path.name == PRINTED_FILE:
        content = repr(_published(path.parent)).encode()
    elif path.name == FEATURES_FILE:
        from flipsite.store.features import read_features

        content = repr([(row.model, row.feature, row.value) for row in read_features(path)]).encode()
    elif path.is_dir():
        content = "".join(sha256(part) for part in sorted(path.rglob("*.parquet"))).encode()
    else:
        return file_digest(path)
    return hashlib.sha256(content).hexdigest()


def _published(folder: Path) -> object:
    """The counts or figures of a published study, as far as a fit takes them."""
    from flipsite.settings import load_counts, load_printed, load_study

    rows = load_counts(folder, n_outcomes=load_study(folder).prompt.n_outcomes)
    if rows is not None:
        return [(row.model, row.counts) for row in rows]
    printed = load_printed(folder)
    figures = sorted((row.model, row.figure, row.decimals) for row in printed.rows)
    return figures, printed.draws_low, printed.draws_high
