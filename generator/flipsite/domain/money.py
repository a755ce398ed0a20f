"""Money: whole picodollars wherever amounts are compared or added up, US dollars in files and on pages.

Sums of whole numbers do not depend on their order, and no rounding hides a cent.
"""

PICO_PER_USD = 10**12
"""Picodollars in a dollar."""

MOST_USD = 1_000_000
"""A draw whose price is told to be higher counts as this."""


def pico(usd: float) -> int:
    """US dollars as the nearest whole number of picodollars."""
    return round(usd * PICO_PER_USD)


def usd(picodollars: int) -> float:
    """Picodollars as US dollars."""
    return picodollars / PICO_PER_USD
