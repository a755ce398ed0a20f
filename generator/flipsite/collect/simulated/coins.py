"""Coins of known truth: which there are, what is true of each, and what it costs.

Habits: on which side a coin falls, and the words in which it says so.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from flipsite.domain.catalogue import Price
from flipsite.domain.money import NOTHING, usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Toss:
    """One draw as a coin sees it.

    Attributes:
        seed: The endpoint's.
        model: The coin's name.
        draw: The draw's number.
        first: The label the prompt names first.
        second: The other.
        structured: JSON is asked for.
        count: Draws asked for in one answer.
        text: The whole prompt, for what is asked other than flips.
    """

    seed: int
    model: str
    draw: int
    first: str
    second: str
    structured: bool
    count: int = 1
    text: str = ""

    @property
    def labels(self) -> tuple[str, str]:
        """The labels of outcome 0 and outcome 1, whatever their order in the prompt."""
        zero, one = sorted((self.first, self.second))
        return zero, one

    def chance(self, purpose: str, *, draw: int | None = None) -> float:
        """A number from 0 to below 1 that depends on seed, coin, draw and purpose alone."""
        key = f"flipsite coin 1\n{self.seed}\n{self.model}\n{self.draw if draw is None else draw}\n{purpose}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big") / 2**56


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinAnswer:
    """A coin's answer; `thought_tokens` are billed as completion."""

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None
    thought_tokens: int = 0

    @property
    def completion_tokens(self) -> int:
        """Tokens billed: four bytes each, and what was thought."""
        text = (self.content or "") + (self.refusal or "")
        return math.ceil(len(text.encode()) / 4) + self.thought_tokens


Fall = Callable[[Toss], str]
Manner = Callable[[Toss, str], CoinAnswer]
Weigh = Callable[[Toss], float]
"""From a toss to the probability of outcome 1 that a coin's log-probabilities claim."""

LogprobForm = Literal["openrouter", "vllm", "ollama", "llama.cpp"]


def toss_of(body: Mapping[str, Any], *, seed: int, draw: int) -> Toss:
    """Read the labels where a model would: in the schema, in the set, or in the format's example."""
    text = "\n".join(str(message.get("content")) for message in body["messages"] if isinstance(message, dict))
    structured = isinstance(body.get("response_format"), dict)
    labels, count = ("0", "1"), _COUNT.search(text)
    if structured:
        properties = body["response_format"]["json_schema"]["schema"]["properties"]
        one = properties.get("outcome") or properties.get("outcomes", {}).get("items", {})
        labels = tuple(one.get("enum", labels))
    else:
        for named in (_SET.search(text), _EXAMPLE.search(text)):
            if named:
                labels = (named[1], named[2])
                break
    return Toss(
        seed=seed,
        model=body["model"],
        draw=draw,
        first=labels[0],
        second=labels[1],
        structured=structured,
        count=int(count[1]) if count else 1,
        text=text,
    )


def biased(p: float) -> Fall:
    """Falls on outcome 1 with probability p."""
    return lambda toss: toss.labels[toss.chance("fall") < p]


fair = biased(0.5)


def alternating(toss: Toss) -> str:
    """Falls 0, 1, 0, 1 and so on."""
    return toss.labels[toss.draw % 2]


def sticky(toss: Toss) -> str:
    """Begins anywhere and stays on its side nine times in ten."""
    side = toss.chance("fall", draw=0) < 0.5
    for draw in range(1, toss.draw + 1):
        side ^= toss.chance("fall", draw=draw) >= 0.9
    return toss.labels[side]


def first_named(toss: Toss) -> str:
    """Takes what the prompt names first."""
    return toss.first


def likes_a_label(toss: Toss) -> str:
    """Takes one label of each pair, whatever its place: of 0 and 1 the 1, of others one by a hash."""
    zero, one = toss.labels
    return zero if hashlib.sha256(f"{zero}\n{one}".encode()).digest()[0] % 2 else one


