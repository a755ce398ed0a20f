"""Results that a build keeps come back as they were, records among them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from flipsite.domain.estimates import PrintedBias
from flipsite.domain.money import Usd, usd
from flipsite.present.result_cache import keep, recall, remembering
from flipsite.store.build_cache import BuildCache


@dataclass(frozen=True, slots=True, kw_only=True)
class OneField:
    """A frozen record of one field."""

    amount: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited(OneField):
    """One that has a field of its own besides."""

    others: tuple[OneField, ...]


@dataclass
class Open:
    """A record without slots."""

    rows: list[int]


def test_what_is_kept_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shared = OneField(amount=usd("0.25"))
    made = [
        Inherited(amount=usd(3), others=(shared, shared)),
        PrintedBias(model="a/b", table="least", position=1, figure="0.50", decimals=2),
        Open(rows=[1]),
    ]
    with remembering(BuildCache(made_by="a test", anew=False)):
        keep("all of it", made)
        found = recall("all of it")
    assert found == made
    assert found[0].others[0] is found[0].others[1]
