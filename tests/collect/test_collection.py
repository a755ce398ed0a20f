"""The collector as a whole, against the simulated endpoint: counts, money, faults, order, resumption."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.collect.collecting_runs import STUDY, budget, draws_of, project_of, simulate, watcher, write_study
from tests.narrowing import not_none

from flipsite.collect import run_plan
from flipsite.collect.simulated import COINS, Coin, Endpoint, Fault, fair_coin
from flipsite.collect.simulated.coins import CoinAnswer, plain
from flipsite.collect.simulated.faults import Message, Receive, Send, whole
from flipsite.collect.simulated.server import serving
from flipsite.domain.catalogue import Price
from flipsite.domain.draws import STATUSES, Draws, Outcome, Status
from flipsite.domain.money import usd
from flipsite.domain.study import Kind, Sampling
from flipsite.errors import CollectError, StoreError, UsageError
from flipsite.settings import default_study
from flipsite.workflows import collect as collect_module
from flipsite.workflows.collect import collect, reread
from flipsite.workflows.run_request import ProgressSnapshot, RunRequest

TWO = "Output: 1\nNo, again.\nOutput: 0"


def crowd(n: int) -> tuple[Coin, ...]:
    return tuple(fair_coin(f"crowd/fair-{place:02d}") for place in range(n))


def statuses(draws: Draws, model: str) -> list[Status]:
    rows = draws.rows(draws.models.index(model))
    return [STATUSES[code] for code in draws.status[rows]]


def test_thirty_models_over_loopback_to_the_draw_and_the_cent(tmp_path: Path) -> None:
    """30 models, 20 draws each: exact counts, the bill to 1e-9, and a second run that asks nothing."""
    project = project_of(tmp_path, kind=Kind.MEASURED, budget=budget(10.0))
    endpoint = Endpoint(coins=crowd(30))
    with serving(endpoint) as address:
        order = RunRequest(study_id=STUDY, draws=20, concurrency=64, api_base=address)
        first = not_none(collect(project, order, watcher()))
        asked = dict(endpoint.n_requests)
        second = not_none(collect(project, order, watcher()))
    assert asked == {f"crowd/fair-{place:02d}": 20 for place in range(30)} == dict(endpoint.n_requests)
    draws = draws_of(project)
    assert len(draws) == 600
    assert (np.diff(draws.starts) == 20).all()
    assert first.spent_usd == endpoint.billed_usd()
    assert second.spent_usd == first.spent_usd
    assert draws.cost_usd.sum() == pytest.approx(endpoint.billed_usd().dollars, abs=1e-9)
    assert (first.progress.n_done, second.progress.n_done, second.progress.n_kept) == (600, 0, 600)
    assert endpoint.most_in_flight <= 64


def test_a_simulated_study_is_the_same_to_the_byte_whatever_the_concurrency(tmp_path: Path) -> None:
    """The snapshot and the catalogue of 17 coins, asked one at a time and fifty at a time."""
    files = []
    for concurrency in (1, 50):
        project = project_of(tmp_path / str(concurrency))
        simulate(project, Endpoint(seed=2025), draws=12, concurrency=concurrency)
        folder = project.studies / STUDY
        files.append([(folder / name).read_bytes() for name in ("draws.parquet", "catalogue.json")])
    assert files[0] == files[1]


def test_a_run_asks_exactly_what_is_missing(tmp_path: Path) -> None:
    """More draws and more models later: the first draws are not asked again."""
    project = project_of(tmp_path)
    endpoint = Endpoint(coins=crowd(3))
    simulate(project, endpoint, draws=5, models=("*-00",))
    simulate(project, endpoint, draws=8)
    assert endpoint.n_requests == {f"crowd/fair-{place:02d}": 8 for place in range(3)}
    simulate(project, endpoint, draws=4)
    assert sum(endpoint.n_requests.values()) == 24


def test_only_transport_faults_are_asked_again(tmp_path: Path) -> None:
    """A gateway that fails twice costs two more requests; an answer that cannot be read costs none."""
    coins = (fair_coin("a/shaky"), *[coin for coin in COINS if coin.id == "simulated/never-parses"])
    endpoint = Endpoint(coins=coins, faults={"a/shaky": [None, Fault.BAD_GATEWAY, Fault.OVERLOADED]})
    project = project_of(tmp_path)
    simulate(project, endpoint, draws=10)
    assert endpoint.n_requests == {"a/shaky": 12, "simulated/never-parses": 10}
    assert statuses(draws_of(project), "a/shaky") == [Status.VALID] * 10
    assert statuses(draws_of(project), "simulated/never-parses") == [Status.UNPARSED] * 10


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.MODERATED, Status.REFUSED),
        (Fault.NULL_CONTENT, Status.EMPTY),
        (Fault.EMPTY_CONTENT, Status.EMPTY),
        (Fault.CUT, Status.TRUNCATED),
        (Fault.NO_PROVIDER, Status.VALID),
        (Fault.ERROR_BODY, Status.VALID),
        (Fault.CHOICE_ERROR, Status.VALID),
        (Fault.RATE_LIMITED, Status.VALID),
        (Fault.UPSTREAM_LIMITED, Status.VALID),
        (Fault.BAD_GATEWAY, Status.VALID),
        (Fault.BAD_GATEWAY_PAGE, Status.VALID),
        (Fault.OVERLOADED, Status.VALID),
        (Fault.BROKEN_JSON, Status.VALID),
        (Fault.CACHE_HIT, Status.VALID),
        (Fault.UNPRICED, Status.VALID),
        (Fault.NEVER_PRICED, Status.VALID),
    ],
)
def test_each_fault_ends_as_it_should(tmp_path: Path, fault: Fault, status: Status) -> None:
    """The second of three draws meets the fault once; the others are not touched by it."""
    endpoint = Endpoint(coins=(fair_coin("a/coin"),), faults={"a/coin": [None, fault]})
    project = project_of(tmp_path, sampling=Sampling(draws=3))
    simulate(project, endpoint, concurrency=1)
    assert statuses(draws_of(project), "a/coin") == [Status.VALID, status, Status.VALID]


def test_a_model_that_keeps_failing_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    """Three draws in a row that each failed five times: its reason is told, its failures are counted."""
    endpoint = Endpoint(coins=crowd(2), faults={"crowd/fair-00": [Fault.BAD_GATEWAY] * 1000})
    project = project_of(tmp_path)
    report = simulate(project, endpoint, draws=20)
    assert endpoint.n_requests == {"crowd/fair-00": 15, "crowd/fair-01": 20}
    assert (
        "3 draws in a row failed, the last one for this reason: 502"
        in report.progress.skipped["crowd/fair-00"].reason
    )
    assert statuses(draws_of(project), "crowd/fair-00") == [Status.ERROR] * 3
    assert report.budget == {}


def test_a_model_that_is_not_to_be_had_is_asked_once(tmp_path: Path) -> None:
    """404 on the first draw sets it aside at no cost; the next run tries again."""
    endpoint = Endpoint(coins=crowd(2), faults={"crowd/fair-00": [Fault.NOT_FOUND]})
    project = project_of(tmp_path)
    report = simulate(project, endpoint, draws=4)
    assert endpoint.n_requests["crowd/fair-00"] == 1
    assert "404" in report.progress.skipped["crowd/fair-00"].reason
    simulate(project, endpoint, draws=4)
    assert statuses(draws_of(project), "crowd/fair-00") == [Status.VALID] * 4


@pytest.mark.parametrize(("fault", "sentence"), [(Fault.NO_CREDIT, "no credit left"), (Fault.BAD_KEY, "key")])
def test_a_fault_of_the_account_stops_the_run_and_keeps_what_was_bought(
    tmp_path: Path, fault: Fault, sentence: str
) -> None:
    """402 and 401 are told in a sentence; the draws before them are in the snapshot."""
    endpoint = Endpoint(coins=crowd(1), faults={"crowd/fair-00": [None, None, None, fault]})
    project = project_of(tmp_path)
    report = simulate(project, endpoint, draws=50, concurrency=1)
    assert isinstance(report.error, CollectError)
    assert sentence in str(report.error)
    assert len(draws_of(project)) == 3


def test_structured_output_that_is_refused_falls_back_to_text_once_and_is_remembered(tmp_path: Path) -> None:
    """One 400, then text: in this run and in the next; the mode stands with each draw."""
    coins = tuple(coin for coin in COINS if coin.id == "simulated/fair")
    endpoint = Endpoint(coins=coins, faults={"simulated/fair": [Fault.UNSUPPORTED]})
    project = project_of(tmp_path, sampling=Sampling(draws=6, answer="auto"))
    simulate(project, endpoint)
    simulate(project, endpoint, draws=9)
    assert endpoint.n_requests["simulated/fair"] == 10
    assert set(draws_of(project).mode) == {"text"}


def test_structured_output_is_asked_of_those_who_know_it(tmp_path: Path) -> None:
    """`auto` asks the coins that advertise it for JSON, and the others for text."""
    project = project_of(tmp_path, sampling=Sampling(draws=2, answer="auto"))
    simulate(project, Endpoint(), models=("*/fair", "*/chatty"))
    draws = draws_of(project)
    assert dict(zip(draws.models, [draws.mode[0], draws.mode[2]], strict=True)) == {
        "simulated/chatty": "text",
        "simulated/fair": "structured",
    }


def test_a_price_that_is_told_late_is_asked_for_until_it_is_told(tmp_path: Path) -> None:
    """Answers without a cost, whose price `/generation` knows after two 404s, are settled to the cent."""
    endpoint = Endpoint(coins=crowd(1), faults={"crowd/fair-00": [Fault.UNPRICED] * 10})
    report = simulate(project_of(tmp_path), endpoint, draws=10)
    assert not report.unpriced_usd
    assert report.spent_usd == endpoint.billed_usd()


def test_a_price_that_is_never_told_is_that_of_the_tokens(tmp_path: Path) -> None:
    """Asked for three times in all, and not for every answer; the spend is the bill all the same."""
    endpoint = Endpoint(coins=crowd(1), faults={"crowd/fair-00": [Fault.NEVER_PRICED] * 40})
    project = project_of(tmp_path)
    report = simulate(project, endpoint, draws=40, concurrency=1)
    assert not report.unpriced_usd
    assert report.spent_usd == endpoint.billed_usd()
    assert draws_of(project).cost_usd.sum() == pytest.approx(endpoint.billed_usd().dollars, abs=1e-12)


@pytest.mark.parametrize("total", [0.002, 0.005, 0.03])
def test_the_budget_is_never_exceeded_and_cheap_models_finish_first(tmp_path: Path, total: float) -> None:
    """Whatever the budget, the server's own books stay within it; what is left out is said."""
    endpoint = Endpoint()
    project = project_of(tmp_path, budget=budget(total))
    report = simulate(project, endpoint, draws=20, concurrency=32)
    assert endpoint.billed_usd() <= usd(total)
    assert report.spent_usd == endpoint.billed_usd()
    assert "simulated/dear" in report.budget
    done = {model: len(statuses(draws_of(project), model)) for model in draws_of(project).models}
    assert total < 0.03 or min(done[model] for model in done if model != "simulated/ponders") == 20


