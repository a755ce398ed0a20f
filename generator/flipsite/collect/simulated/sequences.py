"""Models that answer with several draws at once: independent ones, and rows that only look like them."""

import json
from collections.abc import Sequence

from flipsite.collect.simulated.coins import STRUCTURED, Coin, CoinAnswer, Fall, Toss, Truth
from flipsite.collect.simulated.dice import choices_of

BETWEEN = ", "
"""Between the draws of an answer."""


def independent(toss: Toss) -> str:
    """Each draw on its own, all outcomes with the same probability."""
    return _row(toss, [_index(toss, f"place {place}") for place in range(toss.count)])


def changing(p: float) -> Fall:
    """Begins anywhere and goes on to another outcome from one draw to the next with probability p."""

    def fall(toss: Toss) -> str:
        k = len(_labels(toss))
        row = [_index(toss, "place 0")]
        for place in range(1, toss.count):
            step = 1 + int(toss.chance(f"step {place}") * (k - 1))
            row.append((row[-1] + step * (toss.chance(f"place {place}") < p)) % k)
        return _row(toss, row)

    return fall


def rationing(toss: Toss) -> str:
    """As many of each outcome as of any other, in random order."""
    order = sorted(range(toss.count), key=lambda place: toss.chance(f"place {place}"))
    k = len(_labels(toss))
    return _row(toss, [order.index(place) * k // toss.count for place in range(toss.count)])


def two_scripts(toss: Toss) -> str:
    """One of two answers, whatever is asked."""
    script = "a" if toss.chance("script") < 0.5 else "b"
    return _row(toss, [_index(toss, f"script {script} {place}", draw=0) for place in range(toss.count)])


def looping(toss: Toss) -> str:
    """Its first five draws, again and again."""
    start = [_index(toss, f"place {place}") for place in range(5)]
    return _row(toss, [start[place % 5] for place in range(toss.count)])


def miscounting(toss: Toss) -> str:
    """Independent draws, of which it makes one too few or one too many as often as not."""
    extra = (-1, 0, 0, 1)[int(toss.chance("length") * 4)]
    return _row(toss, [_index(toss, f"place {place}") for place in range(toss.count + extra)])


def in_a_row(toss: Toss, row: str) -> CoinAnswer:
    """In the format that was asked for."""
    if toss.structured:
        return CoinAnswer(content=json.dumps({"outcomes": row.split(BETWEEN)}, ensure_ascii=False))
    return CoinAnswer(content=f"I made each draw on its own.\nOutput: {row}")


def _labels(toss: Toss) -> tuple[str, ...]:
    """The labels in the order of their names, whatever their order in the prompt."""
    listed = choices_of(toss.text).labels
    return tuple(sorted(listed, key=lambda label: (len(label), label))) if len(listed) > 2 else toss.labels


def _index(toss: Toss, purpose: str, *, draw: int | None = None) -> int:
    return int(toss.chance(purpose, draw=draw) * len(_labels(toss)))


def _row(toss: Toss, indices: Sequence[int]) -> str:
    labels = _labels(toss)
    return BETWEEN.join(labels[index] for index in indices)


def _coin(name: str, says: str, fall: Fall, *, structured: bool = False) -> Coin:
    return Coin(
        id=f"simulated/{name}",
        truth=Truth(p=0.5, says=says),
        fall=fall,
        manner=in_a_row,
        parameters=STRUCTURED if structured else ("max_tokens", "temperature"),
    )


ROW_COINS: tuple[Coin, ...] = (
    _coin("independent", "Makes every draw on its own.", independent),
    _coin("independent-structured", "Makes every draw on its own, in JSON.", independent, structured=True),
    _coin("alternator", "Changes from one draw to the next eight times in ten.", changing(0.8)),
    _coin("sticky-row", "Changes from one draw to the next only two times in ten.", changing(0.2)),
    _coin("rationer", "Gives each outcome its exact share of an answer, in random order.", rationing),
    _coin("two-scripts", "Gives one of two answers, each every other time.", two_scripts),
    _coin("loop", "Repeats its first five draws until the answer is full.", looping),
    _coin(
        "wrong-length", "Makes every draw on its own; half its answers are too long or short.", miscounting
    ),
)
"""The catalogue for studies of several draws in one answer."""
