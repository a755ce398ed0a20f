"""JSON lines cut by Arrow say what the same lines say one by one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.store.imports import json_lines, sheet
from flipsite.store.imports.columns import ImportOptions
from flipsite.store.imports.sheet import read_sheet

TEXT = st.text(max_size=6)
LABELS = st.lists(TEXT, min_size=2, max_size=3)
RECORD = st.fixed_dictionaries(
    {"model": TEXT, "outcome": st.none() | st.integers(0, 1)},
    optional={
        "response": st.none() | TEXT,
        "labels": st.none() | LABELS,
        "cost_usd": st.none() | st.integers(0, 9) | st.floats(0, allow_nan=False),
        "prompt_tokens": st.none() | st.integers(0, 2**70),
        "extra": st.none() | TEXT | st.dictionaries(TEXT, TEXT, max_size=2),
    },
)
ODD = st.sampled_from(
    [
        *("", "  ", "null", "[]", "oops", "{", '{"model": "a", "outcome": NaN}'),
        *('{"model": 1, "outcome": true}', '{"model": "a", "outcome": 1.0}', ' {"model": "a", "outcome": 1}'),
        *('{"model": "a", "outcome": 1} {"model": "b", "outcome": 0}', '{"model": "a",\n "outcome": 1}'),
        *('{"model": "a", "model": "b", "outcome": 1}', '{"model": "\\ud800", "outcome": "1"}'),
        '{"model": "a", "outcome": 1, "later": "x", "draw": "1"}',
    ]
)
LINES = st.lists(RECORD.map(json.dumps) | ODD, min_size=1, max_size=12)


def read(path: Path) -> tuple[Any, ...]:
    """All columns with a value, numbers as numbers, and what became of the lines."""
    with read_sheet(path, ImportOptions()) as found:
        cells: dict[str, list[Any]] = {}
        lines = list[int]()
        for batch in found.batches():
            for name in {*cells, *batch.cells}:
                before = cells.setdefault(name, [None] * len(lines))
                before += batch.column(name).to_pylist()
            lines += batch.lines.tolist()
        if "cost_usd" in cells:
            cells["cost_usd"] = [None if cell is None else float(cell) for cell in cells["cost_usd"]]
        cells = {name: each for name, each in cells.items() if any(cell is not None for cell in each)}
        return {*cells} - {*found.names}, cells, lines, found.lost, found.n_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines")


@given(lines=LINES, block=st.sampled_from([16, 200, 1 << 24]), sampled=st.sampled_from([1, 3, 100]))
def test_both_ways_read_the_same(folder: Path, lines: list[str], block: int, sampled: int) -> None:
    """Wherever the lines stop being alike, and however many were looked at before."""
    path = folder / "a.jsonl"
    text = json.dumps({"model": "first", "outcome": 0})
    path.write_text("\n".join([text, text, *lines]), encoding="utf-8", errors="surrogatepass")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_lines, "BLOCK", block)
        patched.setattr(sheet, "_FIRST_RECORDS", sampled)
        fast = read(path)
        patched.setattr(sheet, "schema_of", lambda *_: None)
        slow = read(path)
    assert fast == slow


@pytest.mark.parametrize("alike", [True, False])
def test_an_infinite_price_stays_to_be_refused_whichever_way_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alike: bool
) -> None:
    """NaN is a data frame's missing value; no tool writes Infinity for one."""
    if not alike:
        monkeypatch.setattr(sheet, "schema_of", lambda *_: None)
    lines = ['{"model": "a", "outcome": 1}', '{"model": "a", "outcome": 1, "cost_usd": Infinity}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert read(tmp_path / "a.jsonl")[1]["cost_usd"] == [None, float("inf")]


def test_lines_that_are_alike_are_cut_at_once(tmp_path: Path) -> None:
    """A type for each column, known or not, and labels as JSON."""
    record = {"model": "a/b", "labels": ["é", '"'], "outcome": 1, "cost_usd": 1, "extra": {"deep": [1]}}
    schema = json_lines.schema_of([record], {"model": "model", "labels": "labels", "cost_usd": "cost_usd"})
    assert schema is not None
    found = json_lines.columns_of(f"{json.dumps(record)}\n" * 2, schema)
    assert found is not None
    n_rows, cells = found
    assert (n_rows, cells["model"].to_pylist()) == (2, ["a/b", "a/b"])
    assert cells["labels"].to_pylist() == ['["é", "\\""]'] * 2
    assert json_lines.columns_of('{"model": 1}\n', schema) is None
