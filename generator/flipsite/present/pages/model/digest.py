"""The digest of all that a model's page is rendered from: where it is the same, the last page stands.

A draw more of one model moves some estimate of every other one in a digit that no page shows. So the
estimates that depend on the whole study count as the text that the packaged templates show.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import numpy as np

from flipsite.analyse.ranking.ranks import RankEstimate
from flipsite.domain.draws import Draws
from flipsite.domain.estimates import Estimate
from flipsite.present.leaderboard.rows import BoardRow
from flipsite.present.text.formats import bias_text, chance_text, percent_text

SHRUNKEN = ("bias_shrunken", "bias_shrunken_low", "bias_shrunken_high")
CHANCES = ("p_near", "p_least", "p_most")
"""The estimates that depend on all models of the study, to the last digit."""

_SIGNS = "surrogatepass"
_ALL_MODELS = {"models", "starts"}

Text = Callable[[object], str]


def _values(kind: type, *, but: Collection[str]) -> Callable[[object], tuple[Any, ...]]:
    """A getter of the values of all fields of a record but these."""
    return attrgetter(*(each.name for each in fields(kind) if each.name not in but))


_columns = _values(Draws, but=_ALL_MODELS)
_row = _values(BoardRow, but=("estimate", "rank_estimate"))
_estimate = _values(Estimate, but=(*SHRUNKEN, *CHANCES))
_rank_estimate = _values(RankEstimate, but=CHANCES)


def source_digest(*parts: str) -> str:
    """One digest of the parts of a source."""
    return _digest([part.encode("utf-8", _SIGNS) for part in parts])


def draws_digest(draws: Draws, rows: slice) -> str:
    """A digest of one model's draws, of every column."""
    numbers: list[bytes] = []
    others: list[object] = []
    for column in _columns(draws):
        if isinstance(column, np.ndarray):
            numbers.append(column[rows].tobytes())
            others.append(column.dtype.str)
        else:
            others.append(None if column is None else _brief(column[rows]))
    return _digest([repr(others).encode("utf-8", _SIGNS), *numbers])


def _brief(texts: Sequence[str | None]) -> object:
    """Texts, or what all of them are and their number."""
    return (texts[0], len(texts)) if texts.count(texts[0]) == len(texts) else texts


def _digest(parts: Sequence[bytes]) -> str:
    sizes = repr([len(part) for part in parts]).encode()
    return hashlib.sha256(b"".join([sizes, *parts])).hexdigest()


def exact_text(value: object) -> str:
    """A value with every digit, for templates that may show any of it."""
    return repr(value)


def shown_text(value: object) -> str:
    """A value as far as the packaged templates of a model's page show it."""
    return _SHOWN.get(type(value), repr)(value)


def _shown_row(row: Any) -> str:
    return f"{_row(row)!r} {shown_text(row.estimate)} {shown_text(row.rank_estimate)}"


def _shown_estimate(record: Any) -> str:
    shrunken = [bias_text(getattr(record, name)) for name in SHRUNKEN]
    return f"{_estimate(record)!r} {shrunken} {percent_text(record.p_near)} {chance_text(record.p_near)}"


def _shown_rank_estimate(record: Any) -> str:
    return f"{_rank_estimate(record)!r} {chance_text(record.p_least)} {chance_text(record.p_most)}"


_SHOWN: Mapping[type, Text] = {
    BoardRow: _shown_row,
    Estimate: _shown_estimate,
    RankEstimate: _shown_rank_estimate,
}
