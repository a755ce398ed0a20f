"""The page of a family of methods: a picture, a table, and what it takes in words."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from statistics import median_low

from flipsite import schema
from flipsite.analyse.methods.family import MethodFamily, MethodRecord
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.display import encoded, plural, usd_text
from flipsite.domain.study import Study
from flipsite.domain.urls import model_page
from flipsite.present.pages.page import Page
from flipsite.present.text.formats import MISSING, bias_text, count_text, percent_text

_HOME = ("Home", "index.html")
_WIDTH, _HEIGHT = 640, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WayRow:
    """One model by one way of asking, in words."""

    model: str
    page: str
    way: str
    valid: str
    bias: str
    price: str
    bits: str
    rate: str
    remarks: tuple[str, ...]
    good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WayMark:
    """One model by one way in the picture, whose axes run to its width and height."""

    x: float
    y: float
    label: str
    page: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysPicture:
    """Dollars for 1,000 valid draws (logarithmic, to the right) against bias above the floor (upwards).

    Attributes:
        marks: A mark a model and way.
        lines: A path a model that joins its ways.
        ticks: Place and text of each power of ten of a dollar.
        top: The bias at the upper edge.
    """

    width: int
    height: int
    marks: tuple[WayMark, ...]
    lines: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]
    top: str


def methods_path(family: MethodFamily) -> str:
    """The page of a family, under the study whose arms the others are."""
    return f"{base_study(family).id}/methods/index.html"


def base_study(family: MethodFamily) -> Study:
    """The study with the shortest id, from which the ids of its arms are made."""
    return min(family.studies, key=lambda study: (len(study.id), study.id))


def method_pages(families: Sequence[MethodFamily]) -> Iterable[Page]:
    """One page a family."""
    for family in families:
        first = base_study(family)
        yield Page(
            path=methods_path(family),
            title=f"What it takes: {first.title}",
            description=f"{plural(len(family.studies), 'way')} of asking for a draw, and what each costs.",
            template="ways.html",
            study=first,
            crumbs=(_HOME, (first.title, f"{first.id}/index.html")),
            context={
                "family": family,
                "rows": [way_row(record) for record in family.records],
                "picture": picture(family.records),
                "sentences": takes_sentences(family),
                "margin": f"{FAIR_MARGIN:g}",
            },
            tab="Methods",
        )


def method_files(families: Sequence[MethodFamily]) -> dict[str, bytes]:
    """`methods.json` of each study of a family."""
    files: dict[str, bytes] = {}
    for family in families:
        records = [each.record() for each in family.records]
        schema.check(records, schema.METHODS, name=f"methods of {base_study(family).id}")
        lines = ",\n".join(json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records)
        files |= {f"{study.id}/data/methods.json": encoded(f"[\n{lines}\n]\n") for study in family.studies}
    return files


def way_row(record: MethodRecord) -> WayRow:
    """A record as a row of the table."""
    fair = record.fair
    return WayRow(
        model=record.model,
        page=model_page(record.study, record.model),
        way=way_text(record),
        valid=f"{count_text(record.valid)} of {count_text(record.draws)}",
        bias=bias_text(record.bias),
        price=usd_text(fair.usd_per_1000_valid),
        bits=MISSING if fair.bits_low is None else f"{fair.bits_low:,.0f}",
        rate=MISSING if fair.bits_per_usd is None else f"{fair.bits_per_usd:,.0f}",
        remarks=tuple(_remarks(record)),
        good=is_good(record),
    )


def way_text(record: MethodRecord) -> str:
    """Method, temperature and effort."""
    parts = [record.method]
    if record.temperature is not None:
        parts.append(f"temperature {record.temperature:g}")
    if record.reasoning is not None:
        parts.append(f"reasoning {record.reasoning}")
    return ", ".join(parts)


def is_good(record: MethodRecord) -> bool:
    """Whether the outcomes are the model's own and their bias is within the margin, interval and all."""
    high = record.bias_high
    return high is not None and high <= FAIR_MARGIN and not record.is_ours


