"""How a run that spends money is agreed to and shown: on a terminal a line that moves, else plain lines."""

import sys
import time
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.live import Live
from rich.markup import escape

from flipsite.collection import Look
from flipsite.errors import UsageError

LINE_EVERY_S = 5.0


class Progress:
    """How a run stands, for whoever looks on; a context manager that leaves the terminal as it was."""

    def __init__(self, console: Console, *, noun: str) -> None:
        """Begin.

        Args:
            console: Where it is shown.
            noun: What is counted, in the plural.
        """
        self._console = console
        self._noun = noun
        self._live: Live | None = None
        self._began = time.monotonic()
        self._told_at = self._began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def look(self, look: Look) -> None:
        """Show how it stands now."""
        if self._console.is_terminal:
            if self._live is None:
                self._live = Live(console=self._console, refresh_per_second=4, transient=True)
                self._live.start()
            self._live.update(escape(self._line(look)))
            return
        if time.monotonic() - self._told_at >= LINE_EVERY_S:
            self._told_at = time.monotonic()
            click.echo(self._line(look))

    def _line(self, look: Look) -> str:
        """What is done, valid share, dollars, rate, and what is waiting and why."""
        tide = look.tide
        seconds = max(time.monotonic() - self._began, 1e-3)
        parts = [f"{tide.n_done}/{tide.n_missing} {self._noun}"]
        if tide.n_done:
            parts.append(f"{tide.n_valid / tide.n_done:.0%} valid")
        left = "" if look.left_usd is None else f", {dollars(look.left_usd)} left"
        parts += [f"{dollars(look.spent_usd)} spent{left}", f"{tide.n_done / seconds:.0f}/s"]
        parts.append(f"{tide.in_flight} in flight")
        if look.n_resting:
            parts.append(f"{look.n_resting} models told to wait")
        if tide.aside:
            parts.append(f"{len(tide.aside)} set aside")
        if tide.faults:
            model, fault = next(reversed(tide.faults.items()))
            parts.append(f"last fault: {model}: {fault}")
        return " · ".join(parts)


def agreed(*, yes: bool) -> bool:
    """Whether money may be spent: said beforehand, or asked for on a terminal.

    Raises:
        UsageError: If there is nobody to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("Nobody to ask for a yes; add --yes to spend, or --dry-run to look.")
    return click.confirm("Ask them?")


def dollars(usd: float) -> str:
    """Dollars to the cent, or to the first two digits that say something."""
    if usd and usd < 0.005:
        return f"${usd:.6f}"
    return f"${usd:,.2f}"
