"""Fair bits of a study's models as a table."""

from flipsite.analyse.methods.bits import FairBits, study_bits
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Cell, Heading, Table, usd_text
from flipsite.domain.money import dollars
from flipsite.domain.urls import model_page
from flipsite.present.text.formats import MISSING, caption_text, count_text

_HEADINGS = (
    Heading(key="model", label="Model"),
    Heading(key="valid", label="Valid draws", numeric=True),
    Heading(key="bits", label="Fair bits", help="In the valid draws, at the shares found.", numeric=True),
    Heading(
        key="bits_low",
        label="At least",
        help="At the interval’s end that is farther from even.",
        numeric=True,
    ),
    Heading(key="von_neumann", label="Von Neumann", help="Bits that pairs of draws give.", numeric=True),
    Heading(key="peres", label="Peres", help="Bits that repeated pairing gives, five deep.", numeric=True),
    Heading(key="cost_usd", label="Spend", help="US dollars billed, failed draws included.", numeric=True),
    Heading(key="bits_per_usd", label="Bits per dollar", help="Of the bits at least.", numeric=True),
    Heading(key="why", label="Not claimed because"),
)


def bits_table(report: StudyReport, *, top: int, note: str) -> Table:
    """The models by their bits per dollar, the most first; a perfect and free source stands above them."""
    found = sorted(study_bits(report), key=lambda each: (-(each.bits_per_usd or -1.0), each.model))
    return Table(
        name="bits",
        caption=caption_text(report.study.title, "fair bits of the draws"),
        headings=_HEADINGS,
        rows=tuple(_row(report, each) for each in found[:top]),
        reference=urandom_row(*[MISSING] * 5, "$0", "unlimited", ""),
        note=note,
    )


def urandom_row(*texts: str) -> tuple[Cell, ...]:
    """The operating system's generator, free, even and without end, for comparison."""
    return tuple(Cell(value=None if text == MISSING else text, text=text) for text in ("os.urandom", *texts))


def _row(report: StudyReport, each: FairBits) -> tuple[Cell, ...]:
    numbers = (each.bits, each.bits_low, each.von_neumann, each.peres)
    rate = each.bits_per_usd
    return (
        Cell(value=each.model, text=each.model, link=model_page(report.study.id, each.model)),
        Cell(value=each.valid, text=count_text(each.valid)),
        *(Cell(value=number, text=MISSING if number is None else f"{number:,.1f}") for number in numbers[:2]),
        *(Cell(value=number, text=MISSING if number is None else f"{number:,}") for number in numbers[2:]),
        Cell(value=dollars(each.cost_usd), text=usd_text(each.cost_usd)),
        Cell(value=rate, text=MISSING if rate is None else f"{rate:,.0f}"),
        Cell(value=each.why or None, text=each.why),
    )
