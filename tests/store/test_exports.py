"""Draws given back: all columns, in three forms, the same each time, and harmless in a spreadsheet."""

import csv
import io
import json
import re
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.draw_strategies import many_draws

from flipsite.csv_cells import csv_cell, without_guard
from flipsite.domain.draws import STATUSES, Draw, Draws, Failed, Outcome
from flipsite.store.draws_columns import COUNTS
from flipsite.store.draws_schema import SCHEMA, schema_with
from flipsite.store.exports import ExportFormat, export_draws, export_groups
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.read import read_draws

DRAW = Draw(
    model="a/b",
    draw=0,
    labels=("0", "1"),
    order=1,
    result=Outcome(index=1),
    response='He said "1",\nthen\r\nleft',
    prompt_tokens=120,
    cost_usd=1e-05,
    latency_s=0.1,
    asked_at="2025-09-08T12:00:00Z",
)
BARE = Draw(model="c/d", draw=7, labels=("é", "=1"), order=0, result=Failed(reason="x"))


def exported(draws: Draws, form: ExportFormat) -> bytes:
    file = io.BytesIO()
    export_draws(draws, file, study="s", form=form)
    return file.getvalue()


def test_csv_has_the_columns_of_the_design_and_empty_cells() -> None:
    """The header, the shortest numbers, quotes doubled, missing empty, lines ending in LF."""
    header, rest = exported(collect_draws([BARE, DRAW]), "csv").decode().split("\n", 1)
    assert header == (
        "study,model,draw,labels,order,outcome,status,response,finish_reason,provider,mode,prompt_tokens,"
        "completion_tokens,reasoning_tokens,cost_usd,latency_s,asked_at"
    )
    assert rest == (
        's,a/b,0,"[""0"",""1""]",1,1,valid,"He said ""1"",\nthen\r\nleft",,,,120,,,1e-05,0.1,'
        "2025-09-08T12:00:00Z\n"
        's,c/d,7,"[""é"",""=1""]",0,,error,,,,,,,,,,\n'
    )


def test_json_lines_hold_an_object_a_draw() -> None:
    """Labels are a list, missing is null, text is not escaped beyond need."""
    first, second = exported(collect_draws([DRAW, BARE]), "jsonl").decode().splitlines()
    assert list(json.loads(first)) == SCHEMA.names
    assert json.loads(first)["response"] == DRAW.response
    assert json.loads(first)["labels"] == ["0", "1"]
    assert json.loads(first)["cost_usd"] == 1e-05
    assert json.loads(second)["outcome"] is None
    assert '"labels":["é","=1"]' in second


def test_parquet_is_a_snapshot(tmp_path: Path) -> None:
    """The Parquet export is what `build` would read."""
    path = tmp_path / "draws.parquet"
    path.write_bytes(exported(collect_draws([DRAW, BARE]), "parquet"))
    assert read_draws(path).models == ("a/b", "c/d")
    assert pq.read_table(path)["study"].to_pylist() == ["s", "s"]


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1+1", "@x", "\tx", "\rx", "'=x", "''-", "\uff1dx"])
def test_no_cell_of_text_begins_a_formula(text: str) -> None:
    """A spreadsheet reads text; JSON holds what was said."""
    draws = collect_draws([replace(DRAW, model=text, response=text, provider=text)])
    row = next(csv.DictReader(io.StringIO(exported(draws, "csv").decode(), newline="")))
    for column in ("model", "response", "provider"):
        assert row[column] == "'" + text
        assert without_guard(row[column]) == text
    assert json.loads(exported(draws, "jsonl"))["response"] == text


@pytest.mark.parametrize("text", ["-5", "-0.25"])
def test_a_negative_number_is_no_formula(text: str) -> None:
    """A label of a range from -5 to 5 is read as it is, by a spreadsheet and by pandas."""
    assert csv_cell(text) == without_guard(text) == text
    assert without_guard(csv_cell(f"'{text}")) == f"'{text}"


def test_many_rows_are_written_in_blocks() -> None:
    """More rows than a block holds lose none at its edge."""
    draws = collect_draws([replace(BARE, draw=row) for row in range(8_200)])
    lines = exported(draws, "csv").decode().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == [str(row) for row in range(8_200)]


def plainly(draws: Draws, form: ExportFormat) -> bytes:
    """The draws written row by row, each cell by itself."""
    names = schema_with(draws.optional_columns).names
    lines = [",".join(names) + "\n"] if form == "csv" else []
    for model, rows in ((name, draws.rows(index)) for index, name in enumerate(draws.models)):
        for row in range(rows.start, rows.stop):
            cells: dict[str, Any] = {"study": "s", "model": model}
            for name in names[2:]:
                value = getattr(draws, name)[row]
                value = value.item() if isinstance(value, np.generic) else value
                cells[name] = None if name in {"order", "outcome"} and value < 0 else value
                if isinstance(value, float):
                    whole = int(value) if isfinite(value) and name in COUNTS else value
                    cells[name] = whole if isfinite(value) else None
            cells["status"] = str(STATUSES[draws.status[row]])
            if form == "csv":
                lines.append(",".join(map(csv_cell, cells.values())) + "\n")
            else:
                for name in ("labels", "p_labels"):
                    cells |= {name: json.loads(cells[name])} if cells.get(name) else {}
                lines.append(json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n")
    return re.sub("[\ud800-\udfff]", "\ufffd", "".join(lines)).encode()


@given(rows=many_draws(text=st.text(st.characters(), max_size=8)))
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_columns_joined_beforehand_are_rows_written_plainly(form: ExportFormat, rows: list[Draw]) -> None:
    """To the byte: hostile texts, nothing at all, the shortest numbers."""
    draws = collect_draws(rows)
    assert exported(draws, form) == plainly(draws, form)


@given(text=st.text("'=+-@x\t", max_size=5))
def test_the_guard_comes_off_as_it_went_on(text: str) -> None:
    """What an export adds an import takes, and nothing else."""
    draws = collect_draws([replace(DRAW, response=text)])
    row = next(csv.DictReader(io.StringIO(exported(draws, "csv").decode(), newline="")))
    assert without_guard(row["response"]) == text


@given(rows=many_draws(text=st.text(st.characters(), max_size=8)))
def test_every_text_gives_readable_files(rows: list[Draw]) -> None:
    """NULs, quotes and lone surrogates break no line, and the same draws give the same bytes."""
    draws = collect_draws(rows)
    lines = exported(draws, "jsonl").decode().split("\n")
    assert [json.loads(line)["draw"] for line in lines[:-1]] == draws.draw.tolist()
    cells = list(csv.reader(io.StringIO(exported(draws, "csv").decode(), newline=""), strict=True))
    assert all(len(row) == len(schema_with(draws.optional_columns).names) for row in cells)
    assert len(cells) == len(draws) + 1
    for form in get_args(ExportFormat):
        assert exported(draws, form) == exported(draws, form)


@pytest.mark.parametrize("form", get_args(ExportFormat))
def test_the_progress_counts_draws_and_no_draw_is_a_file_all_the_same(form: ExportFormat) -> None:
    told, file = [], io.BytesIO()
    draws = collect_draws([replace(BARE, draw=row) for row in range(8_200)])
    export_groups([draws], file, study="s", form=form, n_all=8_200, progress=lambda *each: told.append(each))
    assert told[-1] == ("draw", 8_200, 8_200)
    assert export_groups([], io.BytesIO(), study="s", form=form) == 0
