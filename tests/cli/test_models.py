"""`flipsite models`: the whole catalogue, as a table and as JSON, over real HTTP and from built-in coins."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from flipsite.cli.main import cli
from flipsite.collect.simulated import TRUTHS, Coin, Endpoint
from flipsite.collect.simulated.server import serving

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared/data/openrouter/models_2025-09-08.json"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's project: the packaged content serves."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, ["models", *arguments], env=environment)


def test_the_simulated_catalogue_is_listed_with_its_reasons() -> None:
    """Every coin has its price and mode, whatever is left its reason, and the sum stands below."""
    result = run("--simulated")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[-1].startswith("17 of 22 models would be asked, 50 draws each: about $3.")
    (fair,) = (line.split() for line in lines if line.startswith(" simulated/fair "))
    assert fair[1:3] == ["0.1", "0.4"]
    assert fair[-1] == "text"
    assert "no: a router: which model answers" in result.output
    assert "no: a variant (:free); include it by name to ask it" in result.output


def test_json_holds_the_same_for_programs() -> None:
    """One record a model, unknown as null, the dearest first."""
    found = json.loads(run("--simulated", "--json").output)
    assert {record["model"] for record in found["models"] if record["taken"]} == set(TRUTHS)
    assert found["taken"] == 17
    assert found["models"][0]["model"] == "simulated/dear"
    assert found["estimate_usd"] == pytest.approx(
        sum(record["estimate_usd"] for record in found["models"] if record["taken"])
    )
    (router,) = (record for record in found["models"] if record["model"] == "simulated/router")
    assert router["prompt_usd"] is router["estimate_usd"] is None


@pytest.mark.skipif(not REAL.exists(), reason="the real catalogues lie beside the repository, not in it")
def test_a_real_catalogue_over_http_is_decided_by_the_study() -> None:
    """The article's own study, its catalogue served over loopback: 247 of 324, its skip list in its words."""
    entries = json.loads(REAL.read_text(encoding="utf-8"))["data"]
    with serving(
        Endpoint(coins=[Coin(id=entry["id"], truth=None, entry=entry) for entry in entries])
    ) as base:
        result = run("--study", "article-2025", "--json", FLIPSITE_MODELS_API_BASE=base)
        table = run("--study", "article-2025", "--api-base", base)
        narrow = run("--study", "article-2025", "--api-base", base, FORCE_COLOR="1", COLUMNS="80")
    found = json.loads(result.output)
    assert (found["taken"], len(found["models"]), found["study"]) == (247, 324, "article-2025")
    reasons = {record["model"]: record["reason"] for record in found["models"]}
    assert reasons["perplexity/sonar-deep-research"] == "It costs too much to run."
    assert reasons["morph/morph-v3-fast"] == "It does not support a standard chat API."
    assert "247 of 324 models would be asked" in table.output
    rows, below = click.unstyle(narrow.output).split(" models left out: ", 1)
    assert max(map(len, rows.splitlines())) <= 80, "names are whole and no row is wider than the terminal"
    assert len([line for line in rows.splitlines() if "/" in line and "$/M" not in line]) == 247
    assert "left out: It costs too much to run: " in below


def test_a_hostile_catalogue_is_told_and_shown_harmlessly() -> None:
    """Entries that are no model are counted with their reasons; nothing they say reaches the terminal raw."""
    names = ("a/b\x07", "a/\x1b[2J", "\u202ex", "x/[red]y")
    entries: list[dict[str, Any]] = [{"id": name} for name in names]
    entries.append({"id": "a/b", "pricing": {"prompt": "NaN", "completion": "1"}})
    coins = [Coin(id=f"x/{n}", truth=None, entry=entry) for n, entry in enumerate(entries)]
    with serving(Endpoint(coins=coins)) as base:
        result = run("--api-base", base)
    assert result.exit_code == 0
    assert "1 of 1 model would be asked" in result.output
    assert "4 entries of the catalogue cannot be read as a model:" in result.output
    assert "a/b: the catalogue's pricing.prompt is no price ('NaN')" in result.output
    assert "\x1b" not in result.output


def test_collect_tells_which_entries_of_a_catalogue_it_cannot_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the groups of models that are left out, entries without a name of their own each counted."""
    monkeypatch.chdir(tmp_path)
    entries: list[dict[str, Any]] = [{"id": "x/y"}, {"id": 7}, {"id": 7}]
    entries += [{"id": f"a/{n}", "pricing": {"prompt": f"${n}", "completion": "1"}} for n in range(3)]
    entries.append({"id": "x/y"})
    coins = [Coin(id=f"x/{n}", truth=None, entry=entry) for n, entry in enumerate(entries)]
    with serving(Endpoint(coins=coins)) as base:
        words = ["collect", "trial", "--api-base", base, "--dry-run"]
        result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert "3 models left out: the catalogue's pricing.prompt is no price: a/0, a/1, a/2" in result.output
    assert "2 models left out: the catalogue's id is no model's name: 7, 7" in result.output
    assert "listed twice" not in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--study", "nothing"], 2, "no study 'nothing'"),
        (["--api-base", "nowhere"], 2, "--api-base nowhere: no address"),
        (["--api-base", "http://127.0.0.1:9/v1"], 1, "is --api-base right?"),
    ],
)
def test_faults_are_a_sentence(arguments: list[str], status: int, words: str) -> None:
    """A study that is not there, an address that is none, and nobody who answers."""
    result = run(*arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
