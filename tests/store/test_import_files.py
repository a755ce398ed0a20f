"""Any file of anybody's: read with its true lines, or refused in one sentence."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.errors import UsageError
from flipsite.store.imports import files
from flipsite.store.imports.columns import ImportOptions, parse_options
from flipsite.store.imports.sheet import Batch, cell_text, read_sheet


@dataclass(frozen=True, kw_only=True)
class Cells:
    """All of a sheet."""

    names: tuple[str, ...]
    cells: dict[str, list[str | None]]
    lines: list[int]
    faults: dict[int, str]
    lost: list[tuple[int, str]]
    unit: str


def sheet_of(
    folder: Path, content: str | bytes, name: str = "draws.csv", *, encoding: str | None = None
) -> Cells:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with read_sheet(path, ImportOptions(encoding=encoding)) as sheet:
        (batch,) = list(sheet.batches()) or [Batch(lines=np.zeros(0, np.int64), cells={})]
        return Cells(
            names=sheet.names,
            cells={column: cells.to_pylist() for column, cells in batch.cells.items()},
            lines=batch.lines.tolist(),
            faults=dict(batch.faults),
            lost=sheet.lost,
            unit=sheet.unit,
        )


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive, of no date: the names of tests hold what it holds."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


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
        "model|outcome\na/b|1\nc/d|0\n",
        "sep=;\nmodel;outcome\na/b;1\nc/d;0\n",
        "\ufeffSEP=|\r\nmodel|outcome\r\na/b|1\r\nc/d|0\r\n",
        "model,outcome\na/b,1\nc/d,0\n".encode("utf-32"),
        gzip.compress(b"model,outcome\na/b,1\nc/d,0\n", mtime=0),
        bz2.compress(b"model,outcome\na/b,1\nc/d,0\n"),
        lzma.compress(b"model,outcome\na/b,1\nc/d,0\n"),
        pa.compress(b"model,outcome\na/b,1\nc/d,0\n", "zstd", asbytes=True),
        zipped({"__MACOSX/._d.csv": b"\0", "d.csv": b"model,outcome\na/b,1\nc/d,0\n"}),
        zipped({"../../d.csv": b"model,outcome\na/b,1\nc/d,0\n"}),
    ],
)
def test_a_csv_is_read_whatever_wrote_it(tmp_path: Path, content: bytes | str) -> None:
    """Delimiters, BOMs, line ends, blank rows, unnamed columns and packing change nothing."""
    assert sheet_of(tmp_path, content).cells == PLAIN


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """A row's line is where it begins, though cells before it hold line ends."""
    sheet = sheet_of(tmp_path, 'model,outcome\n"a\nb\n",1\n\nc/d,0\n"e\r\nf",1\ng,0\n')
    assert sheet.lines == [2, 6, 7, 9]
    assert sheet.cells["model"] == ["a\nb\n", "c/d", "e\r\nf", "g"]


def test_ragged_rows(tmp_path: Path) -> None:
    """A short row is filled up; a long one is a fault, unless only blanks are too much."""
    sheet = sheet_of(tmp_path, "model,outcome\na/b\nc/d,1,\ne/f,1,2\n")
    assert sheet.cells["outcome"] == [None, "1", "1"]
    assert sheet.faults == {2: "has 3 cells where the header has 2"}


def test_json_lines_keep_their_holes(tmp_path: Path) -> None:
    """A key may come late or be missing; broken lines are lost with their number."""
    text = '{"model":"a/b"}\n\nnot json\n[1]\n{"model":"c/d","outcome":true,"x":NaN}\r\n{"outcome":1.0}\n'
    sheet = sheet_of(tmp_path, text, "draws.jsonl")
    assert sheet.cells == {"model": ["a/b", "c/d", None], "outcome": [None, "true", "1.0"]}
    assert sheet.lines == [1, 5, 6]
    assert sheet.names == ("model", "outcome", "x")
    assert sheet.lost == [(3, "is no JSON object: 'not json'"), (4, "is no JSON object: '[1]'")]


def test_json_lines_are_known_without_their_name_and_gzipped(tmp_path: Path) -> None:
    """The first bytes tell what a file is."""
    content = gzip.compress(b'\n {"model":"a/b","outcome":1}\n')
    assert sheet_of(tmp_path, content, "draws").cells == {"model": ["a/b"], "outcome": ["1"]}


