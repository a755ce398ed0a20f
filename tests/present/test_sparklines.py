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
from scipy import stats
from tests.present.pictures import root_of, words

from flipsite.present.pages.templates import environment, render
from flipsite.present.sparklines.sparklines import (
    MOST_POINTS,
    SparklineSpec,
    chance_envelope,
    drawn_points,
    envelope,
    row_bar,
    running_mean,
    running_mean_twin,
    strip,
    strip_twin,
)
from flipsite.present.sparklines.specs import full_spec, running_mean_chart, strip_chart, twin_files

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
    assert np.min(inside) >= 0.95 - 1e-9


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
    assert [first for _, first in drawn.rows] == list(range(0, len(found), 50))


def test_a_strip_shows_the_numbers_that_the_data_have() -> None:
    """Of draws that begin late and have a gap; the interactive chart is told them too."""
    numbers = np.array([*range(7, 67), *range(100, 130)])
    found = outcomes([1] * len(numbers))
    assert [first for _, first in strip(found, numbers).rows] == [7, 57]
    assert strip_twin(found, numbers).numbers == " ".join(map(str, numbers))
    assert strip_twin(found, np.arange(len(found))).numbers == ""


@pytest.mark.parametrize("n", [601, 5_000, 1_000_000])
def test_many_draws_are_thinned_and_the_picture_says_so(n: int) -> None:
    """A model with a million draws has a picture of the same size, which says what it leaves out."""
    found = outcomes(np.resize([1, 1, 0, -1, 0], n).tolist())
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
def test_a_shared_specification_is_as_good_as_a_chart_validated_with_its_data(kind: str) -> None:
    """But for its rows, which the script makes; a browser's test holds those."""
    found = outcomes([1, 0, 0, -1, 1, 1])
    twin = strip_twin(found) if kind == "strip" else running_mean_twin(found, target=0.5)
    assert twin is not None
    rows = [{"draw": 1, "column": 0, "row": 0, "result": "one", "mean": 1.0, "low": 0.0, "high": 1.0}]
    data = alt.InlineData(values=rows)
    full = full_spec(strip_chart(data) if kind == "strip" else running_mean_chart(data, target=0.5))
    ((name, _),) = full["datasets"].items()
    renamed = json.loads(json.dumps(full).replace(name, "draws"))
    shared = shared_spec(twin)
    assert {**shared, "datasets": {}, "usermeta": {}} == {**renamed, "datasets": {}, "usermeta": {}}
    assert list(shared["datasets"]) == ["draws"]


def shared_spec(twin: SparklineSpec) -> dict[str, Any]:
    ((path, script),) = twin_files([twin]).items()
    assert path == f"data/charts/{twin.name}.js"
    found = re.fullmatch(r'flipsiteChart\("([^"]*)",(.*)\);\n', script.decode(), re.DOTALL)
    assert found is not None
    assert found[1] == twin.name
    spec: dict[str, Any] = json.loads(found[2])
    return spec


def test_a_page_holds_what_its_model_drew_and_the_shared_file_the_envelope() -> None:
    mean, marks = running_mean_twin(outcomes([1, 0, -1, 1]), target=0.5), strip_twin(outcomes([1, 0, -1, 1]))
    assert mean is not None
    assert (mean.drawn, mean.ones, mean.n_valid) == ("101", "", 3)
    assert (marks.drawn, marks.stride) == ("10-1", 1)
    rows = shared_spec(mean)["datasets"]["draws"]
    at, low, high = envelope(3, 0.5)
    assert [row["draw"] for row in rows] == at.tolist()
    assert [row["low"] for row in rows] == pytest.approx(low.tolist(), abs=1e-4)
    assert [row["high"] for row in rows] == pytest.approx(high.tolist(), abs=1e-4)
    assert running_mean_twin(outcomes([-1]), target=0.5) is None


def test_of_many_draws_the_page_holds_the_counts_at_the_points() -> None:
    found = outcomes([1, 0] * 5_000)
    mean, marks = running_mean_twin(found, target=0.5), strip_twin(found)
    assert mean is not None
    ones = [int(count) for count in mean.ones.split(" ")]
    points_at = [row["draw"] for row in shared_spec(mean)["datasets"]["draws"]]
    assert ones == [(at + 1) // 2 for at in points_at]
    assert (mean.drawn, len(ones), ones[-1]) == ("", MOST_POINTS, 5_000)
    assert (len(marks.drawn), marks.stride) == (MOST_POINTS, 25)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_certain_coin_has_an_envelope_of_no_width(target: float) -> None:
    low, high = chance_envelope(drawn_points(5), target=target)
    assert low.tolist() == high.tolist() == [target] * 5
