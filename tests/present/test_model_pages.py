"""A model's page: its verdict in plain words, fifty coins for what is known, and its neighbours."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from flipsite.analyse.report import report_draws
from flipsite.domain.draws import Draw, Outcome, Rejected, Status
from flipsite.domain.estimates import Estimate, Sway, Verdict
from flipsite.domain.study import Feature, Kind, Study
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.model.page import ModelView, model_view, shared_of
from flipsite.present.sparklines.intervals import posterior_coins
from flipsite.present.text.features import feature_lines
from flipsite.present.text.verdicts import flag_text, odds_text, verdict_sentence
from flipsite.store.snapshot.assemble import collect_draws

Estimated = Callable[[Sequence[tuple[str, int, int]]], tuple[Estimate, ...]]


def sentence(study: Study, estimated: Estimated, ones: int, valid: int) -> str:
    return verdict_sentence(study, estimated([("a/x", ones, valid)])[0], None)


def test_features_are_told_with_their_source_and_their_doubt() -> None:
    """Unknown values come last; a number has its unit; what can be filtered by says how."""
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
    assert "within 0.1 of what was asked for" in sentence(study, estimated, 500, 1000)
    assert "1 draw is too few" in sentence(study, estimated, 1, 1)
    assert sentence(study, estimated, 0, 0).startswith("None of its answers named a side")


def test_what_is_rare_for_one_model_is_no_surprise_among_many(study: Study, estimated: Estimated) -> None:
    """33 of 50 alone is called biased, p = 0.033; beside forty more it is not."""
    among = estimated([("a/x", 33, 50), *((f"b/{i}", 25, 50) for i in range(40))])[0]
    assert "too rare to be luck" in sentence(study, estimated, 33, 50)
    assert "unusual for one model but not among so many" in verdict_sentence(study, among, None)


def test_a_share_that_chance_makes_often_shows_neither_a_bias_nor_that_there_is_none(
    study: Study, estimated: Estimated
) -> None:
    """At p = 0.065 there is some evidence of bias, and too little."""
    assert sentence(study, estimated, 32, 50).endswith(
        "about once in 15 tries, too often to show a bias; and 50 draws are too few to call it fair."
    )


def test_a_label_is_named_only_where_it_was_always_the_same(study: Study, estimated: Estimated) -> None:
    random = replace(study, prompt=replace(study.prompt, labels="random"))
    assert "“1” in 20 of 50" in sentence(study, estimated, 20, 50)
    assert "“" not in sentence(random, estimated, 20, 50)


@pytest.mark.parametrize(("ones", "valid"), [(25, 50), (50, 50), (0, 1), (700, 1000)])
def test_fifty_coins_lie_as_the_posterior_does(ones: int, valid: int) -> None:
    """As many of them within 0.1 of one half as its distribution says, to within one coin."""
    made = posterior_coins(((ones, valid),))
    posterior = beta(ones + 0.5, valid - ones + 0.5)
    assert len(made.coins) == 50
    assert made.n_near == pytest.approx(50 * (posterior.cdf(0.6) - posterior.cdf(0.4)), abs=1)
    middle = np.median([x for _, x, _ in made.coins]) / 100
    assert middle == pytest.approx(posterior.median(), abs=0.02)
    assert all(0 <= x <= 100 for _, x, _ in made.coins)


def views(study: Study, n: int) -> list[ModelView]:
    rows = [
        Draw(
            model=f"a/{name}",
            draw=i,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=i % 2) if i else Rejected(status=Status.UNPARSED, reason="x"),
            response="Output: 1",
        )
        for name in "xyz"
        for i in range(n)
    ]
    report = report_draws(study, collect_draws(rows))
    shared = shared_of(report, board(report), {})
    return [model_view(shared, place) for place in range(len(shared.rows))]


def test_neighbours_are_those_of_the_leaderboard(study: Study) -> None:
    first, middle, last = views(study, 5)
    assert first.before is None
    assert last.after is None
    assert middle.before is not None
    assert middle.before.estimate.model == first.estimate.model
    assert [row.estimate.model for row in middle.around] == ["a/x", "a/y", "a/z"]


SWAYED = Estimate(
    model="a/x",
    author="a",
    kind=Kind.MEASURED,
    draws=400,
    valid=400,
    ones=320,
    mean=0.8,
    bias=0.3,
    bias_within=0.3,
    p_value=1e-9,
    q_value=1e-9,
    verdict=Verdict.BIASED,
    sway=Sway.ORDER,
    page="x",
)


def test_a_share_that_leans_in_both_orders_is_not_said_to_say_little(study: Study) -> None:
    """320 of 400 ones, more in one order than in the other: biased, and the sentence must not deny it."""
    leans = verdict_sentence(study, SWAYED, None)
    assert "leans to the same side in both orders" in leans
    assert "says little" not in leans
    assert leans.endswith("Even so, that share is too far off to be luck.")
    assert flag_text(SWAYED) == "order matters too"
    hidden = replace(SWAYED, ones=200, mean=0.5, bias=0.0, verdict=Verdict.UNDECIDED)
    said = verdict_sentence(study, hidden, None)
    assert "within an order its bias is 0.300 on average, so the share over both orders says little" in said
    assert said.endswith("and it is not called fair.")
    assert flag_text(hidden) == "follows the order"
    both = verdict_sentence(study, replace(SWAYED, bias=0.1), None)
    assert "says little" in both
    assert both.endswith("too far off to be luck.")


@pytest.mark.parametrize(("bias", "said"), [(0.25, "place of the labels too"), (0.1, "has a bias of 0.250")])
def test_a_bias_is_only_said_of_positions_where_it_is_theirs(study: Study, bias: float, said: str) -> None:
    """Of a die the bias that ranks is the larger of that of labels and of places."""
    die = replace(SWAYED, outcomes=6, bias=bias, bias_within=0.25, noise_floor=0.05, ones=None, mean=None)
    assert said in verdict_sentence(study, die, None)
