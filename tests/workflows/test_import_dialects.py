"""Tables as programs and people write them: read as meant, or refused in one sentence with a remedy."""

import gzip
import json
import os
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from tests.command_line import run

from flipsite.domain.draws import Draws
from flipsite.store.snapshot.read import read_draws

TABLE = "model,outcome\na/b,1\na/b,0\nc/d,1\n"
ROWS = [{"model": "a/b", "outcome": 1}, {"model": "a/b", "outcome": 0}, {"model": "c/d", "outcome": 1}]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def brought(content: str | bytes, *options: str, name: str = "t.csv") -> Result:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return run("import", name, "--study", "s", *options)


def draws() -> Draws:
    return read_draws(Path("content/studies/s/draws.parquet"))


def rows() -> list[tuple[str, int]]:
    found = draws()
    return [
        (model, outcome)
        for index, model in enumerate(found.models)
        for outcome in found.outcome[found.rows(index)].tolist()
    ]


@pytest.mark.parametrize(
    "content",
    [
        "Flips of May\n\n" + TABLE,
        "Flips of May,,\n" + TABLE,
        "# made by a script\n# model,outcome below\n" + TABLE,
        "sep=;\r" + TABLE.replace(",", ";").replace("\n", "\r"),
        "\ufeff\ufeff" + TABLE,
        "| model | outcome |\n|:---|---:|\n| a/b | 1 |\n| a/b | 0 |\n| c/d | 1 |\n",
        TABLE.replace("c/d", "model,outcome\n# the second half\nc/d"),
        TABLE.replace("c/d", "\ufeffmodel,outcome\nc/d"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.encode("utf-32-le"),
        TABLE.encode("utf-32-be"),
        gzip.compress(TABLE.encode()),
    ],
    ids=range(13),
)
def test_a_table_is_read_whatever_stands_around_it(here: Path, content: str | bytes) -> None:
    """Titles, comments, a header that comes again, marks of byte order or none: the same three draws."""
    result = brought(content)
    assert result.exit_code == 0, result.output
    assert rows() == [("a/b", 1), ("a/b", 0), ("c/d", 1)]


def test_lines_that_are_passed_over_are_told(here: Path) -> None:
    result = brought("Flips\n" + TABLE + "# end\n---,---\nmodel,outcome\n")
    assert "The header was taken from line 2; the lines before it were skipped." in result.output
    assert "3 left out as no draw" in result.output
    for words in ("line 6 is a comment", "line 7 is a line of dashes", "line 8 is the header once more"):
        assert f"t.csv: {words}" in result.output


@pytest.mark.parametrize(
    "document",
    [
        {"model": {"0": "a/b", "1": "a/b", "2": "c/d"}, "outcome": {"0": 1, "1": 0, "2": 1}},
        {"model": ["a/b", "a/b", "c/d"], "outcome": [1, 0, 1]},
        {"columns": ["model", "outcome"], "index": [0, 1, 2], "data": [["a/b", 1], ["a/b", 0], ["c/d", 1]]},
        {"0": ROWS[0], "1": ROWS[1], "2": ROWS[2]},
        {"events": [{"x": 1}] * 9, "draws": ROWS},
        {"a": {"b": {"c": ROWS}}},
    ],
    ids=["columns", "lists", "split", "index", "two lists", "deep"],
)
def test_a_table_in_one_object_is_read(here: Path, document: object) -> None:
    """As pandas writes it in each of its forms, and beside other lists."""
    result = brought(json.dumps(document), name="t.json")
    assert result.exit_code == 0, result.output
    assert rows() == [("a/b", 1), ("a/b", 0), ("c/d", 1)]


def test_a_pipe_is_read(here: Path) -> None:
    """It can be read once; so it is kept as standard input is."""
    os.mkfifo("pipe")
    writer = Thread(target=Path("pipe").write_text, args=[TABLE])
    writer.start()
    result = run("import", "pipe", "--study", "s")
    writer.join()
    assert "Read 3 rows of standard input" in result.output


def archive(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as found:
            found.writestr("inner.zip" if name == "twice" else "mimetype", b"PK\x03\x04")
            if name != "twice":
                found.writestr("content.xml", "<x/>")

    return write


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(gzip.compress(b"x")), "packed twice; unpack it once"),
        (gzip.compress(b"PAR1"), "a Parquet file within a packed one; unpack it"),
        (archive("twice"), "an archive within an archive; unpack it once"),
        (archive("ods"), "an OpenDocument file; save the sheet as CSV"),
        (b"x" * 257 + b"ustar", "a tar archive; unpack it and name the files"),
        (b"ARROW1\0\0", "an Arrow file; write it as Parquet"),
        (b"\x80\x04\x95xx", "a pickle, which flipsite does not run"),
        (b"PAR1cut short", "cannot be read"),
        ("model,outcome\n", "no rows; export the file anew"),
        ("[[1, 2]]", "line 1 is no JSON object"),
        ("a/b,1\n", "no column 'model'"),
    ],
    ids=range(11),
)
def test_what_is_no_table_is_one_sentence(
    here: Path, content: str | bytes | Callable[[Path], None], words: str
) -> None:
    """The message names the file and the remedy; nothing is written."""
    if callable(content):
        content(here / "x")
        result = run("import", "x", "--study", "s")
    else:
        result = brought(content, name="x")
    assert (result.exit_code, words in result.output) == (2, True), result.output
    assert result.output.startswith("flipsite: x: ")
    assert result.output.count("\n") == 1
    assert not Path("content/studies/s").exists()