def test_hostile_json_is_lost_not_fatal(tmp_path: Path) -> None:
    """Nesting and endless digits cost a line each."""
    text = "[" * 200_000 + "\n" + '{"outcome":' + "9" * 5_000 + "}\n" + '{"model":"a","outcome":1}\n'
    sheet = sheet_of(tmp_path, text, "draws.jsonl")
    assert [line for line, _ in sheet.lost] == [1, 2]
    assert sheet.cells["model"] == ["a"]


def test_parquet_is_read_by_column(tmp_path: Path) -> None:
    """Rows are numbered from 1."""
    path = tmp_path / "draws.parquet"
    pq.write_table(pa.table({"model": ["a/b", "c/d"], "outcome": [True, None], "other": [1, 2]}), path)
    sheet = sheet_of(tmp_path, path.read_bytes(), "draws.parquet")
    assert sheet.cells == {"model": ["a/b", "c/d"], "outcome": ["true", None]}
    assert (sheet.names, sheet.lines, sheet.unit) == (("model", "outcome", "other"), [1, 2], "row")


UNREADABLE = [
    (b"", "a.csv", "the file is empty"),
    (b"\xef\xbb\xbf \r\n", "a.csv", "the file is empty"),
    (b"model,outcome\n\xe9/b,1\n", "a.csv", r"not UTF-8 text \(byte 0xe9\); save it as UTF-8, or name"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", "a.csv", "not UTF-8 text"),
    (gzip.compress(b"model,outcome\n" + b"xyz" * 999, mtime=0)[:-9], "a.csv.gz", "damaged or cut short"),
    (b"\x1f\x8bnot gzip at all", "a.csv.gz", "damaged or cut short"),
    (b"BZhnot bzip2 at all", "a.csv.bz2", "damaged or cut short"),
    (b"\x28\xb5\x2f\xfdnot zstd at all", "a.csv.zst", "damaged or cut short"),
    (b"PAR1" + bytes(40), "a.parquet", "cannot be read"),
    (b'model,outcome\na/b,1\nc/d,"0\n', "a.csv", "line 3: not CSV .*; is a quote not closed"),
    (b'model,outcome\n"a"b,1\n', "a.csv", "line 2: not CSV"),
    (b'model,outcome\n"' + b"x" * (2**24 + 1) + b'",1\n', "a.csv", "line 2: not CSV"),
    (b"version https://git-lfs.github.com/spec/v1\nsize 9\n", "a.parquet", "Git LFS pointer"),
    (b" <!DOCTYPE html><html>", "a.csv", "a web page"),
    (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "a.xlsx", "an Excel workbook; save"),
    (zipped({"a.csv": b"", "b.csv": b""}), "a.zip", "a zip archive of 2 files; unpack it and name"),
    (zipped({"a.csv": b"model,outcome\n"})[:30], "a.zip", "damaged or cut short"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "message"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(
    tmp_path: Path, content: bytes, name: str, message: str
) -> None:
    """The message names the file and the remedy."""
    with pytest.raises(UsageError, match=message) as caught:
        sheet_of(tmp_path, content, name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder_are_told(tmp_path: Path) -> None:
    """Neither is a traceback."""
    for path, message in ((tmp_path / "a.csv", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(UsageError, match=message), read_sheet(path, ImportOptions()):
            pass


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    """A file that is not UTF-8 is read as the user says; an unknown encoding is an error."""
    content = "model,outcome\ncafé,1\n".encode("cp1252")
    assert sheet_of(tmp_path, content, encoding="cp1252").cells["model"] == ["café"]
    with pytest.raises(UsageError, match="no such encoding; try cp1252"):
        sheet_of(tmp_path, content, encoding="cp99999")


def test_a_file_that_unpacks_beyond_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb of a few bytes does not fill the disk."""
    monkeypatch.setattr(files, "_SMALL", 1 << 20)
    rows = b"model,outcome\n" + b"a,1\n" * 2_000_000
    with pytest.raises(UsageError, match="unpacks to more than 2,000 times its size"):
        sheet_of(tmp_path, bz2.compress(rows))


TWO = {"model": ["a/b", "c/d"], "outcome": ["1", "0"]}
RECORDS = [{"model": "a/b", "outcome": 1}, {"model": "c/d", "outcome": 0}]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (json.dumps(RECORDS), [1, 1]),
        (json.dumps(RECORDS, indent=1), [2, 6]),
        ("".join(map(json.dumps, RECORDS)), [1, 1]),
        ("\n".join(json.dumps(record, indent=2) for record in RECORDS), [1, 5]),
        ("\n".join(map(json.dumps, RECORDS)), [1, 2]),
        (json.dumps({"meta": {"tags": [1]}, "results": {"rows": RECORDS}}), [1, 2]),
        (json.dumps({"results": RECORDS}, indent=2), [1, 2]),
        ("[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n", [2, 3]),
        (f"{json.dumps(RECORDS[0])}\n{json.dumps(RECORDS[1], indent=2)}\n", [1, 2]),
        (f"{json.dumps(RECORDS[0], indent=2)}\n{json.dumps(RECORDS[1])}\n", [1, 5]),
    ],
)
@pytest.mark.parametrize("name", ["draws.jsonl", "draws.json", "draws"])
def test_json_is_read_in_every_form(tmp_path: Path, content: str, lines: list[int], name: str) -> None:
    """Lists, pretty-printed, concatenated, in lines, or one list inside an object."""
    sheet = sheet_of(tmp_path, content, name)
    assert (sheet.cells, sheet.lines, sheet.lost) == (TWO, lines, [])


@pytest.mark.parametrize(
    ("content", "lists"),
    [
        ({"first": RECORDS, "second": RECORDS[:1]}, "'first' and 'second'"),
        ({"runs": {"monday": RECORDS[:1], "tuesday": RECORDS}}, "'runs.tuesday' and 'runs.monday'"),
    ],
)
def test_two_lists_of_draws_inside_an_object_are_refused(
    tmp_path: Path, content: dict[str, Any], lists: str
) -> None:
    """One of them would be left out in silence; a list of other things is no second one."""
    with pytest.raises(UsageError, match=f"stand in two lists, {lists}; put them into one list"):
        sheet_of(tmp_path, json.dumps(content), "a.json")
    other = {"prompts": [{"id": 1, "text": "flip"}] * 3, "results": RECORDS}
    assert sheet_of(tmp_path, json.dumps(other), "a.json").cells == TWO


def test_json_lines_go_on_after_an_object_over_several_lines(tmp_path: Path) -> None:
    """A line that is cut short is lost alone, and so is an object that never ends."""
    line, pretty = json.dumps(RECORDS[0]), json.dumps(RECORDS[1], indent=4)
    sheet = sheet_of(tmp_path, f"{line}\n{line[:-3]}\n{pretty}\n{line}\n{line[:12]}", "a.jsonl")
    assert sheet.cells["model"] == ["a/b", "c/d", "a/b"]
    assert (sheet.lines, [number for number, _ in sheet.lost]) == ([1, 3, 7], [2, 8])


def test_what_is_no_json_between_pretty_objects_is_lost(tmp_path: Path) -> None:
    """The objects around it are read."""
    pretty = [json.dumps(record, indent=2) for record in RECORDS]
    sheet = sheet_of(tmp_path, f"{pretty[0]}\n{{oops\n{pretty[1]}\n{{", "a.jsonl")
    assert (sheet.cells, [line for line, _ in sheet.lost]) == (TWO, [5, 10])


def test_values_are_found_at_paths(tmp_path: Path) -> None:
    """In objects, lists and texts that are JSON themselves, of CSV too."""
    options = parse_options(["model=a.model", "outcome=choices[-1].text"], [], None)
    record = {"a": {"model": "m"}, "choices": [{}, {"text": "1"}]}
    (tmp_path / "a.json").write_text(json.dumps([record, {"a": 3}]))
    text = json.dumps(record["choices"]).replace('"', '""')
    (tmp_path / "a.csv").write_text(f'a,choices\n"{{""model"": ""m""}}","{text}"\n,\nx,y\n')
    for name in ("a.json", "a.csv"):
        with read_sheet(tmp_path / name, options) as sheet:
            (batch,) = sheet.batches()
            assert batch.column("a.model").to_pylist()[:2] == ["m", None]
            assert batch.column("choices[-1].text").to_pylist()[:2] == ["1", None]


@given(content=st.binary(max_size=200) | st.text('model,outcme\n";{}:\x00', max_size=60).map(str.encode))
def test_any_bytes_give_a_sheet_or_a_sentence(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
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
        st.dictionaries(
            st.sampled_from(["model", "outcome"]), st.integers() | st.none() | st.text(max_size=3)
        )
    )
)
def test_columns_of_json_are_as_long_as_the_file(
    records: list[dict[str, int | str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever keys a line lacks, cells stay beside their line."""
    folder = tmp_path_factory.mktemp("json")
    every: list[dict[str, int | str | None]] = [{"model": "x", "outcome": 1}, *records]
    sheet = sheet_of(folder, "".join(json.dumps(record) + "\n" for record in every), "a.jsonl")
    for name in ("model", "outcome"):
        assert sheet.cells[name] == [cell_text(record.get(name)) for record in every]
