r"""The likelihood of a model's draws with its own log-odds θ integrated out.

$$L = \int \text{Normal}(θ; μ, σ)\, \text{Binomial}(y; n, \operatorname{logit}^{-1} θ)\, dθ$$

by adaptive Gauss-Hermite quadrature: the nodes are laid around the integrand's own mode, on its own width.
With no θ of each model to sample, no chain is held up where σ is small; and what PSIS-LOO leaves out is a
model, not a draw that its own θ has already explained.

An operation of its own, with its gradient, rather than PyTensor's: the unrolled Newton steps take PyTensor's
rewriting minutes, and this a second. Against a dense trapezoid log L is right to 2e-5 for σ up to 3, to 1e-3
at 6 and to 0.01 at 12 (`tests/fit/test_marginal.py`).

Source:
    Liu & Pierce (1994), Biometrika 81, 624-629.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_backend
from pytensor.tensor import as_tensor, dvector, gammaln

Tensor = Any
Floats = NDArray[np.float64]

NODES: Final = 21
NEWTON_STEPS: Final = 3

_NODE, _WEIGHT = np.polynomial.hermite.hermgauss(NODES)
_LOG_WEIGHT = np.log(_WEIGHT) + _NODE**2


def log_marginal(ones: Tensor, valid: Tensor, centre: Tensor, log_scale: Tensor) -> Tensor:
    """Logarithm of L of each reading, symbolically.

    Args:
        ones: Ones (n_rows).
        valid: Valid draws (n_rows).
        centre: μ (n_rows).
        log_scale: log σ (n_rows).
    """
    ways = gammaln(valid + 1) - gammaln(ones + 1) - gammaln(valid - ones + 1)
    return _LogMarginal()(ones, valid, centre, log_scale)[0] + ways


def integrals(
    ones: Floats, valid: Floats, centre: Floats, log_scale: Floats
) -> tuple[Floats, Floats, Floats]:
    """Logarithm of L without its binomial coefficient, and its derivatives by μ and by log σ.

    Plain Python, which Numba compiles.
    """
    value, by_centre, by_log_scale = np.empty_like(ones), np.empty_like(ones), np.empty_like(ones)
    for row in range(len(ones)):
        y, n, mu, precision = ones[row], valid[row], centre[row], math.exp(-2 * log_scale[row])
        share = (y + 0.5) / (n + 1)
        weight = (n + 1) * share * (1 - share)
        mode = (math.log(share / (1 - share)) * weight + mu * precision) / (weight + precision)
        for _ in range(NEWTON_STEPS):
            p = 1 / (1 + math.exp(-mode))
            mode += (y - n * p - (mode - mu) * precision) / (n * p * (1 - p) + precision)
        p = 1 / (1 + math.exp(-mode))
        width = (n * p * (1 - p) + precision) ** -0.5
        total, first, second, highest = 0.0, 0.0, 0.0, -math.inf
        for node, log_weight in zip(_NODE, _LOG_WEIGHT):  # noqa: B905 - Numba knows no strict
            theta = mode + math.sqrt(2.0) * width * node
            softplus = max(theta, 0.0) + math.log1p(math.exp(-abs(theta)))
            away = theta - mu
            height = y * theta - n * softplus - 0.5 * away * away * precision + log_weight
            if height > highest:
                shrink = math.exp(highest - height)
                total, first, second, highest = total * shrink, first * shrink, second * shrink, height
            part = math.exp(height - highest)
            total, first, second = total + part, first + part * away, second + part * away * away
        value[row] = highest + math.log(total * width) - log_scale[row] - 0.5 * math.log(math.pi)
        by_centre[row] = first / total * precision
        by_log_scale[row] = second / total * precision - 1
    return value, by_centre, by_log_scale


class _LogMarginal(Op):  # type: ignore[misc]  # PyTensor has no types
    """`integrals` as an operation of PyTensor's."""

    __props__ = ()

    def make_node(self, *inputs: Tensor) -> Apply:
        return Apply(self, [as_tensor(one, dtype="float64") for one in inputs], [dvector() for _ in range(3)])

    def perform(self, _node: Apply, inputs: list[Floats], outputs: list[list[Floats]]) -> None:
        for storage, result in zip(outputs, integrals(*inputs), strict=True):
            storage[0] = result

    def infer_shape(self, _graph: Any, _node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0]] * 3

    def L_op(  # noqa: N802 - PyTensor's name
        self, _inputs: list[Tensor], outputs: list[Tensor], gradients: list[Tensor]
    ) -> list[Tensor]:
        from pytensor.gradient import grad_undefined

        by_value = gradients[0]
        return [
            *(grad_undefined(self, place, _inputs[place]) for place in (0, 1)),
            by_value * outputs[1],
            by_value * outputs[2],
        ]


@numba_backend.numba_funcify.register(_LogMarginal)  # type: ignore[untyped-decorator]
def _compiled(_op: Op, **_options: Any) -> Any:
    return numba_backend.numba_njit(integrals)