def test_a_canary_stops_a_model_whose_rest_would_not_fit(tmp_path: Path) -> None:
    """A coin that thinks longer than expected costs 20 times its estimate: its first draw says so."""
    thinker = Coin(
        id="a/thinker",
        truth=None,
        manner=lambda toss, label: replace(plain(toss, label), thought_tokens=900),
        price=Price(prompt_usd=usd(0.0), completion_usd=usd(1e-4)),
    )
    endpoint = Endpoint(coins=(thinker, fair_coin("a/fair")))
    project = project_of(tmp_path, budget=budget(None, own=1.0))
    report = simulate(project, endpoint, draws=50)
    assert endpoint.n_requests == {"a/thinker": 1, "a/fair": 50}
    assert "the first 1 of its 50 requests cost $0.09" in report.budget["a/thinker"]


def test_a_model_that_bills_ten_times_its_worst_case_is_asked_one_at_a_time(tmp_path: Path) -> None:
    """Its canary shows it; from there the budget sets aside what it bills, and the report says so."""
    endpoint = Endpoint(coins=crowd(3), faults={"crowd/fair-01": [Fault.TEN_TIMES] * 100})
    project = project_of(tmp_path, budget=budget(1.0))
    report = simulate(project, endpoint, draws=10)
    assert endpoint.n_requests == {"crowd/fair-00": 10, "crowd/fair-01": 10, "crowd/fair-02": 10}
    (warning,) = report.warnings
    assert warning.startswith("crowd/fair-01: billed $")
    assert "by its announced prices costs at most" in warning
    assert endpoint.billed_usd() <= report.spent_usd <= usd(1.0)


