"""Money is one type from the wire to the page: exact, and converted in one module."""

import ast
import copy
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flipsite.domain.money import (
    MOST_USD,
    NOTHING,
    Usd,
    column_pico,
    dollars,
    plain,
    total,
    usd,
    usd_or_none,
)

PACKAGE = Path(__file__).parents[2] / "generator" / "flipsite"
MONEY = "domain/money.py"
HOLD_PICODOLLARS = (MONEY, "store/cache/", "store/counting/", "analyse/tally.py")
"""The cache's rows, the engine's sums and numpy's sums are whole picodollars; nothing else is."""

HOLD_FLOATS = (MONEY, "domain/draws.py", "api.py")
"""A row of a snapshot is as its file, and a notebook's argument is a number; nothing else is."""

FLOATS = st.floats(0, 1e6)


@given(number=FLOATS)
@example(number=0.00341325)
def test_a_number_of_dollars_comes_out_as_it_went_in(number: float) -> None:
    assert usd(number).dollars == number
    assert usd(str(number)) == usd(number)


@given(pico=st.integers(0, 2**52))
def test_picodollars_of_a_file_are_read_back_whole(pico: int) -> None:
    """What the cache holds survives the snapshot's float, up to 4,500 dollars a draw."""
    assert usd(Usd(pico).dollars).nearest() == Usd(pico)


@given(amounts=st.lists(FLOATS.map(usd)), n=st.integers(1, 999))
def test_sums_and_shares_are_exact(amounts: list[Usd], n: int) -> None:
    """In any order, and a share so many times is the whole."""
    assert total(amounts) == total(reversed(amounts))
    assert n * (total(amounts) / n) == total(amounts)
    assert total(amounts) - total(amounts) == NOTHING


@given(number=FLOATS)
def test_a_worst_case_is_rounded_up_and_a_bill_to_the_nearest(number: float) -> None:
    amount = usd(number)
    assert NOTHING <= amount.up() - amount < Usd(1)
    assert -Usd(1) <= 2 * (amount.nearest() - amount) <= Usd(1)


def test_an_amount_by_an_amount_is_a_share_and_a_number_by_one_a_rate() -> None:
    assert usd(1) / usd(4) == 0.25
    assert 3 / usd(2) == 1.5
    assert (usd(1) / usd(5e-324), -usd(1) / usd(5e-324)) == (math.inf, -math.inf)
    assert usd(1) * 0.5 == 0.5 * usd(1) == usd(0.5)
    assert (bool(usd(0)), bool(usd(1e-13)), -usd(1) < NOTHING) == (False, True, True)


def test_a_fraction_of_a_picodollar_is_never_written_to_the_cache() -> None:
    assert usd(1e-9).whole_pico == 1000
    with pytest.raises(ValueError, match="no whole number"):
        _ = (usd(1) / 3).whole_pico


@pytest.mark.parametrize("text", ["nan", "inf", "a dollar"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        usd(text)


def test_a_cell_of_a_file_may_hold_no_amount() -> None:
    """Somebody else wrote it."""
    assert [usd_or_none(number) for number in (0.5, math.nan, math.inf)] == [usd(0.5), None, None]


def test_files_and_other_processes_get_the_same_amount() -> None:
    assert copy.deepcopy(usd(0.1)) == usd(0.1)
    assert plain({"a": [usd(0.5), None], "b": (usd(2),)}) == {"a": [0.5, None], "b": [2.0]}
    assert (dollars(None), dollars(usd(0.5)), repr(usd(0.5))) == (None, 0.5, "usd(0.5)")


def test_a_notebook_prints_an_amount_as_a_number_but_compares_it_only_with_amounts() -> None:
    assert f"{usd(0.5):.4f}" == "0.5000"
    with pytest.raises(TypeError):
        _ = usd(0.5) < 1.0  # type: ignore[operator]


@given(column=st.lists(st.floats(0, 2e6) | st.just(float("nan")), max_size=9))
def test_a_column_is_counted_in_whole_picodollars_at_most_a_million_each(column: list[float]) -> None:
    found = column_pico(np.array(column))
    for number, pico in zip(column, found, strict=True):
        assert np.isnan(pico) if np.isnan(number) else pico == np.floor(min(number, MOST_USD) * 1e12 + 0.5)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def annotated(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Every name with its type, and every function with that of its result."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.annotation
        elif isinstance(node, ast.arg) and node.annotation:
            yield node.arg, node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield node.name, node.returns


def test_no_amount_is_a_float() -> None:
    """Whatever is named `…_usd` is `Usd`; a rate such as `bits_per_usd` is no amount."""
    for name, tree in sources():
        if not name.startswith(HOLD_FLOATS):
            for amount, kind in annotated(tree):
                if amount.endswith("_usd") and not amount.endswith("per_usd"):
                    assert "float" not in ast.unparse(kind), f"{name}: {amount}"


def test_picodollars_stay_where_they_are_summed_and_stored() -> None:
    """No other module makes an amount of them or asks an amount for them, by whatever name."""
    for name, tree in sources():
        if not name.startswith(HOLD_PICODOLLARS):
            for node in ast.walk(tree):
                made = (
                    isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Usd"
                )
                assert not made, f"{name}: Usd(…)"
                names = (getattr(node, "attr", ""), getattr(node, "id", ""), getattr(node, "arg", ""))
                assert not any("pico" in (each or "") for each in names), f"{name}: {names}"
