"""The budget against the endpoint's own books: many at once, faults of every kind, and deaths in between."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.collecting_runs import budget, draws_of, project_of, simulate

from flipsite.collect.simulated import COINS, Endpoint, Fault, fair_coin
from flipsite.collect.simulated.endpoint import Conditions
from flipsite.collect.simulated.faults import Message, Receive, Send
from flipsite.domain.money import usd

DEAR = next(coin for coin in COINS if coin.id == "simulated/dear")
COINS_ASKED = (fair_coin("a/one"), fair_coin("a/two"), DEAR)
KEPT_TO = [fault for fault in Fault if fault not in {Fault.TEN_TIMES, Fault.HANGS, Fault.BAD_KEY}]
"""Faults of endpoints that bill what they announced."""

SCRIPT = st.lists(st.none() | st.sampled_from(KEPT_TO), max_size=12)


class Dying:
    """An endpoint whose client dies with the n-th answer on its way: it is billed, and never arrives."""

    def __init__(self, endpoint: Endpoint, n: int) -> None:
        self.endpoint = endpoint
        self.left = n

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def deadly(message: Message) -> None:
            self.left -= scope["path"].endswith("completions") and message["type"] == "http.response.start"
            if self.left <= 0:
                for task in asyncio.all_tasks():
                    task.cancel()
                await asyncio.sleep(3_600)
            await send(message)

        await self.endpoint(scope, receive, deadly)


@settings(max_examples=12)
@given(
    total=st.floats(0.05, 3.0),
    own=st.none() | st.floats(0.05, 3.0),
    scripts=st.fixed_dictionaries({coin.id: SCRIPT for coin in COINS_ASKED}),
    deaths=st.lists(st.integers(1, 20), max_size=2),
    concurrency=st.integers(1, 12),
)
def test_what_was_billed_is_never_more_than_the_budget(
    total: float,
    own: float | None,
    scripts: dict[str, list[Fault | None]],
    deaths: list[int],
    concurrency: int,
) -> None:
    """After each death and at the end: billed ≤ spent ≤ budget, in all and for the dearest model."""
    conditions = Conditions(late_prices=1)
    endpoint = Endpoint(coins=COINS_ASKED, faults=scripts, conditions=conditions)
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder), budget=budget(total, own=own))
        for n in deaths:
            with suppress(KeyboardInterrupt):
                simulate(project, Dying(endpoint, n), draws=15, concurrency=concurrency)
            assert endpoint.billed_usd() <= usd(total)
        report = simulate(project, endpoint, draws=15, concurrency=concurrency)
        assert endpoint.billed_usd() <= report.spent_usd <= usd(total)
        for model, spent in report.by_model:
            assert endpoint.billed_usd(model) <= spent <= usd(min(total, own or total))
        if report.snapshot is not None:
            cost = draws_of(project).cost_usd.sum()
            assert endpoint.billed_usd().dollars - 1e-9 <= cost <= report.spent_usd.dollars + 1e-9
