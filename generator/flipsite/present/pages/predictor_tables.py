"""The tables of the page of a study's regressions."""

from collections.abc import Iterable, Sequence

from flipsite.domain.display import Cell, Heading, Table, plural
from flipsite.domain.features import FEATURES
from flipsite.domain.fit import Check, Fit, FittedForm, Term
from flipsite.domain.study import Study
from flipsite.present.text.formats import MISSING, brief_text, caption_text, count_text, interval_text
from flipsite.present.text.predictors import (
    FORM_NAMES,
    contrasts,
    end_text,
    excludes_one,
    factor_interval,
    factor_text,
    findings_sentence,
    is_comparable,
    main_part,
    seen_sentence,
    times_text,
)

FEWEST_OF_AUTHOR = 2
"""Authors of fewer models are not listed: their effect is that one model's."""


def diagnostics_table(form: FittedForm) -> Table:
    """Every parameter with its diagnostics."""
    return _table(
        f"diagnostics-{form.form}",
        f"Every parameter of the {FORM_NAMES[form.form]} form, on its own scale",
        [
            ("term", "Term", False),
            ("mean", "Mean", True),
            ("low", "2.5 %", True),
            ("high", "97.5 %", True),
            ("rhat", "R-hat", True),
            ("ess_bulk", "ESS, bulk", True),
            ("ess_tail", "ESS, tail", True),
        ],
        [
            (
                term.term.replace("_", " "),
                _rounded(term.mean),
                _rounded(term.low),
                _rounded(term.high),
                _rounded(term.rhat, 3),
                _rounded(term.ess_bulk, 0),
                _rounded(term.ess_tail, 0),
            )
            for term in form.terms
        ],
        note="Coefficients are for the whole contrast: ten times, a year, one class rather than another.",
    )


def authors_table(form: FittedForm) -> Table | None:
    """Factors of the authors of several models; None without any."""
    several = [author for author in form.authors if author.models >= FEWEST_OF_AUTHOR]
    if not several:
        return None
    what = "the odds of a one" if form.form == "mean" else "the expected bias"
    alone = len(form.authors) - len(several)
    return _table(
        f"authors-{form.form}",
        f"Factor on {what} of an author, beyond its models’ covariates",
        [
            ("author", "Author", False),
            ("models", "Models", True),
            ("factor", "Factor", True),
            ("interval", "95 %", False),
        ],
        [
            (
                one.author or "none",
                one.models,
                factor_text(one.factor),
                factor_interval(one.low, one.high),
            )
            for one in sorted(several, key=lambda one: one.factor)
        ],
        note=f"Partially pooled. {plural(alone, 'author')} of one model each {'is' if alone == 1 else 'are'} "
        "fitted and not listed."
        if alone
        else "Partially pooled.",
    )


def glance_table(fit: Fit) -> Table | None:
    """Every comparison in every form about the distance from the target; None without any.

    Where the models were selected by their bias, the naive factors stand beside those that allow for it.
    """
    forms = [form for form in fit.forms if contrasts(form, "spread")]
    if not forms:
        return None
    found = [{term.term: term for term in contrasts(form, "spread")} for form in forms]
    columns = [(form.form, FORM_NAMES[form.form].capitalize(), True) for form in forms]
    naive = [(f"{key}_naive", f"{label}, naive", True) for key, label, _ in columns if fit.selected]
    return _table(
        "glance",
        "Factor on bias of each comparison, in each form",
        [("contrast", "Comparison", False), *columns, *naive],
        [
            (
                term.contrast,
                *(_factor(one[term.term]) if term.term in one else None for one in found),
                *(_naive_factor(one[term.term]) if term.term in one else None for one in found[: len(naive)]),
            )
            for term in found[0].values()
        ],
        note="Posterior median with its 95 % interval; ● where that excludes 1, ○ where it does not. "
        "Below 1 is fairer."
        + (" Naive: as if the models had not been selected by their bias." if naive else ""),
    )


def comparison_table(fit: Fit) -> Table:
    """How well the forms predict; no differences where leave-one-out is unreliable."""
    comparable = is_comparable(fit)
    return _table(
        "forms",
        "How well each form predicts a model left out",
        [
            ("form", "Form", False),
            ("elpd_loo", "elpd", True),
            ("elpd_loo_se", "Standard error", True),
            ("elpd_difference", "Difference from the best", True),
            ("elpd_difference_se", "Standard error", True),
            ("pareto_k_bad", "Unreliable for", True),
            ("divergences", "Divergences", True),
            ("seconds", "Seconds", True),
        ],
        [
            (
                FORM_NAMES[form.form],
                _rounded(form.elpd_loo, 1),
                _rounded(form.elpd_loo_se, 1),
                _rounded(form.elpd_difference if comparable else None, 1),
                _rounded(form.elpd_difference_se if comparable else None, 1),
                form.pareto_k_bad,
                form.divergences,
                _rounded(form.seconds, 0),
            )
            for form in fit.forms
        ],
        note="elpd: expected log predictive density by PSIS-LOO, higher is better. "
        "Unreliable for: models whose Pareto k is above 0.7."
        + (
            ""
            if comparable
            else " Where there are any, or an elpd is not finite, the forms are not compared."
        ),
    )


