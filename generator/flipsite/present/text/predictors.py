"""Regressions in plain words: what a coefficient says, what was found, what could have been seen."""

from collections.abc import Sequence
from statistics import median

from flipsite.domain.fit import Fit, FittedForm, FormName, Part, Term
from flipsite.present.text.formats import MISSING, count_text, plural

FORM_NAMES: dict[FormName, str] = {
    "mean": "mean",
    "betabinomial": "beta-binomial",
    "scale": "scale",
    "mixture": "mixture",
}


def contrasts(form: FittedForm, part: Part) -> tuple[Term, ...]:
    """A part's coefficients that compare something, and not models of which something is unknown."""
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
    """The smallest effect that would have been seen four times in five."""
    return f"{times_text(term.seen_below)} or {times_text(term.seen_above)}"


def could_see_sentence(fit: Fit) -> str:
    """How strong an effect had to be to be seen: nothing found says little where little could have been."""
    best = best_form(fit)
    terms = contrasts(best, main_part(best)) if best else ()
    below = sorted(term.seen_below for term in terms if term.seen_below is not None)
    above = sorted(term.seen_above for term in terms if term.seen_above is not None)
    if best is None or not below or not above:
        return ""
    what = "bias" if main_part(best) == "spread" else "odds of a one"
    easiest = f"{times_text(below[-1])} or {times_text(above[0])}"
    usual = f"{times_text(median(below))} or {times_text(median(above))}"
    return (
        f"With {plural(fit.models, 'model')}, an effect had to be as strong as {what} {easiest} in the "
        f"comparison that is easiest to see, and {usual} in a usual one, to be found four times in five. "
        "A weaker one may be there."
    )


def findings_sentence(form: FittedForm, part: Part) -> str:
    """How many comparisons stand out, and which; stated as a finding where none does."""
    terms = contrasts(form, part)
    standing = [term for term in terms if excludes_one(term)]
    what = "bias" if part == "spread" else "the share of ones"
    if not standing:
        return f"Nothing found: none of {plural(len(terms), 'comparison')} is told from no effect on {what}"
    of = f"{count_text(len(standing))} of {plural(len(terms), 'comparison')}"
    found = "; ".join(_short(term) for term in standing[:2])
    return f"{of} {_is(standing)} told from no effect on {what}: {found}"


def overall_sentence(fit: Fit) -> str:
    """What holds in every form that asks of the distance from the target, and what in some of them only."""
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
        none = f"none of {plural(n_terms, 'comparison')}"
        return f"Nothing found: {none} is told from no effect on bias, in any form"
    surest = sorted(found.values(), key=len, reverse=True)
    if len(surest[0]) == n_forms:
        everywhere = [terms for terms in surest if len(terms) == n_forms]
        told = "; ".join(f"{terms[0].contrast}, bias × {_range(terms)}" for terms in everywhere[:3])
        of = f"{count_text(len(everywhere))} of {plural(n_terms, 'comparison')}"
        return f"{of} {'holds' if len(everywhere) == 1 else 'hold'} in every form of regression: {told}"
    told = "; ".join(
        f"{terms[0].contrast}, bias × {_range(terms)}, in {len(terms)} of {n_forms}" for terms in surest[:3]
    )
    none = f"None of {plural(n_terms, 'comparison')} holds in every form of regression"
    return f"{none}. What holds in some of them: {told}"


def best_form(fit: Fit) -> FittedForm | None:
    """The form of the highest expected predictive density."""
    return max(fit.forms, key=lambda form: form.elpd_loo, default=None)


def comparison_sentence(fit: Fit) -> str:
    """Which form predicts best, and whether the others are told from it."""
    best = best_form(fit)
    if best is None:
        return "No form could be fitted."
    near = [
        FORM_NAMES[form.form]
        for form in fit.forms
        if form is not best and form.elpd_difference + 2 * form.elpd_difference_se >= 0
    ]
    told = f"The {FORM_NAMES[best.form]} form predicts a model that it has not seen best"
    if not near:
        return f"{told}, and by more than twice the error of the difference."
    return f"{told}; {_listed(near)} cannot be told from it."


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


def times_text(factor: float | None) -> str:
    """`× 0.80`, never broken over two lines."""
    return f"×\N{NO-BREAK SPACE}{factor_text(factor)}"


def factor_interval(low: float | None, high: float | None) -> str:
    """`0.60 to 1.10`, never broken over two lines."""
    return f"{factor_text(low)} to {factor_text(high)}".replace(" ", "\N{NO-BREAK SPACE}")


def _short(term: Term) -> str:
    return f"{term.contrast}, × {factor_text(term.factor)}"


def _range(terms: Sequence[Term]) -> str:
    factors = [term.factor for term in terms if term.factor is not None]
    low, high = factor_text(min(factors)), factor_text(max(factors))
    return low if low == high else f"{low} to {high}"


def _is(terms: Sequence[Term]) -> str:
    return "is" if len(terms) == 1 else "are"


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the {names[0]} form"
    return f"the {', '.join(names[:-1])} and {names[-1]} forms"
