"""From a study's folder to its report, and to what it keeps for download: the first steps of a build.

What reads features, a fit or parts is imported for the studies that have them.
"""

import io
from dataclasses import replace
from pathlib import Path

from flipsite.analyse.report import StudyReport, report_draws, report_printed, with_features
from flipsite.domain.study import Kind
from flipsite.holding import held
from flipsite.project import FEATURES_FILE, FIT_FILE, PARTS, project_root, snapshot_files
from flipsite.settings import load_printed, load_project, load_study
from flipsite.spending import announced_usd
from flipsite.store.exports import export_draws


def load_report(folder: Path) -> StudyReport:
    """Read a study's folder and analyse what it holds."""
    known, fitted, report = folder / FEATURES_FILE, folder / FIT_FILE, _report(folder)
    if known.exists():
        from flipsite.analyse.features import by_model
        from flipsite.store.features import read_features

        report = with_features(report, by_model(read_features(known)))
    if fitted.exists():
        from flipsite.fitting import stale
        from flipsite.store.fits import read_fit

        fit = read_fit(fitted)
        report = replace(report, fit=fit, fit_older_than=stale(fit, folder))
    return report


def kept_files(folder: Path, report: StudyReport) -> dict[str, bytes | Path]:
    """What a study keeps, to download: its snapshot, the same as CSV, what is known of its models.

    Of a study too large to hold the snapshot goes in parts with a manifest, and not as CSV.
    """
    data, files = f"{report.study.id}/data", dict[str, bytes | Path]()
    if report.features:
        from flipsite.store.features import features_csv

        known = features_csv(row for rows in report.features.values() for row in rows)
        files[f"{data}/features.csv"] = known
    if report.fit:
        from flipsite.store.fits import fit_json

        files[f"{data}/fit.json"] = fit_json(report.fit)
    if report.counts is not None:
        from flipsite.store.parts import MANIFEST, manifest, part_files

        parts = part_files(snapshot_files(folder))
        address = load_project(project_root(folder)).draws.get(folder.name)
        files |= {f"{data}/{name}": path for name, path in parts.items()}
        n_draws = sum(tally.n_draws for tally in report.tallies)
        files[f"{data}/{PARTS}/{MANIFEST}"] = manifest(parts, n_draws=n_draws, address=address)
    elif report.draws is not None:
        lines = io.BytesIO()
        export_draws(report.draws, lines, study=report.study.id, form="csv")
        files |= {f"{data}/draws.csv": lines.getvalue(), f"{data}/draws.parquet": snapshot_files(folder)[0]}
    return files


def _report(folder: Path) -> StudyReport:
    study = load_study(folder)
    if study.kind is Kind.PUBLISHED:
        return report_printed(study, load_printed(folder))
    found = held(folder)
    if found is None:
        return report_draws(study, None)
    truths = _truths() if study.kind is Kind.SIMULATED else None
    announced = announced_usd(folder, study, found.draws.models)
    return report_draws(study, found.draws, counts=found.counts, truths=truths, announced=announced)


def _truths() -> dict[str, float]:
    """What is true of the simulated endpoint's coins."""
    from flipsite.collect.simulated.coins import TRUTHS

    return {model: truth.p for model, truth in TRUTHS.items() if truth.p is not None}
