"""The small pictures as templates draw them, and their interactive twins."""

import json
import re
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.present.pictures import outcomes, points, root_of, words

from flipsite.present.pages.templates import environment, render
from flipsite.present.sparklines.interactive import SparklineSpec, running_mean_twin, strip_twin
from flipsite.present.sparklines.running_mean import (
    MOST_POINTS,
    envelope,
    running_mean,
)
from flipsite.present.sparklines.specs import full_spec, running_mean_chart, strip_chart, twin_file
from flipsite.present.sparklines.strip import strip

TEMPLATES = environment([Path(__file__).parents[2] / "templates"])
DRAWS = st.lists(st.sampled_from([1, 0, -1]), min_size=1, max_size=120)
TARGETS = st.sampled_from([0.5, 0.1, 0.83])


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
    script = twin_file(twin)
    assert twin.path == f"data/charts/{twin.name}.js"
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
