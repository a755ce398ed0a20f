"""A request as a collector remembers it before it is sent."""

from flipsite.domain.endpoint import RequestRecord
from flipsite.domain.money import Usd

ASKED = RequestRecord(
    model="a/b",
    draw=0,
    labels=("0", "1"),
    order=0,
    mode="text",
    sent='{"max_tokens":64}',
    worst_usd=Usd(1000),
    asked_at="2025-09-08T00:00:00Z",
)
