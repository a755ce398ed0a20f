"""The page of a study's regressions: what is found, what is not, and what cannot be trusted."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.narrowing import not_none

from flipsite.analyse.report import StudyReport
from flipsite.domain.fit import Fit, FittedForm, Part, Term
from flipsite.domain.study import Kind
from flipsite.present.charts.predictors import bias_check, coefficients, effect_drawings, predictor_drawings
from flipsite.present.pages.predictor_tables import comparison_table, glance_table
from flipsite.present.pages.predictors import predictors_page
from flipsite.present.pages.templates import environment
from flipsite.present.text.predictors import (
    best_form,
    comparison_sentence,
    contrasts,
    could_see_sentence,
    end_text,
    excludes_one,
    factor_text,
    findings_sentence,
    main_form,
    overall_sentence,
    term_sentence,
)
from flipsite.store.fits import fit_json, read_fit, write_fit
from flipsite.workflows.load import load_report

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "content" / "studies" / "article-2025"


@pytest.fixture(scope="module")
def report() -> StudyReport:
    return load_report(SHIPPED)


@pytest.fixture(scope="module")
def fit(report: StudyReport) -> Fit:
    return not_none(report.fit)


def term(
    factor: float,
    low: float,
    high: float,
    *,
    name: str = "x",
    part: Part = "spread",
    covariate: str = "x",
    level: str = "",
    contrast: str = "ten times the parameters",
) -> Term:
    return Term(
        term=name,
        part=part,
        covariate=covariate,
        level=level,
        contrast=contrast,
        mean=0.0,
        low=-1.0,
        high=1.0,
        rhat=1.0,
        ess_bulk=2000.0,
        ess_tail=2000.0,
        factor=factor,
        factor_low=low,
        factor_high=high,
        seen_below=0.5,
        seen_above=1.9,
    )


def form(*terms: Term, **more: Any) -> FittedForm:
    plain = FittedForm(
        form="scale",
        terms=terms,
        divergences=0,
        elpd_loo=-100.0,
        elpd_loo_se=5.0,
        elpd_difference=0.0,
        elpd_difference_se=0.0,
        pareto_k_bad=0,
        seconds=1.0,
    )
    return replace(plain, **more)


def plain(text: str) -> str:
    """As it reads, free to break anywhere."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def test_a_coefficient_is_said_in_plain_words() -> None:
    assert plain(term_sentence(term(0.8, 0.6, 1.1))) == (
        "Ten times the parameters: bias × 0.80, 95 % 0.60 to 1.10."
    )
    of_ones = plain(term_sentence(term(2, 1.5, 30, part="mean")))
    assert of_ones.endswith("odds of a one × 2.00, 95 % 1.50 to 30.")
    assert [factor_text(x) for x in (None, 0.001, 9.994, 12.3)] == ["–", "<0.01", "9.99", "12"]


def test_nothing_found_is_a_finding() -> None:
    nothing = form(term(0.8, 0.6, 1.1), term(1.2, 0.9, 1.6))
    assert findings_sentence(nothing, "spread") == (
        "None of 2 comparisons shows a clear association with bias"
    )
    something = form(term(0.5, 0.3, 0.9), term(1.2, 0.9, 1.6))
    assert findings_sentence(something, "spread") == (
        "1 of 2 comparisons shows a clear association with bias: ten times the parameters, × 0.50"
    )


def test_how_strong_an_effect_had_to_be_is_told_beside_what_was_found() -> None:
    """The easiest comparison to find has the factors nearest to 1; where the prior rules, none is found."""
    seen = [
        replace(term(1, 0.5, 2), seen_below=low, seen_above=high)
        for low, high in ((0.5, 2), (0.8, 1.2), (None, None))
    ]
    fit = Fit(forms=(form(*seen),), draws_sha256="", features_sha256="", models=40)
    assert plain(could_see_sentence(fit)) == (
        "With 40 models, an effect is found four times in five only if it is strong: of 3 comparisons the "
        "easiest to find had to be at least as strong as bias × 0.80 or × 1.20, and 1 would not be "
        "found at any size: the prior outweighs the data. Weaker effects may exist."
    )
    prior_rules = replace(fit, forms=(form(seen[-1]),))
    assert plain(could_see_sentence(prior_rules)) == (
        "With 40 models, none of 1 comparison would be found four times in five at any size: "
        "the prior outweighs the data."
    )
    assert could_see_sentence(replace(fit, forms=())) == ""
    assert could_see_sentence(replace(fit, format=1)) == ""  # its smallest effects were wrong


