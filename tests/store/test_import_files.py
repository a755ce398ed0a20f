"""Any file of anybody's: read with its true lines, or refused in one sentence."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.errors import UsageError
from flipsite.store.imports.files import Sheet, read_sheet

WANTED = ("model", "outcome")


def sheet_of(folder: Path, content: str | bytes, name: str = "draws.csv") -> Sheet:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sheet(path, wanted=WANTED, needed=WANTED)


PLAIN = {"model": ["a/b", "c/d"], "outcome": ["1", "0"]}


@pytest.mark.parametrize(
    "content",
    [
        "model,outcome\na/b,1\nc/d,0\n",
        "model,outcome\r\na/b,1\r\nc/d,0",
        "\ufeffmodel,outcome\na/b,1\nc/d,0\n",
        "model;outcome\na/b;1\nc/d;0\n",
        "model\toutcome\na/b\t1\nc/d\t0\n",
        '"model" , outcome \n"a/b",1\nc/d,0\n'.replace('"model" ', '"model"'),
        "\n\nmodel,outcome\na/b,1\n\nc/d,0\n,\n",
        ",outcome,note; or so,model, ,\nx,1,a;b;c,a/b,,\nx,0,,c/d,,\n",
        "model,outcome\na/b,1\nc/d,0\n".encode("utf-16"),
        gzip.compress(b"model,outcome\na/b,1\nc/d,0\n", mtime=0),
    ],
)
def test_a_csv_is_read_whatever_wrote_it(tmp_path, content):
    """Delimiters, BOMs, line ends, blank rows, unnamed columns and gzip change nothing."""
    assert sheet_of(tmp_path, content).cells == PLAIN


def test_lines_are_those_of_the_file(tmp_path):
    """A row's line is where it begins, though cells before it hold line ends."""
    sheet = sheet_of(tmp_path, 'model,outcome\n"a\nb\n",1\n\nc/d,0\n"e\r\nf",1\ng,0\n')
    assert sheet.lines == [2, 6, 7, 9]
    assert sheet.cells["model"] == ["a\nb\n", "c/d", "e\r\nf", "g"]


def test_ragged_rows(tmp_path):
    """A short row is filled up; a long one is a fault, unless only blanks are too much."""
    sheet = sheet_of(tmp_path, "model,outcome\na/b\nc/d,1,\ne/f,1,2\n")
    assert sheet.cells["outcome"] == [None, "1", "1"]
    assert sheet.faults == {2: "has 3 cells where the header has 2"}


def test_json_lines_keep_their_types_and_their_holes(tmp_path):
    """A key may come late or be missing; broken lines are lost with their number."""
    text = '{"model":"a/b"}\n\nnot json\n[1]\n{"model":"c/d","outcome":true,"x":NaN}\r\n{"outcome":1.0}\n'
    sheet = sheet_of(tmp_path, text, "draws.jsonl")
    assert sheet.cells == {"model": ["a/b", "c/d", None], "outcome": [None, True, 1.0]}
    assert sheet.lines == [1, 5, 6]
    assert sheet.names == ("model", "outcome", "x")
    assert sheet.lost == ((3, "is no JSON object: 'not json'"), (4, "is no JSON object: '[1]'"))


def test_json_lines_are_known_without_their_name_and_gzipped(tmp_path):
    """The first bytes tell what a file is."""
    content = gzip.compress(b'\n {"model":"a/b","outcome":1}\n')
    assert sheet_of(tmp_path, content, "draws").cells == {"model": ["a/b"], "outcome": [1]}


def test_hostile_json_is_lost_not_fatal(tmp_path):
    """Nesting and endless digits cost a line each."""
    text = "[" * 200_000 + "\n" + '{"outcome":' + "9" * 5_000 + "}\n" + '{"model":"a","outcome":1}\n'
    sheet = sheet_of(tmp_path, text, "draws.jsonl")
    assert [line for line, _ in sheet.lost] == [1, 2]
    assert sheet.cells["model"] == ["a"]


def test_parquet_is_read_by_column(tmp_path):
    """Types stay; rows are numbered from 1."""
    path = tmp_path / "draws.parquet"
    pq.write_table(pa.table({"model": ["a/b", "c/d"], "outcome": [True, None], "other": [1, 2]}), path)
    sheet = read_sheet(path, wanted=WANTED, needed=WANTED)
    assert sheet.cells == {"model": ["a/b", "c/d"], "outcome": [True, None]}
    assert (sheet.names, sheet.lines, sheet.unit) == (("model", "outcome", "other"), [1, 2], "row")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "a.csv", "the file is empty"),
        (b"\xef\xbb\xbf \r\n", "a.csv", "the file is empty"),
        (b"model,outcome\n\xe9/b,1\n", "a.csv", r"not UTF-8 text \(byte 0xe9\); save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a.csv", "not UTF-8 text"),
        (gzip.compress(b"model,outcome\n" + b"xyz" * 999, mtime=0)[:-9], "a.csv.gz", "damaged or cut short"),
        (b"\x1f\x8bnot gzip at all", "a.csv.gz", "damaged or cut short"),
        (b"PAR1" + bytes(40), "a.parquet", "cannot be read"),
        (b'model,outcome\na/b,1\nc/d,"0\n', "a.csv", "line 3: not CSV .*; is a quote not closed"),
        (b'model,outcome\n"a"b,1\n', "a.csv", "line 2: not CSV"),
        (b'model,outcome\n"' + b"x" * (2**24 + 1) + b'",1\n', "a.csv", "line 2: not CSV"),
        (b'[{"model":"a/b","outcome":1}]', "a.json", "write one object a line"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(tmp_path, content, name, message):
    """The message names the file and the mend."""
    with pytest.raises(UsageError, match=message) as caught:
        sheet_of(tmp_path, content, name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder_are_told(tmp_path):
    """Neither is a traceback."""
    with pytest.raises(UsageError, match="no such file"):
        read_sheet(tmp_path / "a.csv", wanted=WANTED, needed=WANTED)
    with pytest.raises(UsageError, match="cannot be read"):
        read_sheet(tmp_path, wanted=WANTED, needed=WANTED)


@given(content=st.binary(max_size=200) | st.text('model,outcme\n";{}:\x00', max_size=60).map(str.encode))
def test_any_bytes_give_a_sheet_or_a_sentence(content, tmp_path_factory):
    """Nothing else escapes the reader."""
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.csv", "a.jsonl"):
        try:
            sheet = sheet_of(folder, content, name)
        except UsageError:
            continue
        assert all(len(column) == len(sheet.lines) for column in sheet.cells.values())


@given(
    records=st.lists(
        st.dictionaries(st.sampled_from(WANTED), st.integers() | st.none() | st.text(max_size=3))
    )
)
def test_columns_of_json_are_as_long_as_the_file(records, tmp_path_factory):
    """Whatever keys a line lacks, cells stay beside their line."""
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in [{"model": "x"}, *records]))
    sheet = read_sheet(path, wanted=WANTED, needed=WANTED)
    for name, column in sheet.cells.items():
        assert column[1:] == [record.get(name) for record in records]
