"""Tables ready for all their formats, and charts with their finding in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import floor, log10

from flipsite.domain.money import Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One table cell: what it sorts by, what it shows, and where it leads (relative to the site's root)."""

    value: float | str | None
    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A table's column: `key` in data formats, `label` for people, `help` for the doubtful."""

    key: str
    label: str
    help: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table ready to show in all its formats; every row has one cell a heading.

    Attributes:
        name: As `flipsite embed` takes it.
        reference: A computed row that no model is, shown above the others and left out of data formats.
    """

    name: str
    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    reference: tuple[Cell, ...] = ()

    @property
    def shown_rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows a person sees: the computed one first."""
        return (self.reference, *self.rows) if self.reference else self.rows

    @property
    def lines(self) -> Iterator[Iterator[tuple[Heading, Cell]]]:
        """The rows a person sees, each cell beside its heading."""
        return (zip(self.headings, row, strict=True) for row in self.shown_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its finding in words.

    Attributes:
        name: Unique on a site; a slug.
        title: The finding, one sentence.
        caption: What is drawn, and of how many.
        description: The text alternative.
        spec: The Vega-Lite specification with its data, as a JSON-ready mapping.
        svg: The picture, inline-ready, in the page's colours.
        records: The data behind it, a mapping a row.
    """

    name: str
    title: str
    caption: str
    description: str
    spec: dict[str, object]
    svg: str
    records: tuple[dict[str, object], ...] = field(default=())


def encoded(text: str) -> bytes:
    """Encode a text as UTF-8; a lone surrogate, which a model may write, becomes `?`."""
    return text.encode("utf-8", "replace")


def one_line(text: str, *, most: int = 200) -> str:
    """Foreign text as one short line that cannot move a cursor."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: most * 4])
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def usd_text(amount: Usd | None) -> str:
    """US dollars: cents from a dollar up, two significant digits below."""
    return "–" if amount is None else _dollars_text(amount.dollars)


@lru_cache(maxsize=4096)  # many draws cost the same
def _dollars_text(usd: float) -> str:
    if usd == 0:
        return "$0"
    if usd >= 1:
        return f"${usd:,.2f}"
    if usd < 1e-6:
        return "<$0.000001"
    decimals = max(2, 1 - floor(log10(float(f"{usd:.1e}"))))  # what rounds up to a tenth needs no third digit
    return f"${usd:.{decimals}f}"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """A count with its noun: `0 models`, `1 model`, `2,400 studies`; `nouns` where that is wrong."""
    if count == 1:
        return f"1 {noun}"
    ends_in_ies = noun.endswith("y") and noun[-2:-1] not in ("a", "e", "o", "u")
    return f"{count:,} {nouns or (noun[:-1] + 'ies' if ends_in_ies else noun + 's')}"
