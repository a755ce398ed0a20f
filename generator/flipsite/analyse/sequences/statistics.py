"""Statistics of answers that hold several draws each, and their laws for independent draws."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import Floats
from flipsite.analyse.p_values import upper_tail

Answers = NDArray[np.int64]
"""Outcomes by answer and place, shape (m, L)."""

MOST_SIMULATED = 9_999
"""Simulated studies behind a p-value; fewer where answers are many or long."""

FEWEST_SIMULATED = 999

MOST_ELEMENTS = 60_000_000
"""Draws simulated for one law, unless FEWEST_SIMULATED takes more."""

N_SHUFFLES = 999
"""Random orders of a model's own draws, where its shares are not the target's."""

LONG_ANSWER = 100
"""From this length on answers are searched for loops."""

_BLOCK = 200_000
"""Draws held at once: more take more memory and, in no cache of the processor, more time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStatistics:
    """Statistics of some studies of m answers each; arrays of shape (n_studies,), places (n_studies, L)."""

    bias: Floats
    dispersion: Floats
    dispersion_own: Floats
    alternation: Floats
    runs_z: Floats
    first_place: Floats
    places: Floats
    equal_pairs: Floats


def answer_statistics(answers: Answers, shares: Sequence[float]) -> AnswerStatistics:
    """The statistics of studies of answers.

    Args:
        answers: Shape (n_studies, m, L), m and L at least 2.
        shares: The target π.

    Source:
        Runs given composition over k categories: Barton & David (1957), Biometrika 44, 168-178; Mood (1940),
        Annals of Mathematical Statistics 11, 367-392.
    """
    return next(_statistics(answers, (answers.shape[1],), tuple(shares)))


def null_laws(
    n_answers: tuple[int, ...], per_answer: int, shares: tuple[float, ...], *, seed: int = 0
) -> Mapping[int, AnswerStatistics]:
    """The law of the statistics under independent draws of the target, for each number m of answers.

    The same simulated answers serve every m: a study of m answers is the first m of a larger one.
    """
    return dict(zip(n_answers, _null_laws(n_answers, per_answer, shares, seed), strict=True))


