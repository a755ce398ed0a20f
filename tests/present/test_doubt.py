"""Uncertainty on pages: the bias of draws and coin, missing answers, how many can be fair."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from scipy import optimize, stats
from tests.narrowing import not_none

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.draws import Draw, Outcome, Rejected, Result, Status
from flipsite.domain.study import Kind, Study
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.model.page import ModelView, model_view, page_with, shared_of
from flipsite.present.pages.narrative_values import study_values
from flipsite.present.pages.page import Page
from flipsite.present.pages.study import stopped
from flipsite.present.pages.templates import environment, render
from flipsite.present.text.verdicts import parity_sentence
from flipsite.project import packaged
from flipsite.settings import load_study
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.workflows.load import load_report

ARTICLE = packaged("content") / "studies" / "article-2025"
TEMPLATES = environment([packaged("templates")])


@pytest.fixture(scope="module")
def article() -> StudyReport:
    return load_report(ARTICLE)


def drawn(*models: tuple[str, int, int, int], kind: Kind = Kind.MEASURED) -> StudyReport:
    """A study of models with so many ones, zeros and refusals."""
    rows = []
    for model, ones, zeros, refused in models:
        results: list[Result] = [*[Outcome(index=1)] * ones, *[Outcome(index=0)] * zeros]
        results = [results[i] for i in np.random.default_rng(0).permutation(len(results))]
        results += [Rejected(status=Status.REFUSED, reason="no")] * refused
        rows += [
            Draw(model=model, draw=i, labels=("0", "1"), order=0, result=result)
            for i, result in enumerate(results)
        ]
    return report_draws(replace(load_study(ARTICLE), kind=kind), collect_draws(rows))


def page_of(report: StudyReport, model: str) -> Page:
    shared = shared_of(report, board(report), {})
    place = [row.estimate.model for row in shared.rows].index(model)
    return page_with(shared, model_view(shared, place))


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def part(name: str, page: Page) -> str:
    """A part of a page as a reader reads it."""
    view = page.context["view"]
    assert isinstance(view, ModelView)
    context = {**page.context, "evidence": view.evidence, "estimate": view.estimate, "study": page.study}
    return words(render(TEMPLATES, f"parts/{name}.html", page=page, **context))


@pytest.mark.parametrize(
    ("target", "n_valid", "told"),
    [
        (0.5, (50,), "was possible: it needs an even number of valid draws; it had 50."),
        (0.5, (47,), "it had 47. The smallest possible bias was 0.011."),
        (0.5, (), "a single refusal can make it impossible."),
        (
            0.2,
            (7,),
            "a multiple of 5 of valid draws; it had 7. The smallest possible bias was 0.057.",
        ),
        (0.2, (10,), "was possible"),
        (1, (9,), "never strayed"),
        (0.5, (25, 25), "in each order; it had 25 and 25. The smallest possible bias was 0.020."),
        (
            0.5,
            (24, 26),
            "was possible: it needs an even number of valid draws in each order; it had 24",
        ),
    ],
)
def test_a_perfect_score_takes_the_right_number_of_draws(
    study: Study, target: float, n_valid: tuple[int, ...], told: str
) -> None:
    """At one half an even one; what the least is otherwise, by trying every count."""
    asked = replace(study, prompt=replace(study.prompt, shares=(1 - target, target)))
    assert told in parity_sentence(asked, n_valid)


def test_a_model_s_page_tells_what_is_believed_beside_what_was_counted() -> None:
    """28 of 50: the article counts 0.06; the posterior's own numbers, and why they differ."""
    said = part("doubt", page_of(drawn(("a/x", 28, 22, 0), ("b/y", 50, 0, 0)), "a/x"))
    posterior = stats.beta(28.5, 22.5)
    within = [posterior.cdf(0.5 + margin) - posterior.cdf(0.5 - margin) for margin in (0.05, 0.1)]
    median = optimize.brentq(lambda x: posterior.cdf(0.5 + x) - posterior.cdf(0.5 - x) - 0.5, 0, 0.5)
    assert (
        f"Bias of these draws 0.060 Likely bias of the coin ( posterior median) {median:.3f} 95 %: 0.0"
        in said
    )
    assert (
        f"at most 0.05 {100 * within[0]:.0f} % Chance that it is at most 0.1 {100 * within[1]:.0f} %" in said
    )
    assert "shows 0.056 on average at 50 draws" in said
    assert "being among" not in said, "of two models both are among the twenty least biased"


def test_a_printed_model_is_placed_among_all_that_were_asked(article: StudyReport) -> None:
    said = part("doubt", page_of(article, "google/gemini-2.5-pro"))
    assert "Chance of being among the 20 least biased 28 % of 240 models" in said
    assert "Chance of being among the 20 most biased <1 % of 240 models" in said
    assert "weighted by the population" in said


def test_a_verdict_that_hangs_on_missing_answers_says_so() -> None:
    """20 of 40 is undecided; ten refusals that were all ones would not change it, forty would."""
    report = drawn(("a/few", 20, 20, 4), ("a/many", 20, 20, 40), ("a/none", 20, 20, 0))
    few, many, none = (part("evidence", page_of(report, name)) for name in ("a/few", "a/many", "a/none"))
    assert "The verdict would be the same either way." in few
    assert "The verdict depends on them: it could be biased" in many
    assert "0.250" in many
    assert "0.750" in many
    assert "nothing is missing" in none


