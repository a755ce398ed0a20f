"""How a collection stands, for whoever watches: counts, money, and what is waiting and why."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Why a model was set aside; `money` where the budget has no room for it."""

    reason: str
    money: bool = False


@dataclass(slots=True, kw_only=True)
class Tide:
    """Counts of one run, kept by the sampler.

    Attributes:
        n_missing: Draws to be asked in this run.
        n_kept: Draws that earlier runs had settled.
        n_valid: Answers of this run that name a side.
        n_rejected: Answers of this run that name none.
        n_failed: Draws of this run that brought no answer.
        n_again: Requests that were asked again.
        in_flight: Requests sent and not yet answered.
        aside: Models set aside, with the reason.
        faults: The last fault of each model that has one.
    """

    n_missing: int = 0
    n_kept: int = 0
    n_valid: int = 0
    n_rejected: int = 0
    n_failed: int = 0
    n_again: int = 0
    in_flight: int = 0
    aside: dict[str, Aside] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def n_done(self) -> int:
        """Draws of this run that came to an end."""
        return self.n_valid + self.n_rejected + self.n_failed

    def set_aside(self, model: str, reason: str, *, money: bool) -> None:
        """Note a model that is asked no more."""
        self.aside[model] = Aside(reason=reason, money=money)