def test_every_form_stands_beside_the_others_for_each_comparison() -> None:
    """Marked as in the charts; a form that lacks a comparison has a dash."""
    size, age = term(0.5, 0.3, 0.9), term(1.2, 0.8, 1.6, name="age", contrast="a year later")
    fit = Fit(
        forms=(form(size, age), form(size, form="mixture")), draws_sha256="", features_sha256="", models=40
    )
    table = glance_table(fit)
    assert table is not None
    assert [heading.label for heading in table.headings] == ["Comparison", "Scale", "Mixture"]
    assert [[plain(cell.text) for cell in row] for row in table.rows] == [
        ["ten times the parameters", "● 0.50 (0.30–0.90)", "● 0.50 (0.30–0.90)"],
        ["a year later", "○ 1.20 (0.80–1.60)", "–"],
    ]
    assert glance_table(replace(fit, forms=(form(),))) is None


def test_numbers_have_curves_and_classes_a_chart_together(fit: Fit, report: StudyReport) -> None:
    drawings = effect_drawings(fit.forms[-1], report.study)
    assert list(drawings) == [
        "predictors-effect-parameters_total_b",
        "predictors-effect-released",
        "predictors-effect-classes",
    ]
    classes = [record["class"] for record in drawings["predictors-effect-classes"]().records]
    assert classes[:2] == ["architecture: dense", "architecture: mixture of experts"]
    assert effect_drawings(form(), report.study) == {}


def test_a_selected_study_shows_the_naive_factors_beside_its_own() -> None:
    size = replace(term(0.5, 0.3, 0.9), naive_factor=0.4, naive_low=0.2, naive_high=0.7)
    fit = Fit(forms=(form(size),), draws_sha256="", features_sha256="", models=40, selected=True)
    table = glance_table(fit)
    assert table is not None
    assert [heading.label for heading in table.headings] == ["Comparison", "Scale", "Scale, naive"]
    assert plain(table.rows[0][2].text) == "0.40 (0.20–0.70)"
    assert "as if the models had not been selected" in table.note


def test_forms_are_ranked_only_where_leave_one_out_is_reliable() -> None:
    """One Pareto k above 0.7 in any form is enough; the page is then read for the scale form."""
    best = form(form="mixture", elpd_loo=-90.0)
    doubtful = form(pareto_k_bad=2, elpd_difference=-5.0)
    fit = Fit(forms=(doubtful, best), draws_sha256="", features_sha256="", models=40)
    assert best_form(fit) is None
    assert main_form(fit) is doubtful
    assert comparison_sentence(fit) == (
        "The forms are not ranked: leave-one-out is unreliable for some of 40 models "
        "(2 in the scale form; Pareto k above 0.7)."
    )
    cells = [[cell.text for cell in row] for row in comparison_table(fit).rows]
    assert [row[3:5] for row in cells] == [["–", "–"], ["–", "–"]]


def test_forms_are_not_compared_where_a_predictive_density_is_not_finite() -> None:
    unscored = form(elpd_loo=None, elpd_loo_se=None, elpd_difference=None, elpd_difference_se=None)
    fit = Fit(
        forms=(form(form="mixture"), unscored, replace(unscored, form="betabinomial")),
        draws_sha256="",
        features_sha256="",
        models=40,
    )
    assert (best_form(fit), main_form(fit)) == (None, unscored)
    assert comparison_sentence(replace(fit, forms=fit.forms[:2])) == (
        "The forms are not compared: leave-one-out gives no finite density for the scale form."
    )
    assert comparison_sentence(fit).endswith("for the scale and beta-binomial forms.")
    cells = [[cell.text for cell in row] for row in comparison_table(fit).rows]
    assert cells[1][1:5] == ["–"] * 4


