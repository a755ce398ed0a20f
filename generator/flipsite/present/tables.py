"""A study's tables, and a table as Markdown and as CSV."""

from collections.abc import Iterable, Mapping, Sequence

from flipsite.analyse.tally import SpendRow
from flipsite.csv_cells import csv_cell
from flipsite.domain.display import Cell, Heading, Table
from flipsite.domain.estimates import Estimate, Printed, PrintedBias, Verdict
from flipsite.domain.study import Kind, Study
from flipsite.domain.urls import model_page
from flipsite.present.text.escaping import foreign_address, foreign_text
from flipsite.present.text.formats import (
    MISSING,
    bias_text,
    count_text,
    interval_text,
    p_text,
    percent_text,
    share_text,
    usd_text,
)

VERDICT_TEXT = {
    Verdict.BIASED: "biased",
    Verdict.FAIR: "fair",
    Verdict.UNDECIDED: "undecided",
}

_RANK = Heading(key="rank", label="Rank", help="By bias, least first; ties share a rank.", numeric=True)
_MODEL = Heading(key="model", label="Model")
_BIAS = Heading(key="bias", label="Bias", help="Distance of the share of ones from the target.", numeric=True)
_MEAN = Heading(key="mean", label="Share of ones", help="Among valid draws.", numeric=True)
_INTERVAL = Heading(key="interval", label="95 % interval", help="Jeffreys interval of the share of ones.")
_TV = Heading(key="bias", label="Bias", help="Total variation of the shares from the target.", numeric=True)
_TV_INTERVAL = Heading(key="interval", label="95 % interval", help="Of the bias; conservative.")
_TOP = Heading(key="top", label="Says most", help="The outcome drawn most often.")
_TOP_SHARE = Heading(key="top_share", label="Its share", help="Of the valid draws.", numeric=True)
_VALID = Heading(key="valid", label="Valid draws", help="Draws with an outcome.", numeric=True)
_FITS = Heading(key="valid", label="Valid draws that fit", help="Numbers of draws that print as this figure.")
_P = Heading(key="p_value", label="p", help="Exact two-sided binomial test.", numeric=True)
_VERDICT = Heading(key="verdict", label="Verdict", help="By the rules of the methods page.")
_COST = Heading(key="cost_usd", label="Spend", help="US dollars billed, failed draws included.", numeric=True)

_SPEND = (
    _MODEL,
    Heading(key="cost_usd", label="Cost", help="Billed, failed draws included.", numeric=True),
    Heading(key="share", label="Share", help="Of the study's cost.", numeric=True),
    Heading(key="cost_per_valid_usd", label="A valid draw", help="Cost for each valid draw.", numeric=True),
    Heading(key="failed_usd", label="Failed", help="Cost of draws without an outcome.", numeric=True),
    Heading(key="estimated_usd", label="Estimate", help="By the catalogue's prices.", numeric=True),
    Heading(key="prompt_tokens", label="Prompt tokens", numeric=True),
    Heading(key="completion_tokens", label="Completion tokens", help="Reasoning included.", numeric=True),
    Heading(key="reasoning_tokens", label="Reasoning tokens", numeric=True),
)


def measured_table(name: str, caption: str, estimates: Sequence[Estimate], *, note: str = "") -> Table:
    """A leaderboard of models with draws."""
    if any(estimate.outcomes > 2 for estimate in estimates):
        return Table(
            name=name,
            caption=caption,
            headings=(_RANK, _MODEL, _TV, _TV_INTERVAL, _TOP, _TOP_SHARE, _VALID, _VERDICT, _COST),
            rows=tuple(_outcome_row(estimate) for estimate in estimates),
            note=note,
        )
    return Table(
        name=name,
        caption=caption,
        headings=(_RANK, _MODEL, _BIAS, _MEAN, _INTERVAL, _VALID, _VERDICT, _COST),
        rows=tuple(_measured_row(estimate) for estimate in estimates),
        note=note,
    )


def printed_table(
    name: str,
    caption: str,
    rows: Sequence[tuple[PrintedBias, Estimate, str]],
    *,
    note: str = "",
) -> Table:
    """A table of printed figures; each row's third part tells the numbers of draws that fit."""
    return Table(
        name=name,
        caption=caption,
        headings=(_RANK, _MODEL, _BIAS, _FITS, _P, _VERDICT),
        rows=tuple(
            (
                Cell(value=estimate.rank, text=count_text(estimate.rank)),
                Cell(value=estimate.model, text=estimate.model, link=estimate.page),
                Cell(value=estimate.bias, text=printed.figure),
                Cell(value=estimate.valid, text=fits),
                Cell(value=estimate.p_value, text=p_text(estimate.p_value)),
                Cell(value=estimate.verdict.value, text=VERDICT_TEXT[estimate.verdict]),
            )
            for printed, estimate, fits in rows
        ),
        note=note,
    )


def spend_table(study: Study, rows: Sequence[SpendRow], *, top: int | None = None, note: str = "") -> Table:
    """The cost of each model, most expensive first."""
    return Table(
        name="spend",
        caption=f"{study.title}: what each model cost",
        headings=_SPEND,
        rows=tuple(_spend_row(study, row) for row in rows[:top]),
        note=note,
    )


def stated_spend_table(study: Study, printed: Printed, *, note: str = "") -> Table:
    """A published study's cost: two bounds, and nothing by model."""
    stated = (
        ("the run that the tables are of", "less than", printed.spend_run_usd),
        ("in all", "about", printed.spend_total_usd),
    )
    return Table(
        name="spend",
        caption=f"{study.title}: what it cost, as stated",
        headings=(Heading(key="what", label="What"), _COST),
        rows=tuple(
            (Cell(value=what, text=what), Cell(value=dollars, text=f"{word} ${dollars:g}"))
            for what, word, dollars in stated
        ),
        note=note,
    )


