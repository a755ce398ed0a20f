"""`flipsite collect` as its user meets it: what it says, what it writes, how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flipsite.cli.main import cli
from flipsite.collect.simulated import COINS, Endpoint, Fault, fair_coin
from flipsite.collect.simulated.endpoint import Conditions
from flipsite.collect.simulated.server import serving
from flipsite.domain.draws import Draws
from flipsite.store.snapshot.read import read_draws

KEY = "sk-or-v1-canary-0123456789abcdef"
FEW = ("--models", "*/fair", "--models", "*/chatty", "--draws", "4")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    return lambda *words: CliRunner().invoke(cli, ["collect", *words])


def snapshot(study: str = "trial") -> Draws:
    return read_draws(Path("content", "studies", study, "draws.parquet"))


def test_a_study_that_does_not_exist_is_written_and_said(run: Callable[..., Result]) -> None:
    """From the article's prompt, with every key spelled out; then it is collected."""
    ran = run("trial", "--simulated", "--yes", *FEW)
    assert ran.exit_code == 0, ran.output
    assert "the article's prompt, every setting at its default" in ran.output
    study = Path("content/studies/trial/study.toml").read_text()
    assert "a sample consisting of a single draw" in study
    assert all(f"\n{key}" in study for key in ("draws = 50", "labels = ", "orders = ", "# total_usd"))
    assert len(snapshot()) == 8
    again = run("trial", "--simulated", "--yes", *FEW)
    assert "Nothing to ask: all 8 draws are there." in again.output


def test_a_dry_run_shows_the_cost_and_asks_nothing(run: Callable[..., Result]) -> None:
    """The table of estimates, and nothing but the study on disk."""
    ran = run("trial", "--simulated", "--dry-run")
    assert ran.exit_code == 0
    assert "850 draws of 17 models, about $3.2" in ran.output
    assert "all of it simulated" in ran.output
    assert not Path("content/studies/trial/draws.parquet").exists()


def test_nobody_is_asked_for_a_yes_away_from_a_terminal(run: Callable[..., Result]) -> None:
    """Without --yes it stops before it spends, with what to add; exit 2."""
    ran = run("trial", "--simulated", *FEW)
    assert ran.exit_code == 2
    assert "add --yes to spend, or --dry-run to look" in ran.output
    assert not Path("content").exists(), "nothing is written where it cannot ask"


def test_without_a_key_openrouter_is_not_asked(run: Callable[..., Result]) -> None:
    """The sentence names the variable and the way to try without; exit 2."""
    ran = run("trial", "--budget", "1", "--yes")
    assert ran.exit_code == 2
    assert "OPENROUTER_API_KEY: not set" in ran.output


def test_the_budget_ends_it_with_status_3_and_what_was_bought_is_kept(run: Callable[..., Result]) -> None:
    """The dear coin is left out by its estimate: the rest is collected, the sentence says who and why."""
    ran = run("trial", "--simulated", "--yes", "--draws", "4", "--budget", "0.1")
    assert ran.exit_code == 3
    assert "the budget left out simulated/dear" in ran.output
    assert "raise --budget" in ran.output
    assert len(snapshot()) == 16 * 4


def test_until_settled_says_what_was_settled_where_and_what_that_saved(run: Callable[..., Result]) -> None:
    """The offer is the most it may come to; nothing settled is said as well."""
    both = ("trial", "--simulated", "--yes", "--models", "*/always-one", "--models", "*/fair")
    early = run(*both, "--until-settled", "--draws", "4")
    assert "No model is settled yet" in early.output
    ran = run(*both, "--until-settled", "--draws", "20")
    assert ran.exit_code == 0, ran.output
    assert "At most 32 draws of 2 models" in ran.output
    assert "Settled as biased: simulated/always-one at draw 12." in ran.output
    assert "This saved 8 draws, about $0.00" in ran.output
    assert len(snapshot()) == 12 + 20


