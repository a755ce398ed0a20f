"""What a study's two ends allow to be said: how many models can be fair, and whether one kind is fairer."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from flipsite.analyse.enrichment import Claim
from flipsite.analyse.fairness import FairShare
from flipsite.analyse.population import Population
from flipsite.domain.display import Figure
from flipsite.domain.study import Study
from flipsite.present.figures import AnyChart, Canvas, Margins, Row, figure, placed
from flipsite.present.formats import count_text, plural
from flipsite.present.marks import place_axis
from flipsite.present.theme import ink

KINDS = {"roleplay": "role-playing", "coding": "coding and problem solving", "reasoning": "reasoning"}
"""What a claim's kind is called."""

_NAMES_PX = 200
_ROW_PX = 46
_MARK: dict[str, Any] = {"size": 90, "filled": False}


def fair_room(share: FairShare, population: Population | None, study: Study) -> Figure:
    """How many of the models can be fair: three answers, each with its 95 % interval, among all models.

    Args:
        share: The estimate and the bound.
        population: The fitted population; None where none was fitted.
        study: Theirs.
    """
    n = share.n_models
    noun = "coin" if study.kind == "simulated" else "model"
    rows: list[Row] = [
        {
            "way": "counted at the fair end",
            "models": share.share * n,
            "low": share.share_low * n,
            "high": share.share_high * n,
        },
        {"way": "at most, exactly", "models": share.n_most, "low": 0, "high": share.n_most},
    ]
    if population is not None:
        rows.append(
            {
                "way": "fitted to all of them",
                "models": population.fair * n,
                "low": population.fair_low * n,
                "high": population.fair_high * n,
            }
        )
    for place, row in enumerate(rows):
        row |= {"row": place, "label": _room_sentence(row)}
    rest = "the others are biased" if share.n_most < n else "that leaves room for all of them"
    title = f"At most {count_text(share.n_most)} of {plural(n, noun)} can be fair; {rest}"
    return figure(
        lambda canvas: _room_rows(rows, canvas, n_models=n, noun=noun),
        name=f"{study.id}-fair-room",
        title=title,
        caption=(
            f"Three answers to one question, each with its 95 % interval, among all {plural(n, noun)}. They "
            "rest on different assumptions, and fair means too near the target to be told from it."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows),
        records=[{key: row[key] for key in ("way", "models", "low", "high")} for row in rows],
    )


def _room_sentence(row: Row) -> str:
    if row["low"] == 0 and row["high"] == row["models"]:
        return f"{row['way']}: {count_text(row['models'])}"
    low, high = count_text(row["low"]), count_text(row["high"])
    return f"{row['way']}: {count_text(row['models'])}, {low} to {high}"


def _room_rows(rows: Sequence[Row], canvas: Canvas, *, n_models: int, noun: str) -> AnyChart:
    y = place_axis(len(rows))
    axis = alt.Axis(
        orient="top", offset=6, format="d", tickCount=5, title=f"Fair {noun}s", titleAnchor="start"
    )
    scale = alt.Scale(domain=[0, n_models], nice=False)
    x = alt.X("models:Q", scale=scale, axis=axis)
    whole = canvas.chart(rows)
    spans = whole.mark_bar(height=14, color=ink("band"), stroke=ink("edge"), strokeWidth=1)
    layers = [
        spans.encode(
            x=alt.X("low:Q", scale=scale, axis=axis),
            x2=alt.X2("high:Q"),
            y=y,
            description=alt.Description("label:N"),
        ),
        whole.mark_point(size=90, color=ink("fair"), filled=True).encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("way:N", title="Answer"),
                alt.Tooltip("models:Q", title="Fair", format=".0f"),
                alt.Tooltip("low:Q", title="At least", format=".0f"),
                alt.Tooltip("high:Q", title="At most", format=".0f"),
            ],
            description=alt.Description("label:N"),
        ),
        _names(rows, canvas, y=y, field="way"),
    ]
    return _placed(layers, canvas, n_rows=len(rows))


