"""Simulated samplers of more than two outcomes read a prompt as a model would, and draw as they are known."""

from collections import Counter

import pytest

from flipsite.collect.prompt import questions
from flipsite.collect.simulated.coins import toss_of
from flipsite.collect.simulated.dice import DICE, NUMBERS, choices_of
from flipsite.domain.study import OutcomeForm, Prompt

WEIGHTED = "Make one random draw from outcomes with these probabilities: {shares}."


def prompt_of(template: str, labels: list[str], shares: list[float], form: OutcomeForm = "list") -> Prompt:
    return Prompt(
        template=template, outcomes=tuple(labels), shares=tuple(shares), orders="rotated", form=form
    )


def drawn(name: str, prompt: Prompt, n: int = 300) -> Counter[str]:
    """The outcomes of a number of draws of a sampler."""
    catalogue = NUMBERS if prompt.form == "range" else DICE
    coin = next(coin for coin in catalogue if coin.id == f"simulated/{name}")
    asked = questions(prompt, n_draws=n, model=coin.id, seed=1)
    bodies = ({"model": coin.id, "messages": [{"content": each.text}]} for each in asked)
    return Counter(coin.fall(toss_of(body, seed=3, draw=draw)) for draw, body in enumerate(bodies))


def test_a_prompt_is_read_as_it_was_written() -> None:
    """Labels and shares of a list, of a weighted list in any order, and of a range."""
    weighted = prompt_of(WEIGHTED, ["rock", "paper", "scissors"], [0.5, 1 / 3, 1 / 6])
    found = choices_of(weighted.text(weighted.outcomes, order=1))
    assert found.labels == ("paper", "scissors", "rock")
    assert found.shares == pytest.approx((1 / 3, 1 / 6, 0.5))
    listed = choices_of("Make one random draw from these outcomes: 1, 2, 3.\nOutput: [the face]")
    assert listed.labels == ("1", "2", "3")
    ends = choices_of("Make one random draw of a whole number from -1 to 2, both included.")
    assert (ends.labels, ends.shares) == (("-1", "0", "1", "2"), (0.25,) * 4)


def test_a_sampler_draws_as_asked_and_another_evenly() -> None:
    """Of 300 draws at 50, 30 and 20 per cent: counts within four standard errors."""
    prompt = prompt_of(WEIGHTED, ["rock", "paper", "scissors"], [0.5, 0.3, 0.2])
    asked, even = drawn("as-asked", prompt), drawn("even", prompt)
    assert all(abs(asked[label] - n) < 35 for label, n in (("rock", 150), ("paper", 90), ("scissors", 60)))
    assert abs(even["rock"] - 100) < 33


def test_numbers_have_their_habits() -> None:
    numbers = [str(number) for number in range(1, 101)]
    template = "Make one random draw of a whole number from {low} to {high}, both included."
    prompt = prompt_of(template, numbers, [0.01] * 100, "range")
    assert drawn("always-42", prompt, 5) == {"42": 5}
    assert not any(label[-1] in "05" for label in drawn("no-round-numbers", prompt))
    assert len(drawn("too-even", prompt, 100)) == 100
    favourites = drawn("human-favourites", prompt)
    assert sum(favourites[label] for label in ("7", "37", "42", "73")) > 150
