"""Every kind of chart is what Vega-Lite's schema admits; builds take that as known."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from altair.vegalite.v6.schema.core import load_schema
from jsonschema import Draft7Validator
from tests.narrowing import not_none

import flipsite.present.charts
from flipsite.analyse.cross_study.comparisons import comparisons
from flipsite.analyse.cross_study.step_likeness import Drawn, calibration
from flipsite.analyse.methods.family import method_families
from flipsite.analyse.power import power_points
from flipsite.domain.display import Figure
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Study
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.bits import bits_a_draw
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.power import calibration_curve, power_curve
from flipsite.present.charts.ranks import rank_intervals
from flipsite.present.charts.registry import comparison_drawings, methods_family_drawings, study_drawings
from flipsite.present.embeds.registry import table_drawings
from flipsite.workflows.load import load_report

STUDIES = Path(__file__).parents[2] / "content" / "studies"
Draw = Callable[[], Figure]


@pytest.fixture(scope="module")
def drawings() -> Mapping[str, Draw]:
    """Drawings of all kinds, from the studies that come with flipsite."""
    names = ("article-2025", "controls", "control-dice", "control-dozens")
    article, controls, dice, dozens = (load_report(STUDIES / study) for study in names)
    ways = [load_report(STUDIES / f"control-methods{method}") for method in ("", "-rejection", "-seed")]
    curve = not_none(calibration("a/b", [(t, Drawn(round(50 * t), 50)) for t in (0.1, 0.5, 0.9)]))
    again = replace(controls, study=replace(controls.study, id="again"))
    dated = [
        replace(controls, study=replace(controls.study, id=date, kind=Kind.MEASURED, started=date))
        for date in ("2025-03-01", "2026-02-01")
    ]
    groups: dict[str, Mapping[str, Draw]] = {
        "article": study_drawings(article),
        "controls": study_drawings(controls),
        "dice": study_drawings(dice),
        "dozens": study_drawings(dozens),
        "compared": comparison_drawings(comparisons([controls, again])),
        "history": history_drawings(dated),
        "table": table_drawings(controls),
        "methods": methods_family_drawings(method_families(ways)),
        "plan": {
            "power": partial(power_curve, power_points(), name="power"),
            "curve": partial(calibration_curve, curve, name="curve"),
            "bits": partial(bits_a_draw, controls),
        },
    }
    return {f"{group}: {name}": draw for group, draws in groups.items() for name, draw in draws.items()}


@cache
def schema() -> Draft7Validator:
    """Vega-Lite's schema, prepared once."""
    return Draft7Validator(load_schema())


def schema_admits(spec: Mapping[str, object]) -> None:
    schema().validate(dict(spec))


def test_the_schema_admits_each_kind_of_chart(drawings: Mapping[str, Draw]) -> None:
    for name, draw in drawings.items():
        try:
            spec: dict[str, Any] = dict(draw().spec)
            schema_admits(spec)
            schema_admits(spec | spec["usermeta"]["narrow"])
        except Exception as error:
            error.add_note(f"in the drawing {name}")
            raise


def test_the_schema_admits_not_everything(drawings: Mapping[str, Draw]) -> None:
    figure = drawings["controls: verdicts"]()
    with pytest.raises(Exception, match="widht"):
        schema_admits(figure.spec | {"layer": [{"mark": "bar", "widht": 3}]})


@pytest.mark.parametrize("draw", [bias_intervals, rank_intervals])
def test_the_schema_admits_the_form_for_many_models(
    draw: Callable[..., Figure], many: Callable[[int], tuple[Estimate, ...]], study: Study
) -> None:
    ranked = [replace(e, rank=i, rank_low=1, rank_high=300) for i, e in enumerate(many(300), 1)]
    schema_admits(draw(ranked, study).spec)


def test_no_kind_is_left_out(drawings: Mapping[str, Draw]) -> None:
    """Each function of the chart modules that makes a figure is among the drawings."""
    folder = Path(flipsite.present.charts.__file__).parent
    modules = [import_module(f"flipsite.present.charts.{path.stem}") for path in folder.glob("[a-z]*.py")]
    makes = {
        name
        for module in modules
        for name, each in vars(module).items()
        if getattr(each, "__module__", "") == module.__name__
        and callable(each)
        and not name.startswith("_")
        and name != "figure"
        and each.__annotations__.get("return") is Figure
    }
    assert makes == {draw.func.__name__ for draw in drawings.values() if isinstance(draw, partial)}


@pytest.mark.parametrize("study", ["article-2025", "controls", "control-dice", "control-dozens"])
def test_the_charts_of_two_studies_have_names_of_their_own(study: str) -> None:
    """Files beside a chart are named after it: of one name, one study's page would offer the other's data."""
    report = load_report(STUDIES / study)
    other = replace(report, study=replace(report.study, id="another"))
    names = [{draw().name for draw in study_drawings(each).values()} for each in (report, other)]
    assert len(names[0]) == len(names[1]) > 2
    assert names[0].isdisjoint(names[1])
