"""Estimates and verdicts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from flipsite.domain.money import Usd
from flipsite.domain.study import Kind

MOST_DRAWS = 10**7
"""Draws of a model that are known by their counts alone; charts hold every number of ones up to it."""


class Verdict(StrEnum):
    """The verdict that a model's draws allow."""

    BIASED = "biased"
    FAIR = "fair"
    UNDECIDED = "undecided"


class Sway(StrEnum):
    """The rule a model follows instead of chance."""

    ORDER = "order"
    LABEL = "label"


class Dependence(StrEnum):
    """How a model's draws depend on each other."""

    RUNS = "runs"
    DRIFT = "drift"
    PROVIDER = "provider"
    DAY = "day"
    EVEN = "even"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedBias:
    """One printed row: `figure` is kept as text, so that 0.50 and 0.5 stay what they were."""

    model: str
    table: Literal["least", "most"]
    position: int
    figure: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Figures printed elsewhere, without draws.

    Attributes:
        rows: Both tables, each in its printed order.
        n_models: How many models were asked in all (the multiplicity's family).
        draws_low: Fewest valid draws a model is taken to have had.
        draws_high: Most valid draws a model is taken to have had.
        draws_about: Draws a model, as the source rounds it.
        spend_run_usd: Upper bound of what the run cost, as stated.
        spend_total_usd: About what was spent in all, as stated.
        roleplay: Models the source itself calls role-playing finetunes.
        roleplay_none_in: The table that holds none of them, as the source says; None where it says nothing.
    """

    rows: tuple[PrintedBias, ...]
    n_models: int
    draws_low: int
    draws_high: int
    draws_about: int
    spend_run_usd: Usd
    spend_total_usd: Usd
    roleplay: tuple[str, ...]
    roleplay_none_in: Literal["least", "most"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One record of `estimates.json`: what is known of one model; None is unknown, never NaN."""

    model: str
    author: str
    kind: Kind
    outcomes: int = 2
    draws: int | None = None
    valid: int | None = None
    ones: int | None = None
    mean: float | None = None
    bias: float | None = None
    bias_low: float | None = None
    bias_high: float | None = None
    bias_within: float | None = None
    bias_within_low: float | None = None
    bias_within_high: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    noise_floor: float | None = None
    noise_floor_within: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    verdict: Verdict = Verdict.UNDECIDED
    sway: Sway | None = None
    dependence: Dependence | None = None
    design_effect: float | None = None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    bias_shrunken: float | None = None
    bias_shrunken_low: float | None = None
    bias_shrunken_high: float | None = None
    p_near: float | None = None
    rank_shrunken: int | None = None
    top: str | None = None
    top_share: float | None = None
    effective: float | None = None
    entropy_bits: float | None = None
    off_list: float | None = None
    cost_usd: Usd | None = None
    page: str

    @property
    def ranking_noise_floor(self) -> float | None:
        """The ranking bias that a perfect sampler shows on average."""
        return self.noise_floor if self.noise_floor_within is None else self.noise_floor_within

    @property
    def excess(self) -> float | None:
        """The bias above the noise floor, 0 on average for a perfect sampler; within orders where known."""
        bias, floor = self.bias, self.noise_floor
        if self.noise_floor_within is not None:
            bias, floor = self.bias_within, self.noise_floor_within
        return None if bias is None or floor is None else bias - floor

    @property
    def is_rank_luck(self) -> bool:
        """Whether the rank of the draws lies outside its own interval: partly luck."""
        if self.rank is None or self.rank_low is None or self.rank_high is None:
            return False
        return not self.rank_low <= self.rank <= self.rank_high

    @property
    def is_flagged(self) -> bool:
        """Whether the draws are shown not to be independent draws of one coin."""
        return self.sway is not None or self.dependence is not None

    @property
    def ranking_bias(self) -> float | None:
        """The bias that ranks: within orders where two were asked, else the marginal one."""
        return self.bias if self.bias_within is None else self.bias_within

    @property
    def leans_anyway(self) -> bool:
        """Whether the bias over both orders is as large as within them: the order does not hide it."""
        return self.bias is not None and self.bias_within is not None and self.bias_within < self.bias + 1e-9

    @property
    def ranking_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the bias that ranks."""
        within = self.bias_within is not None
        low, high = (
            (self.bias_within_low, self.bias_within_high) if within else (self.bias_low, self.bias_high)
        )
        return None if low is None or high is None else (low, high)
