"""A model's page: its verdict in plain words, fifty coins for what is known, and answers that stay text."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from flipsite.analyse.report import report_draws
from flipsite.csv_cells import without_guard
from flipsite.domain.draws import OPTIONAL, Draw, Outcome, Rejected, Status
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Feature, Study
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.model import ModelView, model_view, shared_of
from flipsite.present.pages.model_data import DRAW_KEYS, LETTERS, SHOWN, answers, model_csv
from flipsite.present.sparklines.intervals import posterior_coins
from flipsite.present.text.features import feature_lines
from flipsite.present.text.verdicts import odds_text, verdict_sentence
from flipsite.store.snapshot.columns import collect_draws

Estimated = Callable[[Sequence[tuple[str, int, int]]], tuple[Estimate, ...]]


def sentence(study: Study, estimated: Estimated, ones: int, valid: int) -> str:
    return verdict_sentence(study, estimated([("a/x", ones, valid)])[0], None)


def test_features_are_told_with_their_source_and_their_doubt() -> None:
    """What nobody knows comes last; a number has its unit; what can be filtered by says how."""
    rows = [
        Feature(model="a/x", feature="reasoning", value="", source="", note="nobody says"),
        Feature(model="a/x", feature="parameters_total_b", value="70", source="name", confidence=0.9),
        Feature(model="a/x", feature="tuning", value="roleplay", source="article", confidence=1.0),
        Feature(model="a/x", feature="context_length", value="131072", source="catalogue", confidence=1.0),
    ]
    told = [(line.label, line.text, line.source, line.key) for line in feature_lines(rows)]
    assert told == [
        ("parameters", "70 billion", "the model’s name", "size=40 to 100 billion"),
        ("tuning", "role-playing", "the article", "tuning=roleplay"),
        ("context", "131,072 tokens", "the provider’s catalogue", ""),
        ("reasons by default", None, "", ""),
    ]


def test_odds_are_told_as_people_tell_them() -> None:
    told = [odds_text(p) for p in (1.0, 0.671, 0.1, 0.05, 0.0011, 1e-9)]
    assert told[:3] == [f"in {share}\u00a0% of all tries" for share in (100, 67, 10)]
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


def test_what_is_rare_for_one_model_is_no_surprise_among_many(study: Study, estimated: Estimated) -> None:
    """33 of 50 alone is called biased, p = 0.033; beside forty more it is not."""
    among = estimated([("a/x", 33, 50), *((f"b/{i}", 25, 50) for i in range(40))])[0]
    assert "too rare to be luck" in sentence(study, estimated, 33, 50)
    assert "odd for one model, no surprise among so many" in verdict_sentence(study, among, None)


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
    shared = shared_of(report, board(report), {})
    return [model_view(shared, place) for place in range(len(shared.rows))]


def test_a_page_holds_the_first_answers_and_cuts_them(study: Study) -> None:
    """Its size does not grow with the draws nor with what a model says."""
    view = views(study, SHOWN + 40)[0]
    assert view.answers is not None
    assert view.answers.n_shown == SHOWN
    lines = str(view.answers.html).splitlines()
    assert lines[0] == (
        '<li><button class="missing" popovertarget="draw-0" aria-label="Draw 0: unparsed">–</button>'
        '<div popover id="draw-0"><b>Draw 0: unparsed</b><pre>=cmd()</pre>Status: unparsed</div>'
    )
    said = re.findall(r"<pre[^>]*>(.*)</pre>", lines[1])[0]
    assert (
        unescape(said)
        == f"{HOSTILE[:LETTERS]} … ({len(HOSTILE) - LETTERS:,} more characters in the download)"
    )
    assert "<script" not in str(view.answers.html)


def test_what_is_the_same_of_all_answers_is_told_once(study: Study) -> None:
    view = views(study, 3)[0]
    assert view.answers is not None
    assert view.answers.alike == (("Labels", "0 and 1"), ("Cost", "$0.010"))
    alone = views(study, 1)[0].answers
    assert alone is not None
    assert alone.alike == ()
    assert "Status: unparsed · Labels: 0 and 1 · Cost: $0.010" in str(alone.html)


@given(texts=st.lists(st.none() | st.text(max_size=20) | st.just("\x1e\x1f<b>"), min_size=1, max_size=8))
def test_every_answer_stays_its_own_text(texts: list[str | None]) -> None:
    """Whatever it holds, the marks that keep answers apart among it."""
    rows = [
        Draw(model="a/x", draw=i, labels=("0", "1"), order=0, result=Outcome(index=1), response=text)
        for i, text in enumerate(texts)
    ]
    draws = collect_draws(rows)
    html = str(answers(draws, draws.rows(0)).html)
    boxes = re.findall(
        r"<b>Draw (\d+): 1</b>(?:<pre>(.*?)</pre>|<p>No answer came\.</p>)[^<]*</div>\n", html, re.DOTALL
    )
    kept = [unescape(said) for _, said in boxes]
    assert kept == ["" if text is None else text for text in draws.response]


CELLS = st.none() | st.text(max_size=12) | st.sampled_from(["=1+1", '"', "a,b", "%s", "%", "\n"])


@given(
    texts=st.lists(CELLS, min_size=1, max_size=6),
    costs=st.lists(st.none() | st.floats(0, 9), min_size=6, max_size=6),
)
def test_a_models_own_csv_reads_back_as_its_draws(texts: list[str | None], costs: list[float | None]) -> None:
    rows = [
        Draw(
            model="a/x",
            draw=i,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=1),
            response=text,
            cost_usd=cost,
        )
        for i, (text, cost) in enumerate(zip(texts, costs, strict=False))
    ]
    draws = collect_draws(rows)
    made = list(csv.reader(io.StringIO(model_csv(draws, draws.rows(0)).decode(), newline="")))
    found = [[*row[:5], without_guard(row[5]), *row[6:]] for row in made[1:]]
    expected = [
        [str(i), '["0","1"]', "0", "1", "valid", text or "", *[""] * 6, cost, "", ""]
        for i, (text, cost) in enumerate(
            zip(draws.response, ["" if cost is None else repr(cost) for cost in costs], strict=False)
        )
    ]
    assert made[0] == [key for key in DRAW_KEYS if key not in OPTIONAL]
    assert found == expected
    assert not any(row[5].startswith(("=", "+", "-", "@", "\t", "\r")) for row in made[1:])


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
    assert "<pre>a\nb,c</pre>" in str(answers(draws, draws.rows(0)).html)