def test_a_model_that_bills_beyond_the_budget_costs_that_one_draw(tmp_path: Path) -> None:
    """Its rest does not fit at what it billed, so that it is left; the next run does not ask it either."""
    endpoint = Endpoint(coins=crowd(3), faults={"crowd/fair-01": [Fault.TEN_TIMES] * 100})
    project = project_of(tmp_path, budget=budget(None, own=0.012))
    report = simulate(project, endpoint, draws=10)
    assert endpoint.n_requests["crowd/fair-01"] == 1
    assert "crowd/fair-01" in report.budget
    simulate(project, endpoint, draws=10)
    assert endpoint.n_requests["crowd/fair-01"] == 1


def test_no_draw_is_asked_without_a_yes(tmp_path: Path) -> None:
    """An offer that is not agreed to asks nothing and writes nothing but the cache's empty book."""
    project, endpoint = project_of(tmp_path), Endpoint()
    order = RunRequest(study_id=STUDY, simulated_seed=0)
    assert collect(project, order, watcher(agree=False), app=endpoint) is None
    assert sum(endpoint.n_requests.values()) == 0
    assert not (project.studies / STUDY / "catalogue.json").exists()


def test_real_money_needs_a_budget(tmp_path: Path) -> None:
    """Without one, nothing is asked, and the sentence says about how much it would be."""
    project = project_of(tmp_path, kind=Kind.MEASURED)
    endpoint = Endpoint(coins=crowd(2))
    with (
        serving(endpoint) as address,
        pytest.raises(UsageError, match=r"give --budget USD .* about \$0\.\d\d"),
    ):
        collect(project, RunRequest(study_id=STUDY, api_base=address), watcher())
    assert sum(endpoint.n_requests.values()) == 0


