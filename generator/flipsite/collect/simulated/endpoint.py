"""The endpoint: OpenRouter's protocol as an ASGI application, with books of what it billed."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from flipsite.collect.simulated.coins import COINS, Coin, toss_of
from flipsite.collect.simulated.faults import (
    Answer,
    Fault,
    Message,
    Receive,
    Send,
    altered,
    refusal,
    refused,
    respond,
    whole,
)
from flipsite.collect.simulated.logprobs import token_list
from flipsite.collect.simulated.responses import CompletionRequest, completion, cost_usd
from flipsite.domain.money import NOTHING, Usd, dollars, total

DRAW_HEADER = "X-Flipsite-Draw"
"""Carries the draw's number, so that concurrency changes no coin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How the endpoint treats its clients.

    Attributes:
        key: The only key that is accepted; any, or none, where None.
        limit_usd: The account's, as `/key` states it; what is asked beyond it is answered with 402.
        latency_s: How long each completion takes.
        slow_s: How much longer a slow coin takes.
        retry_after: What a rate limit asks for.
        late_prices: How often `/generation` answers 404 before it knows a price.
    """

    key: str | None = None
    limit_usd: Usd | None = None
    latency_s: float = 0.0
    slow_s: float = 0.02
    retry_after: str = "0"
    late_prices: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The bill of one answer, as the endpoint records it."""

    generation: str
    model: str
    draw: int
    cost_usd: Usd


