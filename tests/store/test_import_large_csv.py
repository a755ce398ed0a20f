"""A CSV too large to hold: its draws, its problems and its refusals are those of a small one."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from tests.narrowing import not_none
from tests.store.import_both_ways import compare

from flipsite.csv_cells import without_guard
from flipsite.domain.draws import Status
from flipsite.errors import UsageError
from flipsite.project import snapshot_files
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.imports.columns import ImportOptions, parse_options
from flipsite.store.imports.importer import import_file
from flipsite.store.imports.sheet import read_sheet
from flipsite.store.snapshot.read import n_draws

CELL = st.one_of(
    st.text("01.-e ab\"'=,;\t\r\n\x00é", max_size=6),
    st.sampled_from(["", "", "0", "1", "1.0", "20.0", "007", "-0", "1e3", "1_000", "nan", "2" * 20, "١"]),
    st.sampled_from(["heads", "Heads.", "valid", "refused", "null", '"', "'=1", "''=1", "'", "=1", "[0,1]"]),
    st.sampled_from(['["heads","tails"]', "I say\n**tails**\n", "a" * 50 + "\r\n'heads'", '{"a": 1}']),
    st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-01 02:00:00+02:00", "2026-11-01", "yesterday"]),
)
OTHERS = ("x", "status", "order", "response", "cost_usd", "draw", "labels", "prompt_tokens")


@st.composite
def csv_bytes(draw: st.DrawFn) -> bytes:
    """A header, a row that can be read, any rows, and now and then a line of nonsense."""
    some = draw(st.permutations(OTHERS))
    header = draw(
        st.sampled_from(
            [
                ["model", "outcome", *some[:4]],
                list(SCHEMA.names),
                [" outcome", some[0], "model ", "", "else", "else", "extra"],
            ]
        )
    )
    delimiter, end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["\n", "\r\n", "\r"]))

    def line(cells: list[str], *, always: bool = False) -> str:
        special = (delimiter, '"', "\r", "\n")
        quoted = [always or any(mark in cell for mark in special) for cell in cells]
        escaped = [cell.replace('"', '""') for cell in cells]
        return delimiter.join(
            f'"{text}"' if quotes else text for text, quotes in zip(escaped, quoted, strict=True)
        )

    sound = {"model": "a/b", "outcome": "1"}
    lines = [line(header), line([sound.get(name.strip(), "") for name in header])]
    for _ in range(draw(st.integers(0, 9))):
        cells = draw(st.lists(CELL, min_size=len(header) - 1, max_size=len(header) + 1))
        where = next(index for index, name in enumerate(header) if "model" in name)
        cells[where] = draw(st.sampled_from(["a/b", "c/d", " a/b", cells[where]]))
        lines.append(line(cells, always=draw(st.booleans())))
    lines += draw(
        st.sampled_from([[]] * 5 + [["a"], ["a,1,,,,,,,,,,,,,,,,,,,1"], ['"a"b'], ['a,"1'], ['"', "a,1"]])
    )
    return end.join(lines).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))


@hypothesis(max_examples=300, deadline=None)
@given(content=csv_bytes())
def test_cells_are_those_of_pythons_reader(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever cut them: to the last letter, on the lines that Python counts."""
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(content)
    options = ImportOptions(columns=tuple((name, (name,)) for name in ("model", "outcome")))
    text = content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    delimiter = next(mark for mark in ",;\t" if mark in text.splitlines()[0])
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        with pytest.raises(UsageError, match="not CSV"), read_sheet(path, options):
            pass
        return
    with read_sheet(path, options) as sheet:
        batches = list(sheet.batches())
    rows = [row + [""] * len(header) for row in rows if any(row)]
    guard = without_guard if list(header) == SCHEMA.names else str
    for name in sheet.names if batches else ():
        if name not in options.wanted:
            continue
        cells = [cell for batch in batches for cell in batch.column(name).to_pylist()]
        place = [each.strip() for each in header].index(name)
        assert cells == [guard(row[place]) or None for row in rows]


@pytest.mark.slow
@hypothesis(max_examples=300)
@given(
    content=csv_bytes(),
    zipped=st.booleans(),
    labels=st.sampled_from([None, None, "tails,heads"]),
    where=st.sampled_from([(), (), (), ("model=a/b",), ("outcome=1.0",), ("response==1",)]),
)
def test_any_csv_is_read_as_a_small_one(
    content: bytes,
    zipped: bool,
    labels: str | None,
    where: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Quotes, line ends in cells, blank, short and long rows, guards, any encoding; any refusal too."""
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(gzip.compress(content) if zipped else content)
    compare(path, where=where, labels=labels)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf \r\n",
        b"model,outcome\n",
        b"model,outcome\n\n,\n",
        b"model,answer\na,1\n",
        b"model,outcome,model\na,1,b\n",
        b"model,outcome\n\xe9/b,1\n",
        b'model,outcome\na/b,1\nc/d,"0\n',
        b'model,outcome\n"a"b,1\n',
        b"model,outcome\na/b,1,1\na/b,1,1,1\n",
        gzip.compress(b"model,outcome\n" + b"xyz" * 999, mtime=0)[:-9],
    ],
)
def test_a_csv_is_refused_in_the_words_of_a_small_one(tmp_path: Path, content: bytes) -> None:
    """Empty, without rows or columns, in another encoding, with an open quote, cut short."""
    (tmp_path / "a.csv").write_bytes(content)
    assert compare(tmp_path / "a.csv") is None


def test_a_row_may_begin_in_one_block_and_end_in_the_next(tmp_path: Path) -> None:
    """Rows of twenty lines each, in more text than is read at once."""
    answer = "\n".join(["flip " * 200] * 20)
    rows = "".join(f'm{n % 7},{n % 2},"{answer}"\n' for n in range(220))
    (tmp_path / "a.csv").write_text(f"model,outcome,response\n{rows}m8,?,\n")
    found = not_none(compare(tmp_path / "a.csv"))
    assert [problem.line for problem in found.problems.first] == [2 + 20 * 220]


def test_an_exported_csv_comes_back_without_its_guards(tmp_path: Path) -> None:
    """They are off wherever a cell is read, where `--where` looks at it too."""
    cells = {"model": "a/b", "outcome": "1", "response": "'=1+1", "labels": '"[""0"",""1""]"'}
    row = ",".join(cells.get(name, "") for name in SCHEMA.names)
    (tmp_path / "a.csv").write_text(",".join(SCHEMA.names) + f"\n{row}\n")
    assert not_none(compare(tmp_path / "a.csv", where=("response==1+1",))).by_status == {Status.VALID: 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["many.csv", "many.csv.gz"])
def test_more_than_half_a_million_lines_become_parts(tmp_path: Path, name: str) -> None:
    """However few bytes they have; what is wrong is told with its line."""
    content = b"model,outcome\n" + b"a,1\nb,0\n" * 300_000 + b"c,?\n"
    path, folder = tmp_path / name, tmp_path / "content" / "studies" / "many"
    path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    report = import_file(path, folder=folder, options=parse_options((), (), None))
    assert report.by_status == {Status.VALID: 600_000, Status.UNPARSED: 1}
    assert [problem.line for problem in report.problems] == [600_002]
    (part,) = snapshot_files(folder)
    assert part.parent.parent.name.startswith("import=")
    assert n_draws(part) == 600_001