def test_a_study_tells_how_many_can_be_fair(article: StudyReport) -> None:
    """The estimate, the bound, the population: each with its interval and what it rests on."""
    page = Page(path="article-2025/index.html", title="", description="", template="", study=article.study)
    said = words(render(TEMPLATES, "parts/fair_share.html", report=article, page=page))
    share, people = article.fair_share, article.population
    assert share is not None
    assert people is not None
    assert f"Of 240 models {share.n_near} have a printed bias below 0.032." in said
    assert f"{share.share:.0%}".replace("%", " %") in said
    assert f"at most {share.n_most / 240:.0%}".replace("%", " %") + f": {share.n_most} models" in said
    assert f"{people.fair_low:.0%} to {people.fair_high:.0%}".replace("%", " %") in said


def test_coins_are_not_called_models() -> None:
    report = drawn(*((f"simulated/{i}", 20 + i, 30 - i, 0) for i in range(4)), kind=Kind.SIMULATED)
    page = Page(path="x/index.html", title="", description="", template="", study=report.study)
    said = words(render(TEMPLATES, "parts/fair_share.html", report=report, page=page))
    assert "Of 4 coins" in said
    assert "model" not in said


def test_a_study_tells_whether_a_kind_is_fairer(article: StudyReport) -> None:
    """Counts at both ends, the test, the difference, and what hangs on the unknown."""
    page = Page(path="article-2025/index.html", title="", description="", template="", study=article.study)
    said = words(render(TEMPLATES, "parts/claims.html", report=article, page=page, top=20))
    assert (
        "role-playing 4 0 +0.56 +0.04 to +0.70 0.106 3 0.105 12 <0.001 to 0.106: it depends on them" in said
    )
    assert "coding and problem solving 0 7 −0.61" in said
    assert "3 kinds were tried" in said


def test_a_study_tells_what_stopping_when_settled_would_have_saved() -> None:
    """Two coins that always say the same are called biased together, where 2ⁿ/(n + 1) passes twenty."""
    report = drawn(("a/one", 50, 0, 0), ("b/zero", 0, 50, 0))
    page = Page(path="x/index.html", title="", description="", template="", study=report.study)
    context = {"values": study_values(report), "stopped": stopped(report), "top": 20}
    context |= {"n_asked": 100, "n_flagged": 0}
    said = words(render(TEMPLATES, "parts/settled.html", report=report, page=page, **context))
    assert "a/one biased 8 50 b/zero biased 8 50" in said
    assert "2 of these 2 models would have been settled before their last draw" in said
    assert "16 draws in total instead of 100, 84 % fewer." in said


def test_dependent_draws_with_equal_counts_have_their_own_coins() -> None:
    """Thirty ones and twenty zeros: mixed they say more of the coin than in two runs."""
    runs = [1] * 30 + [0] * 20
    mixed = [runs[i] for i in np.random.default_rng(0).permutation(50)]
    report = report_draws(
        replace(load_study(ARTICLE), kind=Kind.MEASURED),
        collect_draws(
            Draw(model=model, draw=i, labels=("0", "1"), order=0, result=Outcome(index=outcome))
            for model, outcomes in (("a/mixed", mixed), ("b/runs", runs))
            for i, outcome in enumerate(outcomes)
        ),
    )
    views = [page_of(report, model).context["view"] for model in ("b/runs", "a/mixed")]
    loose, firm = (view for view in views if isinstance(view, ModelView))
    assert not_none(loose.estimate.design_effect) > 5
    assert firm.estimate.design_effect == 1
    n_near, p_near = not_none(loose.coins).n_near, not_none(loose.rank_estimate).p_within_10
    assert n_near < not_none(firm.coins).n_near
    assert n_near == pytest.approx(50 * p_near, abs=1.5)


def test_a_model_in_two_orders_has_a_pile_of_coins_for_each() -> None:
    """One that names the label that stands first: no coin lies near one half, and no figure says so."""
    rows = [
        Draw(model=model, draw=i, labels=("0", "1"), order=i % 2, result=Outcome(index=outcome))
        for model, outcomes in (
            ("a/first", [0, 1] * 40),
            ("b/fair", np.random.default_rng(1).integers(0, 2, 80)),
        )
        for i, outcome in enumerate(map(int, outcomes))
    ]
    report = report_draws(replace(load_study(ARTICLE), kind=Kind.MEASURED), collect_draws(rows))
    page = page_of(report, "a/first")
    view = page.context["view"]
    assert isinstance(view, ModelView)
    coins = not_none(view.coins)
    assert (len(coins.coins), coins.n_near) == (50, 0)
    assert sum(x < 15 for _, x, _ in coins.coins) == sum(x > 85 for _, x, _ in coins.coins) == 25
    said = part("doubt", page)
    assert "Bias of these draws, within orders 0.500" in said
    assert "Chance that it is at most 0.1 <1 %" in said
    assert "in each order; it had 40 and 40" in said
