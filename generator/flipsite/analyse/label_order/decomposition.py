"""Is it the coin, or how it was shown? The influences of order and label, and what remains.

With both orders a lean toward the label named first can be distinguished from a lean toward a label. With
fresh random labels of equal length, the first letter is all that can be preferred. What remains after both is
a lean toward outcome 1 whatever it is called. With fixed labels in one order none of these can be
distinguished: "0" is always named first.

The effects are those of a small logistic regression that stays finite where all answers agree.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import TAIL, binomial_test, interval
from flipsite.analyse.contingency import TwoByTwo, stratified_exact
from flipsite.domain.counts import PromptArm
from flipsite.domain.draws import Codes
from flipsite.special import ndtri

Floats = NDArray[np.float64]

_ITERATIONS = 100


def firth(columns: Floats, ones: NDArray[np.bool_], *, times: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Logistic coefficients that maximise the likelihood times Jeffreys' prior, and their standard errors.

    The penalty, half the logarithm of the information's determinant, removes the first-order bias of maximum
    likelihood, and keeps the coefficients finite where the answers can be split perfectly.

    Args:
        columns: A row for draws that are alike, a column a coefficient, of full rank.
        ones: Which of them were ones.
        times: How many draws each row stands for.

    Returns:
        Coefficients (log-odds a unit) and standard errors from the information at them.

    Source:
        Firth (1993), Biometrika 80, 27-38; Heinze & Schemper (2002), Statistics in Medicine 21, 2409-2419.
    """
    y = ones.astype(np.float64)
    beta = np.zeros(columns.shape[1])
    height, chance, information = _at(columns, y, times, beta)
    for _ in range(_ITERATIONS):
        weight = chance * (1 - chance)
        covariance = np.linalg.inv(information)
        leverage = weight * np.einsum("ij,jk,ik->i", columns, covariance, columns)
        step = covariance @ (columns.T @ (times * (y - chance + leverage * (0.5 - chance))))
        found = _at(columns, y, times, beta + step)
        while found[0] < height and np.abs(step).max() > 1e-12:
            step /= 2
            found = _at(columns, y, times, beta + step)
        beta, (height, chance, information) = beta + step, found
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def _at(columns: Floats, y: Floats, times: NDArray[np.int64], beta: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood plus half that of the information's determinant, each draw's chance, the information."""
    log_odds = columns @ beta
    chance = 1 / (1 + np.exp(-log_odds))
    information = columns.T @ (columns * (times * chance * (1 - chance))[:, None])
    log_likelihood = float(np.sum(times * (y * log_odds - np.logaddexp(0, log_odds))))
    return log_likelihood + float(np.linalg.slogdet(information)[1]) / 2, chance, information


Name = Literal["order", "look", "index"]
Truths = NDArray[np.bool_]

_Z = float(ndtri(1 - TAIL))
"""97.5 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """One thing that may sway a model's answer.

    Attributes:
        name: `order`: the label named first; `look`: the label whose first letter comes earlier in the
            alphabet; `index`: outcome 1, whatever it was called.
        n_draws: Draws that bear on it.
        share: Share of these draws that went its way; one half where it has no effect and orders are
            balanced.
        low: Low end of the share's 95 % Jeffreys interval.
        high: High end of the same.
        p_value: Exact test that it has no effect, given each label pair's own totals.
        log_odds: Log-odds of going its way, the others held still (Firth's logistic regression).
        log_odds_low: Low end of the 95 % Wald interval.
        log_odds_high: High end of the same.
    """

    name: Name
    n_draws: int
    share: float
    low: float
    high: float
    p_value: float
    log_odds: float
    log_odds_low: float
    log_odds_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """The effects of order and label on one model's answers.

    Attributes:
        model: The model.
        n_draws: Valid draws whose order is known.
        told_apart: False where order and label cannot be told apart: fixed labels in one order.
        influences: Those that the design can tell apart, in the order `order`, `look`, `index`.
    """

    model: str
    n_draws: int
    told_apart: bool
    influences: tuple[Influence, ...]


def decompose(model: str, arms: Sequence[PromptArm], *, target: float = 0.5) -> Decomposition:
    """Split one model's answers into order, look of the label, and what is left.

    A target other than one half sways the answers itself; then only the order's effect is known.

    Args:
        model: The model.
        arms: Its valid draws, counted by labels and order.
        target: Probability of outcome 1 that the prompt asks for.
    """
    if len(arms) < 2:  # draws that were all asked alike tell nothing apart
        n_draws = sum(each.zeros + each.ones for each in arms)
        return Decomposition(model=model, n_draws=n_draws, told_apart=False, influences=())
    if len(arms) > 2:
        return replace(_decomposed(tuple(arms), target), model=model)
    return replace(_decomposed_once(tuple(arms), target), model=model)


def _decomposed(arms: tuple[PromptArm, ...], target: float) -> Decomposition:
    """The effects in draws of no model in particular."""
    cells = [(each, outcome) for each in arms for outcome in (0, 1) if (each.zeros, each.ones)[outcome]]
    order = np.array([each.order for each, _ in cells], np.int8)
    labels = [each.labels for each, _ in cells]
    shown = _OrderedDraws(
        times=np.array([(each.zeros, each.ones)[outcome] for each, outcome in cells], np.int64),
        first_drawn=np.array([outcome for _, outcome in cells], np.int8) == order,
        first_is_one=order == 1,
        first_is_earlier=_first_is_earlier(labels, order),
        labels=labels,
    )
    names = shown.separable(target=target)
    if names:
        columns = np.column_stack([np.ones(len(labels)), *(shown.sign(name) for name in names[1:])])
        fitted = zip(names, *firth(columns, shown.first_drawn, times=shown.times), strict=True)
        found = [_influence(shown, name, float(beta), float(error)) for name, beta, error in fitted]
    else:
        found = []
    kept = tuple(each for each in found if each.name == "order" or target == 0.5)
    return Decomposition(model="", n_draws=int(shown.times.sum()), told_apart=bool(names), influences=kept)


_decomposed_once = lru_cache(maxsize=65_536)(_decomposed)
"""Of two labels in two orders, whose counts many models share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OrderedDraws:
    """Draws shown alike with one outcome, and how many: was the first-named drawn, what was named first."""

    times: NDArray[np.int64]
    first_drawn: Truths
    first_is_one: Truths
    first_is_earlier: Codes
    labels: Sequence[str]

    def sign(self, name: Name) -> NDArray[np.float64]:
        """+1 where the influence favours the label named first, −1 the other, 0 neither."""
        if name == "index":
            return np.where(self.first_is_one, 1.0, -1.0)
        return self.first_is_earlier.astype(np.float64) if name == "look" else np.ones(len(self.labels))

    def separable(self, *, target: float) -> tuple[Name, ...]:
        """The influences whose effects the design can separate, the order's first; none where it cannot."""
        names: list[Name] = ["order"]
        columns = [self.sign("order")]
        for name in ("look", "index") if len(set(self.labels)) > 1 else ("index",):
            grown = [*columns, self.sign(name)]
            if len(self.labels) and np.linalg.matrix_rank(np.column_stack(grown)) == len(grown):
                names.append(name)
                columns = grown
        apart = "index" in names or (len(set(self.labels)) > 1 and target == 0.5)
        return tuple(names) if len(self.labels) and apart else ()


def _influence(shown: _OrderedDraws, name: Name, log_odds: float, error: float) -> Influence:
    favoured = shown.sign(name)
    bears = favoured != 0
    went = shown.first_drawn[bears] == (favoured[bears] > 0)
    n_went, n_draws = int(shown.times[bears][went].sum()), int(shown.times[bears].sum())
    low, high = interval(n_went, n_draws)
    return Influence(
        name=name,
        n_draws=n_draws,
        share=n_went / n_draws,
        low=low,
        high=high,
        p_value=_exact(shown, name),
        log_odds=log_odds,
        log_odds_low=log_odds - _Z * error,
        log_odds_high=log_odds + _Z * error,
    )


def _exact(shown: _OrderedDraws, name: Name) -> float:
    """Exact test of one influence: within each label pair where it varies there, over all pairs where not."""
    bears = shown.sign(name) != 0
    group = shown.sign("index" if name == "order" else name)[bears] > 0
    response = shown.first_drawn[bears]
    if name == "order":
        response = response == group  # does label 1 win more often when it is named first?
    labels = [pair for pair, keep in zip(shown.labels, bears, strict=True) if keep]
    times = shown.times[bears]
    tables = _tables(labels, group, response, times)
    if not any(table.n_a and table.n_b for table in tables):
        if name == "order":  # fresh labels in one order: without a lean the first-named wins every other time
            return float(binomial_test(times[response].sum(), times.sum()))
        tables = _tables([""] * len(group), group, response, times)
    return stratified_exact(tables)


def _tables(
    labels: Sequence[str], group: Truths, response: Truths, times: NDArray[np.int64]
) -> list[TwoByTwo]:
    """Counts of each label pair: of the draws in the group, and of the others."""
    number = {pair: i for i, pair in enumerate(dict.fromkeys(labels))}
    cell = 4 * np.array([number[pair] for pair in labels]) + 2 * group + response
    counts = np.zeros(4 * len(number), np.int64)
    np.add.at(counts, cell, times)
    return [
        TwoByTwo(ones_a=a_one, n_a=a_zero + a_one, ones_b=b_one, n_b=b_zero + b_one)
        for b_zero, b_one, a_zero, a_one in counts.reshape(-1, 4).tolist()
    ]


def _first_is_earlier(labels: Sequence[str], order: Codes) -> Codes:
    """+1 where the label named first has the earlier first letter, −1 the later, 0 the same."""
    earlier = {pair: earlier_label(pair) for pair in set(labels)}
    signs = [
        0 if earlier[pair] is None else 1 if earlier[pair] == first else -1
        for pair, first in zip(labels, order.tolist(), strict=True)
    ]
    return np.array(signs, np.int8)


@lru_cache(maxsize=65_536)
def earlier_label(pair: str) -> int | None:
    """Index of the label with the earlier first letter; None where both have the same, or there are none."""
    zero, one = (label[:1].casefold() for label in (json.loads(pair) if pair else ("", "")))
    return None if zero == one else int(one < zero)
