"""Coins that give log-probabilities: in the forms of three servers, true to their draws or not."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from flipsite.collect.simulated.coins import STRUCTURED, Coin, LogprobForm, Toss, Truth, Weigh, biased

_TOKEN: Final = re.compile(r"[^\S\n]?\w+|\W", re.ASCII)
_VARIANTS: Final = (0.90, 0.05, 0.01)
"""How a label's probability is divided among its spellings: as it is, without the blank, with a quote."""

NEVER: Final = -9999.0
"""vLLM's stand-in for the logarithm of 0."""


def token_list(content: str, toss: Toss, label: str, *, p: float, form: LogprobForm) -> list[dict[str, Any]]:
    """The tokens of an answer with their log-probabilities.

    Args:
        content: What the coin said.
        toss: What it was asked.
        label: Which label it fell on.
        p: What it claims as the probability of outcome 1.
        form: Whose fields the tokens have.
    """
    pieces = _TOKEN.findall(content)
    place = max((index for index, piece in enumerate(pieces) if piece.strip() == label), default=-1)
    claimed = dict(zip(toss.labels, (1 - p, p), strict=True))
    tokens = []
    for index, piece in enumerate(pieces):
        top = _spellings(claimed, blank=piece[:1] == " ") if index == place else {piece: 0.99, " Well": 0.01}
        tokens.append(_token(piece, top, form=form))
    return tokens


def _spellings(claimed: Mapping[str, float], *, blank: bool) -> dict[str, float]:
    """Each label in several spellings, most likely as it is in the answer, and another word."""
    top = {" Well": 1 - sum(_VARIANTS)}
    for label, p in claimed.items():
        names = (f" {label}", label, f'"{label}') if blank else (label, f" {label}", f' "{label}')
        top |= {name: p * share for name, share in zip(names, _VARIANTS, strict=True)}
    return top


def _token(piece: str, top: Mapping[str, float], *, form: LogprobForm) -> dict[str, Any]:
    listed = sorted(top.items(), key=lambda pair: (-pair[1], pair[0]))
    if form == "llama.cpp":
        listed = [pair for pair in listed if pair[1] > 0]
    alternatives = [_entry(name, p, form=form) for name, p in listed]
    return _entry(piece, top[piece], form=form) | {"top_logprobs": alternatives}


def _entry(token: str, p: float, *, form: LogprobForm) -> dict[str, Any]:
    logprob = math.log(p) if p > 0 else NEVER
    entry: dict[str, Any] = {"token": token, "logprob": logprob}
    if form == "llama.cpp":
        entry = {"id": sum(token.encode()), **entry}
    return entry if form == "ollama" else entry | {"bytes": list(token.encode())}


def _says(p: float) -> Weigh:
    return lambda toss: p


def _wavering(toss: Toss) -> float:
    """Another probability each time, as after reasoning of its own: 0.1 or 0.9."""
    return 0.9 if toss.chance("reasoning") < 0.5 else 0.1


def _falls_as_it_wavers(toss: Toss) -> str:
    return toss.labels[toss.chance("fall") < _wavering(toss)]


_GIVES = (*STRUCTURED, "logprobs", "top_logprobs")


def _coin(name: str, p: float, says: str, **what: Any) -> Coin:
    return Coin(id=f"simulated/{name}", truth=Truth(p=p, says=says), parameters=_GIVES, **what)


LOGPROB_COINS: tuple[Coin, ...] = (
    _coin(
        "says-0.7",
        0.7,
        "Falls on 1 seven times in ten, and its log-probabilities say so.",
        fall=biased(0.7),
        weigh=_says(0.7),
    ),
    _coin(
        "says-0.5",
        0.5,
        "A fair coin whose log-probabilities say so.",
        weigh=_says(0.5),
        logprob_form="vllm",
    ),
    _coin(
        "says-0.5-falls-0.9",
        0.9,
        "Falls on 1 nine times in ten; its log-probabilities say five.",
        fall=biased(0.9),
        weigh=_says(0.5),
        logprob_form="ollama",
    ),
    _coin(
        "wavers",
        0.5,
        "Each time it is sure of one side, nine to one; which side it is, is even.",
        fall=_falls_as_it_wavers,
        weigh=_wavering,
        logprob_form="llama.cpp",
    ),
    _coin("says-nothing", 0.5, "A fair coin that promises log-probabilities and sends none."),
)
"""The catalogue for coin studies that ask for log-probabilities."""
