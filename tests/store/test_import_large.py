"""A file too large to hold: its draws are those of a small one, row for row, and its problems likewise."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from tests.narrowing import not_none
from tests.store.import_both_ways import compare, large, read

from flipsite.domain.draws import Status
from flipsite.errors import UsageError
from flipsite.project import snapshot_files
from flipsite.settings import load_study
from flipsite.store.counting.aggregate import read_tallies
from flipsite.store.imports.columns import parse_options
from flipsite.store.imports.importer import import_file
from flipsite.store.snapshot.arrow import draws_table
from flipsite.store.snapshot.extent import ModelExtent, model_extents
from flipsite.store.snapshot.parquet import ROWS_A_GROUP
from flipsite.store.snapshot.read import n_draws, read_draws
from flipsite.store.snapshot.write import add_parts


def written(folder: Path, *rows: dict[str, Any] | str) -> Path:
    path = folder / "a.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**70),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["0", "1", " 7 ", "2e3", "1_000", "heads", "Heads.", "valid", "refused", "−1"]),
    st.lists(st.sampled_from(["0", "1", "heads", "tails", 5]), max_size=3),
    st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-01 02:00:00+02:00", "2026-11-01", "yesterday"]),
    st.sampled_from(['["heads","tails"]', "I choose\n**tails**\n```\n", "a" * 50 + "\n'heads'"]),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3), max_size=2),
)
RECORD = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["a/b", " a/b", "c/d", "é", "z" * 301, "", None, 7]),
        "outcome": ODD | st.integers(0, 1),
    },
    optional=dict.fromkeys(("status", "order", "response", "asked_at", "cost_usd", "latency_s", "draw"), ODD)
    | dict.fromkeys(("labels", "provider", "prompt_tokens", "reasoning_tokens", "x"), ODD),
)


@pytest.mark.slow
@hypothesis(max_examples=150)
@given(
    records=st.lists(RECORD, min_size=1, max_size=12),
    bad=st.lists(
        st.sampled_from(["", "  ", "no", "[1]", '{"model":"a/b","outcome":1,"response":"\\ud800"}', "{"]),
        max_size=3,
    ),
    labels=st.sampled_from([None, "tails,heads", "1,0"]),
    where=st.sampled_from([(), ("x=1",), ("x=",)]),
)
def test_any_lines_are_read_as_those_of_a_small_file(
    records: list[dict[str, object]],
    bad: list[str],
    labels: str | None,
    where: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever stands in the cells, and whatever is no row: the same draws, the same words for the rest."""
    path = written(tmp_path_factory.mktemp("lines"), {"model": "a/b", "outcome": 1, "x": 1}, *bad, *records)
    compare(path, where=where, labels=labels)


