"""Each model by each way of asking, as a table."""

from flipsite.analyse.methods.family import MethodFamily, MethodRecord
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.display import Cell, Heading, Table, usd_text
from flipsite.domain.money import dollars
from flipsite.domain.urls import model_page
from flipsite.present.methods.bits_table import urandom_row
from flipsite.present.methods.words import remarks, way_text
from flipsite.present.tables import study_note
from flipsite.present.text.formats import MISSING, bias_text, caption_text, count_text

_HEADINGS = (
    Heading(key="model", label="Model"),
    Heading(key="way", label="Way"),
    Heading(key="valid", label="Valid draws", help="Draws with an outcome, of all draws.", numeric=True),
    Heading(key="bias", label="Bias", help="Total variation from the target.", numeric=True),
    Heading(
        key="usd_per_1000_valid", label="1,000 valid draws", help="Failed draws are billed too.", numeric=True
    ),
    Heading(
        key="usd_per_1000_within",
        label=f"1,000 within {FAIR_MARGIN:g}",
        help=f"Draws of the model’s own, with a bias of at most {FAIR_MARGIN:g} by the end of its 95 % "
        "interval; empty where that is not shown.",
        numeric=True,
    ),
    Heading(
        key="bits_low",
        label="Fair bits",
        help="At the interval’s end that is farther from even, minus what our own choices may have added.",
        numeric=True,
    ),
    Heading(key="bits_per_usd", label="Bits per dollar", numeric=True),
    Heading(key="remarks", label="Details"),
)


def methods_table(family: MethodFamily, *, top: int | None = None) -> Table:
    """The records of a family by model, below the operating system's generator."""
    note = "Fair bits are not fit for secrets."
    return Table(
        name="methods",
        caption=caption_text(family.base.title, "each model by each way of asking"),
        headings=_HEADINGS,
        rows=tuple(_row(record) for record in family.records[:top]),
        reference=urandom_row("operating system", MISSING, "0", "$0", "$0", MISSING, "unlimited", ""),
        note=f"{said} {note}" if (said := study_note(family.base)) else note,
    )


def _row(record: MethodRecord) -> tuple[Cell, ...]:
    fair, way, details = record.fair, way_text(record), "; ".join(remarks(record))
    price, within = fair.usd_per_1000_valid, record.usd_per_1000_within
    return (
        Cell(value=record.model, text=record.model, link=model_page(record.study, record.model)),
        Cell(value=way, text=way),
        Cell(value=record.valid, text=f"{count_text(record.valid)} of {count_text(record.draws)}"),
        Cell(value=record.ranking_bias, text=bias_text(record.ranking_bias)),
        Cell(value=dollars(price), text=usd_text(price)),
        Cell(value=dollars(within), text=usd_text(within)),
        *(
            Cell(value=number, text=MISSING if number is None else f"{number:,.0f}")
            for number in (fair.bits_low, fair.bits_per_usd)
        ),
        Cell(value=details or None, text=details),
    )