class Endpoint:
    """An ASGI application that plays OpenRouter.

    Attributes:
        bills: Every answer's, by its generation id.
        n_requests: Requests for completions, by model, refused ones included.
        most_in_flight: The most completions there were at once.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        coins: Sequence[Coin] = COINS,
        faults: Mapping[str, Iterable[Fault | None]] | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        """Set up the coins; nothing is served yet.

        Args:
            seed: Of all chance.
            coins: The catalogue.
            faults: For each model what goes wrong with its requests, in order; then nothing.
            conditions: The defaults where None.
        """
        self._seed = seed
        self._coins = {coin.id: coin for coin in coins}
        self._faults: dict[str, Iterator[Fault | None]] = {
            model: iter(script) for model, script in (faults or {}).items()
        }
        self._conditions = conditions or Conditions()
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._price_asks: Counter[str] = Counter()
        self._never_priced: set[str] = set()
        self._in_flight = 0
        self.bills: dict[str, Bill] = {}
        self.n_requests: Counter[str] = Counter()
        self.most_in_flight = 0

    def billed_usd(self, model: str | None = None) -> Usd:
        """The sum of all bills, or of one model's."""
        return total(bill.cost_usd for bill in self.bills.values() if model in (None, bill.model))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; the ASGI protocol's entry."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"].rstrip("/").rpartition("/")[2]
        key = self._conditions.key
        if key is not None and path != "models" and headers.get("authorization") != f"Bearer {key}":
            answer = refusal(401, "User not found.")
        elif path == "models":
            answer = Answer(body={"data": [coin.listed() for coin in self._coins.values()]})
        elif path == "key":
            answer = Answer(body={"data": self._account()})
        elif path == "generation":
            answer = self._generation(parse_qs(scope["query_string"].decode("latin-1")).get("id", [""])[0])
        elif path == "completions":
            answer = await self._completions(await whole(receive), headers)
        else:
            answer = refusal(404, "Not Found")
        await respond(send, answer)

    async def _completions(self, raw: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            call = self._call(json.loads(raw), headers)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return refusal(400, f"Invalid request: {type(error).__name__} {error}")
        if call is None:
            return refusal(404, "No endpoints found for this model.")
        if call.max_tokens < 16:
            return refusal(400, "max_tokens must be at least 16")
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await self._wait(call)
            return self._answer(call)
        finally:
            self._in_flight -= 1

    def _call(self, body: Any, headers: Mapping[str, str]) -> CompletionRequest | None:
        """The request, counted; None for a model that is not offered."""
        coin = self._coins.get(body["model"])
        if coin is None:
            return None
        draw = int(headers.get(DRAW_HEADER.lower(), self.n_requests[coin.id]))
        attempt = self._attempts[coin.id, draw]
        fault = self._fault(coin, draw, attempt)
        if fault is Fault.UNSUPPORTED and "response_format" not in body:
            fault = None
        call = CompletionRequest(
            coin=coin,
            toss=toss_of(body, seed=self._seed, draw=draw),
            text="\n".join(str(message["content"]) for message in body["messages"]),
            max_tokens=int(body["max_tokens"]),
            logprobs=body.get("logprobs") is True,
            attempt=attempt,
            fault=fault,
        )
        self._attempts[coin.id, draw] += 1
        self.n_requests[coin.id] += 1
        return call

    def _fault(self, coin: Coin, draw: int, attempt: int) -> Fault | None:
        limit = self._conditions.limit_usd
        if limit is not None and self.billed_usd() >= limit:
            return Fault.NO_CREDIT
        if coin.fault:
            return Fault(coin.fault)
        if coin.limited and draw % 3 == 2 and attempt == 0:
            return Fault.UPSTREAM_LIMITED
        return next(self._faults.get(coin.id, iter(())), None)

    async def _wait(self, call: CompletionRequest) -> None:
        seconds = self._conditions.latency_s + (self._conditions.slow_s if call.coin.slow else 0.0)
        if call.fault is Fault.HANGS:
            seconds = 3_600.0
        if seconds:
            await asyncio.sleep(seconds)

    def _answer(self, call: CompletionRequest) -> Answer:
        coin, fault = call.coin, call.fault
        own = refused(fault, model=coin.id, retry_after=self._conditions.retry_after) if fault else None
        if own:
            return own
        label = coin.fall(call.toss)
        said = altered(coin.manner(call.toss, label), fault)
        name = f"{self._seed}\n{coin.id}\n{call.toss.draw}\n{call.attempt}"
        generation = f"gen-{hashlib.sha256(name.encode()).hexdigest()[:24]}"
        self.bills[generation] = Bill(
            generation=generation, model=coin.id, draw=call.toss.draw, cost_usd=cost_usd(call, said)
        )
        if fault is Fault.NEVER_PRICED:
            self._never_priced.add(generation)
        headers = {"x-generation-id": generation}
        if fault is Fault.CACHE_HIT:
            headers["x-openrouter-cache-status"] = "HIT"
        body = completion(call, said, generation=generation)
        if call.logprobs and coin.weigh and said.content:
            p = coin.weigh(call.toss)
            tokens = token_list(said.content, call.toss, label, p=p, form=coin.logprob_form)
            body["choices"][0]["logprobs"] = {"content": tokens}
        if fault is Fault.BROKEN_JSON:
            return Answer(body=json.dumps(body).encode()[:120], headers=headers)
        return Answer(body=body, headers=headers)

    def _generation(self, generation: str) -> Answer:
        """A price is stated only after a few requests for it, as by the real one."""
        bill = self.bills.get(generation)
        self._price_asks[generation] += 1
        late = self._price_asks[generation] <= self._conditions.late_prices
        if bill is None or late or generation in self._never_priced:
            return refusal(404, f"Generation {generation[:60]} not found")
        data = {
            "id": generation,
            "model": bill.model,
            "total_cost": bill.cost_usd.dollars,
            "provider_name": "Simulated",
        }
        return Answer(body={"data": data})

    def _account(self) -> dict[str, Any]:
        spent, limit = self.billed_usd(), self._conditions.limit_usd
        left = None if limit is None else max(NOTHING, limit - spent)
        limits = {"limit": dollars(limit), "limit_remaining": dollars(left), "usage": spent.dollars}
        return {"label": "simulated", **limits}