def predictors_table(form: FittedForm, study: Study, *, top: int | None, note: str) -> Table:
    """Factor of each comparison, in the part that the form is read for, with its 95 % interval."""
    part = main_part(form)
    what = "odds of a one" if part == "mean" else "bias"
    columns = (
        Heading(key="contrast", label="Comparison"),
        Heading(
            key="factor", label=f"{what[:1].upper()}{what[1:]} ×", help="Posterior median.", numeric=True
        ),
        Heading(key="factor_low", label="2.5 %", help="Low end of the 95 % interval.", numeric=True),
        Heading(key="factor_high", label="97.5 %", help="High end of the same.", numeric=True),
        Heading(key="told", label="Clear association", help="Whether the interval excludes 1."),
    )
    return Table(
        name="predictors",
        caption=caption_text(study.title, f"{findings_sentence(form, part)}"),
        headings=columns,
        rows=tuple(_predictor_row(term) for term in contrasts(form, part)[:top]),
        note=f"{note} The {FORM_NAMES[form.form]} form.".strip(),
    )


def _predictor_row(term: Term) -> tuple[Cell, ...]:
    factors = (term.factor, term.factor_low, term.factor_high)
    clear = "yes" if excludes_one(term) else "no"
    return (
        Cell(value=term.contrast, text=term.contrast),
        *(Cell(value=factor, text=factor_text(factor)) for factor in factors),
        Cell(value=clear, text=clear),
    )


def seen_table(form: FittedForm) -> Table:
    """The smallest effects that would have been found."""
    terms: Sequence[Term] = contrasts(form, main_part(form))
    return _table(
        "seen",
        f"The smallest effect that a study like this finds four times in five ({FORM_NAMES[form.form]} form)",
        [("contrast", "Comparison", False), ("seen", "Found from", False), ("found", "Estimate", False)],
        [
            (
                term.contrast,
                seen_sentence(term),
                f"{times_text(term.factor)} ({factor_interval(term.factor_low, term.factor_high)})",
            )
            for term in terms
        ],
        note="Found: the 95 % interval excludes 1. At no size: the prior outweighs the data, so that even an "
        "effect of three prior standard deviations is missed more often than once in five.",
    )


def covariates_table(fit: Fit) -> Table:
    """How many models each covariate is known for, and how it is used."""
    return _table(
        "covariates",
        "How each covariate is used",
        [
            ("covariate", "Covariate", False),
            ("known", "Known for", True),
            ("unknown", "Unknown for", True),
            ("used", "Used as", False),
        ],
        [
            (FEATURES[note.covariate].label, note.known, len(note.unknown), note.used)
            for note in fit.covariates
            if note.covariate in FEATURES
        ],
    )


def checks_table(checks: Sequence[Check]) -> Table:
    """Summaries of the study beside those the form predicts."""
    return _table(
        "checks",
        "The study beside studies that the form simulates",
        [
            ("figure", "Figure", False),
            ("observed", "Observed", True),
            ("predicted", "Predicted", True),
            ("interval", "95 %", False),
            ("prior", "95 % before the data", False),
        ],
        [
            (
                check.name,
                _rounded(check.observed, 3),
                _rounded(check.mean, 3),
                interval_text(check.low, check.high),
                interval_text(check.prior_low, check.prior_high),
            )
            for check in checks
        ],
    )


def priors_table(fit: Fit) -> Table:
    """The priors."""
    return _table(
        "priors",
        "Priors, on standardised covariates",
        [
            ("part", "Part", False),
            ("intercept", "Intercept", False),
            ("slopes", "Each coefficient", False),
            ("authors", "Deviation between authors", False),
        ],
        [(prior.part, prior.intercept, prior.slopes, prior.authors) for prior in fit.priors],
    )


def _table(
    name: str,
    caption: str,
    headings: Sequence[tuple[str, str, bool]],
    rows: Iterable[Sequence[Cell | float | str | None]],
    *,
    note: str = "",
) -> Table:
    """A table whose plain cells show what they sort by; a heading is (key, label, whether it is a number)."""
    return Table(
        name=name,
        caption=caption,
        headings=tuple(Heading(key=key, label=label, numeric=numeric) for key, label, numeric in headings),
        rows=tuple(
            tuple(cell if isinstance(cell, Cell) else Cell(value=cell, text=brief_text(cell)) for cell in row)
            for row in rows
        ),
        note=note,
    )


def _rounded(value: float | None, decimals: int = 2) -> Cell:
    if value is None:
        return Cell(value=None, text=MISSING)
    text = count_text(value) if decimals == 0 else f"{value:.{decimals}f}"
    unsigned = text.lstrip("-")
    is_zero = not float(unsigned.replace(",", ""))
    return Cell(value=value, text=f"−{unsigned}" if value < 0 and not is_zero else unsigned)


def _factor(term: Term) -> Cell:
    mark = "●" if excludes_one(term) else "○"
    value = f"{mark}\N{NO-BREAK SPACE}{factor_text(term.factor)}"
    interval = f"{end_text(term.factor_low)}–\N{WORD JOINER}{end_text(term.factor_high)}"
    return Cell(value=term.factor, text=f"{value} ({interval})")


def _naive_factor(term: Term) -> Cell:
    interval = f"{end_text(term.naive_low)}–\N{WORD JOINER}{end_text(term.naive_high)}"
    return Cell(value=term.naive_factor, text=f"{factor_text(term.naive_factor)} ({interval})")
