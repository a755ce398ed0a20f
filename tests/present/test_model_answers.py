"""The answers on a model's page stay text, whatever they hold, and are cut."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from flipsite.domain.draws import Draw, Outcome, Rejected, Status
from flipsite.present.pages.model.answers import LETTERS, SHOWN, Answers, answers
from flipsite.store.snapshot.assemble import collect_draws

HOSTILE = "</pre><script>alert(1)</script>" + "x" * 5000


def answers_of(n: int) -> Answers:
    rows = [
        Draw(
            model="a/x",
            draw=i,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=i % 2) if i else Rejected(status=Status.UNPARSED, reason="x"),
            response=HOSTILE if i else "=cmd()",
            cost_usd=0.01,
        )
        for i in range(n)
    ]
    draws = collect_draws(rows)
    return answers(draws, draws.rows(0))


def test_a_page_holds_the_first_answers_and_cuts_them() -> None:
    """Its size does not grow with the draws nor with what a model says."""
    found = answers_of(SHOWN + 40)
    assert found.n_shown == SHOWN
    lines = str(found.html).splitlines()
    assert lines[0] == (
        '<li><button class="missing" popovertarget="draw-0" aria-label="Draw 0: unparsed">–</button>'
        '<div popover id="draw-0"><b>Draw 0: unparsed</b><pre>=cmd()</pre>Status: unparsed</div>'
    )
    said = re.findall(r"<pre[^>]*>(.*)</pre>", lines[1])[0]
    assert (
        unescape(said)
        == f"{HOSTILE[:LETTERS]} … ({len(HOSTILE) - LETTERS:,} more characters in the download)"
    )
    assert "<script" not in str(found.html)


def test_what_is_the_same_of_all_answers_is_told_once() -> None:
    assert answers_of(3).alike == (("Labels", "0 and 1"), ("Cost", "$0.010"))
    alone = answers_of(1)
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
        r"<b>Draw (\d+): 1</b>(?:<pre>(.*?)</pre>|<p>The answer is not recorded\.</p>)[^<]*</div>\n",
        html,
        re.DOTALL,
    )
    kept = [unescape(said) for _, said in boxes]
    assert kept == ["" if text is None else text for text in draws.response]
