"""A table says the same in each of its formats, and hostile text stays text in all of them."""

import csv
import io
import math
import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from flipsite.domain.display import Cell, Heading, Table
from flipsite.present.tables import csv_columns, csv_table, markdown_table, without_residue

HOSTILE = "a|b_c*<b>{{ x }}`\"'$&#[x](y)\\~~😀"


def table_of(*names: str) -> Table:
    return Table(
        name="t",
        caption="c",
        headings=(Heading(key="model", label="Model"), Heading(key="bias", label="Bias", numeric=True)),
        rows=tuple(
            (Cell(value=name, text=name, link="s/models/x/index.html"), Cell(value=0.25, text="0.250"))
            for name in names
        ),
    )


def cells_of(markdown: str) -> list[str]:
    html = MarkdownIt("commonmark").enable("table").render(markdown)
    unescaped = re.findall(r"<t[dh](?: [^>]*)?>(.*?)</t[dh]>", html, flags=re.DOTALL)
    entities = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&amp;": "&"}
    for entity, character in entities.items():
        unescaped = [cell.replace(entity, character) for cell in unescaped]
    return unescaped


def test_markdown_keeps_a_hostile_name_as_text() -> None:
    assert cells_of(markdown_table(table_of(HOSTILE))) == ["Model", "Bias", HOSTILE, "0.250"]


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30))
def test_markdown_keeps_any_name_as_text(name: str) -> None:
    assert cells_of(markdown_table(table_of(name)))[2] == name


def test_markdown_links_only_where_the_address_is_whole() -> None:
    linked = markdown_table(table_of("a/b"), absolute="https://example.org/")
    assert "[a/b](https://example.org/s/models/x/index.html)" in linked
    assert "](" not in markdown_table(table_of("a/b"))


def test_csv_disarms_what_a_spreadsheet_would_run() -> None:
    rows = list(csv.reader(io.StringIO(csv_table(table_of('=HYPERLINK("x")', "-1+1", "plain")))))
    assert [row[0] for row in rows] == ["model", '\'=HYPERLINK("x")', "'-1+1", "plain"]


def test_csv_leaves_numbers_numbers() -> None:
    assert csv_columns({"x": [-0.5], "y": [None]}) == "x,y\n-0.5,\n"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_files_keep_twelve_digits(value: float) -> None:
    """The residue of a sum goes, and nothing else of a number or a text."""
    kept = without_residue(value)
    assert isinstance(kept, float)
    assert math.isclose(kept, value, rel_tol=1e-11)
    assert len(f"{kept!r}".split("e")[0].replace(".", "").strip("-0")) <= 12 or kept >= 1e12
    assert without_residue([0.1 + 0.2, "0.30000000000000004", None, 3]) == [
        0.3,
        "0.30000000000000004",
        None,
        3,
    ]
