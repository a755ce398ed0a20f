"""Methods of asking for a draw: their prompts, the rule of a seed string, and the proposals that we make.

Source:
    Xiao et al. (2025) for rejection, which they call verbalized rejection sampling; Misaki & Akiba (2026) for
    seed, which they call string seed of thought.
"""

import hashlib
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import lcm

from flipsite.domain.study import Prompt, share_text

SEED_LETTERS = 12
"""Letters that a seed string is asked to have."""

ACCEPT, REJECT = "T", "F"

_MOST_PARTS = 1_000
_LETTERS = re.compile(r"[a-z]")
_STATED = re.compile(r"\bstring[ \t*_`]{0,8}[:=][ \t*_`\"'“]{0,8}([^\n]{1,200})", re.IGNORECASE)


def seed_parts(shares: Sequence[float]) -> tuple[int, ...]:
    """How many of the remainders stand for each outcome: the least whole numbers with these shares."""
    fractions = [Fraction(share).limit_denominator(_MOST_PARTS) for share in shares]
    whole = lcm(*(fraction.denominator for fraction in fractions))
    return tuple(int(fraction * whole) for fraction in fractions)


def seed_outcome(text: str, shares: Sequence[float]) -> int | None:
    """The outcome that a string stands for; None for a string without a letter.

    The letters count a = 1 to z = 26; the remainder of their sum by the number of parts lies in one outcome's
    stretch of them.
    """
    letters = _LETTERS.findall(text.casefold())
    if not letters:
        return None
    tops = list(accumulate(seed_parts(shares)))
    remainder = sum(ord(letter) - ord("a") + 1 for letter in letters) % tops[-1]
    return next(index for index, top in enumerate(tops) if remainder < top)


def read_seed(response: str | None) -> str | None:
    """The string that an answer says it has written; None where it states none."""
    found = _STATED.findall(response or "")
    text = found[-1].strip(" \t*_`\"'”.") if found else ""
    return text if _LETTERS.search(text.casefold()) else None


def proposal(model: str, draw: int, share: float) -> int:
    """The outcome that we propose in a draw: 1 with probability `share`, the same at every asking."""
    digest = hashlib.sha256(f"flipsite proposal 1\n{model}\n{draw}".encode("utf-8", "surrogatepass")).digest()
    return int(int.from_bytes(digest[:7], "big") / 2**56 < share)


def acceptance(outcome: int, *, target: float, share: float) -> float:
    """The probability with which a proposed outcome is to be accepted.

    A(x) = P(x)/(M Q(x)) with M = max P/Q: at an even target and even proposals it is 1 for both outcomes.
    """
    ratios = ((1 - target) / (1 - share), target / share)
    return ratios[outcome] / max(ratios)


def seed_prompt(prompt: Prompt, labels: Sequence[str], order: int) -> str:
    """The prompt that asks for a random string and the outcome that it stands for."""
    parts = seed_parts(prompt.shares)
    starts = [0, *accumulate(parts)]
    stretches = [
        f"{start}" if size == 1 else f"{start} to {start + size - 1}"
        for start, size in zip(starts, parts, strict=False)
    ]
    rows = [
        f"- {where}: {label}" for where, label, size in zip(stretches, labels, parts, strict=True) if size
    ]
    turned = [*rows[order:], *rows[:order]] if len(rows) == len(labels) else rows
    return (
        f"Draw one outcome at random by this procedure.\n"
        f"1. Write a string of {SEED_LETTERS} lower-case letters that is as random as you can make it.\n"
        "2. Add up its letters, a counting 1, b counting 2, and so on to z counting 26.\n"
        f"3. Divide the sum by {starts[-1]} and take the remainder.\n"
        "4. The remainder stands for an outcome:\n" + "\n".join(turned) + "\n"
        "Work it out step by step. Finish with two lines, the string and the outcome:\n"
        "String: …\nOutput: …\n"
    )


def rejection_prompt(
    prompt: Prompt, labels: Sequence[str], order: int, *, proposed: int, share: float
) -> str:
    """The prompt that asks whether to accept a proposal of ours."""

    def listed(shares: Sequence[float]) -> str:
        named = [
            f"{label} with probability {share_text(each)}" for label, each in zip(labels, shares, strict=True)
        ]
        return ", ".join([*named[order:], *named[:order]])

    return (
        "You filter outcomes so that those which pass follow a target distribution.\n"
        f"Target: {listed(prompt.shares)}.\n"
        f"Proposals are drawn at random: {listed((1 - share, share))}.\n"
        f"The proposed outcome is: {labels[proposed]}\n"
        "Decide whether it passes, at random with the probability that rejection sampling asks for. "
        "You may reason briefly. Finish with one line:\n"
        f'"Output: {ACCEPT}" to accept it, or "Output: {REJECT}" to reject it.\n'
    )
