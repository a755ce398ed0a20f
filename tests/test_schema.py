"""Tables keep their promises: the columns that are written are those that are documented."""

from dataclasses import fields

import pytest

from flipsite.analyse.tally import SpendRow
from flipsite.domain.draws import OPTIONAL
from flipsite.domain.estimates import Estimate
from flipsite.errors import SchemaError
from flipsite.schema import DRAWS, ESTIMATES, SPEND, TABLES, Column, check, draws_columns
from flipsite.store.draws_schema import SCHEMA, schema_with


def names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]


def test_every_public_column_is_documented_in_its_order() -> None:
    assert names(ESTIMATES) == [field.name for field in fields(Estimate)]
    assert names(draws_columns(())) == SCHEMA.names
    assert names(DRAWS) == schema_with(OPTIONAL).names
    assert names(SPEND) == [field.name for field in fields(SpendRow)]


def test_every_column_has_a_meaning_that_is_a_sentence() -> None:
    for columns in TABLES.values():
        for column in columns:
            assert column.meaning.endswith(".")
            assert column.meaning[0].isupper()


COLUMNS = (
    Column(name="share", type="number", meaning="A share.", low=0, high=1, nullable=True),
    Column(name="n", type="integer", meaning="A count.", low=0),
    Column(name="word", type="string", meaning="A word.", values=("yes", "no")),
)


def test_a_table_that_keeps_its_promise_passes() -> None:
    check({"share": [None, 1.0], "n": [3, 0.0], "word": ["yes", "no"]}, COLUMNS, name="t")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            {"share": 1.5, "n": 1, "word": "yes"},
            "share is 1.5; expected a number of at least 0 and at most 1",
        ),
        ({"share": float("nan"), "n": 1, "word": "yes"}, "share is nan; expected a number"),
        ({"share": None, "n": None, "word": "yes"}, "n is None; expected a value"),
        ({"share": None, "n": 1.5, "word": "yes"}, "n is 1.5; expected a whole number"),
        ({"share": None, "n": True, "word": "yes"}, "n is True; expected a number"),
        ({"share": None, "n": 1, "word": "maybe"}, "word is 'maybe'; expected one of yes, no"),
        ({"share": None, "n": 1, "word": 3}, "word is 3; expected a text"),
    ],
)
def test_a_broken_promise_is_told_with_row_and_column(record: dict[str, object], message: str) -> None:
    good = {"share": None, "n": 1, "word": "yes"}
    table = {name: [good[name], value] for name, value in record.items()}
    with pytest.raises(SchemaError, match="t, row 2: ") as raised:
        check(table, COLUMNS, name="t")
    assert message in str(raised.value)


def test_columns_in_another_order_break_a_promise() -> None:
    with pytest.raises(SchemaError, match="t: columns are"):
        check({"n": [1], "share": [None], "word": ["yes"]}, COLUMNS, name="t")