def likes_alphabet(toss: Toss) -> str:
    """Takes the label that comes first in the alphabet."""
    return toss.labels[0]


def slow_drift(toss: Toss) -> str:
    """Falls on outcome 1 with a probability that runs down to 0.1, up to 0.9 and back over fifty draws."""
    return toss.labels[toss.chance("fall") < 0.5 - 0.4 * math.sin(2 * math.pi * (toss.draw + 0.5) / 50)]


def plain(toss: Toss, label: str) -> CoinAnswer:
    """In the format that was asked for."""
    if toss.structured:
        return CoinAnswer(content=json.dumps({"outcome": label}, ensure_ascii=False))
    return CoinAnswer(content=f"Explanations: I imagine one flip of a coin.\nOutput: {label}")


def refusing(toss: Toss, label: str) -> CoinAnswer:
    """Refuses three times in ten, half of them in the field meant for it."""
    if toss.chance("refuse") >= 0.3:
        return plain(toss, label)
    words = "I'm sorry, but I cannot flip a coin."
    return CoinAnswer(content=None, refusal=words) if toss.draw % 2 else CoinAnswer(content=words)


def chatty(toss: Toss, label: str) -> CoinAnswer:
    """Says the same in the ways models are used to."""
    zero, one = toss.labels
    ways = (
        f"**Explanations:** Both {zero} and {one} have probability 0.5.\n\n**Output:** {label}",
        f"<think>Output: {zero}? Or Output: {one}? Hmm.</think>\n\nExplanations: a flip.\nOutput: `{label}`",
        f"```\nExplanations: I flip.\nOutput: {label}\n```\n\nLet me know if you need another flip!",
        f"### Explanations\nA mental coin, a fair one.\n\n### Output\n**{label}**",
        f"<format>\nExplanations: none\nOutput: [{label}]\n</format>",
        f"Sure!\n\n- Explanations: I have no random number generator.\n- Output： “{label}”.",
        f"Output: {label} [1]\n\nOnce more:\nOUTPUT: {label} (trial 1)\n\n[1] {zero} and {one} are alike.",
        rf"Explanations: heads or tails.\n\nOutput: $\boxed{{{label}}}$",
    )
    return CoinAnswer(content=ways[int(toss.chance("way") * len(ways))])


def unreadable(toss: Toss, label: str) -> CoinAnswer:
    """Talks around it."""
    ways = (
        "The coin has landed. What a flip!",
        f"Output: {toss.first} or {toss.second}, each with probability 0.5",
        "Output: 0.5",
        f"I would say that {label} feels right this time.",
        "Output: [Your output MUST be an integer in the set]",
    )
    return CoinAnswer(content=ways[int(toss.chance("way") * len(ways))])


def pondering(toss: Toss, label: str) -> CoinAnswer:
    """Thinks first, and once in ten thinks until it is cut."""
    thought = 100 + int(toss.chance("thought") * 400)
    if toss.chance("cut") < 0.1:
        return CoinAnswer(content="", finish_reason="length", thought_tokens=thought)
    return replace(plain(toss, label), thought_tokens=thought)


