"""A file read once, however many studies take rows of it: a sheet in memory, or a stage on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flipsite.errors import UsageError
from flipsite.store.imports.cells import number_of
from flipsite.store.imports.columns import (
    ImportOptions,
    check_columns,
    match_case,
    matched_text,
    wanted_rows,
)
from flipsite.store.imports.files import Sheet, header_of, read_sheet
from flipsite.store.imports.rows import none_wanted
from flipsite.store.imports.staging import Stage, Tables, cell_of, staged, too_large


@contextmanager
def read_once(path: Path, options: ImportOptions) -> Iterator[Sheet | Stage]:
    """Read the columns of a file that the options name, or that differ from these only in case.

    What is on disk is gone in the end.

    Raises:
        UsageError: If the file cannot be read, or a column is missing.
        StoreError: If it is large, and DuckDB is not installed or has no room.
    """
    header = header_of(path, wanted=options.wanted, needed=options.needed)
    found, _ = match_case(options, header.names)
    if header.complete:  # a long reading should not end in this
        check_columns(path, header.names, found)
    wanted, needed = options.wanted | found.wanted, found.needed
    if too_large(path):
        with staged(path, wanted=wanted, needed=needed) as stage:
            check_columns(path, stage.names, match_case(options, stage.names)[0])
            yield stage
    else:
        sheet = read_sheet(path, wanted=wanted, needed=needed)
        check_columns(path, sheet.names, match_case(options, sheet.names)[0])
        yield sheet


def targets_of(file: Sheet | Stage, column: str, options: ImportOptions) -> dict[float, str]:
    """Find the shares of ones that the wanted rows' cells ask for, each with the first text that says so.

    Values of which one is above 1 are read as per cent.

    Args:
        file: Read with a condition on the column among those of `--where`.
        column: As the file spells it.
        options: Which rows are wanted, in the file's spelling.

    Raises:
        UsageError: If a wanted row's target is no share, or no row is wanted.
    """
    if isinstance(file, Sheet):
        texts, n_rows = _texts_of_sheet(file, column, options), len(file.lines)
    else:
        texts, n_rows = _texts_of_stage(file, column, options), file.n_rows - file.n_lost
    if not texts:
        raise UsageError(none_wanted(file.path, n_rows))
    numbers = {text: number_of(text) for text in texts}
    unit = 100.0 if any(number is not None and number > 1 for number in numbers.values()) else 1.0
    targets: dict[float, str] = {}
    for text, number in numbers.items():
        if number is None or not 0 <= number <= unit:
            raise UsageError(
                f"{file.path}: {file.unit} {texts[text]}: {column} is {text!r}; expected a share or per cent"
            )
        targets.setdefault(number / unit, text)
    return targets


def _texts_of_sheet(sheet: Sheet, column: str, options: ImportOptions) -> dict[str, int]:
    """Find the texts of the wanted rows' cells in a column, each with the line it first stands on."""
    texts: dict[str, int] = {}
    for row in wanted_rows(sheet, options):
        texts.setdefault(matched_text(sheet.cells[column][row]), sheet.lines[row])
    return texts


def _texts_of_stage(stage: Stage, column: str, options: ImportOptions) -> dict[str, int]:
    """Find them in a large file."""
    tables = Tables(stage=stage, options=options)
    tables.make_wanted()
    texts: dict[str, int] = {}
    cell = stage.columns[column]
    for text, n in tables.execute(f"SELECT {cell}, min(n) FROM wanted GROUP BY 1 ORDER BY 2"):
        texts.setdefault(matched_text(cell_of(text)), n)
    return texts
