"""The simulated endpoint: coins of known truth, the protocol's shapes, and each fault in its turn."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from flipsite.collect.catalogue import catalogue, fetch_catalogue, read_page
from flipsite.collect.costs import Mode, worst_case_usd
from flipsite.collect.prompt import questions
from flipsite.collect.reading.answer import read_answer
from flipsite.collect.requests import request_body
from flipsite.collect.selection import choose
from flipsite.collect.simulated import (
    COINS,
    DRAW_HEADER,
    TRUTHS,
    Coin,
    Conditions,
    Endpoint,
    Fault,
    fair_coin,
    fault_coins,
)
from flipsite.collect.simulated.coins import Toss
from flipsite.collect.simulated.server import serving
from flipsite.domain.draws import Outcome, Rejected, Status
from flipsite.domain.money import total, usd
from flipsite.domain.study import OrderMode, Prompt
from flipsite.settings import default_study

STUDY = default_study("controls")
BASE = "http://simulated/api/v1"
BY_ID = {coin.id: coin for coin in COINS}


def asked(name: str, *, draw: int = 0, orders: OrderMode = "one", mode: Mode = "text") -> dict[str, Any]:
    """The body of a real request to a coin."""
    prompt = Prompt(template=STUDY.prompt.template, orders=orders)
    question = questions(prompt, n_draws=draw + 1, model=name, seed=0)[draw]
    offered = catalogue([coin.listed() for coin in (*COINS, *fault_coins())], fetched="2025-09-08")
    model = next(model for model in offered.models if model.id == name)
    return request_body(model, question, STUDY, mode)


def talk(endpoint: Endpoint, *bodies: dict[str, Any], draws: list[int] | None = None) -> list[httpx.Response]:
    """The endpoint's answers, asked all at once, in the order of the bodies."""

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint)) as client:
            posts = [
                client.post(
                    f"{BASE}/chat/completions", json=body, headers={DRAW_HEADER: str(draw)} if draws else {}
                )
                for body, draw in zip(bodies, draws or [0] * len(bodies), strict=True)
            ]
            return await asyncio.gather(*posts)

    return asyncio.run(all_at_once())


def get(endpoint: Endpoint, path: str, **headers: str) -> httpx.Response:
    async def one() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint)) as client:
            return await client.get(f"{BASE}{path}", headers=headers)

    return asyncio.run(one())


def tosses(name: str, n: int, seed: int = 1) -> list[Outcome | Rejected]:
    """The outcomes of a coin's draws, both orders asked in turn."""
    coin, found = BY_ID[name], []
    for draw in range(n):
        first, second = ("0", "1") if draw % 2 else ("1", "0")
        toss = Toss(seed=seed, model=name, draw=draw, first=first, second=second, structured=False)
        said = coin.manner(toss, coin.fall(toss))
        found.append(
            read_answer(
                said.content, labels=("0", "1"), finish_reason=said.finish_reason, refusal=said.refusal
            )
        )
    return found


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_each_coin_keeps_to_its_truth(name: str) -> None:
    """Over 3,000 draws the share of ones lies within four standard errors of the stated probability."""
    n_draws = 120 if name == "simulated/sticky" else 3_000
    runs = range(30) if name == "simulated/sticky" else range(1)
    outcomes = [
        found for seed in runs for found in tosses(name, n_draws, seed=seed) if isinstance(found, Outcome)
    ]
    truth = TRUTHS[name].p
    if truth is None:
        assert not outcomes
        return
    share = sum(found.index for found in outcomes) / len(outcomes)
    spread = (
        4.4 if name == "simulated/sticky" else 1.0
    )  # a chain that stays 9 times in 10 has sqrt(19) times the error
    assert abs(share - truth) <= 4 * spread * (truth * (1 - truth) / len(outcomes)) ** 0.5


def test_statuses_are_what_the_coins_are_for() -> None:
    """The refuser refuses about 30 %, the ponderer is cut about 10 %, the chatty is always read."""
    counts = {
        name: Counter(
            found.status if isinstance(found, Rejected) else Status.VALID
            for found in tosses(f"simulated/{name}", 2_000)
        )
        for name in ("refuses-30", "ponders", "chatty", "never-parses")
    }
    assert 520 < counts["refuses-30"][Status.REFUSED] < 680
    assert 140 < counts["ponders"][Status.TRUNCATED] < 260
    assert counts["chatty"] == {Status.VALID: 2_000}
    assert counts["never-parses"] == {Status.UNPARSED: 2_000}


