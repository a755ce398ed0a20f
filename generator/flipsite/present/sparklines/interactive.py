"""A model's own part of its interactive pictures, as text for the script.

`specs.py` has the specifications, which all models share.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.draws import Codes
from flipsite.domain.trajectory import Trajectory
from flipsite.present.sparklines.running_mean import MOST_POINTS, drawn_points

_SIGNS = bytes.maketrans(b"\x00\x01\xff", b"01-")


@dataclass(frozen=True, slots=True, kw_only=True)
class SparklineSpec:
    """The data of a small picture, and the specification that draws them.

    Attributes:
        kind: The kind of picture.
        drawn: One sign for each draw shown: `1`, `0`, or `-` without an outcome.
        stride: Every `stride`-th draw is shown.
        numbers: The numbers of a strip's draws; empty where they are multiples of the stride.
        ones: The number of ones up to each point of a running mean; empty where `drawn` holds the draws.
        n_valid: Valid draws of a running mean.
        target: Probability of a one that a running mean's study asked for.
    """

    kind: Literal["running-mean", "strip"]
    drawn: str
    stride: int = 1
    numbers: str = ""
    ones: str = ""
    n_valid: int = 0
    target: float = 0.5

    @property
    def name(self) -> str:
        """The name of the shared specification."""
        return "model-strip" if self.kind == "strip" else f"model-running-mean-{self.target:g}-{self.n_valid}"

    @property
    def path(self) -> str:
        """The path of the shared specification on the site."""
        return f"data/charts/{self.name}.js"


def running_mean_twin(outcomes: Codes, *, target: float) -> SparklineSpec | None:
    """The data of a running mean; None without a valid draw.

    Args:
        outcomes: 1, 0, or -1 without an outcome, in the order of the draws.
        target: Probability of a one that was asked for.
    """
    valid = outcomes[outcomes >= 0]
    if not len(valid):
        return None
    if len(valid) <= MOST_POINTS:
        return SparklineSpec(kind="running-mean", drawn=_signs(valid), n_valid=len(valid), target=target)
    counts = np.cumsum(valid, dtype=np.int64)[drawn_points(len(valid)) - 1]
    ones = " ".join(map(str, counts.tolist()))
    return SparklineSpec(kind="running-mean", drawn="", ones=ones, n_valid=len(valid), target=target)


def strip_twin(outcomes: Codes, numbers: NDArray[np.integer] | None = None) -> SparklineSpec:
    """The data of a strip; arguments as of `strip`."""
    stride = max(1, -(-len(outcomes) // MOST_POINTS))
    from_zero = numbers is None or np.array_equal(numbers, np.arange(len(outcomes)))
    return SparklineSpec(
        kind="strip",
        drawn=_signs(outcomes[::stride]),
        stride=stride,
        numbers="" if numbers is None or from_zero else " ".join(map(str, numbers[::stride].tolist())),
    )


def strip_of_twin(trajectory: Trajectory) -> SparklineSpec:
    """The data of a strip of the draws that a trajectory shows."""
    return SparklineSpec(kind="strip", drawn=_signs(trajectory.shown), stride=trajectory.stride)


def _signs(outcomes: Codes) -> str:
    return outcomes.astype(np.int8).tobytes().translate(_SIGNS).decode("ascii")
