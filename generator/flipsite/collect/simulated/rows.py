"""Coins that answer with several draws at once: independent ones, and rows that only look like them."""

import json

from flipsite.collect.simulated.coins import STRUCTURED, Coin, CoinAnswer, Fall, Toss, Truth

BETWEEN = ", "
"""Between the draws of an answer."""


def independent(toss: Toss) -> str:
    """Each draw on its own, an even chance each."""
    return _row(toss, [toss.chance(f"place {place}") < 0.5 for place in range(toss.count)])


def changing(p: float) -> Fall:
    """Begins anywhere and changes sides from one draw to the next with probability p."""

    def fall(toss: Toss) -> str:
        sides = [toss.chance("place 0") < 0.5]
        for place in range(1, toss.count):
            sides.append(sides[-1] ^ (toss.chance(f"place {place}") < p))
        return _row(toss, sides)

    return fall


def rationing(toss: Toss) -> str:
    """As many of one side as of the other, in any order."""
    order = sorted(range(toss.count), key=lambda place: toss.chance(f"place {place}"))
    return _row(toss, [order.index(place) < toss.count // 2 for place in range(toss.count)])


def two_scripts(toss: Toss) -> str:
    """One of two answers, whatever is asked."""
    script = "script a" if toss.chance("script") < 0.5 else "script b"
    return _row(toss, [toss.chance(f"{script} {place}", draw=0) < 0.5 for place in range(toss.count)])


def looping(toss: Toss) -> str:
    """Its first five draws, again and again."""
    start = [toss.chance(f"place {place}") < 0.5 for place in range(5)]
    return _row(toss, [start[place % 5] for place in range(toss.count)])


def miscounting(toss: Toss) -> str:
    """Independent draws, of which it makes one too few or one too many as often as not."""
    extra = (-1, 0, 0, 1)[int(toss.chance("length") * 4)]
    return _row(toss, [toss.chance(f"place {place}") < 0.5 for place in range(toss.count + extra)])


def in_a_row(toss: Toss, row: str) -> CoinAnswer:
    """In the format that was asked for."""
    if toss.structured:
        return CoinAnswer(content=json.dumps({"outcomes": row.split(BETWEEN)}, ensure_ascii=False))
    return CoinAnswer(content=f"I made each draw on its own.\nOutput: {row}")


def _row(toss: Toss, sides: list[bool]) -> str:
    return BETWEEN.join(toss.labels[side] for side in sides)


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
    _coin("alternator", "Changes sides eight times in ten.", changing(0.8)),
    _coin("sticky-row", "Changes sides only two times in ten.", changing(0.2)),
    _coin("rationer", "Gives each side exactly half of an answer, in random order.", rationing),
    _coin("two-scripts", "Gives one of two answers, each every other time.", two_scripts),
    _coin("loop", "Repeats its first five draws until the answer is full.", looping),
    _coin(
        "wrong-length", "Makes every draw on its own; every other answer is too long or short.", miscounting
    ),
)
"""The catalogue for studies of several draws in one answer."""
