"""A small logistic regression that stays finite where all answers agree."""

import numpy as np
from numpy.typing import NDArray

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
