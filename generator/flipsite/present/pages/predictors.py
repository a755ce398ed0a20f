"""The page of a study's regressions on the features of its models."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure, Table
from flipsite.domain.features import FEATURES
from flipsite.domain.fit import Fit, FittedForm, FormName, Part
from flipsite.present.pages.page import Page
from flipsite.present.pages.predictor_tables import (
    authors_table,
    checks_table,
    comparison_table,
    covariates_table,
    diagnostics_table,
    glance_table,
    priors_table,
    seen_table,
)
from flipsite.present.text.markdown import formula
from flipsite.present.text.predictors import (
    FORM_NAMES,
    best_form,
    comparison_sentence,
    contrasts,
    could_see_sentence,
    findings_sentence,
    main_form,
    overall_sentence,
    term_sentence,
)

QUESTIONS: Mapping[FormName, str] = {
    "mean": "Which models say one more often? The article’s form: covariates act on the log-odds of a one. "
    "A model that always says one and a model that always says zero are at opposite ends of it, though "
    "neither is fair.",
    "betabinomial": "How far do models scatter about their mean? ρ is the correlation between two draws of "
    "one model; where ρ is 0, all models of a kind are the same coin.",
    "scale": "How far from the target does a model lie, on either side? Each model has its own log-odds θ, "
    "and covariates act on how widely these are spread about the target. A factor below 1 is fairer.",
    "mixture": "As the scale form, but some models may be exactly fair: the factors describe the others.",
}

EQUATIONS: Mapping[FormName, tuple[str, ...]] = {
    "mean": (
        r"y_i \sim \text{Binomial}(n_i, p_i)",
        r"\operatorname{logit} p_i = t + \alpha + x_i \beta + u_{a_i}",
    ),
    "betabinomial": (
        r"y_i \sim \text{BetaBinomial}(n_i, m_i, \rho_i)",
        r"\operatorname{logit} m_i = t + \alpha + x_i \beta + u_{a_i}",
        r"\operatorname{logit} \rho_i = \gamma + x_i \delta + v_{a_i}",
    ),
    "scale": (
        r"y_i \sim \text{Binomial}(n_i, p_i)",
        r"\operatorname{logit} p_i = \theta_i",
        r"\theta_i \sim \text{Normal}(t + \mu, \sigma_i)",
        r"\log \sigma_i = \gamma + x_i \delta + v_{a_i}",
    ),
    "mixture": (
        r"y_i \sim \text{Binomial}(n_i, p_i)",
        r"\operatorname{logit} p_i = \theta_i",
        r"\theta_i = t \text{ with probability } \pi",
        r"\theta_i \sim \text{Normal}(t + \mu, \sigma_i) \text{ otherwise}",
        r"\log \sigma_i = \gamma + x_i \delta + v_{a_i}",
    ),
}

SYMBOLS = (
    ("y, n", "ones, and valid draws, of model i"),
    ("t", "log-odds of the target"),
    ("x", "the model’s covariates, each less its average"),
    ("β, δ", "their coefficients"),
    ("u, v", "effect of its author"),
    ("α, γ, μ, π", "common to all models"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """One form on the page.

    Attributes:
        form: The form.
        name: For people.
        question: What it asks, in words.
        equations: MathML.
        parts: Each part's finding, figure and sentences.
        diagnostics: Table of all parameters.
        authors: Table of authors of several models; None without any.
        note: `predicts best`, or empty.
        is_main: Whether its sentences are open.
    """

    form: FittedForm
    name: str
    question: str
    equations: tuple[Markup, ...]
    parts: tuple[tuple[str, Figure, tuple[str, ...]], ...]
    diagnostics: Table
    authors: Table | None
    note: str
    is_main: bool


def predictors_page(report: StudyReport, fit: Fit, figures: Mapping[str, Figure]) -> Page:
    """The page of a study's regressions."""
    study, main, best = report.study, main_form(fit), best_form(fit)
    effects = [figure for name, figure in figures.items() if name.startswith("predictors-effect-")]
    return Page(
        path=f"{study.id}/predictors/index.html",
        title=f"Predictors: {study.title}",
        description=f"Which features of a model go with its bias in “{study.title}”: regressions.",
        template="predictors.html",
        study=study,
        crumbs=(("Home", "index.html"), (study.title, f"{study.id}/index.html")),
        tab="Predictors",
        context={
            "report": report,
            "fit": fit,
            "lede": comparison_sentence(fit),
            "finding": overall_sentence(fit),
            "could_see": could_see_sentence(fit),
            "glance": glance_table(fit),
            "symbols": SYMBOLS,
            "forms": tuple(
                _view(form, figures, note="predicts best" if form is best else "", is_main=form is main)
                for form in fit.forms
            ),
            "effects": effects,
            "check": figures.get("predictors-check"),
            "checks": checks_table(main.checks) if main else None,
            "comparison": comparison_table(fit),
            "seen": seen_table(main) if main and fit.format >= 2 else None,
            "covariates": covariates_table(fit),
            "missing": [note for note in fit.covariates if note.unknown],
            "priors": priors_table(fit),
            "labels": {name: spec.label for name, spec in FEATURES.items()},
        },
    )


def _view(form: FittedForm, figures: Mapping[str, Figure], *, note: str, is_main: bool) -> FormView:
    parts: tuple[Part, ...] = ("mean", "spread")
    return FormView(
        form=form,
        name=FORM_NAMES[form.form],
        question=QUESTIONS[form.form],
        equations=tuple(Markup(formula(tex, "block")) for tex in EQUATIONS[form.form]),
        parts=tuple(
            (
                findings_sentence(form, part),
                figures[f"predictors-{form.form}-{part}"],
                tuple(term_sentence(term) for term in contrasts(form, part)),
            )
            for part in parts
            if f"predictors-{form.form}-{part}" in figures
        ),
        diagnostics=diagnostics_table(form),
        authors=authors_table(form),
        note=note,
        is_main=is_main,
    )
