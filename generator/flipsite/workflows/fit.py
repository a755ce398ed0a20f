"""Fit a study's regressions: `flipsite fit`, the only command that needs `flipsite[bayes]`.

study, draws, features.csv ─load→ counts, covariates ─sample→ forms ─write→ fit.json, fits/<study>.nc
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from flipsite.domain.display import plural
from flipsite.domain.estimates import Sway
from flipsite.domain.fit import Fit, OmittedInput
from flipsite.domain.progress import Progress, unwatched
from flipsite.domain.study import Kind, Study
from flipsite.errors import UsageError
from flipsite.files import refuse_link, replaced_by
from flipsite.project import FEATURES_FILE, FIT_FILE, Project, existing_study
from flipsite.settings import load_printed, load_study
from flipsite.store.cache.private_folder import private_folder
from flipsite.store.features import read_features
from flipsite.store.fits import write_fit
from flipsite.workflows.load import draws_place, sha256

if TYPE_CHECKING:
    from flipsite.fit.counts import FlipCounts
    from flipsite.fit.sampling import SampleResult

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOrder:
    """How to sample.

    Attributes:
        draws: Kept draws of each chain.
        chains: Of each form.
        seed: Of all randomness.
    """

    draws: int = 2000
    chains: int = 4
    seed: int = 1


def fit_study(
    project: Project,
    study_id: str,
    order: FitOrder,
    *,
    done: Callable[[str], None],
    progress: Progress = unwatched,
) -> tuple[Fit, Path, Path]:
    """Fit the regressions of a study and store their results.

    Args:
        project: Where the study is.
        study_id: Its id.
        order: How to sample.
        done: Called with a line of text for each form sampled.
        progress: Told of the forms that are sampled.

    Returns:
        The fit as its file has it, the file, and the file with all posterior draws.

    Raises:
        UsageError: If the extra is missing, or the study has too little to fit.
        FlipsiteError: If one of its files is faulty or cannot be written.
    """
    need_extra()
    folder = existing_study(project, study_id)
    if project.packaged:
        raise UsageError(
            f"{folder}: is flipsite's own; run `flipsite fit` in a project with content/studies/."
        )
    study, known = load_study(folder), folder / FEATURES_FILE
    if not known.exists():
        raise UsageError(f"{known}: not there; `flipsite features {study_id}` writes it.")
    fit, sampled = _fit(study, folder, order, done, progress)
    draws = project.cache / "fits" / f"{study_id}.nc"
    keep_draws(sampled, draws)
    return write_fit(folder / FIT_FILE, fit), folder / FIT_FILE, draws


def need_extra() -> None:
    """Stop where the samplers are not installed.

    Raises:
        UsageError: With the command that installs it.
    """
    missing = [name for name in ("pymc", "nutpie", "arviz") if find_spec(name) is None]
    if missing:
        raise UsageError(f"{', '.join(missing)}: not installed; run `pip install 'flipsite[bayes]'`.")


def keep_draws(sampled: "tuple[SampleResult, ...]", path: Path) -> None:
    """Write all posterior draws as NetCDF, a group for each form.

    `arviz.InferenceData.from_netcdf(path, base_group="scale")` reads one back; a fit that ignores the
    selection of the models is `scale-naive`.
    """
    private_folder(path.parents[1])
    refuse_link(path.parent)
    with replaced_by(path) as part:
        for one in sampled:
            group = f"{one.form}-naive" if one.naive else one.form
            one.draws.to_netcdf(str(part), base_group=group, engine="h5netcdf", overwrite_existing=False)


def _fit(
    study: Study, folder: Path, order: FitOrder, done: Callable[[str], None], progress: Progress
) -> "tuple[Fit, tuple[SampleResult, ...]]":
    from flipsite.fit.covariates import covariates
    from flipsite.fit.priors import prior_notes
    from flipsite.fit.regressions import FEWEST_MODELS, fit_forms, made_with

    counts, left_out = _counts(study, folder)
    if len(counts.models) < FEWEST_MODELS:
        raise UsageError(
            f"{folder}: {plural(len(counts.models), 'model')} with draws to compare; "
            f"a regression needs {FEWEST_MODELS}."
        )
    values: dict[str, dict[str, str]] = {}
    for row in read_features(folder / FEATURES_FILE):
        values.setdefault(row.model, {})[row.feature] = row.value
    given = covariates(counts.models, values)
    log.info("%s: %d models, %d columns", study.id, len(counts.models), len(given.columns))
    forms, sampled, forms_out = fit_forms(
        counts,
        given,
        draws=order.draws,
        chains=order.chains,
        seed=order.seed,
        done=lambda one: done(_line(one)),
        progress=progress,
    )
    fit = Fit(
        forms=forms,
        draws_sha256=sha256(draws_place(folder)),
        features_sha256=sha256(folder / FEATURES_FILE),
        models=len(counts.models),
        covariates=given.notes,
        left_out=(*forms_out, *left_out),
        priors=prior_notes(),
        signed=counts.signed,
        selected=counts.selection is not None,
        chains=order.chains,
        draws=order.draws,
        seed=order.seed,
        made_with=made_with(),
    )
    return fit, sampled


def _line(one: "SampleResult") -> str:
    elpd = float(one.loo.sum())
    name = f"{one.form}, naive" if one.naive else one.form
    return f"{name}: {one.seconds:.0f} s, {one.divergences} divergent draws, elpd {elpd:.1f}"


def _counts(study: Study, folder: Path) -> "tuple[FlipCounts, tuple[OmittedInput, ...]]":
    """The counts to fit, and the models left out: without any, or with a share of ones that says little."""
    from flipsite.analyse.published.possible_counts import fits
    from flipsite.fit.counts import counts_of_draws, counts_of_printed
    from flipsite.workflows.load import analysed, published_counts, study_files

    if study.prompt.n_outcomes > 2:
        raise UsageError(
            f"{study.id}: fits are of a share of ones; this study has {study.prompt.n_outcomes} outcomes."
        )
    target = study.prompt.target
    if study.kind is Kind.PUBLISHED and published_counts(folder, study) is None:
        printed = load_printed(folder)
        found = {row.model: fits(row, printed, target=target) for row in printed.rows}
        reason = "no count of draws prints as its figure"
        reasons = {model: reason for model, ways in found.items() if not ways}
        counts = counts_of_printed(printed, found, target=target)
    else:
        report = analysed(study_files(folder), study)
        reasons = {one.model: "it has no valid draw" for one in report.tallies if not one.n_valid}
        reasons |= {
            one.model: f"it follows the {one.sway}, which its share of ones does not show"
            for one in report.estimates
            if one.sway is Sway.LABEL or (one.sway is Sway.ORDER and not one.leans_anyway)
        }
        kept = [one for one in report.tallies if one.model not in reasons]
        counts = counts_of_draws(kept, target=target)
    return counts, tuple(OmittedInput(what=model, reason=reason) for model, reason in reasons.items())
