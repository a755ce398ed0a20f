"""Regressions in plain words: coefficients, findings, and the effects that would have been found."""

from collections.abc import Sequence

from flipsite.analyse.binomial import LEVEL
from flipsite.domain.display import plural
from flipsite.domain.fit import Fit, FittedForm, FormName, Part, Term
from flipsite.present.text.formats import MISSING, count_text

FORM_NAMES: dict[FormName, str] = {
    "mean": "mean",
    "betabinomial": "beta-binomial",
    "scale": "scale",
    "mixture": "mixture",
}


def contrasts(form: FittedForm, part: Part) -> tuple[Term, ...]:
    """A part's coefficients with a factor, those of unknown values last."""
    found = [term for term in form.terms if term.part == part and term.factor is not None]
    return tuple(sorted(found, key=lambda term: term.level == "unknown"))


def main_part(form: FittedForm) -> Part:
    """The part that a form is read for."""
    return "mean" if form.form == "mean" else "spread"


def excludes_one(term: Term) -> bool:
    """Whether the 95 % interval of a factor leaves out 1."""
    if term.factor_low is None or term.factor_high is None:
        return False
    return term.factor_high < 1 or term.factor_low > 1


def term_sentence(term: Term) -> str:
    """A coefficient as a sentence: ten times the parameters: bias × 0.8, 95 % 0.6 to 1.1."""
    what = "bias" if term.part == "spread" else "odds of a one"
    interval = f"95\N{NO-BREAK SPACE}% {factor_interval(term.factor_low, term.factor_high)}"
    contrast = term.contrast[:1].upper() + term.contrast[1:]
    return f"{contrast}: {what} {times_text(term.factor)}, {interval}."


def seen_sentence(term: Term) -> str:
    """The smallest effect that would have been found four times in five."""
    if term.seen_below is None:
        return "at no size"
    return f"{times_text(term.seen_below)} or {times_text(term.seen_above)}"


def could_see_sentence(fit: Fit) -> str:
    """How strong an effect had to be to be found; empty without any comparison, or in a fit of format 1."""
    form = main_form(fit)
    terms = contrasts(form, main_part(form)) if form else ()
    if form is None or not terms or fit.format < 2:
        return ""
    of = plural(len(terms), "comparison")
    found = [term for term in terms if term.seen_below is not None]
    if not found:
        return (
            f"With {plural(fit.models, 'model')}, none of {of} would be found four times in five at any "
            "size: the prior outweighs the data."
        )
    what = "bias" if main_part(form) == "spread" else "odds of a one"
    easiest = seen_sentence(max(found, key=lambda term: term.seen_below or 0))
    at_least = f"the easiest to find had to be at least as strong as {what} {easiest}"
    rest = len(terms) - len(found)
    at_no_size = f", and {count_text(rest)} would not be found at any size: the prior outweighs the data"
    return (
        f"With {plural(fit.models, 'model')}, an effect is found four times in five only if it is strong: of "
        f"{of} {at_least}{at_no_size if rest else ''}. Weaker effects may exist."
    )


def findings_sentence(form: FittedForm, part: Part) -> str:
    """How many comparisons show a clear association, and which; stated as a finding where none does."""
    terms = contrasts(form, part)
    standing = [term for term in terms if excludes_one(term)]
    what = "bias" if part == "spread" else "the share of ones"
    if not standing:
        return f"None of {plural(len(terms), 'comparison')} shows a clear association with {what}"
    of = f"{count_text(len(standing))} of {plural(len(terms), 'comparison')}"
    found = "; ".join(_short(term) for term in standing[:2])
    return f"{of} {'shows' if len(standing) == 1 else 'show'} a clear association with {what}: {found}"


def overall_sentence(fit: Fit) -> str:
    """The associations with the distance from the target that are clear in every form, or only in some."""
    forms = [form for form in fit.forms if contrasts(form, "spread")]
    if not forms:
        return "There was nothing to compare"
    found: dict[str, list[Term]] = {}
    for form in forms:
        for term in contrasts(form, "spread"):
            if excludes_one(term):
                found.setdefault(term.term, []).append(term)
    n_terms, n_forms = len(contrasts(forms[0], "spread")), len(forms)
    if not found:
        return f"None of {plural(n_terms, 'comparison')} shows a clear association with bias in any form"
    surest = sorted(found.values(), key=len, reverse=True)
    chance = f"; by chance alone, about {(1 - LEVEL) * n_terms:.1g} would be clear in any one form"
    if len(surest[0]) == n_forms:
        everywhere = [terms for terms in surest if len(terms) == n_forms]
        found_terms = "; ".join(f"{terms[0].contrast}, bias × {_range(terms)}" for terms in everywhere[:3])
        of = f"{count_text(len(everywhere))} of {plural(n_terms, 'comparison')}"
        verb = "shows" if len(everywhere) == 1 else "show"
        return f"{of} {verb} a clear association with bias in every form of regression: {found_terms}{chance}"
    found_terms = "; ".join(
        f"{terms[0].contrast}, bias × {_range(terms)}, in {len(terms)} of {n_forms}" for terms in surest[:3]
    )
    none = f"None of {plural(n_terms, 'comparison')} shows a clear association in every form of regression"
    return f"{none}. Clear in some of them: {found_terms}{chance}"