def test_dice_are_asked_until_settled(run: Callable[..., Result]) -> None:
    """One that always says the same needs four throws; one that takes the first-named is never fair.

    With fresh labels neither is biased: the one says nothing that is offered, the other has even shares.
    """
    dice = Path("content/studies/dice")
    dice.mkdir(parents=True)
    control = Path(__file__).parents[2] / "content/studies/control-dice/study.toml"
    text = control.read_text(encoding="utf-8")
    (dice / "study.toml").write_text(text, encoding="utf-8")
    words = ("--simulated", "--yes", "--models", "*/always-4", "--models", "*/first-named", "--until-settled")
    ran = run("dice", *words, "--draws", "24")
    assert ran.exit_code == 0, ran.output
    assert "Settled as biased: simulated/always-4 at draw 4." in ran.output
    assert len(snapshot("dice")) == 4 + 24
    fresh = text.replace('labels = "fixed"', 'labels = "random"')
    words_asked = dice.with_name("words")
    words_asked.mkdir()
    (words_asked / "study.toml").write_text(fresh, encoding="utf-8")
    ran = run("words", *words, "--draws", "24")
    assert ran.exit_code == 0, ran.output
    assert "No model is settled yet" in ran.output


def test_reading_again_needs_neither_network_nor_key(run: Callable[..., Result]) -> None:
    """It says how many answers changed: none, as long as the reader is the same."""
    run("trial", "--simulated", "--yes", *FEW)
    ran = run("trial", "--reread")
    assert ran.exit_code == 0
    assert "Read 8 stored answers again; 0 changed." in ran.output


def test_a_fault_of_the_account_is_one_sentence_and_status_3(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """402 over loopback: told, with what to do; the draws before it are in the snapshot."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    endpoint = Endpoint(coins=(fair_coin("a/fair"),), faults={"a/fair": [None, None, Fault.NO_CREDIT]})
    with serving(endpoint) as address:
        ran = run("trial", "--yes", "--budget", "1", "--concurrency", "1", "--api-base", address)
    assert ran.exit_code == 3
    assert "no credit left" in ran.output
    assert len(snapshot()) == 2


def test_the_key_is_in_nothing_that_is_written_or_said(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through every fault there is, with tracebacks on: not in the output, the cache or the study."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    faults = {"a/shaky": [None, *Fault] * 2, "a/closed": [Fault.BAD_KEY]}
    coins = (fair_coin("a/shaky"), fair_coin("a/closed"))
    endpoint = Endpoint(coins=coins, faults=faults, conditions=Conditions(key=KEY))
    with serving(endpoint) as address:
        words = ["--debug", "collect", "trial", "--yes", "--budget", "1", "--draws", "3"]
        ran = CliRunner().invoke(cli, [*words, "--concurrency", "1", "--api-base", address])
    assert ran.exit_code != 0
    told = ran.output + repr(ran.exception)
    assert KEY not in told
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "cache.sqlite" for path in written)
    assert not [path for path in written if KEY.encode() in path.read_bytes()]


def test_a_second_collector_is_told_who_holds_the_study(run: Callable[..., Result]) -> None:
    """While the first one runs, the second ends with status 1 and the first one's process."""
    with serving(Endpoint(coins=(fair_coin("a/fair"),), conditions=Conditions(latency_s=0.2))) as address:
        first = started("--budget", "1", "--draws", "4000", "--api-base", address)
        try:
            wait_until(lambda: Path(".flipsite/trial.holder.json").exists())
            ran = run("trial", "--yes", "--budget", "1", "--api-base", address)
        finally:
            first.kill()
            first.communicate()
    assert ran.exit_code == 1
    assert f"process {first.pid} on" in ran.output


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_keeps_what_was_paid_for(run: Callable[..., Result], times: int) -> None:
    """Once: what is in flight comes home, and the snapshot is written. Twice: it stops now. Status 130."""
    slow = tuple(coin for coin in COINS if coin.id == "simulated/slow")
    endpoint = Endpoint(coins=slow, conditions=Conditions(slow_s=0.6))
    with serving(endpoint) as address:
        process = started("--budget", "1", "--draws", "2000", "--api-base", address)
        wait_until(lambda: endpoint.n_requests.total() >= 4)
        process.send_signal(signal.SIGINT)
        if times == 2:
            time.sleep(0.05)
            process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    if times == 1:
        assert len(snapshot()) == len(endpoint.bills) == endpoint.n_requests.total() < 2000
    rerun = run("trial", "--reread")
    assert rerun.exit_code == 0
    assert len(snapshot()) == endpoint.n_requests.total(), "answered, or lost and counted as spent"


def started(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "flipsite", "collect", "trial", "--yes", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))


