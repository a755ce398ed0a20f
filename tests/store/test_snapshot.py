"""The snapshot: what is written is what is read, byte for byte the same, and a bad file is told plainly."""

import subprocess
import sys
from contextlib import suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.draw_strategies import many_draws, same

from flipsite.domain.draws import Draw, Failed, Outcome, OutcomeSequence, Rejected, Status
from flipsite.errors import StoreError
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.arrow import numbers
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.extent import model_extents
from flipsite.store.snapshot.parquet import write_draws
from flipsite.store.snapshot.read import read_draws

DRAW = Draw(
    model="a/b", draw=0, labels=("0", "1"), order=0, result=Outcome(index=1), response="1", cost_usd=0.1
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A snapshot of three draws."""
    path = tmp_path / "content" / "draws.parquet"
    failed = replace(DRAW, draw=1, result=Failed(reason="x"), response=None, cost_usd=None)
    unread = replace(DRAW, draw=2, result=Rejected(status=Status.REFUSED, reason="x"), prompt_tokens=12)
    write_draws(path, collect_draws([DRAW, failed, unread]), study="s")
    return path


@given(rows=many_draws())
def test_what_is_written_is_read_back(rows: list[Draw], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any draws survive the file, and the same draws in another order give the same bytes."""
    folder = tmp_path_factory.mktemp("round")
    draws = collect_draws(rows)
    write_draws(folder / "a.parquet", draws, study="s")
    write_draws(folder / "b.parquet", collect_draws(reversed(rows)), study="s")
    assert same(read_draws(folder / "a.parquet"), draws)
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


def test_a_column_of_one_number_is_held_and_sent_once(tmp_path: Path) -> None:
    """Thousands of draws without a latency, or of one price; another process gets them so, too."""
    draws = collect_draws([replace(DRAW, draw=row, cost_usd=0.25, latency_s=None) for row in range(300)])
    write_draws(tmp_path / "a.parquet", draws, study="s")
    read = read_draws(tmp_path / "a.parquet")
    for found in (read, copy(read)):
        assert same(found, draws)
        assert found.cost_usd.strides == found.latency_s.strides == (0,)
        assert found.draw.strides == draws.draw.strides


@given(rows=st.lists(st.none() | st.lists(st.integers(0, 1), min_size=2, max_size=6), min_size=1, max_size=6))
def test_sequences_are_read_back(
    rows: list[list[int] | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A study of several draws an answer has one column more; an answer without its draws is null there."""
    unread = Rejected(status=Status.UNPARSED, reason="states 13 of 12")
    draws = collect_draws(
        (
            replace(DRAW, draw=number, result=OutcomeSequence(indices=tuple(row)) if row else unread)
            for number, row in enumerate(rows)
        ),
        optional=["sequence"],
    )
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    write_draws(path, draws, study="s")
    assert same(read_draws(path), draws)
    assert draws.sequence == [row and " ".join(map(str, row)) for row in rows]
    names = pq.read_schema(path).names
    assert names.index("sequence") == names.index("outcome") + 1
    assert draws.outcome.tolist() == [-1] * len(rows)


@pytest.mark.parametrize("sequence", ["0 2", "0", "0  1", "0 x", ""])
def test_a_sequence_that_is_none_is_refused(tmp_path: Path, sequence: str) -> None:
    """Each of its marks is the index of an outcome, and there are at least two."""
    draws = collect_draws([replace(DRAW, result=OutcomeSequence(indices=(0, 1)))])
    write_draws(tmp_path / "a.parquet", replace(draws, sequence=[sequence]), study="s")
    with pytest.raises(StoreError, match="the column 'sequence' holds"):
        read_draws(tmp_path / "a.parquet")


@given(text=st.text(st.characters()))
def test_text_that_is_no_unicode_is_mended(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A lone surrogate in an answer becomes U+FFFD; everything else stays."""
    path = tmp_path_factory.mktemp("text") / "a.parquet"
    write_draws(path, collect_draws([replace(DRAW, response=text)]), study="s")
    expected = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    assert read_draws(path).response == [expected]


def test_the_file_has_the_columns_of_the_design(snapshot: Path) -> None:
    """Other tools see the tidy draws: names, order, plain types, the status in words, null for missing."""
    table = pq.read_table(snapshot)
    assert table.schema.names == SCHEMA.names
    assert table.to_pylist()[1] == {
        "study": "s", "model": "a/b", "draw": 1, "labels": '["0","1"]', "order": 0, "outcome": None,
        "status": "error", "response": None, "finish_reason": None, "provider": None, "mode": None,
        "prompt_tokens": None, "completion_tokens": None, "reasoning_tokens": None, "cost_usd": None,
        "latency_s": None, "asked_at": None,
    }  # fmt: skip


def test_models_stand_by_code_point_and_draws_by_number() -> None:
    """Sorting asks no locale: Z before a before é."""
    rows = [replace(DRAW, model=model, draw=draw) for model in ("é/x", "a/x", "Z/x") for draw in (10, 2)]
    draws = collect_draws(rows)
    assert draws.models == ("Z/x", "a/x", "é/x")
    assert draws.starts.tolist() == [0, 2, 4, 6]
    assert draws.draw.tolist() == [2, 10] * 3
    assert draws.rows(1) == slice(2, 4)


def test_a_draw_twice_is_an_error() -> None:
    """Two draws of one model and number are never both kept."""
    with pytest.raises(StoreError, match=r"a/b: draw 3 is there twice"):
        collect_draws([replace(DRAW, draw=3), replace(DRAW, draw=3, cost_usd=0.2)])


def test_a_study_without_draws_is_a_snapshot_too(tmp_path: Path) -> None:
    """No rows, no models, one start."""
    write_draws(tmp_path / "a.parquet", collect_draws([]), study="s")
    draws = read_draws(tmp_path / "a.parquet")
    assert (len(draws), draws.models, draws.starts.tolist()) == (0, (), [0])


def test_a_long_answer_is_cut_and_the_file_says_so(tmp_path: Path) -> None:
    """4,000 characters are kept; writing what was read changes nothing."""
    path = tmp_path / "a.parquet"
    write_draws(path, collect_draws([replace(DRAW, response="é" * 4_001)]), study="s")
    assert read_draws(path).response == ["é" * 4_000]
    assert pq.ParquetFile(path).metadata.metadata[b"flipsite_response_cut"] == b"4000"
    before = path.read_bytes()
    write_draws(path, read_draws(path), study="s")
    assert path.read_bytes() == before


def test_a_number_that_is_not_finite_is_missing(tmp_path: Path) -> None:
    """An infinite price is not a price."""
    path = tmp_path / "a.parquet"
    write_draws(
        path, collect_draws([replace(DRAW, cost_usd=float("inf"), latency_s=float("nan"))]), study="s"
    )
    assert pq.read_table(path)["cost_usd"].to_pylist() == [None]
    assert np.isnan(read_draws(path).latency_s).all()


def test_half_a_token_is_an_error(tmp_path: Path) -> None:
    """Counts are whole; the column is named and nothing is written."""
    draws = collect_draws([replace(DRAW, prompt_tokens=1)])
    with pytest.raises(StoreError, match="'prompt_tokens'"):
        write_draws(tmp_path / "a.parquet", replace(draws, prompt_tokens=np.array([0.5])), study="s")
    assert list(tmp_path.iterdir()) == []


def test_a_model_name_that_is_no_unicode_is_an_error(tmp_path: Path) -> None:
    """Two names must not become one by repair."""
    with pytest.raises(StoreError, match="lone surrogate"):
        write_draws(tmp_path / "a.parquet", collect_draws([replace(DRAW, model="a/\ud800")]), study="s")


def test_a_missing_snapshot_says_what_to_run(tmp_path: Path) -> None:
    """The remedy is in the message."""
    with pytest.raises(StoreError, match=r"draws\.parquet: no draws yet; run `flipsite collect` or"):
        read_draws(tmp_path / "draws.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"model,outcome\na/b,1\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_a_file_that_is_no_parquet_is_told(tmp_path: Path, content: bytes) -> None:
    """Whatever the bytes, the message names the file."""
    path = tmp_path / "draws.parquet"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"draws\.parquet: cannot be read as a snapshot \("):
        read_draws(path)


def test_a_flipped_bit_is_found_or_harmless(snapshot: Path) -> None:
    """No damage to a byte gives other draws than were written."""
    whole = snapshot.read_bytes()
    truth, extents = read_draws(snapshot), model_extents([snapshot])
    for place in range(0, len(whole), 13):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        snapshot.write_bytes(damaged)
        with suppress(StoreError):
            assert same(read_draws(snapshot), truth), place
        with suppress(StoreError):
            assert model_extents([snapshot]) == extents, place


def rewrite(path: Path, table: pa.Table, note: dict[str, str]) -> None:
    """Write a table as another program would."""
    pq.write_table(table.replace_schema_metadata(note), path)


OURS = {"flipsite_format": "1"}

FAULTS = [
    ("outcome", [1.0, 0.0, 0.5], None, "'outcome' is double, not int8"),
    ("outcome", [1, 0, None], pa.int8(), "column 'outcome' holds"),
    ("outcome", [2, None, None], pa.int8(), "column 'outcome' holds"),
    ("order", [2, 0, 0], pa.int8(), "column 'order' holds"),
    ("draw", [0, 0, 2], None, "column 'draw' holds"),
    ("draw", [-1, 0, 2], None, "column 'draw' holds"),
    ("draw", [0, None, 2], None, "'draw' has a row without a value"),
    ("model", ["b", "a", "b"], None, "column 'model' is not in order"),
    ("status", ["valid", "won", "error"], None, "'status' holds 'won'"),
]


@pytest.mark.parametrize(("column", "values", "kind", "message"), FAULTS)
def test_a_column_that_breaks_its_promise_is_told(
    snapshot: Path, column: str, values: list[Any], kind: pa.DataType | None, message: str
) -> None:
    """The file and the column are named, with what to do."""
    table = pq.read_table(snapshot)
    broken = table.set_column(table.schema.get_field_index(column), column, pa.array(values, kind))
    rewrite(snapshot, broken, OURS)
    with pytest.raises(StoreError, match=message) as caught:
        read_draws(snapshot)
    assert str(snapshot) in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "note", "message"),
    [
        (SCHEMA.names, {}, "no snapshot of flipsite's; bring it in with `flipsite import"),
        (SCHEMA.names, {"flipsite_format": "2"}, r"newer flipsite \(format 2\); upgrade"),
        (SCHEMA.names[:-1], OURS, "column 'asked_at' is missing"),
    ],
)
def test_a_foreign_or_broken_snapshot_is_told(
    snapshot: Path, columns: list[str], note: dict[str, str], message: str
) -> None:
    """Another program's Parquet, a newer flipsite's, and an older one's each have their own sentence."""
    rewrite(snapshot, pq.read_table(snapshot).select(columns), note)
    with pytest.raises(StoreError, match=message) as caught:
        read_draws(snapshot)
    assert str(snapshot) in str(caught.value)


def test_a_part_of_a_file_may_be_empty() -> None:
    """Rows before and after it are as they were."""
    column = pa.chunked_array([pa.array([], pa.int8()), pa.array([1, None], pa.int8())])
    assert numbers(column, np.int8, missing=-1).tolist() == [1, -1]


def test_many_row_groups_are_one_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a group holds come back in order."""
    draws = collect_draws(
        [replace(DRAW, model=f"m/{row % 3}", draw=row, order=row % 2) for row in range(300)]
    )
    monkeypatch.setattr("flipsite.store.snapshot.parquet.ROWS_A_GROUP", 70)
    write_draws(tmp_path / "a.parquet", draws, study="s")
    assert same(read_draws(tmp_path / "a.parquet"), draws)


def test_a_failed_write_leaves_the_old_snapshot(snapshot: Path) -> None:
    """Where the folder is a file, or the disk refuses, nothing is lost."""
    before = snapshot.read_bytes()
    with pytest.raises(StoreError, match="cannot be written"):
        write_draws(snapshot / "inside.parquet", read_draws(snapshot), study="s")
    assert snapshot.read_bytes() == before
    assert [path.name for path in snapshot.parent.iterdir()] == ["draws.parquet"]


def test_reading_does_not_import_pandas(snapshot: Path) -> None:
    """The build's start-up pays for Arrow only."""
    code = (
        "import sys, pathlib; from flipsite.store.snapshot.read import read_draws;"
        f"read_draws(pathlib.Path({str(snapshot)!r})); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
