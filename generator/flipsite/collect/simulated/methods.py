"""Models that can be asked by each method: well, badly, or so that the randomness is ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flipsite.collect.simulated.coins import Coin, CoinAnswer, Fall, Toss, Truth, biased
from flipsite.domain.method import ACCEPT, REJECT, SEED_LETTERS

_ROW: Final = re.compile(r"^- (\d+)(?: to (\d+))?: (.+)$", re.MULTILINE)
_PROPOSED: Final = re.compile(r"^The proposed outcome is: (.+)$", re.MULTILINE)
_SHARED: Final = re.compile(r"(\S+) with probability ([\d.]+)%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a model answers by each method.

    Attributes:
        direct: The side it falls on when it is asked outright.
        string: The string it writes.
        stated: The outcome it states of a string, from the one that the rule gives.
        accepts: The probability with which it accepts, from the one that rejection sampling asks for.
    """

    direct: Fall
    string: Callable[[Toss], str]
    stated: Callable[[Toss, str], str]
    accepts: Callable[[float], float]


def random_string(toss: Toss) -> str:
    """Letters at random."""
    return "".join(chr(97 + int(toss.chance(f"letter {place}") * 26)) for place in range(SEED_LETTERS))


def one_string(toss: Toss) -> str:
    """The same letters each time."""
    return "qwertyuiopas"


def as_the_rule_says(toss: Toss, outcome: str) -> str:
    """The outcome that the string stands for."""
    return outcome


def mostly_the_first(toss: Toss, outcome: str) -> str:
    """The first label six times in ten, whatever the string."""
    return toss.labels[0] if toss.chance("slip") < 0.6 else outcome


def as_asked(probability: float) -> float:
    """The probability that rejection sampling asks for."""
    return probability


def always(probability: float) -> float:
    """Accepts whatever is proposed."""
    return 1.0


def fall_of(habits: Habits) -> Fall:
    """The label, or the word on a proposal, that a model answers with."""

    def fall(toss: Toss) -> str:
        if proposed := _PROPOSED.search(toss.text):
            return (
                ACCEPT if toss.chance("accept") < habits.accepts(_acceptance(toss, proposed[1])) else REJECT
            )
        if rows := _ROW.findall(toss.text):
            return habits.stated(toss, _by_rule(rows, habits.string(toss)))
        return habits.direct(toss)

    return fall


def _by_rule(rows: list[tuple[str, str, str]], string: str) -> str:
    stretches = [(int(low), int(high or low), label) for low, high, label in rows]
    n_parts = max(high for _, high, _ in stretches) + 1
    remainder = sum(ord(letter) - 96 for letter in string) % n_parts
    return next(label for low, high, label in stretches if low <= remainder <= high)


def _acceptance(toss: Toss, proposed: str) -> float:
    """P(x)/(M Q(x)), from the shares that the prompt states."""
    target, proposals = (dict(_SHARED.findall(line)) for line in toss.text.splitlines()[1:3])
    ratios = {label: float(share) / float(proposals[label]) for label, share in target.items()}
    return ratios[proposed] / max(ratios.values())


def manner_of(habits: Habits) -> Callable[[Toss, str], CoinAnswer]:
    """Say the outcome, and the string it comes from."""

    def manner(toss: Toss, label: str) -> CoinAnswer:
        string = f"String: {habits.string(toss)}\n" if _ROW.search(toss.text) else ""
        return CoinAnswer(content=f"I follow the procedure.\n{string}Output: {label}")

    return manner


def _coin(name: str, says: str, habits: Habits) -> Coin:
    return Coin(
        id=f"simulated/{name}",
        truth=Truth(p=None, says=says),
        fall=fall_of(habits),
        manner=manner_of(habits),
    )


METHOD_COINS: tuple[Coin, ...] = (
    _coin(
        "methodical",
        "Leans to 1 when asked outright, and follows each method to the letter.",
        Habits(direct=biased(0.9), string=random_string, stated=as_the_rule_says, accepts=as_asked),
    ),
    _coin(
        "yes-sayer",
        "Always answers 1 when asked outright, and accepts whatever is proposed.",
        Habits(direct=biased(1.0), string=random_string, stated=as_the_rule_says, accepts=always),
    ),
    _coin(
        "one-seed",
        "Writes the same string each time.",
        Habits(direct=biased(0.7), string=one_string, stated=as_the_rule_says, accepts=as_asked),
    ),
    _coin(
        "miscomputes",
        "Writes random strings and states the first label six times in ten, whatever they stand for.",
        Habits(direct=biased(0.7), string=random_string, stated=mostly_the_first, accepts=as_asked),
    ),
)
"""The catalogue for studies of methods, whatever their method."""
