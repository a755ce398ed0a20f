"""`published.toml`: the printed figures or counts of a study of kind `published`, read and written."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from flipsite.domain.estimates import MOST_DRAWS, Printed, PrintedBias
from flipsite.domain.money import usd
from flipsite.errors import SettingsError
from flipsite.project import PRINTED_FILE
from flipsite.settings.sections import (
    TEXTS,
    Number,
    Section,
    Text,
    check_sections,
    parse_toml,
    read_sections,
    section,
    setting,
    toml_lines,
)

if TYPE_CHECKING:
    from flipsite.domain.counts import PrintedCounts


def load_printed(folder: Path) -> Printed:
    """Read `published.toml`, the printed figures of a study of kind `published`.

    Raises:
        SettingsError: If the file is missing or faulty, a line for each fault.
    """
    path = folder / PRINTED_FILE
    read = read_sections(path, _FiguresFile)
    n_printed = len(read.least_biased.rows) + len(read.most_biased.rows)
    if read.scale.models < n_printed:
        raise SettingsError(
            f"{path}: scale.models: expected at least the {n_printed} printed, found {read.scale.models}."
        )
    figures = [figure for table in (read.least_biased, read.most_biased) for _, figure in table.rows]
    if odd := [figure for figure in figures if not _FIGURE.fullmatch(figure)]:
        raise SettingsError(f"{path}: {odd[0]!r} is no printed bias; expected one such as 0.125.")
    fewest, most = read.scale.draws_between
    if not 1 <= fewest <= most:
        raise SettingsError(
            f"{path}: scale.draws_between: expected two whole numbers, fewest and most, "
            f"found {[fewest, most]}."
        )
    return Printed(
        rows=_printed_rows("least", read.least_biased) + _printed_rows("most", read.most_biased),
        n_models=read.scale.models,
        draws_low=read.scale.draws_between[0],
        draws_high=read.scale.draws_between[1],
        draws_about=read.scale.draws_about,
        spend_run_usd=usd(read.spend.run_usd),
        spend_total_usd=usd(read.spend.total_usd),
        roleplay=tuple(read.roleplay.models),
        roleplay_none_in=read.roleplay.none_in,
    )


def load_counts(folder: Path, *, n_outcomes: int) -> "tuple[PrintedCounts, ...] | None":
    """Read the counts of `published.toml`, sorted by model; None where it has tables of figures instead.

    Args:
        folder: Of a study of kind `published`.
        n_outcomes: k.

    Raises:
        SettingsError: If the file is missing or faulty, a line for each fault.
    """
    path = folder / PRINTED_FILE
    content = parse_toml(path)
    if "counts" not in content:
        return None
    stated = [
        (entry.printed(n_outcomes), entry) for entry in check_sections(path, content, _CountsFile).counts
    ]
    faults = [f"{path}: counts of {entry.model!r}: {row}." for row, entry in stated if isinstance(row, str)]
    found = [row for row, _ in stated if not isinstance(row, str)]
    twice = [model for model, n in Counter(row.model for row in found).items() if n > 1]
    faults += [f"{path}: {model!r} has counts twice; add them up, or take one out." for model in twice]
    if faults:
        raise SettingsError("\n".join(faults))
    return tuple(sorted(found, key=lambda row: row.model))


def dump_counts(rows: "Sequence[PrintedCounts]") -> str:
    """`published.toml` of these counts; reading it gives them back."""
    entries = (
        toml_lines(model=row.model)
        + (toml_lines(ones=row.counts[1]) if _is_coin(row) else toml_lines(outcomes=list(row.counts)))
        + toml_lines(draws=row.n_draws)
        + (toml_lines(source=row.source) if row.source else "")
        for row in rows
    )
    return "\n".join(f"[[counts]]\n{entry}" for entry in entries)


def _is_coin(row: "PrintedCounts") -> bool:
    """Whether ones and draws say all of a row."""
    return len(row.counts) == 2 and sum(row.counts) == row.n_draws


_FIGURE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?")
_Row = Annotated[list[Text], Field(min_length=2, max_length=2)]


class _PrintedTable(Section):
    decimals: int = setting(..., "a whole number of decimals, 1 to 6", ge=1, le=6)
    rows: list[_Row] = setting(..., "a list of [model, figure], both texts", min_length=1)


class _ScaleSection(Section):
    models: int = setting(..., "how many models were asked, a whole number", ge=1)
    draws_about: int = setting(..., "about how many draws each model had, a whole number", ge=1)
    draws_between: list[int] = setting(..., "two whole numbers, fewest and most", min_length=2, max_length=2)


class _SpendSection(Section):
    run_usd: Number = setting(..., "a number of dollars", ge=0)
    total_usd: Number = setting(..., "a number of dollars", ge=0)


class _RoleplaySection(Section):
    models: list[Text] = setting([], TEXTS)
    none_in: Literal["least", "most"] | None = setting(None, 'one of "least", "most"')


class _CountsEntry(Section):
    model: Annotated[str, Field(pattern=r"\S")] = setting(..., "the model's name, a text")
    ones: int | None = setting(None, "how many draws were outcome 1, a whole number", ge=0)
    outcomes: list[Annotated[int, Field(ge=0)]] | None = setting(
        None, "a list of whole numbers, one an outcome"
    )
    draws: int | None = setting(None, "how many draws there were, a whole number", ge=0)
    source: Text = setting("", "a text: the table and the row, or the page")

    def printed(self, n_outcomes: int) -> "PrintedCounts | str":
        """The counts, or their fault in words."""
        from flipsite.domain.counts import PrintedCounts  # numpy, where a study has counts

        if (self.ones is None) == (self.outcomes is None):
            return "expected either ones and draws, or outcomes"
        if self.ones is not None and (n_outcomes > 2 or self.draws is None):
            return f"expected outcomes, a list of {n_outcomes} counts" if n_outcomes > 2 else "draws: missing"
        counts = tuple(self.outcomes or ((self.draws or 0) - (self.ones or 0), self.ones or 0))
        n_draws = sum(counts) if self.draws is None else self.draws
        fault = None
        if len(counts) != n_outcomes:
            fault = f"outcomes: expected {n_outcomes} counts, found {len(counts)}"
        elif min(counts) < 0 or sum(counts) > n_draws:
            fault = f"draws: expected at least the sum of the counts, found {n_draws}"
        elif n_draws > MOST_DRAWS:
            fault = f"draws: expected at most {MOST_DRAWS:,}, found {n_draws}"
        row = PrintedCounts(model=self.model.strip(), counts=counts, n_draws=n_draws, source=self.source)
        return fault or row


class _FiguresFile(Section):
    scale: _ScaleSection = setting(..., "a table [scale]")
    spend: _SpendSection = setting(..., "a table [spend]")
    least_biased: _PrintedTable = setting(..., "a table [least_biased]")
    most_biased: _PrintedTable = setting(..., "a table [most_biased]")
    roleplay: _RoleplaySection = section(_RoleplaySection, "a table [roleplay]")


class _CountsFile(Section):
    counts: list[_CountsEntry] = setting(..., "tables [[counts]] with model, ones or outcomes, and draws")


def _printed_rows(table: Literal["least", "most"], block: _PrintedTable) -> tuple[PrintedBias, ...]:
    return tuple(
        PrintedBias(model=model, table=table, position=position, figure=figure, decimals=block.decimals)
        for position, (model, figure) in enumerate(block.rows, start=1)
    )
