"""Samplers of known truth for prompts with more than two outcomes: dice, and numbers of a range."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from flipsite.collect.simulated.coins import Coin, CoinAnswer, Fall, Toss, Truth

_LISTED: Final = re.compile(r"(?:outcomes|probabilities): (.+)\.$", re.MULTILINE)
_RANGE: Final = re.compile(r"whole number from (-?\d{1,9}) to (-?\d{1,9})")
_SHARED: Final = re.compile(r"(.+) with probability ([\d./]+)(%?)")

HUMAN_FAVOURITES: Final = (7, 37, 42, 73)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Outcomes in the order in which a prompt names them, with the shares that it asks for."""

    labels: tuple[str, ...]
    shares: tuple[float, ...]


@lru_cache(maxsize=256)
def choices_of(text: str) -> Choices:
    """Read a prompt as a model would: a list after `outcomes:` or `probabilities:`, or a range's ends."""
    ends, listed = _RANGE.search(text), _LISTED.search(text)
    if ends:
        labels = tuple(map(str, range(int(ends[1]), int(ends[2]) + 1)))
        return Choices(labels=labels, shares=(1 / len(labels),) * len(labels))
    items = (listed[1] if listed else "0, 1").split(", ")
    shared = [_SHARED.fullmatch(item) for item in items]
    if all(shared):
        parts = [(found[1], Fraction(found[2]) / (100 if found[3] else 1)) for found in shared if found]
        return Choices(labels=tuple(label for label, _ in parts), shares=tuple(float(p) for _, p in parts))
    return Choices(labels=tuple(items), shares=(1 / len(items),) * len(items))


Pick = Callable[[Toss, Choices], str]
"""From a toss and its choices to the label that is drawn."""


def _drawn(chance: float, choices: Choices) -> str:
    """The label in whose part of the unit interval a chance lies; labels in the order of their names."""
    reached = 0.0
    named = sorted(zip(choices.labels, choices.shares, strict=True), key=lambda pair: (len(pair[0]), pair[0]))
    for label, share in named:
        reached += share
        if chance < reached:
            return label
    return named[-1][0]


def as_asked(toss: Toss, choices: Choices) -> str:
    """Draws with the shares that the prompt asks for."""
    return _drawn(toss.chance("fall"), choices)


def evenly(toss: Toss, choices: Choices) -> str:
    """Draws each outcome equally often, whatever the prompt asks for."""
    n = len(choices.labels)
    return _drawn(toss.chance("fall"), Choices(labels=choices.labels, shares=(1 / n,) * n))


def loaded(label: str, extra: float) -> Pick:
    """Draws one label with so much added probability, else as asked."""
    return lambda toss, choices: label if toss.chance("load") < extra else as_asked(toss, choices)


def always(label: str) -> Pick:
    """Draws the same label each time."""
    return lambda toss, choices: label


def first_named(toss: Toss, choices: Choices) -> str:
    """Takes what the prompt names first."""
    return choices.labels[0]


def too_even(toss: Toss, choices: Choices) -> str:
    """Goes through all outcomes, in a new order each time, before it repeats one."""
    time, place = divmod(toss.draw, len(choices.labels))
    return sorted(choices.labels, key=lambda label: toss.chance(f"{time} {label}", draw=0))[place]


def off_list(toss: Toss, choices: Choices) -> str:
    """Names what was not offered once in ten draws, else draws as asked."""
    return "none of these" if toss.chance("off") < 0.1 else as_asked(toss, choices)


def no_round_numbers(toss: Toss, choices: Choices) -> str:
    """Draws again whenever a number ends in 0 or 5."""
    for attempt in range(64):
        label = _drawn(toss.chance(f"fall {attempt}"), choices)
        if label[-1] not in "05":
            return label
    return choices.labels[0]


def human_favourites(toss: Toss, choices: Choices) -> str:
    """Draws one of four numbers that people name often, six times in ten."""
    if toss.chance("favourite") < 0.6:
        return str(HUMAN_FAVOURITES[int(toss.chance("which") * len(HUMAN_FAVOURITES))])
    return as_asked(toss, choices)


def _fall(pick: Pick) -> Fall:
    return lambda toss: pick(toss, choices_of(toss.text))


def stated(toss: Toss, label: str) -> CoinAnswer:
    """In the format that was asked for; a number of a range is a number in JSON too."""
    if toss.structured:
        outcome: object = int(label) if _RANGE.search(toss.text) else label
        return CoinAnswer(content=json.dumps({"outcome": outcome}, ensure_ascii=False))
    return CoinAnswer(content=f"I imagine one draw.\nOutput: {label}")


_STRUCTURED = ("max_tokens", "response_format", "structured_outputs", "temperature")


def _sampler(name: str, says: str, pick: Pick, **what: Any) -> Coin:
    truth = Truth(p=None, says=says)
    return Coin(id=f"simulated/{name}", truth=truth, fall=_fall(pick), manner=stated, **what)


DICE: tuple[Coin, ...] = (
    _sampler("as-asked", "Draws as asked.", as_asked, parameters=_STRUCTURED),
    _sampler("loaded", "Draws 6 two times in ten, whatever is asked, else as asked.", loaded("6", 0.2)),
    _sampler("always-4", "Always draws 4.", always("4")),
    _sampler("even", "Draws each outcome equally often, whatever is asked.", evenly),
    _sampler("first-named", "Takes what is named first.", first_named),
    _sampler("too-even", "Goes through all outcomes before it repeats one.", too_even),
    _sampler("off-list", "Names what was not offered once in ten draws.", off_list),
)
"""The catalogue for studies of a few outcomes."""

NUMBERS: tuple[Coin, ...] = (
    _sampler("as-asked", "Draws as asked.", as_asked, parameters=_STRUCTURED),
    _sampler("always-42", "Always draws 42.", always("42")),
    _sampler("human-favourites", "Draws 7, 37, 42 or 73 six times in ten.", human_favourites),
    _sampler("no-round-numbers", "Never draws a number that ends in 0 or 5.", no_round_numbers),
    _sampler("too-even", "Goes through all numbers before it repeats one.", too_even),
)
"""The catalogue for studies of a range."""

SAMPLER_TRUTHS: Mapping[str, str] = {coin.id: coin.truth.says for coin in (*DICE, *NUMBERS) if coin.truth}
"""The truth about each of them, by name."""
