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
    height = _penalised(columns, y, times, beta)
    for _ in range(_ITERATIONS):
        chance, information = _state(columns, times, beta)
        weight = chance * (1 - chance)
        covariance = np.linalg.inv(information)
        leverage = weight * np.einsum("ij,jk,ik->i", columns, covariance, columns)
        step = covariance @ (columns.T @ (times * (y - chance + leverage * (0.5 - chance))))
        while (candidate := _penalised(columns, y, times, beta + step)) < height and np.abs(
            step
        ).max() > 1e-12:
            step /= 2
        beta, height = beta + step, candidate
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.sqrt(np.diag(np.linalg.inv(_state(columns, times, beta)[1])))


def _state(columns: Floats, times: NDArray[np.int64], beta: Floats) -> tuple[Floats, Floats]:
    """Each draw's chance of a one, and the information matrix."""
    chance = 1 / (1 + np.exp(-(columns @ beta)))
    return chance, columns.T @ (columns * (times * chance * (1 - chance))[:, None])


def _penalised(columns: Floats, y: Floats, times: NDArray[np.int64], beta: Floats) -> float:
    """Log-likelihood plus half the logarithm of the information's determinant."""
    log_odds = columns @ beta
    log_likelihood = float(np.sum(times * (y * log_odds - np.logaddexp(0, log_odds))))
    return log_likelihood + float(np.linalg.slogdet(_state(columns, times, beta)[1])[1]) / 2
