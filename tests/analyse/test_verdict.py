"""The rule of the verdict."""

import pytest

from flipsite.analyse.verdict import verdict, within_margin
from flipsite.domain.estimates import Verdict


@pytest.mark.parametrize(
    ("q", "low", "high", "expected"),
    [
        (0.049, 0.0, 0.3, Verdict.BIASED),
        (0.05, 0.3, 0.7, Verdict.UNDECIDED),
        (0.05, 0.4, 0.6, Verdict.FAIR),
        (0.9, 0.399, 0.5, Verdict.UNDECIDED),
        (0.001, 0.505, 0.515, Verdict.BIASED),
        (None, 0.45, 0.55, Verdict.FAIR),
    ],
)
def test_verdict_follows_its_rules(q: float | None, low: float, high: float, expected: Verdict) -> None:
    """Biased goes before fair where both hold."""
    assert verdict(q, fair=bool(within_margin(low, high))) is expected
    assert verdict(None, fair=False) is Verdict.UNDECIDED


def test_verdict_is_about_the_target() -> None:
    """A coin asked for 0.8 is fair near 0.8."""
    assert within_margin(0.71, 0.89, target=0.8)
    assert not within_margin(0.45, 0.55, target=0.8)