def parquet(**columns: Any) -> None:
    pq.write_table(pa.table(columns), "t.parquet")


def test_types_of_parquet(here: Path) -> None:
    """Bytes, dictionaries, decimals, dates and durations are what they say."""
    parquet(
        model=pa.array([b"a/b", b"a/b"]),
        outcome=pa.array(["1", "0"]).dictionary_encode(),
        cost_usd=[Decimal("0.0012"), Decimal("0.5")],
        latency_s=[timedelta(seconds=1.5), None],
        asked_at=[date(2026, 10, 31), None],
    )
    assert run("import", "t.parquet", "--study", "s").exit_code == 0
    found = draws()
    assert found.models == ("a/b",)
    assert (found.outcome.tolist(), found.cost_usd.tolist()) == ([1, 0], [0.0012, 0.5])
    assert (found.latency_s[0], found.asked_at[0]) == (1.5, "2026-10-31T00:00:00Z")


def test_a_path_into_a_column_of_parquet(here: Path) -> None:
    parquet(reply=[{"body": {"model": "a/b", "choices": [{"text": "Output: 1"}]}}])
    paths = ("model=reply.body.model", "response=reply.body.choices[0].text")
    result = run("import", "t.parquet", "--study", "s", "--column", paths[0], "--column", paths[1])
    assert result.exit_code == 0, result.output
    assert rows() == [("a/b", 1)]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("-0.5", "cost_usd '-0.5' is a negative number"),
        ("0,5", "--decimal , reads decimal commas"),
        ("1,234.56", "write plain numbers"),
        ("$1", "write plain numbers"),
    ],
)
def test_money_is_read_or_refused(here: Path, cell: str, words: str) -> None:
    result = brought(f'model,outcome,cost_usd\na/b,1,"{cell}"\n')
    assert (result.exit_code, words in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("cell", "value"), [("0,5", 0.5), ("1.234,5", 1234.5), ("1.000", 1000.0), ("0.25", 0.25), ("3", 3.0)]
)
def test_decimal_commas(here: Path, cell: str, value: float) -> None:
    """With points between thousands, as the countries write that write commas."""
    assert brought(f"model;outcome;cost_usd\na/b;1,0;{cell}\n", "--decimal", ",").exit_code == 0
    assert (draws().cost_usd.tolist(), draws().outcome.tolist()) == ([value], [1])


@pytest.mark.parametrize("moment", ["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:61:00Z"])
def test_a_moment_that_never_was_is_refused(here: Path, moment: str) -> None:
    result = brought(f"model,outcome,asked_at\na/b,1,{moment}\n")
    assert f"asked_at '{moment}' is no ISO 8601 time" in result.output


def test_a_name_with_a_zero_byte_is_no_model(here: Path) -> None:
    result = brought(TABLE.replace("c/d", "a/b\0"))
    assert "line 4 names a model with a zero byte" in result.output
    assert draws().models == ("a/b",)
