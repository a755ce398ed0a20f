"""The small pictures' geometry: every draw has its mark, and the envelope is the binomial's."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import root_of, words
from scipy import stats

from flipsite.present.micro import MOST_POINTS, chance_envelope, drawn_points, row_bar, running_mean, strip
from flipsite.present.micro_specs import (
    full_spec,
    running_mean_chart,
    running_mean_rows,
    running_mean_spec,
    strip_chart,
    strip_rows,
    strip_spec,
)
from flipsite.present.templates import environment, render

TEMPLATES = environment([Path(__file__).parents[2] / "templates"])
DRAWS = st.lists(st.sampled_from([1, 0, -1]), min_size=1, max_size=120)
TARGETS = st.sampled_from([0.5, 0.1, 0.83])


def outcomes(found: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int8]]:
    return np.array(found, np.int8)


def points(path: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in re.findall(r"(-?\d+) (-?\d+)", path)]


@given(n=st.integers(1, 3000), target=TARGETS)
def test_the_envelope_is_the_binomials(n: int, target: float) -> None:
    """Equal to scipy.stats' quantiles at every draw, and at least 95 % of coins are inside."""
    at = drawn_points(n)
    low, high = chance_envelope(at, target=target)
    assert low * at == pytest.approx(stats.binom.ppf(0.025, at, target))
    assert high * at == pytest.approx(stats.binom.ppf(0.975, at, target))
    inside = stats.binom.cdf(np.round(high * at), at, target) - stats.binom.cdf(
        np.round(low * at) - 1, at, target
    )
    assert inside.min() >= 0.95 - 1e-9


@given(found=DRAWS, target=TARGETS)
def test_the_running_mean_ends_at_the_share_of_ones(found: list[int], target: float) -> None:
    """Every valid draw is a point inside the frame, from left to right, within half a unit of its share."""
    valid = [outcome for outcome in found if outcome >= 0]
    mean = running_mean(outcomes(found), target=target)
    if not valid:
        assert mean is None
        return
    assert mean is not None
    assert mean.mean == pytest.approx(np.mean(valid))
    drawn = points(mean.line)
    assert len(drawn) == mean.n_points == mean.n_valid == len(valid)
    assert drawn[-1] == (mean.x, mean.y)
    assert [x for x, _ in drawn] == sorted({x for x, _ in drawn})
    shares = [(mean.bottom - y) / (mean.bottom - mean.top) for _, y in drawn]
    assert shares == pytest.approx(
        list(np.cumsum(valid) / np.arange(1, len(valid) + 1)), abs=0.5 / 1600 + 1e-9
    )
    for x, y in points(mean.band):
        assert mean.left <= x <= mean.right
        assert mean.top <= y <= mean.bottom


@given(found=DRAWS)
def test_every_draw_is_one_mark_of_the_strip(found: list[int]) -> None:
    drawn = strip(outcomes(found))
    assert (drawn.heads.count("v-"), drawn.tails.count("v"), drawn.missing.count("h")) == (
        found.count(1),
        found.count(0),
        found.count(-1),
    )
    assert (drawn.n_ones, drawn.n_zeros, drawn.n_missing) == tuple(found.count(kind) for kind in (1, 0, -1))
    places = points(drawn.heads) + points(drawn.tails) + [(x + 17, y) for x, y in points(drawn.missing)]
    assert len(set(places)) == len(found)
    assert max(y for _, y in places) < drawn.height
    assert [first for _, first in drawn.rows] == list(range(1, len(found) + 1, 50))


@pytest.mark.parametrize("n", [601, 5_000, 1_000_000])
def test_many_draws_are_thinned_and_the_picture_says_so(n: int) -> None:
    """A model with a million draws has a picture of the same size, which says what it leaves out."""
    found = outcomes(np.resize([1, 1, 0, -1, 0], n))
    mean, shown = running_mean(found), strip(found)
    assert mean is not None
    assert mean.n_points == MOST_POINTS
    assert len(points(shown.heads + shown.tails + shown.missing)) <= MOST_POINTS
    assert shown.n_ones + shown.n_zeros + shown.n_missing == n
    drawn = render(TEMPLATES, "parts/running_mean.svg.html", mean=mean, goal=0.5)
    assert "400 of" in drawn
    assert f"One draw in {shown.stride:,} is shown" in render(TEMPLATES, "parts/strip.svg.html", strip=shown)
    assert len(drawn) < 12_000


@given(found=DRAWS, target=TARGETS)
def test_the_templates_draw_well_formed_pictures_with_words_for_them(found: list[int], target: float) -> None:
    drawn = root_of(render(TEMPLATES, "parts/strip.svg.html", strip=strip(outcomes(found))))
    assert drawn.get("role") == "img"
    assert f"{found.count(-1)} without an outcome" in (drawn.get("aria-label") or "")
    mean = running_mean(outcomes(found), target=target)
    if mean is not None:
        root = root_of(render(TEMPLATES, "parts/running_mean.svg.html", mean=mean, goal=target))
        assert f"{target:g}" in words(root)
        assert ("inside" if mean.inside else "outside") in (root.get("aria-label") or "")


@given(shares=st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted))
def test_a_rows_bar_keeps_its_order_and_its_frame(shares: list[float]) -> None:
    bar = row_bar(*shares, width=200)
    assert 0 <= bar.low <= bar.middle <= bar.high <= 200
    assert row_bar(0.0, 0.25, 0.5, top=0.5) == (0, 100, 200)


@pytest.mark.parametrize("kind", ["running mean", "strip"])
def test_swapped_data_are_as_good_as_a_validated_chart(kind: str) -> None:
    """The specification made of text halves equals the one that Altair validates with the data in it."""
    found = outcomes([1, 0, 0, -1, 1, 1])
    if kind == "strip":
        rows, swapped = strip_rows(found), strip_spec().with_rows(strip_rows(found))
        full = full_spec(strip_chart(alt.InlineData(values=rows)))
    else:
        rows = running_mean_rows(found, target=0.5)
        swapped = running_mean_spec(0.5).with_rows(rows)
        full = full_spec(running_mean_chart(alt.InlineData(values=rows), target=0.5))
    ((name, values),) = full["datasets"].items()
    assert values == rows
    renamed = json.loads(json.dumps(full).replace(name, "draws"))
    assert json.loads(swapped) == renamed


def test_rows_of_the_interactive_twins_are_the_pictures() -> None:
    found = outcomes([1, 0, -1, 1])
    assert [row["mean"] for row in running_mean_rows(found, target=0.5)] == [1, 0.5, 0.6667]
    assert running_mean_rows(outcomes([-1]), target=0.5) == []
    assert [row["result"] for row in strip_rows(found)] == ["one", "zero", "neither", "one"]
    assert strip_rows(outcomes([1] * 1000))[-1]["draw"] == 999 // 3 * 3 + 1


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_certain_coin_has_an_envelope_of_no_width(target: float) -> None:
    low, high = chance_envelope(drawn_points(5), target=target)
    assert low.tolist() == high.tolist() == [target] * 5