_SET = re.compile(r"the set \{(.{1,80}?), (.{1,80}?)\}")
_COUNT = re.compile(r"exactly (\d{1,4}) independent draws")
_EXAMPLE = re.compile(r'"Output: (.{1,80}?)" or "Output: (.{1,80}?)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth about a coin.

    Attributes:
        p: Probability of outcome 1 among its valid draws, where outcome 1 is the label that sorts last (as 1
            does, or tails); None where no draw is ever valid.
        says: The same in words, with what else it does.
    """

    p: float | None
    says: str


CHEAP = Price(prompt_usd=usd(1e-7), completion_usd=usd(4e-7))
DEAR = Price(prompt_usd=usd(1e-4), completion_usd=usd(4e-4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """A simulated model.

    Attributes:
        id: Under `simulated/`, so that it is not taken for a real one.
        truth: What is true of it; None for what is never asked.
        fall: Which label it falls on.
        manner: How it says so.
        weigh: What its log-probabilities claim; it gives none where None.
        logprob_form: Whose fields they have.
        price: As announced, and as billed.
        parameters: As advertised.
        slow: It waits before it answers, by the endpoint's `slow_s`.
        limited: Every third draw is first answered with 429.
        fault: What goes wrong with each of its requests, as `faults.Fault` calls it.
        entry: Further fields of its catalogue entry.
    """

    id: str
    truth: Truth | None
    fall: Fall = fair
    manner: Manner = plain
    weigh: Weigh | None = None
    logprob_form: LogprobForm = "openrouter"
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


STRUCTURED = ("max_tokens", "response_format", "structured_outputs", "temperature")
_ROUTED = {"pricing": {"prompt": "-1", "completion": "-1"}}


def _coin(name: str, p: float | None, says: str, **what: Any) -> Coin:
    return Coin(id=f"simulated/{name}", truth=Truth(p=p, says=says), **what)


COINS: tuple[Coin, ...] = (
    _coin("fair", 0.5, "A fair coin.", parameters=STRUCTURED),
    _coin("biased-0.6", 0.6, "Falls on 1 six times in ten.", fall=biased(0.6), parameters=STRUCTURED),
    _coin("biased-0.9", 0.9, "Falls on 1 nine times in ten.", fall=biased(0.9), parameters=STRUCTURED),
    _coin("always-one", 1.0, "Always falls on 1.", fall=biased(1.0), parameters=("max_tokens",)),
    _coin("alternating", 0.5, "Falls 0, 1, 0, 1 …: balanced, and not random at all.", fall=alternating),
    _coin("sticky", 0.5, "Fair in the long run, but stays on its side nine times in ten.", fall=sticky),
    _coin(
        "first-named",
        0.5,
        "Takes what is named first: balanced only if both orders are asked.",
        fall=first_named,
    ),
    _coin(
        "likes-a-label",
        1.0,
        "Takes one label of each pair, of 0 and 1 the 1: balanced only if labels are fresh.",
        fall=likes_a_label,
    ),
    _coin(
        "likes-alphabet",
        0.0,
        "Takes the label that comes first in the alphabet: balanced only if labels are fresh.",
        fall=likes_alphabet,
    ),
    _coin(
        "slow-drift",
        0.5,
        "Falls on 1 seldom, then often, and back, every fifty draws: balanced only in the long run.",
        fall=slow_drift,
    ),
    _coin("refuses-30", 0.5, "A fair coin that refuses three draws in ten.", manner=refusing),
    _coin("chatty", 0.5, "A fair coin that says so in many ways.", manner=chatty),
    _coin("never-parses", None, "A fair coin that never states its output.", manner=unreadable),
    _coin(
        "ponders",
        0.5,
        "A fair coin that thinks first, and once in ten until it is cut.",
        manner=pondering,
        parameters=("include_reasoning", "max_tokens", "reasoning"),
    ),
    _coin("slow", 0.5, "A fair coin that takes its time.", slow=True),
    _coin("rate-limited", 0.5, "A fair coin behind a rate limit.", limited=True),
    _coin(
        "dear",
        0.5,
        "A fair coin at a thousand times the price.",
        price=DEAR,
    ),
    Coin(id="simulated/fair:free", truth=None, price=Price(prompt_usd=NOTHING, completion_usd=NOTHING)),
    Coin(id="~simulated/fair-latest", truth=None),
    Coin(id="simulated/router", truth=None, entry=_ROUTED),
    Coin(id="simulated/coin-guard", truth=None),
    Coin(id="simulated/gone", truth=None, entry={"expiration_date": "2025-09-30"}),
)
"""The catalogue: seventeen coins, and five entries that no study asks."""

TRUTHS: Mapping[str, Truth] = {coin.id: coin.truth for coin in COINS if coin.truth}
"""The truth about each coin, by name; the controls study shows its estimates beside it."""
