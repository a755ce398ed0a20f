"""What the page's script is given is data, whatever it says."""

import csv
import io
import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.interactive import figure_files, spec_json
from flipsite.present.renderer import bundle_key


@given(st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_specification_survives_and_closes_no_element(spec: dict[str, object]) -> None:
    text = spec_json(spec)
    assert json.loads(text) == spec
    assert not set(text) & set("<>&\u2028\u2029")


def test_a_chart_has_its_data_its_picture_and_its_specification_beside_it(
    many: Callable[[int], tuple[Estimate, ...]], study: Study
) -> None:
    figure = bias_intervals(many(5), study)
    files = figure_files(figure)
    stem = "data/charts/trial-bias-intervals"
    assert set(files) == {f"{stem}.csv", f"{stem}.js", f"{stem}.svg", f"{stem}.narrow.svg"}
    rows = list(csv.DictReader(io.StringIO(files[f"{stem}.csv"].decode())))
    assert [row["model"] for row in rows] == [record["model"] for record in figure.records]
    call = files[f"{stem}.js"].decode()
    arguments = json.loads(f"[{call.removeprefix('flipsiteChart(').rstrip().removesuffix(');')}]")
    name, spec, (pictures,) = arguments
    assert name == figure.name
    assert spec == figure.spec
    assert pictures.count("<svg") == 2


def test_the_narrow_layout_repeats_no_data(many: Callable[[int], tuple[Estimate, ...]], study: Study) -> None:
    spec = bias_intervals(many(5), study).spec
    usermeta = spec["usermeta"]
    assert isinstance(usermeta, dict)
    assert {"width", "layer"} <= set(usermeta["narrow"])
    assert "datasets" not in usermeta["narrow"]


def test_the_bundles_key_names_the_version_that_makes_it() -> None:
    assert "vl-convert 1." in bundle_key()
