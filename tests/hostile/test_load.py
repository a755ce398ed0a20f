"""Load in small: the measures of `make load`, a fiftieth of it; the bounds hold whatever the size."""

import pytest

import load

pytestmark = pytest.mark.slow


def test_two_thousand_draws_at_once_are_counted_to_the_last_and_leave_nothing_open() -> None:
    """Draws, answers and picodollars agree with the server's books; memory and descriptors are bounded."""
    loaded = load.load(40, 50, concurrency=256, latency_s=0.1)
    load.check(loaded, 2_000)
    assert loaded.most_open < 2 * 256 + 64


def test_every_page_of_a_large_site_is_served() -> None:
    """A thousand pages, each found by following links, without an error or a descriptor left over."""
    assert load.crawl(1_000) == 1_000
