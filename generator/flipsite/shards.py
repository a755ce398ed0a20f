"""A study's models dealt out to several collectors: each model to exactly one, by its name alone."""

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from math import nextafter

from flipsite.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One share of a study's models, as `3/16`.

    Attributes:
        number: From 1.
        of: How many there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, model: str) -> bool:
        """Whether a model is of this share: a digest of its name says so, on every machine alike."""
        digest = hashlib.sha256(model.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1

    def share_usd(self, total_usd: float) -> float:
        """An equal share of a budget, in whole picodollars: all shares together never exceed it."""
        total = int(Decimal(repr(total_usd)).scaleb(12))
        share = total // self.of / 10**12
        while round(share * 10**12) * self.of > total:  # above 9,000 dollars floats are coarser than that
            share = nextafter(share, 0)
        return share


def shard_of(text: str) -> Shard:
    """Read a shard such as `3/16`.

    Raises:
        UsageError: If it is none.
    """
    found = re.fullmatch(r"([1-9]\d{0,4})/([1-9]\d{0,4})", text)
    shard = Shard(int(found[1]), int(found[2])) if found else None
    if shard is None or shard.number > shard.of:
        raise UsageError(f"{text!r} is no shard; say which of how many, such as 3/16")
    return shard