@pytest.mark.slow
@hypothesis(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["0", "1", "cat", "dog", "maybe", 0, 1]),
            st.sampled_from([("cat", "dog"), ("dog", "cat"), ("0", "1"), ("1", "0")]),
            st.sampled_from(["cat", "dog", "It is\ndog.", "moon", "0", "1"]),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_labels_by_place_are_told_by_the_answers_as_in_a_small_file(
    rows: list[tuple[str | int, tuple[str, str], str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What 0 and 1 mean is decided by how many rows say so, though rows that are alike are read once."""
    folder = tmp_path_factory.mktemp("place")
    records = [{"model": "m", "outcome": o, "v": v, "w": w, "response": r} for o, (v, w), r in rows]
    path = written(
        folder, {"model": "m", "outcome": "0", "v": "cat", "w": "dog", "response": "cat"}, *records
    )
    compare(path, "labels=v,w")


@given(value=st.floats(min_value=0, allow_infinity=False))
@hypothesis(max_examples=30, deadline=None)
def test_numbers_are_the_same_to_the_last_bit(value: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A float is read from its shortest text by Arrow as by Python."""
    path = written(tmp_path_factory.mktemp("number"), {"model": "m", "outcome": 1, "latency_s": value})
    _, draws = large(path, parse_options((), (), None))
    assert draws.latency_s[0] == value
    assert math.copysign(1, draws.latency_s[0]) == math.copysign(1, value)


def test_a_gzipped_file_and_windows_lines_are_read(tmp_path: Path) -> None:
    """Zipped, with a byte order mark, blank lines and CR LF; lines are counted as an editor counts them."""
    path = tmp_path / "a.jsonl.gz"
    text = '\ufeff{"model":"a","outcome":1}\r\n\r\nnonsense\r\n{"model":"a","outcome":0}'
    path.write_bytes(gzip.compress(text.encode()))
    assert not_none(compare(path)).problems.first[0].line == 3


def test_parquet_is_read(tmp_path: Path) -> None:
    """Numbers, texts, lists and moments of another program's."""
    moments = pa.array([0, 1_000_000_000, None], pa.timestamp("us", tz="UTC"))
    columns = {
        "model": ["b", "a", "a"],
        "outcome": [True, False, None],
        "labels": [["x", "y"], ["x", "y"], None],
        "cost_usd": [0.1 + 0.2, 1e-9, math.nan],
        'say "it"': ["x", "quite\nother", None],
        "asked_at": moments,
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert not_none(compare(tmp_path / "a.parquet", 'response=say "it"')).problems.n == 1


def test_draws_that_a_study_in_parts_has_are_left_out(tmp_path: Path) -> None:
    """By their model and number; with other content they are refused."""
    folder, options = tmp_path / "content" / "studies" / "s", parse_options((), (), None)
    there = [{"model": model, "outcome": 1, "draw": n} for model, n in (("a", 7), ("b", 6))]
    import_file(written(tmp_path, *there), folder=folder, options=options)
    (folder / "draws/part=000").mkdir(parents=True)
    (folder / "draws.parquet").rename(folder / "draws/part=000/draws.parquet")
    records = [{"model": model, "outcome": 1, "draw": draw} for model in "abc" for draw in (7, 8)]
    import_file(written(tmp_path, *records), folder=folder, options=options)
    (added,) = (folder / "draws").glob("import=*/part=000/draws.parquet")
    assert pq.read_table(added)["draw"].to_pylist() == [8, 7, 8, 7, 8]
    other = written(tmp_path, {"model": "a", "outcome": 0, "draw": 8})
    with pytest.raises(UsageError, match="has draw 8 of a with other content"):
        import_file(other, folder=folder, options=options)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (("outcome=said",), "no column 'said'"),
        ((), "not one of 2 rows could be read [(]line 1 has the outcome '?'"),
    ],
)
def test_a_file_that_tells_nothing_is_refused(tmp_path: Path, columns: tuple[str, ...], words: str) -> None:
    """In the words that a small one is refused in."""
    path = written(tmp_path, {"model": "a", "outcome": "?"}, {"model": "a", "outcome": "!"})
    options = parse_options(columns, (), None)
    for way in (read, large):
        with pytest.raises(UsageError, match=words.replace("?", "[?]")):
            way(path, options)


@pytest.mark.slow
def test_more_than_half_a_million_rows_become_parts(tmp_path: Path) -> None:
    """They appear together, describe their study, and are known when they come again; more may be added."""
    n = 1_200_000
    rows = np.arange(n)
    columns = {"model": pa.array(["a", "b"]).take(pa.array(rows % 2)), "outcome": pa.array(rows % 3 // 2)}
    path, folder = tmp_path / "many.parquet", tmp_path / "content" / "studies" / "many"
    pq.write_table(pa.table(columns), path)
    report = import_file(path, folder=folder, options=parse_options((), (), None))
    assert (report.n_rows, report.models, report.by_status) == (n, ("a", "b"), {Status.VALID: n})
    files = snapshot_files(folder)
    assert [n_draws(file) for file in files] == [8 * ROWS_A_GROUP, n - 8 * ROWS_A_GROUP]
    assert model_extents(files) == {model: ModelExtent(n // 2, n // 2 - 1) for model in "ab"}
    assert load_study(folder).sampling.draws == n // 2
    assert sum(tally.n_ones for tally in read_tallies(files)) == n // 3
    assert import_file(path, folder=folder, options=parse_options((), (), None)).already
    more = written(tmp_path, {"model": "b", "outcome": 1}, {"model": "c", "outcome": 0})
    import_file(more, folder=folder, options=parse_options((), (), None))
    assert import_file(more, folder=folder, options=parse_options((), (), None)).already
    assert len(snapshot_files(folder)) == 3
    assert {tally.model: tally.n_draws for tally in read_tallies(snapshot_files(folder))} == {
        "a": n // 2,
        "b": n // 2 + 1,
        "c": 1,
    }
    assert not [path for path in folder.iterdir() if path.name not in {"draws", "study.toml"}]


def test_a_snapshot_that_is_one_file_becomes_the_first_part(tmp_path: Path) -> None:
    """What was imported into it before is known all the same."""
    folder, options = tmp_path / "content" / "studies" / "s", parse_options((), (), None)
    before = written(tmp_path, {"model": "a", "outcome": 1})
    import_file(before, folder=folder, options=options)
    table = draws_table(read_draws(folder / "draws.parquet"), study="s")
    add_parts(folder, [table], name="import=more", notes={})
    assert [file.relative_to(folder).as_posix() for file in snapshot_files(folder)] == [
        "draws/import=more/part=000/draws.parquet",
        "draws/part=000/draws.parquet",
    ]
    assert import_file(before, folder=folder, options=options).already
