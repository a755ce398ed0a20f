"""What of a model's small pictures is its own, for the script that makes them interactive."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.counts import Course
from flipsite.present.micro import MOST_POINTS, drawn_points

_SIGNS = bytes.maketrans(b"\x00\x01\xff", b"01-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A small picture's data, and which specification draws them.

    Attributes:
        kind: Of picture.
        drawn: A sign a draw that is shown: `1`, `0`, or `-` for one that names neither.
        stride: Each how manieth draw that is.
        ones: How many ones there are up to each point; empty where the signs tell.
        n_valid: Valid draws, of a running mean.
        target: Probability of a one that was asked for, of a running mean.
    """

    kind: Literal["running-mean", "strip"]
    drawn: str
    stride: int = 1
    ones: str = ""
    n_valid: int = 0
    target: float = 0.5

    @property
    def name(self) -> str:
        """What the shared specification is called."""
        return "model-strip" if self.kind == "strip" else f"model-running-mean-{self.target:g}-{self.n_valid}"

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"data/charts/{self.name}.js"


def running_mean_twin(outcomes: NDArray[np.int8], *, target: float) -> Twin | None:
    """Of a model's draws in their order, 1, 0, or -1 without an outcome; None without a valid one."""
    valid = outcomes[outcomes >= 0]
    if not len(valid):
        return None
    if len(valid) <= MOST_POINTS:
        return Twin(kind="running-mean", drawn=_signs(valid), n_valid=len(valid), target=target)
    counts = np.cumsum(valid, dtype=np.int64)[drawn_points(len(valid)) - 1]
    ones = " ".join(map(str, counts.tolist()))
    return Twin(kind="running-mean", drawn="", ones=ones, n_valid=len(valid), target=target)


def strip_twin(outcomes: NDArray[np.int8]) -> Twin:
    """Of a model's draws in their order, valid or not."""
    stride = max(1, -(-len(outcomes) // MOST_POINTS))
    return Twin(kind="strip", drawn=_signs(outcomes[::stride]), stride=stride)


def strip_of_twin(course: Course) -> Twin:
    """Of a model's draws as far as its course shows them."""
    return Twin(kind="strip", drawn=_signs(course.shown), stride=course.stride)


def _signs(outcomes: NDArray[np.int8]) -> str:
    return outcomes.astype(np.int8).tobytes().translate(_SIGNS).decode("ascii")
