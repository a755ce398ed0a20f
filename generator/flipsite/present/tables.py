"""The order of a leaderboard, the table of what models cost, and a table as Markdown and as CSV."""

from collections.abc import Iterable, Sequence

from flipsite.analyse.tally import SpendRow
from flipsite.csv_cells import csv_cell
from flipsite.domain.columns import Columns, each_distinct
from flipsite.domain.display import Cell, Heading, Table, usd_text
from flipsite.domain.estimates import Estimate, Printed
from flipsite.domain.money import dollars
from flipsite.domain.study import Kind, Study
from flipsite.domain.urls import model_page
from flipsite.present.text.escaping import foreign_address, foreign_text
from flipsite.present.text.formats import (
    caption_text,
    count_text,
    percent_text,
)

TOP = 20
"""Models at either end that a short list shows, as many as the article lists."""

_MODEL = Heading(key="model", label="Model")
_COST = Heading(key="cost_usd", label="Spend", help="US dollars billed, failed draws included.", numeric=True)

_SPEND = (
    _MODEL,
    Heading(key="cost_usd", label="Cost", help="Billed, failed draws included.", numeric=True),
    Heading(key="share", label="Share", help="Of the study’s cost.", numeric=True),
    Heading(key="cost_per_valid_usd", label="Per valid draw", help="Cost of a valid draw.", numeric=True),
    Heading(key="failed_usd", label="Failed", help="Cost of draws without an outcome.", numeric=True),
    Heading(key="estimated_usd", label="Estimate", help="By the catalogue’s prices.", numeric=True),
    Heading(key="prompt_tokens", label="Prompt tokens", numeric=True),
    Heading(key="completion_tokens", label="Completion tokens", help="Reasoning included.", numeric=True),
    Heading(key="reasoning_tokens", label="Reasoning tokens", numeric=True),
)


def spend_table(study: Study, rows: Sequence[SpendRow], *, top: int | None = None, note: str) -> Table:
    """The cost of each model, most expensive first."""
    return Table(
        name="spend",
        caption=caption_text(study.title, "what each model cost"),
        headings=_SPEND,
        rows=tuple(_spend_row(study, row) for row in rows[:top]),
        note=note,
    )


def stated_spend_table(study: Study, printed: Printed) -> Table:
    """A published study's cost: two bounds, and nothing by model."""
    stated = (
        ("the run behind the tables", "less than", printed.spend_run_usd.dollars),
        ("in all", "about", printed.spend_total_usd.dollars),
    )
    return Table(
        name="spend",
        caption=caption_text(study.title, "what it cost, as stated"),
        headings=(Heading(key="what", label="What"), _COST),
        rows=tuple(
            (Cell(value=what, text=what), Cell(value=number, text=f"{word} ${number:g}"))
            for what, word, number in stated
        ),
    )


def by_rank(estimates: Iterable[Estimate], *, most: bool = False) -> tuple[Estimate, ...]:
    """Estimates by rank, least biased first (or most), ties by name; those without a rank last."""
    sign = -1 if most else 1
    return tuple(sorted(estimates, key=lambda e: (e.rank is None, sign * (e.rank or 0), e.model)))


def markdown_table(table: Table, *, absolute: str | None = None) -> str:
    """GitHub-flavoured Markdown that survives kramdown, Goldmark and Pandoc; links only where absolute."""
    head = "| " + " | ".join(foreign_text(heading.label) for heading in table.headings) + " |"
    rule = "| " + " | ".join("---:" if heading.numeric else "---" for heading in table.headings) + " |"
    body = [
        "| " + " | ".join(_markdown_cell(cell, absolute) for cell in row) + " |" for row in table.shown_rows
    ]
    return "\n".join([head, rule, *body]) + "\n"


def csv_table(table: Table) -> str:
    """Numbers as they are and words as shown, under the headings' keys, as `csv_columns` writes them."""
    return csv_columns(
        {
            heading.key: [_plain(heading, row[place]) for row in table.rows]
            for place, heading in enumerate(table.headings)
        }
    )


def csv_columns(columns: Columns) -> str:
    """Columns as CSV: missing is empty, and a spreadsheet runs no text of theirs."""
    cells = [
        [csv_cell(name), *each_distinct(values, lambda value: csv_cell(without_residue(value)))]
        for name, values in columns.items()
    ]
    return "".join([",".join(row) + "\n" for row in zip(*cells, strict=True)])


def without_residue(value: object) -> object:
    """A number with the 12 digits that mean something: `0.3` for 0.30000000000000004; all else as it is."""
    if isinstance(value, float):
        return float(f"{value:.12g}") + 0.0  # which has no sign at zero
    return [without_residue(each) for each in value] if isinstance(value, (list, tuple)) else value


def study_note(study: Study) -> str:
    """The caveats that go with every figure of a study."""
    if study.kind is Kind.SIMULATED:
        return f"SIMULATED: {'coins' if study.is_coin else 'samplers'} of known truth, no model was asked."
    return ""


def _spend_row(study: Study, row: SpendRow) -> tuple[Cell, ...]:
    tokens = [row.prompt_tokens, row.completion_tokens, row.reasoning_tokens]
    return (
        Cell(value=row.model, text=row.model, link=model_page(study.id, row.model)),
        Cell(value=row.cost_usd.dollars, text=usd_text(row.cost_usd)),
        Cell(value=row.share, text=percent_text(row.share, decimals=1)),
        Cell(value=dollars(row.cost_per_valid_usd), text=usd_text(row.cost_per_valid_usd)),
        Cell(value=row.failed_usd.dollars, text=usd_text(row.failed_usd)),
        Cell(value=dollars(row.estimated_usd), text=usd_text(row.estimated_usd)),
        *(Cell(value=count, text=count_text(count)) for count in tokens),
    )


def _plain(heading: Heading, cell: Cell) -> float | str | None:
    """The cell's value for a program; an interval stays words, since one number would lose its high end."""
    return cell.text if cell.value is not None and not heading.numeric else cell.value


def _markdown_cell(cell: Cell, absolute: str | None) -> str:
    text = foreign_text(cell.text)
    return f"[{text}]({foreign_address(absolute + cell.link)})" if cell.link and absolute else text
