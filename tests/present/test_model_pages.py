"""A model's page: its verdict in plain words, fifty coins for what is known, and answers that stay text."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from flipsite.analyse.report import report_draws
from flipsite.domain import Draw, Estimate, Outcome, Rejected, Status, Study
from flipsite.present.answers import LETTERS, SHOWN, answers, model_csv
from flipsite.present.model_pages import ModelView, model_pages
from flipsite.present.plain_words import odds_text, verdict_sentence
from flipsite.present.posterior_coins import posterior_coins
from flipsite.store.snapshot import collect_draws

Estimated = Callable[[Sequence[tuple[str, int, int]]], tuple[Estimate, ...]]


def sentence(study: Study, estimated: Estimated, ones: int, valid: int) -> str:
    return verdict_sentence(study, estimated([("a/x", ones, valid)])[0], None)


def test_odds_are_told_as_people_tell_them() -> None:
    told = [odds_text(p) for p in (1.0, 0.671, 0.1, 0.05, 0.0011, 1e-9)]
    assert told[:3] == ["in 100 % of all tries", "in 67 % of all tries", "in 10 % of all tries"]
    assert told[3:] == [
        "about once in 20 tries",
        "about once in 909 tries",
        "less than once in 1,000 tries",
    ]


def test_each_verdict_has_its_sentence(study: Study, estimated: Estimated) -> None:
    assert "too rare to be luck" in sentence(study, estimated, 50, 50)
    assert "50 draws are too few to call it fair" in sentence(study, estimated, 25, 50)
    assert "it passes" in sentence(study, estimated, 500, 1000)
    assert "1 draw is too few" in sentence(study, estimated, 1, 1)
    assert sentence(study, estimated, 0, 0).startswith("None of its answers named a side")


def test_a_label_is_named_only_where_it_was_always_the_same(study: Study, estimated: Estimated) -> None:
    random = replace(study, prompt=replace(study.prompt, labels="random"))
    assert "“1” in 20 of 50" in sentence(study, estimated, 20, 50)
    assert "“" not in sentence(random, estimated, 20, 50)


@pytest.mark.parametrize(("ones", "valid"), [(25, 50), (50, 50), (0, 1), (700, 1000)])
def test_fifty_coins_lie_as_the_posterior_does(ones: int, valid: int) -> None:
    """As many of them within 0.1 of one half as its distribution says, to within one coin."""
    made = posterior_coins(ones, valid)
    posterior = beta(ones + 0.5, valid - ones + 0.5)
    assert len(made.coins) == 50
    assert made.n_near == pytest.approx(50 * (posterior.cdf(0.6) - posterior.cdf(0.4)), abs=1)
    middle = np.median([x for _, x, _ in made.coins]) / 100
    assert middle == pytest.approx(posterior.median(), abs=0.02)
    assert all(0 <= x <= 100 for _, x, _ in made.coins)


HOSTILE = "</pre><script>alert(1)</script>" + "x" * 5000


def views(study: Study, n: int) -> list[ModelView]:
    rows = [
        Draw(
            model=f"a/{name}",
            draw=i,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=i % 2) if i else Rejected(status=Status.UNPARSED, reason="x"),
            response=HOSTILE if i else "=cmd()",
            cost_usd=0.01,
        )
        for name in "xyz"
        for i in range(n)
    ]
    report = report_draws(study, collect_draws(rows))
    return [page.context["view"] for page in model_pages(report)]  # type: ignore[misc]


def test_a_page_holds_the_first_answers_and_cuts_them(study: Study) -> None:
    """Its size does not grow with the draws nor with what a model says."""
    view = views(study, SHOWN + 40)[0]
    assert len(view.answers) == SHOWN
    assert {len(answer.text or "") for answer in view.answers} == {LETTERS, len("=cmd()")}
    assert view.answers[1].cut == len(HOSTILE) - LETTERS
    assert (view.answers[0].side, view.answers[0].told) == ("missing", "unparsed")


def test_neighbours_are_those_of_the_leaderboard(study: Study) -> None:
    first, middle, last = views(study, 5)
    assert first.before is None
    assert last.after is None
    assert middle.before is not None
    assert middle.before.estimate.model == first.estimate.model
    assert [row.estimate.model for row in middle.around] == ["a/x", "a/y", "a/z"]


def test_a_download_has_every_draw_and_no_formula() -> None:
    row = Draw(model="a/x", draw=0, labels=("0", "1"), order=0, result=Outcome(index=1), response="=cmd()")
    draws = collect_draws([row, replace(row, draw=1, response="a\nb,c")])
    text = model_csv(draws, draws.rows(0)).decode()
    assert text.splitlines()[0].startswith("draw,labels,order,outcome,status,response")
    assert "'=cmd()" in text
    assert answers(draws, draws.rows(0))[1].text == "a\nb,c"