def _remarks(record: MethodRecord) -> Iterable[str]:
    if record.is_ours:
        yield "accepts whatever is proposed: the coin is ours, not its own"
    for trial in record.trials:
        if trial.trials:
            rate = percent_text(trial.accepted / trial.trials)
            wanted = percent_text(trial.wanted)
            yield f"accepts {rate} of the proposals of outcome {trial.outcome}, {wanted} is right"
    if seeds := record.seeds:
        yield f"{plural(seeds.distinct, 'different string')} in {count_text(seeds.strings)}"
        yield f"{count_text(seeds.right)} outcomes computed right"
        yield f"bias {bias_text(seeds.bias_recomputed)} by the strings"
    if record.fair.why and not record.is_ours:
        yield f"bits not claimed: {record.fair.why}"


def takes_sentences(family: MethodFamily) -> list[str]:
    """What 1,000 draws within the margin cost with the best, the typical and the worst model."""
    ways: defaultdict[str, list[MethodRecord]] = defaultdict(list)
    for record in family.records:
        ways[record.model].append(record)
    cheapest = {model: _cheapest(records) for model, records in ways.items()}
    able = sorted(
        (record for record in cheapest.values() if record is not None),
        key=lambda each: (_price(each), each.model),
    )
    without = len(ways) - len(able)
    if not able:
        return [
            f"None of {plural(len(ways), 'model')} is shown to draw within {FAIR_MARGIN:g} by any way asked."
        ]
    best, typical, worst = able[0], able[median_low(range(len(able)))], able[-1]
    found = [f"With the best model, {_takes(best)}."]
    if len(able) > 2:
        found.append(f"With a typical one, {_takes(typical)}.")
    if len(able) > 1:
        found.append(f"With the dearest that can, {_takes(worst)}.")
    if without:
        verb = "is" if without == 1 else "are"
        found.append(
            f"{plural(without, 'model')} of {len(ways)} {verb} not shown to draw within "
            f"{FAIR_MARGIN:g} by any way."
        )
    return found


def _takes(record: MethodRecord) -> str:
    price = usd_text(record.fair.usd_per_1000_valid)
    within = f"1,000 draws within {FAIR_MARGIN:g} of what is asked"
    return f"{record.model}, {within} cost {price} ({way_text(record)})"


def _cheapest(records: Sequence[MethodRecord]) -> MethodRecord | None:
    return min((each for each in records if is_good(each)), key=_price, default=None)


def _price(record: MethodRecord) -> float:
    return record.fair.usd_per_1000_valid or 0.0


def picture(records: Sequence[MethodRecord]) -> WaysPicture | None:
    """The picture of a family; None where nothing cost anything."""
    known = [each for each in records if each.fair.usd_per_1000_valid and each.excess is not None]
    if not known:
        return None
    logs = [log10(_price(each)) for each in known]
    low, high = min(logs) - 0.15, max(logs) + 0.15
    top = max(0.1, *(each.excess or 0.0 for each in known))

    def across(value: float) -> float:
        return round((value - low) / (high - low) * _WIDTH, 1)

    marks = [
        WayMark(
            x=across(log),
            y=round(_HEIGHT * (1 - (each.excess or 0.0) / top), 1),
            label=f"{each.model}, {way_text(each)}: {usd_text(_price(each))}, bias {bias_text(each.bias)}",
            page=model_page(each.study, each.model),
            method=each.method,
        )
        for each, log in zip(known, logs, strict=True)
    ]
    joined: defaultdict[str, list[WayMark]] = defaultdict(list)
    for each, mark in zip(known, marks, strict=True):
        joined[each.model].append(mark)
    tens = range(int(low) - 1, int(high) + 2)
    return WaysPicture(
        width=_WIDTH,
        height=_HEIGHT,
        marks=tuple(marks),
        lines=tuple(
            "M" + "L".join(f"{mark.x:g} {mark.y:g}" for mark in own)
            for own in joined.values()
            if len(own) > 1
        ),
        ticks=tuple((across(ten), usd_text(10.0**ten)) for ten in tens if low <= ten <= high),
        top=bias_text(top),
    )
