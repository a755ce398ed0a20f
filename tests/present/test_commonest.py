"""A model's commonest answers: word for word, counted, cut, and with the outcome read."""

from collections.abc import Sequence

from flipsite.domain.draws import Draw, Outcome, Rejected, Status
from flipsite.present.pages.model.commonest import LETTERS, Commonest, commonest_answers
from flipsite.store.snapshot.assemble import collect_draws


def said(texts: Sequence[str | None]) -> Commonest | None:
    unread = Rejected(status=Status.UNPARSED, reason="x")
    rows = [
        Draw(
            model="a/x",
            draw=i,
            labels=("0", "1"),
            order=0,
            result=unread if "no" in (text or "no") else Outcome(index=1),
            response=text,
        )
        for i, text in enumerate(texts)
    ]
    draws = collect_draws(rows)
    return commonest_answers(draws, slice(0, len(rows)), names=("tails", "heads"))


def test_answers_are_counted_word_for_word() -> None:
    """White space apart; those that came once are left out where others came more often."""
    found = said(["Output: 1", "Output:\n 1 ", "no idea", "Output: 1", "no idea", "One!", None])
    assert found is not None
    assert (found.n_answers, found.n_different, found.repeats) == (6, 3, True)
    assert [(each.text, each.count, each.share, each.read_as) for each in found.wordings] == [
        ("Output: 1", 3, 0.5, ("heads",)),
        ("no idea", 2, 2 / 6, ("unparsed",)),
    ]


def test_where_no_answer_repeats_the_first_is_shown() -> None:
    found = said(["one", "two", "three"])
    assert found is not None
    assert not found.repeats
    assert [each.text for each in found.wordings] == ["one"]


def test_a_long_answer_is_cut() -> None:
    found = said(["x" * (LETTERS + 5)])
    assert found is not None
    assert (len(found.wordings[0].text), found.wordings[0].n_cut) == (LETTERS, 5)


def test_without_an_answer_there_is_nothing_to_show() -> None:
    assert said([None, "  "]) is None