def test_the_sticky_coin_stays_and_the_alternating_does_not() -> None:
    """Neighbouring draws agree nine times in ten, or never."""
    for name, low, high in (("sticky", 0.82, 0.97), ("alternating", 0.0, 0.0), ("fair", 0.4, 0.6)):
        outcomes = [found.index for found in tosses(f"simulated/{name}", 300) if isinstance(found, Outcome)]
        same = sum(a == b for a, b in pairwise(outcomes)) / (len(outcomes) - 1)
        assert low <= same <= high


def test_arrival_order_changes_no_draw() -> None:
    """The same draws asked in another order, and at once, get the same answers at the same price."""
    bodies = {draw: asked("simulated/chatty", draw=draw) for draw in range(40)}
    order = sorted(bodies, key=lambda draw: draw * 17 % 40)
    straight = talk(Endpoint(seed=5), *bodies.values(), draws=list(bodies))
    shuffled = talk(Endpoint(seed=5), *(bodies[draw] for draw in order), draws=order)
    by_draw = dict(zip(order, shuffled, strict=True))
    assert [by_draw[draw].content for draw in bodies] == [answer.content for answer in straight]
    other_seed = talk(Endpoint(seed=6), *bodies.values(), draws=list(bodies))
    assert [answer.content for answer in other_seed] != [answer.content for answer in straight]


def test_the_same_prompt_fifty_times_is_fifty_flips() -> None:
    """Without the header each request is the next draw; identical prompts get both outcomes."""
    body = asked("simulated/fair")
    found = [
        read_answer(answer.json()["choices"][0]["message"]["content"], labels=("0", "1"))
        for answer in talk(Endpoint(seed=1), *[body] * 50)
    ]
    assert {Outcome(index=0), Outcome(index=1)} == set(found)


@pytest.mark.parametrize("mode", ["text", "structured"])
@pytest.mark.parametrize("pair", [("0", "1"), ("heads", "tails"), ("vesepo", "somomu")])
def test_labels_are_read_from_the_prompt_or_the_schema(mode: Mode, pair: tuple[str, str]) -> None:
    """A coin answers with one of the labels it was given, whatever they are."""
    prompt = Prompt(template=STUDY.prompt.template, outcomes=pair, orders="both")
    model = catalogue([BY_ID["simulated/fair"].listed()], fetched="").models[0]
    bodies = [
        request_body(model, question, STUDY, mode)
        for question in questions(prompt, n_draws=20, model=model.id, seed=0)
    ]
    found = [
        read_answer(answer.json()["choices"][0]["message"]["content"], labels=pair, mode=mode)
        for answer in talk(Endpoint(), *bodies)
    ]
    assert {Outcome(index=0), Outcome(index=1)} == set(found)


def test_the_first_named_coin_takes_what_is_named_first() -> None:
    """Asked in both orders it is balanced to the draw; asked in one it is constant."""
    both_ways: tuple[tuple[OrderMode, int], ...] = (("both", 10), ("one", 0))
    for orders, ones in both_ways:
        bodies = [asked("simulated/first-named", draw=draw, orders=orders) for draw in range(20)]
        answers = [answer.json()["choices"][0]["message"]["content"] for answer in talk(Endpoint(), *bodies)]
        assert sum(read_answer(answer, labels=("0", "1")) == Outcome(index=1) for answer in answers) == ones


def test_the_books_agree_with_the_answers() -> None:
    """The sum of `usage.cost` is what the endpoint billed, and what `/generation` and `/key` tell."""
    endpoint = Endpoint(conditions=Conditions(limit_usd=usd(10.0), late_prices=2))
    answers = [answer.json() for answer in talk(endpoint, *[asked("simulated/dear")] * 5)]
    spent = total(usd(answer["usage"]["cost"]) for answer in answers)
    assert endpoint.billed_usd() == endpoint.billed_usd("simulated/dear") == spent
    assert spent > usd(0.05)
    path = f"/generation?id={answers[0]['id']}"
    assert [get(endpoint, path).status_code for _ in range(3)] == [404, 404, 200]
    assert get(endpoint, path).json()["data"]["total_cost"] == answers[0]["usage"]["cost"]
    assert get(endpoint, "/key").json()["data"]["limit_remaining"] == (usd(10) - spent).dollars


def test_an_answer_never_costs_more_than_its_worst_case() -> None:
    """The endpoint bills by the prices it announces: within what was reserved."""
    for coin in COINS:
        (model,) = catalogue([coin.listed()], fetched="").models
        if coin.truth and model.price:
            body = asked(coin.id)
            (answer,) = talk(Endpoint(), body)
            text = body["messages"][0]["content"]
            assert usd(answer.json()["usage"]["cost"]) <= worst_case_usd(
                model, text=text, max_tokens=body["max_tokens"]
            )


