"""The target of a prompt: each key that does not fit the others is one sentence."""

from pathlib import Path

import pytest

from flipsite.domain.distribution import prompt_of
from flipsite.domain.study import Prompt, share_text
from flipsite.errors import SettingsError
from flipsite.settings import load_study

LIST = 'template = "One of {options}."\noutcomes = ["rock", "paper", "scissors"]\n'


def read(folder: Path, prompt: str, sampling: str = "") -> Prompt:
    (folder / "study.toml").write_text(f"[prompt]\n{prompt}\n[sampling]\n{sampling}\n", encoding="utf-8")
    return load_study(folder).prompt


@pytest.mark.parametrize(
    ("prompt", "sampling", "fault"),
    [
        (LIST + 'pair = ["a", "b"]', "", "prompt.outcomes: is there beside pair; keep one of the two."),
        (
            'template = "{options}"\noutcomes = ["a"]',
            "",
            "prompt.outcomes: expected 2 to 1,000 outcomes, found 1.",
        ),
        (
            'template = "{low} {high}"\noutcomes = { from = 0, to = 1000 }',
            "",
            "prompt.outcomes: expected 2 to 1,000 outcomes, found 1,001.",
        ),
        (
            'template = "{options}"\noutcomes = ["Ab", " aB "]',
            "",
            "prompt.outcomes: 'Ab' and ' aB ' are one label; they differ in blanks, case or spelling alone.",
        ),
        ('template = "{options}"\noutcomes = ["a", "b", "a"]', "", "prompt.outcomes: 'a' is there twice."),
        (
            'pair = ["Heads", "heads "]',
            "",
            "prompt.pair: 'Heads' and 'heads ' are one label; they differ in blanks, case or spelling alone.",
        ),
        (
            LIST + "target = [0.5, 0.3, 0.3]",
            "",
            "prompt.target: the shares sum to 1.1, not to 1; whole weights need not.",
        ),
        (LIST + "target = [0.5, -0.5, 1.0]", "", "prompt.target: a share is negative: -0.5."),
        (LIST + "target = [nan, 0.5, 0.5]", "", "prompt.target: a share is no finite number: nan."),
        (LIST + "target = [inf, 0.5, 0.5]", "", "prompt.target: a share is no finite number: inf."),
        (
            LIST + "target = [0, 0, 0]",
            "",
            "prompt.target: all shares are 0; give at least one outcome a share above 0.",
        ),
        (
            'template = "{low} {high}"\noutcomes = { from = 5, to = -5 }',
            "",
            "prompt.outcomes: expected from below to, found from = 5 and to = -5.",
        ),
        (LIST + "target = [0.5, 0.5]", "", "prompt.target: expected 3 shares, one an outcome, found 2."),
        (LIST + "target = 0.5", "", 'prompt.target: expected "uniform" or a list of 3 shares, found 0.5.'),
        (
            'template = "Pick."\noutcomes = ["a", "b"]',
            "",
            "prompt.template: {options} missing; without it the model is not told what to draw from.",
        ),
        (
            'template = "{first} or {options}"\noutcomes = ["a", "b"]',
            "",
            "prompt.template: {first} has no meaning here; known here: {options}, {shares}, {count}.",
        ),
        (
            'template = "{first} or else"',
            "",
            "prompt.template: {second} missing; without it the model is not told what to draw from.",
        ),
        (
            LIST + "target = [2, 1, 1]",
            "",
            "prompt.template: {shares} missing; without it the model is not told the shares.",
        ),
        (
            'template = "{low} to {high}"\noutcomes = { from = 1, to = 9 }\nlabels = "random"',
            "",
            'prompt.labels: a range has no labels of its own; set labels = "fixed".',
        ),
        (
            'template = "{options}"\nlabels = "random"\noutcomes = '
            + repr([f"x{i}" for i in range(13)]).replace("'", '"'),
            "",
            "prompt.labels: random labels go with at most 12 outcomes, found 13.",
        ),
        (LIST + 'orders = "both"', "", 'prompt.orders: outcomes are asked in "one" order or "rotated".'),
        (
            LIST,
            "per_answer = 12",
            "sampling.per_answer: 12 draws in one answer need {count} in prompt.template.",
        ),
        (
            LIST,
            "per_answer = 1001",
            "sampling.per_answer: expected a whole number from 1 to 1,000, found 1001.",
        ),
        (LIST, "per_answer = 0", "sampling.per_answer: expected a whole number from 1 to 1,000, found 0."),
        ('orders = "rotated"', "", 'prompt.orders: a pair is asked in "one" order or in "both".'),
        (
            'template = "{first} {second} {count}"',
            'per_answer = 5\n[method]\nkind = "seed"',
            "sampling.per_answer: the method seed asks for one draw; set it to 1.",
        ),
        (LIST, '[method]\nkind = "rejection"', "method.kind: rejection goes with two outcomes, found 3."),
        (
            "target = 0",
            '[method]\nkind = "rejection"',
            "method.kind: rejection needs a target between 0 and 1, found 0.",
        ),
        (
            "target = 1.0",
            '[method]\nkind = "rejection"',
            "method.kind: rejection needs a target between 0 and 1, found 1.",
        ),
        ("", "[method]\nproposal = 0", "method.proposal: expected a number between 0 and 1, found 0."),
        ("", "[method]\nproposal = 1.0", "method.proposal: expected a number between 0 and 1, found 1.0."),
        ("", "[method]\nproposal = nan", "method.proposal: expected a number between 0 and 1, found nan."),
        (
            "",
            '[method]\nkind = "dice"',
            'method.kind: expected one of "direct", "seed", "rejection", found \'dice\'.',
        ),
    ],
)
def test_a_key_that_does_not_fit_is_one_sentence(
    tmp_path: Path, prompt: str, sampling: str, fault: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, prompt, sampling)
    assert str(caught.value) == f"{tmp_path / 'study.toml'}: {fault}"


def test_whole_weights_are_shares(tmp_path: Path) -> None:
    found = read(tmp_path, LIST.replace("{options}", "{shares}") + "target = [2, 1, 1]")
    assert found.shares == (0.5, 0.25, 0.25)
    assert found.text(found.outcomes, order=1) == (
        "One of paper with probability 25%, scissors with probability 25%, rock with probability 50%."
    )


def test_a_range_is_told_by_its_ends(tmp_path: Path) -> None:
    found = read(tmp_path, 'template = "From {low} to {high}."\noutcomes = { from = -2, to = 2 }')
    assert found.outcomes == ("-2", "-1", "0", "1", "2")
    assert found.text(found.outcomes) == "From -2 to 2."


def test_a_coin_is_what_it_was() -> None:
    coin = prompt_of(
        template="{first}{second}", pair=None, outcomes=None, target=0.3, labels="fixed", orders="both"
    )
    assert (coin.outcomes, coin.shares, coin.target, coin.form) == (("0", "1"), (0.7, 0.3), 0.3, "pair")


@pytest.mark.parametrize(
    ("share", "text"), [(0.5, "50%"), (0.125, "12.5%"), (1 / 6, "1/6"), (0.123456, "0.123456"), (0.0, "0%")]
)
def test_a_share_is_told_exactly(share: float, text: str) -> None:
    assert share_text(share) == text