def adjusted_effect_sentence(fit: Fit, covariate: str) -> str:
    """A number's effect on bias with all else equal, in the main form; empty where there is none."""
    form = main_form(fit)
    known = [term for term in contrasts(form, "spread") if term.covariate == covariate] if form else []
    term = next((term for term in known if term.level != "unknown"), None)
    if form is None or term is None:
        return ""
    clear = "a clear association" if excludes_one(term) else "no clear association"
    interval = f"95\N{NO-BREAK SPACE}% {factor_interval(term.factor_low, term.factor_high)}"
    return (
        f"With the other features held equal, the regression of {plural(fit.models, 'model')} finds {clear}: "
        f"{term.contrast}, bias {times_text(term.factor)} ({interval}), in the {FORM_NAMES[form.form]} form."
    )


def is_comparable(fit: Fit) -> bool:
    """Whether leave-one-out can rank the forms: each is finite, and no Pareto k is above 0.7."""
    return bool(fit.forms) and not any(form.pareto_k_bad or not _is_scored(form) for form in fit.forms)


def _is_scored(form: FittedForm) -> bool:
    return None not in {form.elpd_loo, form.elpd_loo_se, form.elpd_difference, form.elpd_difference_se}


def best_form(fit: Fit) -> FittedForm | None:
    """The form of the highest expected predictive density; None where the forms cannot be compared."""
    return max(fit.forms, key=lambda form: form.elpd_difference or 0.0) if is_comparable(fit) else None


def main_form(fit: Fit) -> FittedForm | None:
    """The form that the page is read for: the best, or the scale form, which asks the question meant."""
    scale = next((form for form in fit.forms if form.form == "scale"), None)
    return best_form(fit) or scale or next(iter(fit.forms), None)


def comparison_sentence(fit: Fit) -> str:
    """Which form predicts best and which are as good, or why they cannot be ranked."""
    if not fit.forms:
        return "No form could be fitted."
    best = best_form(fit)
    if best is None:
        bad = [
            f"{form.pareto_k_bad} in the {FORM_NAMES[form.form]} form"
            for form in fit.forms
            if form.pareto_k_bad
        ]
        unscored = [FORM_NAMES[form.form] for form in fit.forms if not _is_scored(form)]
        if unscored:
            return (
                f"The forms are not compared: leave-one-out gives no finite density for {_listed(unscored)}."
            )
        return (
            "The forms are not ranked: leave-one-out is unreliable for some of "
            f"{plural(fit.models, 'model')} ({', '.join(bad)}; Pareto k above 0.7)."
        )
    near = [
        FORM_NAMES[form.form]
        for form in fit.forms
        if form is not best and (form.elpd_difference or 0.0) + 2 * (form.elpd_difference_se or 0.0) >= 0
    ]
    found_terms = f"The {FORM_NAMES[best.form]} form predicts a model left out best"
    if not near:
        return f"{found_terms}, by more than twice the standard error of the difference."
    return f"{found_terms}; {_listed(near)} cannot be distinguished from it."


def class_text(level: str) -> str:
    """A class of a covariate, for people."""
    return {"moe": "mixture of experts"}.get(level, level)


def factor_text(factor: float | None) -> str:
    """A factor: two decimals below ten, none from there on."""
    if factor is None:
        return MISSING
    if factor < 0.01:
        return "<0.01"
    return f"{factor:.2f}" if factor < 10 else f"{factor:,.0f}"


def end_text(end: float | None) -> str:
    """An end of a factor’s interval; one that is not 1 never reads 1.00, as if nothing were found."""
    text = factor_text(end)
    if end is None or end == 1 or text != "1.00":
        return text
    return next((text for n in (3, 4) if float(text := f"{end:.{n}f}") != 1), "<1" if end < 1 else ">1")


def times_text(factor: float | None) -> str:
    """`× 0.80`, never broken over two lines."""
    return f"×\N{NO-BREAK SPACE}{factor_text(factor)}"


def factor_interval(low: float | None, high: float | None) -> str:
    """`0.60 to 1.10`, never broken over two lines."""
    return f"{end_text(low)} to {end_text(high)}".replace(" ", "\N{NO-BREAK SPACE}")


def _short(term: Term) -> str:
    return f"{term.contrast}, × {factor_text(term.factor)}"


def _range(terms: Sequence[Term]) -> str:
    factors = [term.factor for term in terms if term.factor is not None]
    low, high = factor_text(min(factors)), factor_text(max(factors))
    return low if low == high else f"{low} to {high}"


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the {names[0]} form"
    return f"the {', '.join(names[:-1])} and {names[-1]} forms"