def test_the_best_form_is_named_with_those_as_good() -> None:
    best = form(form="mixture", elpd_loo=-90.0)
    near = form(elpd_difference=-5.0, elpd_difference_se=4.0, elpd_loo=-95.0)
    far = form(form="betabinomial", elpd_difference=-30.0, elpd_difference_se=4.0, elpd_loo=-120.0)
    fit = Fit(forms=(far, near, best), draws_sha256="", features_sha256="", models=40)
    assert best_form(fit) is best
    assert comparison_sentence(fit) == (
        "The mixture form predicts a model left out best; the scale form cannot be distinguished from it."
    )
    assert comparison_sentence(replace(fit, forms=(far, best))).endswith(
        "twice the standard error of the difference."
    )
    assert comparison_sentence(replace(fit, forms=())) == "No form could be fitted."


def test_what_holds_in_every_form_is_told_from_what_holds_in_some() -> None:
    size, age = term(0.5, 0.3, 0.9), term(1.2, 0.8, 1.6, name="age", contrast="a year later")
    fit = Fit(forms=(form(size, age), form(size, age)), draws_sha256="", features_sha256="", models=40)
    assert overall_sentence(fit) == (
        "1 of 2 comparisons shows a clear association with bias in every form of regression: "
        "ten times the parameters, bias × 0.50; by chance alone, about 0.1 would be clear in any one form"
    )
    weaker = replace(size, factor=0.7, factor_high=1.2)
    assert overall_sentence(replace(fit, forms=(form(size, age), form(weaker, age)))) == (
        "None of 2 comparisons shows a clear association in every form of regression. "
        "Clear in some of them: ten times the parameters, bias × 0.50, in 1 of 2; "
        "by chance alone, about 0.1 would be clear in any one form"
    )
    assert overall_sentence(replace(fit, forms=(form(age), form(age)))) == (
        "None of 1 comparison shows a clear association with bias in any form"
    )
    assert overall_sentence(replace(fit, forms=())) == "There was nothing to compare"


def test_the_articles_fit_is_whole_and_has_converged(fit: Fit) -> None:
    """Three forms of 40 models; at least 1,000 effective draws for each coefficient."""
    assert [one.form for one in fit.forms] == ["betabinomial", "scale", "mixture"]
    assert fit.models == 40
    assert all(one.faults == () for one in fit.forms)
    coefficients_of = [one for each in fit.forms for one in each.terms if one.factor is not None]
    assert min(min(not_none(one.ess_bulk), not_none(one.ess_tail)) for one in coefficients_of) >= 1000
    assert max(not_none(one.rhat) for one in coefficients_of) <= 1.01
    assert {left.what for left in fit.left_out} == {"mean"}


def test_the_articles_fit_allows_for_the_selection_and_finds_size_alone(fit: Fit) -> None:
    """In every form, beside the naive fit; the forms are not ranked, and most comparisons find nothing."""
    assert fit.selected
    assert overall_sentence(fit).startswith(
        "1 of 12 comparisons shows a clear association with bias in every form of regression: "
        "ten times the parameters"
    )
    assert all(one.naive_factor for each in fit.forms for one in contrasts(each, "spread"))
    assert best_form(fit) is None
    assert "at any size" in could_see_sentence(fit)


def test_the_articles_fit_is_of_the_articles_figures(report: StudyReport) -> None:
    """Nothing has changed since: the page does not call itself out of date."""
    assert report.fit_older_than == ()


def test_a_forest_plot_says_what_its_form_has_found(fit: Fit, report: StudyReport) -> None:
    figure = coefficients(fit.forms[1], "spread", report.study)
    assert figure.title == findings_sentence(fit.forms[1], "spread")
    assert len(figure.records) == len(contrasts(fit.forms[1], "spread"))
    assert figure.svg.count("<svg") == 2
    with pytest.raises(ValueError, match="no coefficient"):
        coefficients(fit.forms[1], "mean", report.study)
    with pytest.raises(ValueError, match="no check"):
        bias_check(form(), report.study, models=3)


def test_a_fit_without_forms_has_no_charts(report: StudyReport) -> None:
    assert predictor_drawings(None, report.study) == {}
    empty = Fit(forms=(), draws_sha256="", features_sha256="", models=0)
    assert predictor_drawings(empty, report.study) == {}