def wait_until(true: Callable[[], bool], *, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("globs", "said"),
    [
        (["simulatd/*"], "--models simulatd/*: matches none of 22 models; nearest: simulated/*; `flip"),
        (["simulated/fiar"], "nearest: simulated/fair"),
        (["nothing-like-it-at-all"], "matches none of 22 models; `flipsite models` lists them"),
    ],
)
def test_a_glob_that_matches_nothing_is_wrong_usage(
    run: Callable[..., Result], globs: list[str], said: str
) -> None:
    """Exit 2 with the nearest names; nothing is written."""
    ran = run("trial", "--simulated", "--yes", *(word for glob in globs for word in ("--models", glob)))
    assert ran.exit_code == 2
    assert said in ran.output
    assert not Path("content").exists()


def test_models_that_are_all_left_out_are_wrong_usage_with_the_reasons(run: Callable[..., Result]) -> None:
    ran = run("trial", "--simulated", "--yes", "--skip", "*")
    assert ran.exit_code == 2
    assert "no model to ask (22 models: excluded by --skip *)" in ran.output


@pytest.mark.parametrize("name", ["trail", "rial", "trials", "trixl"])
def test_a_slip_near_an_existing_name_begins_no_study_where_it_cannot_ask(
    run: Callable[..., Result], name: str
) -> None:
    run("trial", "--simulated", "--yes", *FEW)
    ran = run(name, "--simulated", "--yes", *FEW)
    assert ran.exit_code == 2
    assert "did you mean 'trial'" in ran.output
    assert not Path("content/studies", name).exists()


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ("trial", "trial-2"),
        ("trial", "other"),
        ("trial", "trial-dice"),
        ("a", "b"),
        ("k", "k2"),
        ("up", "ups"),
    ],
)
def test_a_name_of_its_own_begins_a_study(run: Callable[..., Result], there: str, name: str) -> None:
    """Any two names of a letter are one slip apart, and meant so."""
    run(there, "--simulated", "--yes", *FEW)
    assert run(name, "--simulated", "--yes", *FEW).exit_code == 0


def test_without_a_key_no_study_is_written(run: Callable[..., Result]) -> None:
    assert run("trial", "--budget", "1", "--yes").exit_code == 2
    assert not Path("content").exists()
    assert not Path(".flipsite").exists()


def test_the_summary_groups_the_skipped_models_and_says_how_to_go_on(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models fail alike: one line says how many and why, one line asks what is missing."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    coins = tuple(fair_coin(f"a/{name}") for name in ("fair", "gone", "lost"))
    faults = {"a/gone": [Fault.NOT_FOUND] * 99, "a/lost": [Fault.NOT_FOUND] * 99}
    with serving(Endpoint(coins=coins, faults=faults)) as address:
        words = ("--draws", "4", "--budget", "1", "--yes", "--api-base", address)
        ran = run("trial", *words)
    assert "2 models skipped: 404: No endpoints found for the model: a/gone, a/lost\n" in ran.output
    assert f"To ask what is missing: flipsite collect trial {' '.join(words[:4])}" in ran.output


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_closed_terminal_ends_a_run_as_an_interrupt_does(
    run: Callable[..., Result], number: signal.Signals
) -> None:
    """Requests in flight are finished, the snapshot is written, and the sentence says how to go on."""
    slow = tuple(coin for coin in COINS if coin.id == "simulated/slow")
    endpoint = Endpoint(coins=slow, conditions=Conditions(slow_s=0.3))
    with serving(endpoint) as address:
        process = started("--budget", "1", "--draws", "2000", "--api-base", address)
        wait_until(lambda: endpoint.n_requests.total() >= 4)
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert b"To ask what is missing: flipsite collect trial --draws 2000" in out
    assert len(snapshot()) == len(endpoint.bills)
