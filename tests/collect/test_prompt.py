"""Questions: labels, their orders, and that more draws never change earlier ones."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flipsite.collect.prompt import questions
from flipsite.domain.study import LabelMode, OrderMode, Prompt
from flipsite.settings import default_study

ARTICLE = default_study("any").prompt
RANDOM = Prompt(template=ARTICLE.template, labels="random", orders="both")


def test_default_prompt_is_the_articles_to_the_letter() -> None:
    """The default study asks the article's prompt with 0 named first, every time."""
    first, *others = questions(ARTICLE, n_draws=50, model="a/b", seed=0)
    assert "a single draw from the set {0, 1}," in first.text
    assert '"Output: 0" or "Output: 1"' in first.text
    assert "{first}" not in first.text
    assert (first.labels, first.order) == (("0", "1"), 0)
    assert all(question.text == first.text for question in others)
    assert [question.draw for question in others] == list(range(1, 50))


def test_only_the_two_placeholders_are_replaced() -> None:
    """A label that looks like a placeholder is put in literally, and other braces stay."""
    prompt = Prompt(template="{{first}, {second}} {} {third}", outcomes=("{second}", "x"))
    assert questions(prompt, n_draws=1, model="a/b", seed=0)[0].text == "{{second}, x} {} {third}"


def test_both_orders_balance_exactly() -> None:
    """Of an even number of draws, each label is named first in half, within every pair of draws."""
    prompt = Prompt(template="{first} or {second}?", outcomes=("heads", "tails"), orders="both")
    found = questions(prompt, n_draws=50, model="a/b", seed=3)
    assert sum(question.order for question in found) == 25
    for even, odd in zip(found[::2], found[1::2], strict=True):
        assert even.order != odd.order
    for question in found:
        first, second = question.labels[question.order], question.labels[1 - question.order]
        assert question.text == f"{first} or {second}?"
        assert question.labels == ("heads", "tails")


def test_odd_draw_out_favours_neither_order_over_many_models() -> None:
    """The half pair of an odd number of draws names either label first about equally often."""
    prompt = Prompt(template="{first} {second}", orders="both")
    last = [questions(prompt, n_draws=51, model=f"a/{n}", seed=0)[-1].order for n in range(400)]
    assert 150 < sum(last) < 250


def test_random_labels_are_pronounceable_distinct_words() -> None:
    """Fresh words are of one length, letters only, begin differently and are not in the prompt."""
    found = questions(RANDOM, n_draws=2000, model="a/b", seed=1)
    for even, odd in zip(found[::2], found[1::2], strict=True):
        assert even.labels == odd.labels
        zero, one = even.labels
        assert len(zero) == len(one) == 6
        assert (zero + one).isalpha()
        assert zero[0] != one[0]
        assert zero not in RANDOM.template.casefold()
        assert one not in RANDOM.template.casefold()
        assert all((a in "aeiou") != (b in "aeiou") for a, b in pairwise(zero))
    assert len({question.labels for question in found}) == 1000


def test_labels_differ_between_models_and_seeds() -> None:
    """Neither two models nor two seeds are asked with the same words."""
    asked = {
        questions(RANDOM, n_draws=1, model=model, seed=seed)[0].labels for model in "abc" for seed in (0, 1)
    }
    assert len(asked) == 6


def test_words_are_the_same_on_every_machine() -> None:
    """The generator is fixed: these words were written down when it was."""
    found = questions(RANDOM, n_draws=4, model="openai/gpt-4", seed=0)
    assert [(question.labels, question.order) for question in found] == WRITTEN_DOWN


def test_rude_words_are_never_asked() -> None:
    """Letters that insult are drawn again."""
    words = {w for q in questions(RANDOM, n_draws=4000, model="rude", seed=0) for w in q.labels}
    assert not [word for word in words if any(rude in word for rude in ("nazi", "rape", "nig", "fag"))]


@settings(max_examples=50, deadline=None)
@given(
    few=st.integers(0, 20),
    more=st.integers(0, 20),
    seed=st.integers(),
    labels=st.sampled_from(["fixed", "random"]),
    orders=st.sampled_from(["one", "both"]),
)
def test_more_draws_change_no_earlier_question(
    few: int, more: int, seed: int, labels: LabelMode, orders: OrderMode
) -> None:
    """Extending a study later leaves every question that was asked as it was."""
    prompt = Prompt(template="{first}{second}", labels=labels, orders=orders)
    short = questions(prompt, n_draws=few, model="a/b", seed=seed)
    assert questions(prompt, n_draws=few + more, model="a/b", seed=seed)[:few] == short


@pytest.mark.parametrize("n_draws", [0, 1])
def test_any_number_of_draws_may_be_asked(n_draws: int) -> None:
    """None and one are numbers too."""
    assert len(questions(RANDOM, n_draws=n_draws, model="a/b", seed=0)) == n_draws


WRITTEN_DOWN = [
    (("vesepo", "somomu"), 1),
    (("vesepo", "somomu"), 0),
    (("mufepa", "gusuru"), 0),
    (("mufepa", "gusuru"), 1),
]