def test_simulated_and_measured_draws_never_mix(tmp_path: Path) -> None:
    """A measured study is not asked of coins, nor a simulated one of models."""
    measured = project_of(tmp_path / "measured", kind=Kind.MEASURED)
    with pytest.raises(UsageError, match="leave --simulated out"):
        simulate(measured, Endpoint())
    simulated = project_of(tmp_path / "simulated")
    with pytest.raises(UsageError, match="add --simulated"):
        collect(simulated, RunRequest(study_id=STUDY), watcher())


def test_a_changed_prompt_is_another_study(tmp_path: Path) -> None:
    """After the first draws the prompt, the labels and the seed are what they are."""
    project = project_of(tmp_path)
    simulate(project, Endpoint(), draws=2, models=("*/fair",))
    study = default_study(STUDY)
    changed = replace(study, kind=Kind.SIMULATED, prompt=replace(study.prompt, orders="both"))
    write_study(tmp_path, changed)
    with pytest.raises(StoreError, match="orders changed since its first draws"):
        simulate(project, Endpoint(), draws=2)


def test_random_labels_and_both_orders_are_balanced(tmp_path: Path) -> None:
    """Each pair of draws shares two fresh labels, asked in both orders."""
    prompt = replace(default_study(STUDY).prompt, labels="random", orders="both")
    project = project_of(tmp_path, prompt=prompt)
    simulate(project, Endpoint(), draws=10, models=("*/first-named",))
    draws = draws_of(project)
    assert draws.order.sum() == 5
    assert len(set(draws.labels)) == 5
    assert draws.outcome.sum() == 5, "who takes what is named first falls on each label equally often"


