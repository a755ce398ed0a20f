"""Completions: what a coin said, in the shape and at the price in which the protocol carries it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flipsite.collect.catalogue import read_entry
from flipsite.collect.costs import about_tokens, worst_case_usd
from flipsite.collect.simulated.coins import Coin, CoinAnswer, Toss
from flipsite.collect.simulated.faults import Fault
from flipsite.domain.catalogue import Model
from flipsite.domain.money import NOTHING, Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """One request for a completion.

    Attributes:
        coin: Which is asked.
        toss: What it is asked.
        text: The whole prompt.
        max_tokens: As sent.
        logprobs: Log-probabilities are asked for.
        attempt: How often this draw was asked before.
        fault: What goes wrong.
    """

    coin: Coin
    toss: Toss
    text: str
    max_tokens: int
    attempt: int
    fault: Fault | None
    logprobs: bool = False


def cost_usd(call: CompletionRequest, said: CoinAnswer) -> Usd:
    """An answer's cost: tokens at the announced prices, except for the fault that bills tenfold."""
    if call.fault in (Fault.CHOICE_ERROR, Fault.CACHE_HIT):
        return NOTHING
    if call.fault is Fault.TEN_TIMES:
        model = read_entry(call.coin.listed())
        if isinstance(model, Model):
            return 10 * worst_case_usd(model, text=call.text, max_tokens=call.max_tokens)
    price = call.coin.price
    return (
        about_tokens(call.text) * price.prompt_usd
        + said.completion_tokens * price.completion_usd
        + price.request_usd
    )


def completion(call: CompletionRequest, said: CoinAnswer, *, generation: str) -> dict[str, Any]:
    """The body of an answer."""
    choice: dict[str, Any] = {
        "index": 0,
        "logprobs": None,
        "finish_reason": said.finish_reason,
        "native_finish_reason": said.finish_reason,
        "message": {"role": "assistant", "content": said.content, "refusal": said.refusal, "reasoning": None},
    }
    if call.fault is Fault.CHOICE_ERROR:
        choice["error"] = {"code": 502, "message": "Provider disconnected"}
    body: dict[str, Any] = {
        "id": generation,
        "provider": "Simulated",
        "model": call.coin.id,
        "object": "chat.completion",
        "created": 1_757_289_600 + call.toss.draw,
        "choices": [choice],
        "usage": _usage(call, said),
    }
    if call.fault is Fault.NO_PROVIDER:
        del body["provider"], choice["native_finish_reason"]
    return body


def _usage(call: CompletionRequest, said: CoinAnswer) -> Mapping[str, Any]:
    hit = call.fault is Fault.CACHE_HIT
    prompt_tokens = 0 if hit else about_tokens(call.text)
    completion_tokens = 0 if hit else said.completion_tokens
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "cost": cost_usd(call, said).dollars,
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0 if hit else said.thought_tokens},
    }
    if call.fault in (Fault.UNPRICED, Fault.NEVER_PRICED):
        del usage["cost"]
    return usage
