"""Public data of others, each imported by one command, with the shares that its own columns give."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flipsite.cli.main import cli
from flipsite.domain.draws import Draws
from flipsite.store.snapshot.read import read_draws

DATA = Path(__file__).parents[3] / "shared" / "data"
FLIPS, SMALL = DATA / "failure-to-mix", DATA / "small-models"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the data of others are not beside this checkout")

CLAUDE, KIMI, QWEN = "anthropic/claude-4.5-sonnet", "moonshotai/kimi-k2-0905", "qwen/qwen3-vl-8b-instruct"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "content" / "studies"


def imported(path: Path, *options: str) -> str:
    result = CliRunner().invoke(cli, ["import", str(path), "--study", "s", *options])
    assert result.exit_code == 0, result.output
    return result.output


def flips_of(draws: Draws, model: str) -> list[list[int]]:
    """The flips of each of a model's answers."""
    rows = draws.rows(draws.models.index(model))
    assert draws.sequence is not None
    return [[int(flip) for flip in (text or "").split()] for text in draws.sequence[rows]]


def test_two_flips_an_answer(here: Path) -> None:
    """3,400 answers at 13 targets; at one half a one is followed by a zero."""
    imported(
        FLIPS / "fig2_sequential_flips.csv",
        *("--column", "sequence=flip_1..flip_2", "--column", "response=raw_text", "--target-column", "p"),
    )
    studies = {folder.name: read_draws(folder / "draws.parquet") for folder in here.iterdir()}
    assert (len(studies), sum(map(len, studies.values()))) == (13, 3_400)
    half = studies["s-p050"]
    ones = {model: np.sum(flips_of(half, model), axis=0).tolist() for model in half.models}
    assert ones == {CLAUDE: [100, 0], KIMI: [90, 12], QWEN: [96, 4]}
    pairs = Counter(
        text for draws in studies.values() if draws.sequence is not None for text in draws.sequence
    )
    assert pairs == {"1 1": 1_293, "0 0": 1_032, "1 0": 692, "0 1": 383}


@pytest.mark.parametrize(
    ("name", "n_answers"), [("fig3_d10_flips.csv", 4_000), ("fig3_d10_flips_claude.csv", 2_000)]
)
def test_ten_flips_an_answer(here: Path, name: str, n_answers: int) -> None:
    """Every flip of 6,000 answers; each model's share of ones at each target is the file's."""
    imported(FLIPS / name, "--column", "sequence=digit_1..digit_10", "--target-column", "p")
    with (FLIPS / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == n_answers
    wanted = Counter[tuple[str, str]]()
    for row in rows:
        wanted[f"s-p{int(row['p']):03}", row["model"]] += sum(int(row[f"digit_{n}"]) for n in range(1, 11))
    found = {}
    for folder in here.iterdir():
        draws = read_draws(folder / "draws.parquet")
        for model in draws.models:
            flips = flips_of(draws, model)
            assert {len(answer) for answer in flips} == {10}
            found[folder.name, model] = int(np.sum(flips))
    assert found == dict(wanted)


@pytest.mark.parametrize(
    ("name", "counts", "first_named"),
    [
        ("smollm2-text", (40, 29, 9), None),
        ("smollm2-structured-both-orders", (60, 60, 49), None),
        ("smollm2-random-labels-both-orders", (100, 100, 55), 87),
        ("gemma-base-structured-both-orders", (60, 60, 23), 47),
    ],
)
def test_draws_of_small_models(
    here: Path, name: str, counts: tuple[int, int, int], first_named: int | None
) -> None:
    """260 draws as `flipsite export` wrote them: what is 1, and how often the label named first was taken."""
    told = imported(SMALL / f"{name}.jsonl")
    assert "recognised as draws that flipsite exported" in told
    draws = read_draws(here / "s" / "draws.parquet")
    outcome = draws.outcome
    assert (len(draws), int((outcome >= 0).sum()), int((outcome == 1).sum())) == counts
    if first_named is not None:
        assert int(((outcome >= 0) & (outcome == draws.order)).sum()) == first_named
