"""The spend table: every dollar once, the dearest model first."""

import math

from flipsite.analyse.tally import spend, tally
from flipsite.domain.draws import Draw, Failed, Outcome, Rejected, Result, Status
from flipsite.domain.money import NOTHING, usd
from flipsite.store.snapshot.assemble import collect_draws


def draw(
    model: str, index: int, cost: float | None, *, result: Result | None = None, tokens: int | None = None
) -> Draw:
    return Draw(
        model=model,
        draw=index,
        labels=("0", "1"),
        order=0,
        result=result or Outcome(index=1),
        cost_usd=cost,
        prompt_tokens=tokens,
        completion_tokens=tokens,
    )


REFUSED = Rejected(status=Status.REFUSED, reason="no")
DRAWS = collect_draws(
    [
        draw("a/cheap", 0, 0.01, tokens=10),
        draw("a/cheap", 1, 0.01),
        draw("b/dear", 0, 0.5, tokens=7),
        draw("b/dear", 1, 0.25, result=REFUSED, tokens=8),
        draw("b/dear", 2, 0.05, result=Failed(reason="lost")),
        draw("c/unknown", 0, None),
        draw("d/never", 0, 0.18, result=REFUSED),
    ]
)


def test_the_spend_of_each_model() -> None:
    """Cost, cost of a valid draw, share, failed spend, tokens and estimate, counted by hand."""
    rows = spend(tally(DRAWS), estimated_draw_usd={"b/dear": usd(0.2)})
    assert [row.model for row in rows] == ["b/dear", "d/never", "a/cheap"]
    dear = rows[0]
    assert (dear.draws, dear.valid, dear.cost_usd, dear.cost_per_valid_usd) == (3, 1, usd(0.8), usd(0.8))
    assert math.isclose(dear.share, 0.8)
    assert dear.failed_usd == usd(0.3), "refused and lost draws are paid too"
    assert (dear.prompt_tokens, dear.completion_tokens, dear.reasoning_tokens) == (15, 15, None)
    assert dear.estimated_usd == usd(0.6)
    assert rows[1].cost_per_valid_usd is None
    assert rows[2].estimated_usd is None


def test_shares_add_up_to_the_whole() -> None:
    """Every dollar is some model's."""
    assert math.isclose(sum(row.share for row in spend(tally(DRAWS))), 1.0)


def test_free_models_share_nothing() -> None:
    """A study that cost nothing has shares of 0, not of 0 ÷ 0."""
    (row,) = spend(tally(collect_draws([draw("a/free", 0, 0.0)])))
    assert (row.share, row.cost_per_valid_usd) == (0.0, NOTHING)


def test_a_study_without_prices_has_no_spend() -> None:
    """Imported draws say nothing of money."""
    assert spend(tally(collect_draws([draw("a/b", 0, None)]))) == ()
