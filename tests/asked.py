"""A request as a collector remembers it before it is sent."""

from flipsite.domain.endpoint import RequestRecord

ASKED = RequestRecord(
    model="a/b",
    draw=0,
    labels=("0", "1"),
    order=0,
    mode="text",
    sent='{"max_tokens":64}',
    worst_pico=1000,
    asked_at="2025-09-08T00:00:00Z",
)
