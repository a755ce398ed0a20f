"""Queries over draws too many for memory, each written once for every engine.

Each function takes a table of tidy draws and gives an Ibis expression of a table: nothing is read here.
Counts are whole numbers and sums are of whole numbers, so that every engine gives the same.
"""

from typing import Any

from flipsite.domain.draws import STATUSES, Status
from flipsite.domain.money import expression_pico

Expression = Any
"""A table that is not there yet: `ibis.expr.types.Table`, which is imported with the first question."""

TOKENS = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
BY = ("provider", "day", "mode")
RUNNING = ("n_ones", "n_valid", "n_ones_0", "n_valid_0", "n_ones_1", "n_valid_1")
"""Counts of a stretch of draws, in the order of the columns of running counts."""


def tallies(draws: Expression, *, of_coins: bool = True) -> Expression:
    """One row a model: the counts and sums of its tally, and what would show that its draws are unsound.

    Args:
        draws: Tidy draws.
        of_coins: Whether ones are counted, and outcomes bounded; of more outcomes `outcomes` tells both.
    """
    is_valid = draws.status == Status.VALID.value
    pico = expression_pico(draws.cost_usd)
    counts = {
        "n_draws": draws.count(),
        "n_valid": draws.outcome.count(),
        "cost_pico": pico.sum(),
        "n_priced": pico.count(),
        "failed_pico": pico.sum(where=~is_valid),
        "first": draws.draw.min(),
        "last": draws.draw.max(),
        "n_numbered": draws.draw.count(),
        "n_unlike": (is_valid != draws.outcome.notnull()).cast("int64").sum(),
    }
    if of_coins:
        outcome = draws.outcome
        counts |= {"n_ones": outcome.cast("int64").sum(), "lowest": outcome.min(), "highest": outcome.max()}
    counts |= {f"status_{each.value}": (draws.status == each.value).cast("int64").sum() for each in STATUSES}
    counts |= {name: draws[name].sum() for name in TOKENS}
    return draws.group_by("model").agg(**counts)


def asked(draws: Expression) -> Expression:
    """One row: when the first and the last draw were asked, and about how many label pairs there are."""
    moment = draws.asked_at.nullif("")
    return draws.aggregate(first=moment.min(), last=moment.max(), pairs=draws.labels.approx_nunique())


def outcomes(draws: Expression) -> Expression:
    """Valid draws of each model by outcome."""
    valid = draws.filter(draws.outcome.notnull())
    return valid.group_by("model", "outcome").agg(n_valid=valid.count())


def splits(draws: Expression, by: str, *, by_outcome: bool = False) -> Expression:
    """Valid draws and ones of each model by provider, day or mode where it is known, maybe by outcome."""
    name = draws.asked_at.substr(0, 10) if by == "day" else draws[by]
    named = draws.select("model", "outcome", name=name)
    named = named.filter(named.outcome.notnull(), named.name.notnull(), named.name != "")
    return _split(named, "model", "name", *_outcome(by_outcome))


def shown(draws: Expression, *, by_outcome: bool = False) -> Expression:
    """Valid draws and ones of each model by labels and order, where the order is known, maybe by outcome."""
    known = draws.filter(draws.outcome.notnull(), draws.order.notnull())
    return _split(known, "model", "labels", "order", *_outcome(by_outcome))


def neighbours(draws: Expression) -> Expression:
    """Each valid draw of a model beside the next: how many differ, how many are both ones, and the ends."""
    valid = draws.filter(draws.outcome.notnull())
    before = valid.outcome.lag().over(group_by=valid.model, order_by=valid.draw)
    after = valid.outcome.lead().over(group_by=valid.model, order_by=valid.draw)
    beside = valid.select("model", "outcome", before=before, after=after)
    ends = beside.before.isnull().cast("int64") + beside.after.isnull().cast("int64")
    return beside.group_by("model").agg(
        n_valid=beside.count(),
        n_ones=beside.outcome.cast("int64").sum(),
        n_changes=(beside.outcome != beside.before).cast("int64").sum(),
        n_both_ones=((beside.outcome == 1) & (beside.before == 1)).cast("int64").sum(),
        n_end_ones=(beside.outcome.cast("int64") * ends).sum(),
    )


def looks(draws: Expression, widths: Expression) -> Expression:
    """Each model's draws in equal stretches of their numbers.

    Draws of each stretch, its RUNNING counts in total and in each order, and how its first draw ended: 1, 0,
    or −1 without an outcome.

    Args:
        draws: Tidy draws.
        widths: A small table: each `model`, its `first` number, and the `width` of its stretches. It is there
            already: made in the same question, an engine may take it for the larger side and hold the draws.
    """
    placed = draws.select("model", "draw", "outcome", "order").join(widths, "model")
    look = (placed.draw - placed.first) // placed.width
    stretch = placed.select("model", "draw", "outcome", "order", "width", look=look)
    ones = stretch.outcome.cast("int64")
    counts = {"n_ones": ones.sum(), "n_valid": ones.count()}
    for order in (0, 1):
        named_first = stretch.order == order
        counts[f"n_ones_{order}"] = ones.sum(where=named_first)
        counts[f"n_valid_{order}"] = ones.count(where=named_first)
    return stretch.group_by("model", "look").agg(
        width=stretch.width.max(),
        n_draws=stretch.count(),
        **counts,
        head=stretch.outcome.fill_null(-1).argmin(stretch.draw),
    )


def beginning(draws: Expression, *, most: int, below: int, columns: tuple[str, ...]) -> Expression:
    """The first of each model's draws by their numbers, at most a number, in all their columns.

    No number of them is `below` or more, which spares an engine most of the reading.
    """
    draws = draws.filter(draws.draw < below)
    spans = draws.group_by("model").agg(first=draws.draw.min())
    placed = draws.join(spans, "model")
    return placed.filter(placed.draw - placed.first < most).select(*columns)


def _outcome(wanted: bool) -> tuple[str, ...]:
    return ("outcome",) if wanted else ()


def _split(draws: Expression, *by: str) -> Expression:
    return draws.group_by(*by).agg(n_valid=draws.count(), n_ones=draws.outcome.cast("int64").sum())