def by_bias(estimates: Iterable[Estimate], *, most: bool = False) -> tuple[Estimate, ...]:
    """Estimates with a bias, least biased first (or most); ties in the order of their names."""
    known = sorted((e for e in estimates if e.bias is not None), key=lambda e: e.model)
    return tuple(sorted(known, key=lambda e: e.ranking_bias or 0.0, reverse=most))


def markdown_table(table: Table, *, absolute: str | None = None) -> str:
    """GitHub-flavoured Markdown that survives kramdown, Goldmark and Pandoc; links only where absolute."""
    head = "| " + " | ".join(foreign_text(heading.label) for heading in table.headings) + " |"
    rule = "| " + " | ".join("---:" if heading.numeric else "---" for heading in table.headings) + " |"
    body = ["| " + " | ".join(_markdown_cell(cell, absolute) for cell in row) + " |" for row in table.rows]
    return "\n".join([head, rule, *body]) + "\n"


def csv_table(table: Table) -> str:
    """Numbers as they are and words as shown, under the headings' keys, as `csv_records` writes them."""
    keys = [heading.key for heading in table.headings]
    values = [
        [_plain(heading, cell) for heading, cell in zip(table.headings, row, strict=True)]
        for row in table.rows
    ]
    return csv_records(keys, [dict(zip(keys, row, strict=True)) for row in values])


def csv_records(keys: Sequence[str], records: Iterable[Mapping[str, object]]) -> str:
    """Records as CSV: missing is empty, and a spreadsheet runs no text of theirs."""
    rows = ([csv_cell(record[key]) for key in keys] for record in records)
    return "".join(",".join(row) + "\n" for row in ([csv_cell(key) for key in keys], *rows))


def study_note(study: Study) -> str:
    """The caveats that go with every figure of a study."""
    if study.kind is Kind.SIMULATED:
        return "SIMULATED: coins of known truth, no model was asked."
    return ""


def _spend_row(study: Study, row: SpendRow) -> tuple[Cell, ...]:
    tokens = [row.prompt_tokens, row.completion_tokens, row.reasoning_tokens]
    return (
        Cell(value=row.model, text=row.model, link=model_page(study.id, row.model)),
        Cell(value=row.cost_usd, text=usd_text(row.cost_usd)),
        Cell(value=row.share, text=percent_text(row.share, decimals=1)),
        Cell(value=row.cost_per_valid_usd, text=usd_text(row.cost_per_valid_usd)),
        Cell(value=row.failed_usd, text=usd_text(row.failed_usd)),
        Cell(value=row.estimated_usd, text=usd_text(row.estimated_usd)),
        *(Cell(value=count, text=count_text(count)) for count in tokens),
    )


def _measured_row(estimate: Estimate) -> tuple[Cell, ...]:
    return (
        Cell(value=estimate.rank, text=_rank_text(estimate)),
        Cell(value=estimate.model, text=estimate.model, link=estimate.page),
        Cell(value=estimate.ranking_bias, text=bias_text(estimate.ranking_bias)),
        Cell(value=estimate.mean, text=share_text(estimate.mean)),
        Cell(value=estimate.mean_low, text=interval_text(estimate.mean_low, estimate.mean_high)),
        Cell(value=estimate.valid, text=_valid_text(estimate)),
        Cell(value=estimate.verdict.value, text=VERDICT_TEXT[estimate.verdict]),
        Cell(value=estimate.cost_usd, text=usd_text(estimate.cost_usd)),
    )


def _outcome_row(estimate: Estimate) -> tuple[Cell, ...]:
    return (
        Cell(value=estimate.rank, text=_rank_text(estimate)),
        Cell(value=estimate.model, text=estimate.model, link=estimate.page),
        Cell(value=estimate.ranking_bias, text=bias_text(estimate.ranking_bias)),
        Cell(value=estimate.bias_low, text=interval_text(estimate.bias_low, estimate.bias_high)),
        Cell(value=estimate.top, text=MISSING if estimate.top is None else estimate.top),
        Cell(value=estimate.top_share, text=percent_text(estimate.top_share)),
        Cell(value=estimate.valid, text=_valid_text(estimate)),
        Cell(value=estimate.verdict.value, text=VERDICT_TEXT[estimate.verdict]),
        Cell(value=estimate.cost_usd, text=usd_text(estimate.cost_usd)),
    )


def _rank_text(estimate: Estimate) -> str:
    if estimate.rank is None:
        return MISSING
    if estimate.rank_low is None or estimate.rank_high is None:
        return count_text(estimate.rank)
    return f"{count_text(estimate.rank)} ({count_text(estimate.rank_low)}–{count_text(estimate.rank_high)})"


def _valid_text(estimate: Estimate) -> str:
    if estimate.draws is None or estimate.draws == estimate.valid:
        return count_text(estimate.valid)
    return f"{count_text(estimate.valid)} of {count_text(estimate.draws)}"


def _plain(heading: Heading, cell: Cell) -> float | str | None:
    """The cell's value for a program; an interval stays words, since one number would lose its high end."""
    return cell.text if cell.value is not None and not heading.numeric else cell.value


def _markdown_cell(cell: Cell, absolute: str | None) -> str:
    text = foreign_text(cell.text)
    return f"[{text}]({foreign_address(absolute + cell.link)})" if cell.link and absolute else text
