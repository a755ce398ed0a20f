"""Numbers as text that never claims more than the data."""

import re
from functools import lru_cache

from flipsite.domain.display import plural

MISSING = "–"
NBSP = "\N{NO-BREAK SPACE}"
"""Before a per cent sign, about an equals sign: no line ends between a number and what it is of."""


def caption_text(title: str, said: str) -> str:
    """A study's title and what is said of it: after a colon, or after a title that is a sentence."""
    if title.rstrip().endswith(("?", "!", ".")):
        return f"{title.rstrip()} {said[:1].upper()}{said[1:]}"
    return f"{title}: {said}"


def bias_text(bias: float | None, *, decimals: int = 3) -> str:
    """A bias for the eye; `0.000` and `0.500` are kept for exact values."""
    return share_text(bias, decimals=decimals, top=0.5)


def share_text(share: float | None, *, decimals: int = 3, top: float = 1.0) -> str:
    """A share in [0, top]; its ends are printed only where they are exact."""
    return MISSING if share is None else _share(share, decimals, top)


@lru_cache(maxsize=32_768)  # models of equally many draws have the same few shares
def _share(share: float, decimals: int, top: float) -> str:
    unit = 10.0**-decimals
    text = f"{share + 0.0:.{decimals}f}"  # 0.0 for -0.0
    if share > 0 and float(text) == 0:
        return f"<{unit:.{decimals}f}"
    if share < top and float(text) >= top:
        return f">{top - unit:.{decimals}f}"
    return text


def percent_text(share: float | None, *, decimals: int = 0) -> str:
    """A share as per cent, its ends only where exact."""
    return MISSING if share is None else _percent(share, decimals)


@lru_cache(maxsize=32_768)
def _percent(share: float, decimals: int) -> str:
    text = share_text(share, decimals=decimals + 2)
    sign = text[0] if text[0] in "<>" else ""
    return f"{sign}{float(text.lstrip('<>')) * 100:.{decimals}f}{NBSP}%"


def chance_text(share: float | None, *, decimals: int = 0) -> str:
    """A simulated probability as per cent: what never happened in the draws is rare, not impossible."""
    return percent_text(None if share is None else min(max(share, 1e-9), 1 - 1e-9), decimals=decimals)


def interval_text(low: float | None, high: float | None, *, decimals: int = 2) -> str:
    """An interval of shares, `0.36 to 0.64`; its ends read 0 and 1 only where they are exact."""
    if low is None or high is None:
        return MISSING
    return f"{share_text(low, decimals=decimals)} to {share_text(high, decimals=decimals)}"


def p_text(p: float | None) -> str:
    """A p- or q-value: three decimals, `<0.001` below, `1` only where it is exactly one."""
    if p is None:
        return MISSING
    if p >= 1:
        return "1"
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p >= 0.9995 else f"{p:.3f}"


def equal_p_text(p: float | None) -> str:
    """A p-value with its letter: `p = 0.031`, `p < 0.001`."""
    text = p_text(p)
    sign, number = (text[0], text[1:]) if text[0] in "<>" else ("=", text)
    return f"p{NBSP}{sign}{NBSP}{number}"


def signed_text(number: float, *, decimals: int = 2) -> str:
    """A difference with its sign, the minus as wide as the plus: `+0.52`, `−0.20`; `0.00` has none."""
    sign = "+" if round(number, decimals) else ""
    return f"{round(number, decimals) + 0.0:{sign}.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def count_text(count: float | None) -> str:
    """A whole number with thousands marked."""
    return MISSING if count is None else f"{count:,.0f}"


def how_many(count: int, total: int, noun: str, *, does: str, do: str) -> str:
    """A count of a total as a clause: `2 of 3 models give`, `Neither model gives`, `Both models give`."""
    if total == 1:
        return f"The only {noun} {does}" if count else f"No {noun} {does}"
    if count == total:
        return f"{'Both' if total == 2 else f'All {count_text(total)}'} {noun}s {do}"
    if not count:
        return f"{f'Neither {noun}' if total == 2 else f'None of {plural(total, noun)}'} {does}"
    return f"{count_text(count)} of {count_text(total)} {noun}s {does if count == 1 else do}"


def so_many(count: int, total: int, *, does: str, do: str) -> str:
    """A count of a total that was named before, as a clause: `1 gives`, `both give`, `all 12 give`."""
    if count == total > 1:
        return f"{'both' if count == 2 else f'all {count_text(count)}'} {do}"
    return f"{count_text(count)} {does if count == 1 else do}"


def first_few(count: int, noun: str) -> str:
    """The first of a ranking after "the": `20 least biased models`, `least biased model`."""
    return noun if count == 1 else plural(count, noun)


def how_many_are(count: int, total: int, what: str) -> str:
    """A count of models as a clause: `2 of 3 models are fair`, `Neither model is fair`."""
    if total == 1 and not count:
        return f"The only model is not {what}"
    return how_many(count, total, "model", does=f"is {what}", do=f"are {what}")


def bytes_text(size: int) -> str:
    """A file's size in kB or MB of a thousand."""
    if size < 1000:
        return f"{size}\u00a0B"
    return f"{size / 1000:.0f}\u00a0kB" if size < 1_000_000 else f"{size / 1_000_000:.1f}\u00a0MB"


def kept_text(text: str) -> str:
    """A sentence whose per cent signs stay with their numbers."""
    return re.sub(r"(?<=\d) %", f"{NBSP}%", text)


def brief_text(value: object) -> str:
    """Any value of a record for the eye: four significant digits, a dash where there is none."""
    if value is None:
        return MISSING
    return f"{value:.4g}" if isinstance(value, float) else str(value)