@lru_cache(maxsize=32)
def _null_laws(
    n_answers: tuple[int, ...], per_answer: int, shares: tuple[float, ...], seed: int
) -> tuple[AnswerStatistics, ...]:
    if not n_answers:
        return ()
    most = n_answers[-1]
    n_studies = max(FEWEST_SIMULATED, min(MOST_SIMULATED, MOST_ELEMENTS // (most * per_answer)))
    rng, edges = np.random.default_rng(seed), np.cumsum(shares)[:-1]
    block = max(1, _BLOCK // (most * per_answer))
    parts: list[list[AnswerStatistics]] = [[] for _ in n_answers]
    for start in range(0, n_studies, block):
        size = (min(block, n_studies - start), most, per_answer)
        drawn = np.searchsorted(edges, rng.random(size), side="right")
        for found, part in zip(parts, _statistics(drawn, n_answers, shares), strict=True):
            found.append(part)
    fields = AnswerStatistics.__dataclass_fields__
    return tuple(
        AnswerStatistics(**{name: np.concatenate([getattr(part, name) for part in found]) for name in fields})
        for found in parts
    )


def _statistics(
    answers: Answers, n_answers: tuple[int, ...], shares: tuple[float, ...]
) -> Iterator[AnswerStatistics]:
    """The statistics of the first m answers of each study, for each m."""
    target, (n_studies, _, length), k = np.asarray(shares), answers.shape, len(shares)
    expected, inside = length * target, target > 0
    free = max(int(inside.sum()) - 1, 1)
    own, squares = np.zeros((n_studies, k)), np.zeros((n_studies, k))
    changed, excess, spread = np.zeros(n_studies), np.zeros(n_studies), np.zeros(n_studies)
    at_place = np.zeros((n_studies, length, k))
    codes, done = np.zeros((n_studies, 0), np.uint64), 0
    for m in n_answers:
        more, done = answers[:, done:m], m
        counts, changes, places = _coin_sums(more) if k == 2 else _sums(more, k)
        mean, variance = _runs_moments(counts, length)
        own += np.einsum("nmk->nk", counts)
        squares += np.einsum("nmk,nmk->nk", counts, counts)
        changed += changes
        excess += changes + (1 - mean).sum(axis=1)
        spread += variance.sum(axis=1)
        at_place += places
        codes = np.concatenate([codes, _codes(more)], axis=1)
        share = own / (m * length)
        about = squares - 2 * expected * own + m * expected**2
        about_own = squares - own**2 / m
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = (at_place / m - share[:, None]) ** 2 / share[:, None]
            z = np.where(spread > 0, excess / np.sqrt(spread), 0.0)
        apart = m * np.where(share[:, None] > 0, apart, 0.0).sum(axis=-1)
        yield AnswerStatistics(
            bias=0.5 * np.abs(share - target).sum(axis=-1),
            dispersion=(about[:, inside] / expected[inside]).sum(axis=-1) / (m * free),
            dispersion_own=(about_own[:, inside] / expected[inside]).sum(axis=-1) / ((m - 1) * free),
            alternation=changed / (m * (length - 1)),
            runs_z=z,
            first_place=apart[:, 0],
            places=apart[:, 1:].sum(axis=-1),
            equal_pairs=_equal_pairs(codes),
        )


def _sums(answers: Answers, k: int) -> tuple[Floats, Floats, Floats]:
    """Counts in each answer, changes in each study, and counts at each place of a study."""
    changes = (answers[..., 1:] != answers[..., :-1]).sum(axis=(1, 2), dtype=np.float64)
    return _counted(answers, k), changes, _counted(answers.swapaxes(1, 2), k)


def _coin_sums(answers: Answers) -> tuple[Floats, Floats, Floats]:
    """As `_sums` of two outcomes, as products of matrices: several times as fast."""
    n_answers, length = answers.shape[1:]
    flips = answers.astype(np.float32)  # sums of one answer or of one place are exact, below 2^24
    ones = (flips @ np.ones(length, np.float32)).astype(np.float64)
    at_place = (np.ones(n_answers, np.float32) @ flips).astype(np.float64)
    # Neighbours differ unless both are ones or neither is.
    both = np.einsum("nml,nml->nm", flips[..., 1:], flips[..., :-1]).sum(axis=1, dtype=np.float64)
    changes = 2 * (ones.sum(axis=1) - both) - at_place[:, 0] - at_place[:, -1]
    counts = np.stack((length - ones, ones), axis=-1)
    return counts, changes, np.stack((n_answers - at_place, at_place), axis=-1)


def _counted(answers: Answers, k: int) -> Floats:
    """How often each outcome occurs along the last axis."""
    rows = answers.reshape(-1, answers.shape[-1])
    flat = rows + (np.arange(len(rows)) * k)[:, None]
    found = np.bincount(flat.reshape(-1), minlength=len(rows) * k)
    return found.reshape(*answers.shape[:-1], k).astype(np.float64)


def _runs_moments(counts: Floats, length: int) -> tuple[Floats, Floats]:
    """Mean and variance of the number of runs in a random order of given counts.

    μ = [n(n + 1) − S₂]/n, σ² = {S₂[S₂ + n(n + 1)] − 2nS₃ − n³}/[n²(n − 1)], Sⱼ = Σ nᵢʲ.
    """
    n = float(length)
    second = np.einsum("...k,...k", counts, counts)  # of few outcomes much faster than a sum of powers
    third = np.einsum("...k,...k,...k", counts, counts, counts)
    mean = (n * (n + 1) - second) / n
    variance = (second * (second + n * (n + 1)) - 2 * n * third - n**3) / (n**2 * (n - 1))
    return mean, np.maximum(variance, 0.0)  # of one outcome alone, the float sum is 1e-13 off 0


def _codes(answers: Answers) -> NDArray[np.uint64]:
    """A number for each answer, the same for equal ones; others share one in 2⁶⁴ pairs."""
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**64, size=answers.shape[2], dtype=np.uint64) | np.ones(1, np.uint64)
    codes: NDArray[np.uint64] = answers.astype(np.uint64) @ keys
    return codes


def _equal_pairs(codes: NDArray[np.uint64]) -> Floats:
    """How many pairs of answers are equal, in each study."""
    ordered = np.sort(codes, axis=1)
    place = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)
    fresh = np.ones(codes.shape, bool)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    before: Floats = (
        (place - np.maximum.accumulate(np.where(fresh, place, 0), axis=1)).sum(axis=1).astype(float)
    )
    return before


def shuffled_law(answers: Answers, shares: tuple[float, ...], *, seed: int) -> AnswerStatistics:
    """The law of the statistics over random orders of a model's own draws, answers of shape (m, L)."""
    orders = _orders(answers.size, seed)
    outcomes: NDArray[Any] = answers.reshape(-1).astype(np.int8 if len(shares) < 128 else np.int64)
    shuffled = outcomes[orders].reshape(len(orders), *answers.shape)
    return answer_statistics(shuffled, shares)


@lru_cache(maxsize=8)
def _orders(size: int, seed: int) -> NDArray[np.int32]:
    """Random orders of a number of draws, shared by all models that have as many."""
    rng = np.random.default_rng(seed)
    n_orders = max(199, min(N_SHUFFLES, 20_000_000 // size))
    return rng.permuted(np.tile(np.arange(size, dtype=np.int32), (n_orders, 1)), axis=1)


def loop(answers: Answers, shares: Sequence[float], *, seed: int = 0) -> tuple[int, float, float]:
    """The lag at which answers match themselves best.

    Args:
        answers: Shape (m, L).
        shares: The target π.
        seed: Of the simulated maxima.

    Returns:
        The lag, the p-value of its match among the largest of all lags of independent draws, and the share of
        pairs at that lag that match.
    """
    m, length = answers.shape
    lag, value, share = _best_match(answers, len(shares))
    law = _loop_law(m, length, tuple(shares), seed)
    return lag, upper_tail(law, value), share


def _best_match(answers: Answers, k: int) -> tuple[int, float, float]:
    """The lag, the match in standard deviations of independent draws of the same shares, and its share."""
    length = answers.shape[1]
    size = 2 ** (2 * length - 1).bit_length()
    together = np.zeros(size)
    for j in range(k):
        spectrum = np.fft.rfft(answers == j, n=size, axis=1)
        together += np.fft.irfft(np.abs(spectrum) ** 2, n=size, axis=1).sum(axis=0)
    lags = np.arange(1, length // 2 + 1)
    n_pairs = len(answers) * (length - lags)
    same = float((np.bincount(answers.reshape(-1), minlength=k) ** 2).sum()) / answers.size**2
    if same == 1:
        return 1, float("inf"), 1.0
    rate = np.round(together[lags]) / n_pairs
    z = (rate - same) / np.sqrt(same * (1 - same) / n_pairs)
    best = int(np.argmax(z))
    return int(lags[best]), float(z[best]), float(rate[best])


@lru_cache(maxsize=32)
def _loop_law(m: int, length: int, shares: tuple[float, ...], seed: int) -> Floats:
    rng, edges = np.random.default_rng(seed), np.cumsum(shares)[:-1]
    n_studies = max(199, min(FEWEST_SIMULATED, MOST_ELEMENTS // (m * length)))
    return np.array(
        [
            _best_match(np.searchsorted(edges, rng.random((m, length)), side="right"), len(shares))[1]
            for _ in range(n_studies)
        ]
    )
