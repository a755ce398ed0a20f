"""`flipsite plan` as a person runs it."""

from pathlib import Path

import pytest
from tests.command_line import run

ROOT = Path(__file__).parents[2]
CSV = "model,outcome,cost_usd\n" + "".join(f"a/b,{i % 2},0.001\nc/d,1,0.003\n" for i in range(20))


def test_the_articles_verdicts_have_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published study: 240 models, and the dollars that its source states at most."""
    monkeypatch.chdir(ROOT)
    result = run("plan", "article-2025", "--margin", "0.1", "--power", "0.9")
    assert result.exit_code == 0
    assert "each verdict with probability 0.9 (240 models):" in result.output
    lines = result.output.splitlines()
    assert lines[1].split()[-2:] == ["323", "$258.40"]
    assert lines[2].split()[-2] == "274"
    assert lines[3].split()[-2] == "633"


def test_a_study_of_ones_own_is_priced_by_its_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of each model's draws; a plan out of reach says so, and has no dollars."""
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(CSV)
    run("import", "mine.csv", "--study", "mine")
    result = run("plan", "mine", "--power", "0.99")
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[1].endswith("out of reach")
    draws, dollars = lines[2].split()[-2:]
    assert dollars == f"${int(draws) * 0.004:,.2f}"
    assert lines[-1] == "Dollars at the costs of 2 models; c/d alone takes 75% of them."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere"),
        (["article-2025", "--bias", "0.6"], "at most 0.5"),
        (["article-2025", "--power", "1"], "--power"),
    ],
)
def test_wrong_wishes_are_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    """Exit status 2: the fault, and the remedy."""
    monkeypatch.chdir(ROOT)
    result = run("plan", *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_study_without_draws_needs_a_number_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is a plan, without dollars."""
    (tmp_path / "content" / "studies" / "new").mkdir(parents=True)
    (tmp_path / "content" / "studies" / "new" / "study.toml").write_text('[study]\ntitle = "New"\n')
    monkeypatch.chdir(tmp_path)
    assert "--models N" in run("plan", "new").output
    result = run("plan", "new", "--models", "10")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1].startswith("No draw of this study has a price yet")


@pytest.mark.slow
def test_a_hundred_outcomes_can_show_bias_and_practically_never_fairness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1 to 100 takes about 7,500 draws to be called fair with probability 0.8; six faces 730.

    In one fixed order six faces take 650; in turned orders their places in the prompt must be even too.
    """
    monkeypatch.chdir(ROOT)
    lines = run("plan", "control-range", "--power", "0.8").output.splitlines()
    assert lines[1].startswith("  fair: a perfect sampler shown within 0.1")
    assert 7_300 <= int(lines[1].split()[-2].replace(",", "")) <= 7_800
    assert lines[2].split()[-2] in {"1,009", "1,010"}
    assert lines[4] == (
        "Among 100 outcomes a bias can be shown, fairness practically never: leave that verdict out."
    )
    lines = run("plan", "control-dice", "--power", "0.8").output.splitlines()
    assert 720 <= int(lines[1].split()[-2]) <= 740
    assert lines[2].split()[-2] == "321"
    assert not any(line.startswith("Among") for line in lines)


def test_what_knows_coins_alone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bias that no draws can have."""
    monkeypatch.chdir(ROOT)
    far = run("plan", "control-dice", "--bias", "0.9")
    assert far.exit_code == 2
    assert "at most 0.833333" in far.output