def page_of(report: StudyReport, fit: Fit) -> str:
    figures = {name: draw() for name, draw in predictor_drawings(fit, report.study).items()}
    page = predictors_page(report, fit, figures)
    template = environment([ROOT / "templates"]).get_template("predictors.html")
    return "".join(template.blocks["main"](template.new_context({"page": page, **page.context})))


def text_of(html: str) -> str:
    return " ".join(
        re.sub(r"<[^>]+>", " ", re.sub(r"<(svg|math).*?</\1>", " ", html, flags=re.DOTALL)).split()
    )


def test_the_page_tells_selection_doubt_and_what_could_have_been_seen(report: StudyReport, fit: Fit) -> None:
    text = text_of(page_of(report, fit))
    assert "What makes a model fair? From 40 models selected by their bias" in text
    assert "Only the two ends." in text
    assert "conditional on its being printed" in text
    assert "every count of 40 to 55 draws" in text
    assert "out of 240: the least and the most biased" in text
    assert "Not fitted: mean , because the direction of each bias is not known" in text
    assert "The smallest effect that a study like this finds four times in five (scale form)" in text
    assert "The forms are not ranked" in text
    assert "Parameters: unknown for 17 models" in text
    assert "Normal(0.5, 1)" in text
    assert "Not converged" not in text
    assert "Out of date" not in text


def test_the_page_of_a_doubtful_fit_says_so_first(report: StudyReport, fit: Fit) -> None:
    """Not converged, and older than the draws."""
    bad = replace(fit, forms=(replace(fit.forms[0], faults=("the chains disagree on x",)), *fit.forms[1:]))
    text = text_of(page_of(replace(report, fit_older_than=("draws.parquet",)), bad))
    assert "Not converged: the beta-binomial form. the chains disagree on x" in text
    assert "Out of date. draws.parquet has changed since this was fitted." in text


def test_no_printed_tables_no_talk_of_their_ends(report: StudyReport, fit: Fit) -> None:
    measured = replace(report, printed=None, study=replace(report.study, kind=Kind.MEASURED))
    text = text_of(page_of(measured, replace(fit, selected=False)))
    assert "Only the two ends." not in text
    assert "selected by their bias" not in text


def test_a_hostile_author_is_text(report: StudyReport, fit: Fit) -> None:
    author = replace(fit.forms[1].authors[0], author="<script>x</script>", models=2)
    bad = replace(fit, forms=(replace(fit.forms[1], authors=(author,)),))
    html = page_of(report, bad)
    assert "<script>x" not in html
    assert "&lt;script&gt;x" in html


ENDS = st.one_of(st.floats(0.01, 30), st.floats(-1e-7, 1e-7).map(lambda step: 1 + step))


@given(ends=st.tuples(ENDS, ENDS, ENDS), difference=st.floats(-1e3, 0), error=st.floats(0, 500))
def test_a_fit_that_is_read_again_says_the_same(
    ends: tuple[float, float, float],
    difference: float,
    error: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Writing rounds once; what is shown comes from the file, and no rounding makes an effect clear."""
    low, factor, high = sorted(ends)
    best = form(term(factor, low, high), form="mixture", elpd_loo=-123.4567891)
    other = form(
        term(factor, low, high),
        elpd_loo=-123.4567899,
        elpd_difference=difference,
        elpd_difference_se=error,
    )
    made = Fit(forms=(other, best), draws_sha256="", features_sha256="", models=40)
    path = tmp_path_factory.mktemp("fit") / "fit.json"
    write_fit(path, made)
    found = read_fit(path)
    assert fit_json(found) == path.read_bytes()
    write_fit(path, found)
    assert read_fit(path) == found
    for before, after in zip(made.forms, found.forms, strict=True):
        assert excludes_one(before.terms[0]) or not excludes_one(after.terms[0])
    if difference < 0:
        assert best_form(found) == found.forms[1]


@given(ENDS)
def test_an_end_on_one_side_of_one_reads_so(end: float) -> None:
    """An interval of 0.60 to 0.998 leaves out 1, and must not read 0.60 to 1.00."""
    text = end_text(end)
    read = {"<1": 0.9, ">1": 1.1}.get(text) or float(text)
    assert (read < 1, read > 1) == (end < 1, end > 1)
    assert len(text) <= 6
