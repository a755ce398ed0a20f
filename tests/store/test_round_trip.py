"""What goes out comes back: any draws, exported and imported, give the same draws and the same bytes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.draw_strategies import TEXT, any_draws, many_draws, same
from tests.store.test_exports import exported

from flipsite.domain.draws import Declined, Draw, Draws, Outcome
from flipsite.store.exports import ExportFormat
from flipsite.store.imports.columns import parse_options
from flipsite.store.imports.importer import ImportReport, import_file
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.read import read_draws

MOMENT = st.none() | st.sampled_from(
    [
        "2025-09-08T12:00:00Z",
        "2025-09-08T12:00:00.123456Z",
        "2026-11-30T23:59:59.399Z",
        "2028-02-29T00:00:00Z",
    ]
)
WHOLE = TEXT.filter(bool)
NAMED = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(str.strip)
FORMS = st.sampled_from(["csv", "jsonl", "parquet"])


def back(folder: Path, content: bytes, form: ExportFormat) -> tuple[ImportReport, Draws]:
    """The draws that an export gives when it is imported."""
    path = folder / f"draws.{form}"
    path.write_bytes(content)
    report = import_file(path, folder=folder / "study", options=parse_options([], [], None))
    return report, read_draws(folder / "study" / "draws.parquet")


@given(rows=many_draws(text=WHOLE, model=NAMED, moment=MOMENT).filter(bool), form=FORMS)
def test_an_export_comes_back_as_it_was(
    rows: list[Draw], form: ExportFormat, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any draws → file → import → the same draws; only in CSV is an empty text missing."""
    draws = collect_draws(rows)
    _, found = back(tmp_path_factory.mktemp("round"), exported(draws, form), form)
    assert same(found, draws)


@given(rows=any_draws(text=WHOLE, model=NAMED, moment=MOMENT), form=FORMS)
def test_draws_of_any_distribution_come_back_byte_for_byte(
    rows: list[Draw], form: ExportFormat, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of k outcomes, one an answer or several in a row: the export of what was imported is the file."""
    draws = collect_draws(rows)
    content = exported(draws, form)
    _, found = back(tmp_path_factory.mktemp("round"), content, form)
    assert same(found, draws)
    assert exported(found, form) == content


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_draws_by_a_method_come_back(form: ExportFormat, tmp_path: Path) -> None:
    """Proposals, what was declined, and the strings that models wrote."""
    asked: dict[str, Any] = {"model": "a", "labels": ("0", "1"), "order": 0}
    draws = collect_draws(
        [
            Draw(draw=0, result=Outcome(index=1), proposed=1, **asked),
            Draw(draw=1, result=Declined(), proposed=0, **asked),
            Draw(draw=2, result=Outcome(index=0), seed_text="x" * 300, **asked),
        ]
    )
    report, found = back(tmp_path, exported(draws, form), form)
    assert (report.n_problems, same(found, draws)) == (0, True)
