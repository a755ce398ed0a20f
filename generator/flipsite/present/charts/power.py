"""How many draws a verdict needs, and what was drawn where another share was asked for."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import altair as alt

from flipsite.analyse.cross_study.step_likeness import Calibration
from flipsite.domain.display import Figure, plural
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.theme import Token, ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import interval_text, percent_text

_LINES: tuple[tuple[Token, list[int]], ...] = (
    ("biased", [1, 0]),
    ("fair", [6, 3]),
    ("tails", [2, 2]),
    ("heads", [8, 2, 2, 2]),
)
"""Colour and dashes of up to four curves; each is named at its end as well."""

_QUARTERS = [0, 0.25, 0.5, 0.75, 1]


def power_curve(points: Sequence[Mapping[str, object]], *, name: str, goal: float = 0.9) -> Figure:
    """The probability of a verdict against the number of draws, a curve for each question.

    Args:
        points: Records with `curve` (what to do, as in "find a bias of 0.1"; at most four different ones),
            `draws` and `power`; the curves one after the other, each by rising draws.
        name: The figure's.
        goal: The power that is wanted, drawn as a line.

    Raises:
        ValueError: If there is no point, or there are more than four curves.
    """
    rows: list[Row] = [
        {"curve": str(p["curve"]), "draws": _number(p["draws"]), "power": _number(p["power"])} for p in points
    ]
    curves = {curve: list(group) for curve, group in groupby(rows, key=lambda row: row["curve"])}
    if not 0 < len(curves) <= len(_LINES):
        raise ValueError(f"{len(curves)} curves; one to {len(_LINES)} can be told apart.")
    needed = [_needed_sentence(curve, group, goal) for curve, group in curves.items()]
    return figure(
        lambda canvas: _power_lines(rows, curves, canvas, goal=goal),
        name=name,
        title=needed[0],
        caption=(
            f"Probability of the verdict against the valid draws of one model, exact. "
            f"The dashed line is {percent_text(goal)}."
        ),
        description=". ".join(needed) + ".",
        records=rows,
    )


def calibration_curve(curve: Calibration, *, name: str) -> Figure:
    """One model's drawn share against the share asked for, with intervals, over the diagonal."""
    rows: list[Row] = [
        {"asked": p.target, "drawn": p.share, "low": p.low, "high": p.high, "draws": p.n_valid}
        | {"label": f"asked for {percent_text(p.target)}: {percent_text(p.share)} drawn"}
        for p in curve.points
    ]
    farthest = max(rows, key=lambda row: abs(row["drawn"] - row["asked"]))
    title = (
        f"Asked for {percent_text(farthest['asked'])} ones, {shown(curve.model)} gave "
        f"{percent_text(farthest['drawn'])}"
    )
    return figure(
        lambda canvas: _calibration_points(rows, canvas),
        name=name,
        title=title,
        caption=(
            f"{plural(len(rows), 'target')}: the share of ones drawn with its 95 % interval against the "
            f"share asked for. On the dashed line both are the same. Step-likeness, corrected for noise, "
            f"{curve.step_corrected:.2f} ({interval_text(curve.step_low, curve.step_high)}): 0 follows the "
            "line, 1 is a step at one half."
        ),
        description=f"{title}; of {plural(len(rows), 'target')} that is the farthest from what was asked.",
        records=[{key: row[key] for key in ("asked", "drawn", "low", "high", "draws")} for row in rows],
    )


def _number(value: object) -> float:
    assert isinstance(value, int | float)  # noqa: S101 - what the analysis makes
    return value


def _needed_sentence(curve: str, group: Sequence[Row], goal: float) -> str:
    reached = next((row["draws"] for row in group if row["power"] >= goal), None)
    if reached is None:
        return (
            f"To {curve} with {percent_text(goal)} power takes more than {plural(group[-1]['draws'], 'draw')}"
        )
    return f"To {curve} with {percent_text(goal)} power takes {plural(reached, 'draw')}"


