"""Coins of known truth: which there are, what is true of each, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flipsite.collect.simulated import habits
from flipsite.domain.catalogue import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of a coin.

    Attributes:
        p: Probability of outcome 1 among its valid draws, where outcome 1 is the label that sorts last (as 1
            does, or tails); None where no draw is ever valid.
        says: The same in words, with what else it does.
    """

    p: float | None
    says: str


CHEAP = Price(prompt_usd=1e-7, completion_usd=4e-7)
DEAR = Price(prompt_usd=1e-4, completion_usd=4e-4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """A simulated model.

    Attributes:
        id: Under `simulated/`, so that nobody takes it for a real one.
        truth: What is true of it; None for what is never asked.
        fall: Which label it falls on.
        manner: How it says so.
        price: As announced, and as billed.
        parameters: As advertised.
        slow: It waits before it answers, by the endpoint's `slow_s`.
        limited: Every third draw is first answered with 429.
        fault: What goes wrong with each of its requests, as `faults.Fault` calls it.
        entry: Further fields of its catalogue entry.
    """

    id: str
    truth: Truth | None
    fall: habits.Fall = habits.fair
    manner: habits.Manner = habits.plain
    price: Price = CHEAP
    parameters: tuple[str, ...] = ("max_tokens", "temperature")
    slow: bool = False
    limited: bool = False
    fault: str | None = None
    entry: Mapping[str, Any] = field(default_factory=dict)

    def listed(self) -> dict[str, Any]:
        """Its entry of the catalogue."""
        pricing = {
            "prompt": f"{self.price.prompt_usd:.12f}",
            "completion": f"{self.price.completion_usd:.12f}",
            "request": f"{self.price.request_usd:.12f}",
        }
        return {
            "id": self.id,
            "canonical_slug": self.id,
            "name": f"Simulated: {self.id.partition('/')[2]}",
            "created": 1_757_289_600,
            "description": self.truth.says if self.truth else "Never asked.",
            "context_length": 8_192,
            "architecture": {
                "modality": "text->text",
                "input_modalities": ["text"],
                "output_modalities": ["text"],
                "tokenizer": "Other",
                "instruct_type": None,
            },
            "pricing": pricing,
            "top_provider": {"context_length": 8_192, "max_completion_tokens": 4_096, "is_moderated": False},
            "per_request_limits": None,
            "supported_parameters": list(self.parameters),
        } | dict(self.entry)


def fair_coin(name: str) -> Coin:
    """A fair coin of any name, for crowds."""
    return Coin(id=name, truth=Truth(p=0.5, says="A fair coin."))


_STRUCTURED = ("max_tokens", "response_format", "structured_outputs", "temperature")
_ROUTED = {"pricing": {"prompt": "-1", "completion": "-1"}}


def _coin(name: str, p: float | None, says: str, **what: Any) -> Coin:
    return Coin(id=f"simulated/{name}", truth=Truth(p=p, says=says), **what)


COINS: tuple[Coin, ...] = (
    _coin("fair", 0.5, "A fair coin.", parameters=_STRUCTURED),
    _coin("biased-0.6", 0.6, "Falls on 1 six times in ten.", fall=habits.biased(0.6), parameters=_STRUCTURED),
    _coin(
        "biased-0.9", 0.9, "Falls on 1 nine times in ten.", fall=habits.biased(0.9), parameters=_STRUCTURED
    ),
    _coin("always-one", 1.0, "Always falls on 1.", fall=habits.biased(1.0), parameters=("max_tokens",)),
    _coin(
        "alternating", 0.5, "Falls 0, 1, 0, 1 …: balanced, and not random at all.", fall=habits.alternating
    ),
    _coin(
        "sticky", 0.5, "Fair in the long run, but stays on its side nine times in ten.", fall=habits.sticky
    ),
    _coin(
        "first-named",
        0.5,
        "Takes what is named first: balanced only if both orders are asked.",
        fall=habits.first_named,
    ),
    _coin("refuses-30", 0.5, "A fair coin that refuses three draws in ten.", manner=habits.refusing),
    _coin("chatty", 0.5, "A fair coin that says so in many ways.", manner=habits.chatty),
    _coin("never-parses", None, "A fair coin that never states its output.", manner=habits.unreadable),
    _coin(
        "ponders",
        0.5,
        "A fair coin that thinks first, and once in ten until it is cut.",
        manner=habits.pondering,
        parameters=("include_reasoning", "max_tokens", "reasoning"),
    ),
    _coin("slow", 0.5, "A fair coin that takes its time.", slow=True),
    _coin("rate-limited", 0.5, "A fair coin behind a rate limit.", limited=True),
    _coin(
        "dear",
        0.5,
        "A fair coin at a thousand times the price.",
        price=Price(prompt_usd=1e-4, completion_usd=4e-4),
    ),
    Coin(id="simulated/fair:free", truth=None, price=Price(prompt_usd=0.0, completion_usd=0.0)),
    Coin(id="~simulated/fair-latest", truth=None),
    Coin(id="simulated/router", truth=None, entry=_ROUTED),
    Coin(id="simulated/coin-guard", truth=None),
    Coin(id="simulated/gone", truth=None, entry={"expiration_date": "2025-09-30"}),
)
"""The catalogue: fourteen coins, and five entries that no study asks."""

TRUTHS: Mapping[str, Truth] = {coin.id: coin.truth for coin in COINS if coin.truth}
"""What is true of each coin, by name; the controls study shows its estimates against it."""