def kinds_at_the_ends(claims: Sequence[Claim], study: Study) -> Figure:
    """Where the models of each kind stand: each a mark, at the left if among the least biased.

    Args:
        claims: One a kind.
        study: Theirs.

    Raises:
        ValueError: If there is no claim.
    """
    if not claims:
        raise ValueError("no kind of model is known at either end.")
    counts = [(claim, claim.table.ones_a, claim.table.n_a - claim.table.ones_a) for claim in claims]
    rows: list[Row] = [
        {
            "row": place,
            "kind": KINDS[claim.kind],
            "label": f"{KINDS[claim.kind]}: {least} among the least biased, {most} among the most",
            "unknown": f"of {claim.n_unknown} more the kind is not known" if claim.n_unknown else "",
        }
        for place, (claim, least, most) in enumerate(counts)
    ]
    marks: list[Row] = [
        rows[place] | {"at": side * (nth + 0.5)}
        for place, (_, least, most) in enumerate(counts)
        for side, number in ((-1, least), (1, most))
        for nth in range(number)
    ]
    widest = max(3, *(max(least, most) for _, least, most in counts))
    told = ", ".join(f"{KINDS[claim.kind]} {least} to {most}" for claim, least, most in counts)
    title = f"Least biased to most biased: {told}"
    return figure(
        lambda canvas: _kind_rows(rows, marks, canvas, widest=widest),
        name=f"{study.id}-kinds",
        title=title,
        caption=(
            "Each mark is a model of the kind: left of the line one of the least biased, right of it one of "
            "the most. In grey, how many more at the two ends may be of the kind."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}; {row['unknown']}." for row in rows),
        records=[
            {
                "kind": KINDS[claim.kind],
                "least_biased": least,
                "most_biased": most,
                "unknown": claim.n_unknown,
                "p": claim.p_value,
            }
            for claim, least, most in counts
        ],
    )


def _kind_rows(rows: Sequence[Row], marks: Sequence[Row], canvas: Canvas, *, widest: int) -> AnyChart:
    y = place_axis(len(rows))
    scale = alt.Scale(domain=[-widest - 0.5, widest + 0.5], nice=False)
    x = alt.X("at:Q", scale=scale, axis=None)
    layers: list[alt.Chart] = [
        canvas.chart([{"at": 0}]).mark_rule(color=ink("ink"), strokeWidth=2).encode(x=x),
        canvas.chart([row | {"at": 0.3} for row in rows])
        .mark_text(align="left", baseline="middle", dy=18, color=ink("muted"))
        .encode(x=x, y=y, text=alt.Text("unknown:N")),
        _names(rows, canvas, y=y, field="kind"),
    ]
    left, right = ([mark for mark in marks if mark["at"] * side > 0] for side in (-1, 1))
    rings = canvas.chart(left).mark_point(shape="circle", stroke=ink("undecided"), fill=ink("page"), **_MARK)
    diamonds = canvas.chart(right).mark_point(
        shape="diamond", stroke=ink("biased"), fill=ink("biased"), **_MARK
    )
    layers += [
        points.encode(x=x, y=y, description=alt.Description("label:N"))
        for points, there in ((rings, left), (diamonds, right))
        if there
    ]
    for at, align, words in ((-0.3, "right", "◂ least biased"), (0.3, "left", "most biased ▸")):
        named = canvas.chart([{"at": at, "words": words}])
        how: dict[str, Any] = {"align": align, "baseline": "bottom", "color": ink("muted")}
        named = named.mark_text(**how)
        layers.append(named.encode(x=x, y=alt.YValue(-8), text=alt.Text("words:N")))
    return _placed(layers, canvas, n_rows=len(rows))


def _names(rows: Sequence[Row], canvas: Canvas, *, y: alt.Y, field: str) -> alt.Chart:
    """What each row is: left of the plot, on a phone above the row."""
    where = {"align": "left", "dy": -20} if canvas.narrow else {"align": "right"}
    names: alt.Chart = canvas.chart(rows).mark_text(baseline="middle", **where)
    return names.encode(x=alt.XValue(0 if canvas.narrow else -12), y=y, text=alt.Text(f"{field}:N"))


def _placed(layers: Sequence[alt.Chart], canvas: Canvas, *, n_rows: int) -> AnyChart:
    margins = Margins(left=10 if canvas.narrow else _NAMES_PX, right=16, top=54, bottom=14)
    tall = _ROW_PX + (18 if canvas.narrow else 0)
    return placed(alt.layer(*layers), canvas, margins, height=n_rows * tall)