def test_reading_again_asks_nobody_and_changes_nothing_while_the_reader_is_the_same(tmp_path: Path) -> None:
    """The snapshot is written anew from the stored answers, the same to the byte."""
    project, endpoint = project_of(tmp_path), Endpoint()
    simulate(project, endpoint, draws=5)
    before = (project.studies / STUDY / "draws.parquet").read_bytes()
    n_asked = sum(endpoint.n_requests.values())
    changed, n_answers, snapshot = reread(project, STUDY)
    assert (changed, n_answers) == (0, 85)
    assert not_none(snapshot).read_bytes() == before
    assert sum(endpoint.n_requests.values()) == n_asked


def test_reading_again_applies_a_newer_reader_to_stored_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sides in two statements were once the last of them; they become unparsed, and nobody is asked."""
    coin = replace(fair_coin("a/flips"), manner=lambda toss, label: CoinAnswer(content=TWO))
    project, endpoint = project_of(tmp_path), Endpoint(coins=(coin,))
    with monkeypatch.context() as earlier:
        earlier.setattr(run_plan, "read_completion", lambda *asked, **settings: Outcome(index=0))
        earlier.setattr(run_plan, "READER", 1)
        simulate(project, endpoint, draws=3)
    assert statuses(draws_of(project), "a/flips") == [Status.VALID] * 3
    assert reread(project, STUDY)[:2] == (3, 3)
    assert statuses(draws_of(project), "a/flips") == [Status.UNPARSED] * 3
    assert reread(project, STUDY)[:2] == (0, 3)
    assert endpoint.n_requests["a/flips"] == 3


def test_the_snapshot_is_written_while_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every few minutes, whole: what is there can be built, whatever happens to the run."""
    monkeypatch.setattr(collect_module, "SNAPSHOT_EVERY_S", 0.05)
    project, endpoint = project_of(tmp_path), Endpoint(coins=crowd(1))
    snapshot = project.studies / STUDY / "draws.parquet"

    async def half_now(scope: Message, receive: Receive, send: Send) -> None:
        """Answer half of the requests, and the others once a snapshot is there."""
        while endpoint.n_requests.total() >= 20 and not snapshot.exists():
            await asyncio.sleep(0.01)
        await endpoint(scope, receive, send)

    sizes = []

    def look(_: ProgressSnapshot) -> None:
        sizes.append(len(draws_of(project)) if snapshot.exists() else 0)

    order = RunRequest(study_id=STUDY, simulated_seed=0, draws=40, concurrency=8)
    collect(project, order, watcher(looks=look), app=half_now)
    assert any(0 < size < 40 for size in sizes)
    assert len(draws_of(project)) == 40


def test_a_slow_model_holds_up_nobody(tmp_path: Path) -> None:
    """One model's answers wait until all answers of the others are there."""
    endpoint = Endpoint(coins=(fair_coin("a/slow"), *crowd(10)))

    async def crowd_first(scope: Message, receive: Receive, send: Send) -> None:
        body = await whole(receive)

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        while b"a/slow" in body and endpoint.n_requests.total() - endpoint.n_requests["a/slow"] < 200:
            await asyncio.sleep(0.001)
        await endpoint(scope, again, send)

    order = RunRequest(study_id=STUDY, simulated_seed=0, draws=20, concurrency=12)
    report = not_none(collect(project_of(tmp_path), order, watcher(), app=crowd_first))
    assert report.progress.n_done == 220