def _power_lines(
    rows: Sequence[Row], curves: Mapping[str, Sequence[Row]], canvas: Canvas, *, goal: float
) -> AnyChart:
    most = max(row["draws"] for row in rows)
    across = alt.Axis(title="Valid draws", grid=False, format=",d", tickCount=5)
    x = alt.X("draws:Q", scale=alt.Scale(domain=[0, most], nice=False), axis=across)
    up = alt.Axis(
        format=".0%", tickCount=5, title="Power", titleAngle=0, titleAlign="left", titleX=-44, titleY=-16
    )
    y = alt.Y("power:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=up)
    layers: list[alt.Chart] = [
        canvas.chart([{"power": goal}]).mark_rule(strokeDash=[3, 3], color=ink("edge")).encode(y=y)
    ]
    legend = []
    for place, ((curve, group), (token, dash)) in enumerate(zip(curves.items(), _LINES, strict=False)):
        line = canvas.chart(group).mark_line(color=ink(token), strokeWidth=2.5, strokeDash=dash)
        tooltip = [
            alt.Tooltip("curve:N", title="Question"),
            alt.Tooltip("draws:Q", title="Draws", format=","),
            alt.Tooltip("power:Q", title="Power", format=".1%"),
        ]
        points = canvas.chart(group).mark_point(size=60, opacity=0)
        layers += [line.encode(x=x, y=y), points.encode(x=x, y=y, tooltip=tooltip)]
        legend.append((curve, token, dash, -20 * (len(curves) - place) - 26))
    for curve, token, dash, height in legend:
        named = canvas.chart([{"words": curve}])
        stroke = named.mark_rule(color=ink(token), strokeWidth=2.5, strokeDash=dash)
        layers += [
            stroke.encode(x=alt.XValue(0), x2=alt.X2Value(26), y=alt.YValue(height)),
            named.mark_text(align="left", baseline="middle").encode(
                x=alt.XValue(34), y=alt.YValue(height), text=alt.Text("words:N")
            ),
        ]
    margins = Margins(left=48, right=14, top=40 + 20 * len(curves), bottom=46)
    return placed(layered(*layers), canvas, margins, height=240 if canvas.narrow else 300)


def _calibration_points(rows: Sequence[Row], canvas: Canvas) -> AnyChart:
    share = alt.Scale(domain=[0, 1], nice=False)
    across = alt.Axis(title="Asked for", format=".0%", values=_QUARTERS, grid=False)
    up = alt.Axis(
        format=".0%", values=_QUARTERS, title="Drawn", titleAngle=0, titleAlign="left", titleX=-44, titleY=-16
    )
    x, y = alt.X("asked:Q", scale=share, axis=across), alt.Y("drawn:Q", scale=share, axis=up)
    ends = canvas.chart([{"asked": 0, "drawn": 0}, {"asked": 1, "drawn": 1}])
    whole = canvas.chart(rows)
    tooltip = [
        alt.Tooltip("asked:Q", title="Asked", format=".1%"),
        alt.Tooltip("drawn:Q", title="Drawn", format=".1%"),
        alt.Tooltip("low:Q", title="At least", format=".1%"),
        alt.Tooltip("high:Q", title="At most", format=".1%"),
        alt.Tooltip("draws:Q", title="Valid draws", format=","),
    ]
    layers = [
        ends.mark_line(strokeDash=[3, 3], color=ink("edge")).encode(x=x, y=y),
        whole.mark_rule(strokeWidth=2, opacity=0.7).encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        whole.mark_point(size=70, color=ink("heads")).encode(
            x=x, y=y, tooltip=tooltip, description=alt.Description("label:N")
        ),
    ]
    side = 250 if canvas.narrow else 380
    margins = Margins(
        left=48, right=canvas.width - side - 48 - (0 if canvas.narrow else 150), top=34, bottom=46
    )
    return placed(layered(*layers), canvas, margins, height=side)