def test_no_credit_is_left_once_the_limit_is_reached() -> None:
    """Beyond the account's limit every request is answered with 402."""
    endpoint = Endpoint(conditions=Conditions(limit_usd=usd(1e-9)))
    assert [answer.status_code for answer in talk(endpoint, *[asked("simulated/fair")] * 3)] == [
        200,
        402,
        402,
    ]


def test_the_key_is_asked_for_where_there_is_one() -> None:
    """Only the catalogue is open."""
    endpoint = Endpoint(conditions=Conditions(key="sk-simulated"))
    assert get(endpoint, "/models").status_code == 200
    assert get(endpoint, "/key").status_code == 401
    assert get(endpoint, "/key", Authorization="Bearer sk-simulated").status_code == 200
    assert talk(endpoint, asked("simulated/fair"))[0].status_code == 401


def test_the_rate_limited_coin_asks_for_patience_once() -> None:
    """Every third draw is refused at first, and answered when it is asked again."""
    endpoint = Endpoint(conditions=Conditions(retry_after="7"))
    body = asked("simulated/rate-limited")
    codes = [[talk(endpoint, body, draws=[draw])[0].status_code for _ in range(2)] for draw in range(6)]
    assert codes == [[200, 200], [200, 200], [429, 200]] * 2
    refused = talk(Endpoint(conditions=Conditions(retry_after="7")), body, draws=[2])[0]
    assert refused.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        {"model": "simulated/fair"},
        {"model": ["x"], "max_tokens": 16, "messages": []},
        {"model": "simulated/fair", "max_tokens": 16, "messages": [{}]},
        {"model": "simulated/fair", "max_tokens": 16, "messages": [], "response_format": {}},
        {"model": "simulated/fair", "max_tokens": 15, "messages": [{"content": "flip"}]},
    ],
)
def test_a_request_that_is_none_is_told_so(body: Any) -> None:
    """400 with the protocol's error shape, and nothing billed."""
    endpoint = Endpoint()
    (answer,) = talk(endpoint, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 400
    assert not endpoint.bills


def test_an_unknown_model_has_no_endpoints() -> None:
    """404, in the words of the real one."""
    (answer,) = talk(Endpoint(), asked("simulated/fair") | {"model": "nobody/nothing"})
    assert (answer.status_code, answer.json()["error"]["message"][:18]) == (404, "No endpoints found")


FAULTS: dict[Fault, tuple[int, Callable[[Any], object], int]] = {
    Fault.ERROR_BODY: (200, lambda body: "choices" not in body and body["error"]["code"] == 502, 0),
    Fault.CHOICE_ERROR: (200, lambda body: body["choices"][0]["error"]["code"] == 502, 1),
    Fault.RATE_LIMITED: (429, lambda body: "raw" not in body["error"].get("metadata", {}), 0),
    Fault.UPSTREAM_LIMITED: (429, lambda body: "raw" in body["error"]["metadata"], 0),
    Fault.NO_CREDIT: (402, lambda body: "credits" in body["error"]["message"], 0),
    Fault.BAD_KEY: (401, lambda body: body["error"]["code"] == 401, 0),
    Fault.MODERATED: (403, lambda body: body["error"]["metadata"]["reasons"], 0),
    Fault.NOT_FOUND: (404, lambda body: "No endpoints found" in body["error"]["message"], 0),
    Fault.UNSUPPORTED: (400, lambda body: "not supported" in body["error"]["message"], 0),
    Fault.BAD_GATEWAY: (502, lambda body: body["error"]["code"] == 502, 0),
    Fault.OVERLOADED: (529, lambda body: body["error"]["code"] == 529, 0),
    Fault.NULL_CONTENT: (200, lambda body: body["choices"][0]["message"]["content"] is None, 1),
    Fault.EMPTY_CONTENT: (200, lambda body: body["choices"][0]["message"]["content"] == "", 1),
    Fault.CUT: (200, lambda body: body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 512, 1),
    Fault.UNPRICED: (200, lambda body: "cost" not in body["usage"], 1),
    Fault.NEVER_PRICED: (200, lambda body: "cost" not in body["usage"], 1),
    Fault.CACHE_HIT: (200, lambda body: body["usage"]["cost"] == 0, 1),
    Fault.NO_PROVIDER: (200, lambda body: "provider" not in body, 1),
    Fault.TEN_TIMES: (200, lambda body: body["usage"]["cost"] > 0.003, 1),
}
UNREADABLE = {Fault.BAD_GATEWAY_PAGE: 502, Fault.BROKEN_JSON: 200}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_shape(fault: Fault) -> None:
    """Every fault of openrouter.md is served as it was seen, by name and by script alike."""
    code, shape, n_bills = FAULTS[fault]
    body = asked("simulated/fair", mode="structured")
    scripted = Endpoint(faults={"simulated/fair": [fault]})
    first, second = talk(scripted, body)[0], talk(scripted, body)[0]
    (always,) = talk(named := Endpoint(coins=fault_coins()), body | {"model": f"faults/{fault}"})
    for answer in (first, always):
        assert answer.status_code == code
        assert shape(answer.json())
    assert len(named.bills) == n_bills
    assert second.json()["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("fault", UNREADABLE)
def test_some_faults_are_no_json(fault: Fault) -> None:
    """A page in place of an error, an answer broken off: neither can be parsed."""
    (answer,) = talk(Endpoint(faults={"simulated/fair": [fault]}), asked("simulated/fair"))
    assert answer.status_code == UNREADABLE[fault]
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        answer.json()


def test_every_fault_is_tried_here() -> None:
    """No fault is without its test."""
    assert {*FAULTS, *UNREADABLE, Fault.HANGS} == set(Fault)


def test_a_cache_hit_is_marked_in_the_header() -> None:
    """The mark by which a replayed answer is told from a draw."""
    (answer,) = talk(Endpoint(faults={"simulated/fair": [Fault.CACHE_HIT]}), asked("simulated/fair"))
    assert answer.headers["x-openrouter-cache-status"] == "HIT"


def test_a_price_that_is_never_told_stays_untold() -> None:
    """`/generation` answers 404 however often it is asked."""
    endpoint = Endpoint(faults={"simulated/fair": [Fault.NEVER_PRICED]})
    (answer,) = talk(endpoint, asked("simulated/fair"))
    path = f"/generation?id={answer.json()['id']}"
    assert {get(endpoint, path).status_code for _ in range(5)} == {404}
    assert endpoint.billed_usd()


def test_whoever_hangs_is_given_up_by_the_client() -> None:
    """A silent model holds the request until the client's own patience ends."""
    endpoint = Endpoint(faults={"simulated/fair": [Fault.HANGS]})

    async def impatient() -> None:
        async with (
            httpx.AsyncClient(transport=httpx.ASGITransport(endpoint)) as client,
            asyncio.timeout(0.05),
        ):
            await client.post(f"{BASE}/chat/completions", json=asked("simulated/fair"))

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert endpoint.n_requests["simulated/fair"] == 1


def test_the_catalogue_leaves_exactly_the_coins() -> None:
    """Of the simulated catalogue the coins with a truth are taken; the others show each a reason."""
    offered = catalogue(read_page(get(Endpoint(), "/models").json())[0], fetched="2025-10-01")
    assert offered.faulty == ()
    choices = choose(offered.models, STUDY, today="2025-10-01")
    assert {choice.model.id for choice in choices if choice.taken} == set(TRUTHS)
    assert {choice.model.id: (choice.reason or "")[:12] for choice in choices if not choice.taken} == {
        "simulated/coin-guard": "not a chat m",
        "simulated/fair:free": "a variant (:",
        "simulated/gone": "expired on 2",
        "simulated/router": "a router: wh",
        "~simulated/fair-latest": "an alias of ",
    }


def test_over_loopback_it_is_the_same_endpoint() -> None:
    """Served over real HTTP it gives the same answers, and its books can be read meanwhile."""
    endpoint = Endpoint(seed=3, coins=[fair_coin("crowd/a"), Coin(id="crowd/b", truth=None)])
    body = asked("simulated/fair") | {"model": "crowd/a"}

    async def over(base: str) -> tuple[list[str], bytes]:
        async with httpx.AsyncClient() as client:

            async def fetched(path: str) -> object:
                return (await client.get(base + path)).json()

            offered = await fetch_catalogue(fetched, today="2026-01-01")
            answer = await client.post(f"{base}/chat/completions", json=body, headers={DRAW_HEADER: "4"})
            return [model.id for model in offered.models], answer.content

    with serving(endpoint) as base:
        names, content = asyncio.run(over(base))
        assert endpoint.billed_usd().dollars == json.loads(content)["usage"]["cost"]
    assert names == ["crowd/a", "crowd/b"]
    (in_process,) = talk(Endpoint(seed=3, coins=[fair_coin("crowd/a")]), body, draws=[4])
    assert in_process.content == content


def test_it_can_be_served_by_itself() -> None:
    """`python -m flipsite.collect.simulated` prints the address for `--api-base`, and ends when told."""
    command = [sys.executable, "-m", "flipsite.collect.simulated", "--crowd", "2", "--faults"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api/v1", address)
        names = [entry["id"] for entry in httpx.get(f"{address}/models").json()["data"]]
        server.send_signal(signal.SIGINT)
        assert server.communicate(timeout=60)[1] == "billed $0.000000\n"
    assert names[:2] == ["crowd/fair-000", "crowd/fair-001"]
    assert len(names) == 2 + len(Fault)
