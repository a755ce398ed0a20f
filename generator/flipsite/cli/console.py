"""Terminal output that commands share: progress with the time left, consent to spending, tables."""

import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape as html_escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from flipsite.domain.display import plural
from flipsite.errors import UsageError

if TYPE_CHECKING:  # rich takes a tenth of the time of a small build
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table

QUIET_S = 1.0
"""Work that is done sooner shows no progress."""

TICK_S = 0.5
"""Between two looks at the clock, where nothing else happens."""

REDRAWN_EVERY_S = 0.2
"""Between two pictures of the bar."""

LINE_EVERY_S = 5.0
"""Between two plain lines, where there is no terminal."""


class ProgressBar:
    """Progress of long work on standard error: a bar with the time left on a terminal, else plain lines.

    Nothing is shown in the first second, and nothing ever reaches standard output, which may be read by
    another program. In a notebook the bar is HTML. A context manager that leaves the terminal as it was.
    """

    def __init__(
        self,
        noun: str = "step",
        *,
        console: "Console | None" = None,
        clock: Callable[[], float] = time.monotonic,
        lines: bool = True,
    ) -> None:
        """Start the clock.

        Args:
            noun: One of the things that are counted; `show` may name another.
            console: Where to show it; standard error by default.
            clock: Seconds, from any start.
            lines: Whether to print plain lines where there is neither a terminal nor a notebook.
        """
        self._noun = noun
        self._console = console
        self._clock = clock
        self._lines = lines
        self._live: Live | None = None
        self._cell: Any = None
        self._last: tuple[int, int] = (0, 0)
        self._lock = threading.RLock()
        self._began = self._phase_began = self._shown_at = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def echo(self, line: str) -> None:
        """Print a line on standard output; the bar makes room for it."""
        with self._lock:
            self._clear()
            click.echo(line)

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Show the time that passes between two updates, by a thread: not beside work that forks."""
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(TICK_S):
                with self._lock:
                    self.update(*self._last)

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _clear(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, noun: str, n_done: int, n_all: int) -> None:
        """Show how much of one phase of the work is done; a `Progress`. Another noun begins another phase."""
        if noun != self._noun:
            self._noun, self._phase_began = noun, self._clock()
        with self._lock:
            self._last = n_done, n_all
            self.update(n_done, n_all)

    def update(self, n_done: int, n_all: int, *details: str) -> None:
        """Show how much is done.

        Args:
            n_done: Things done, of
            n_all: all of them; 0 where their number is unknown.
            details: What else to say, the most important first.
        """
        now = self._clock()
        if now - self._began < QUIET_S:
            return
        console = self._console = self._console or _standard_error()
        head = self._head(n_done, n_all, now - self._phase_began)
        if console.is_jupyter:
            self._show_cell(n_done, n_all, " · ".join([head, *details]))
        elif console.is_terminal and not console.is_dumb_terminal:
            self._show_bar(console, n_done, n_all, head, details)
        elif self._lines and now - self._shown_at >= LINE_EVERY_S:
            self._shown_at = now
            click.echo(" · ".join([head, *details]), err=True)

    def _head(self, n_done: int, n_all: int, seconds: float) -> str:
        if not n_all:
            return plural(n_done, self._noun) if n_done else f"{self._noun}, {duration_text(seconds)}"
        head = f"{n_done:,} of {plural(n_all, self._noun)}"
        if n_done == 0:
            head += f", {duration_text(seconds)} so far"
        if 0 < n_done < n_all:
            if 2 * n_done < seconds:  # a slow rate says little a second
                head += f", {60 * n_done / seconds:.2g} a minute"
            head += f", {duration_text(seconds / n_done * (n_all - n_done))} left"
        return head

    def _show_bar(
        self, console: "Console", n_done: int, n_all: int, head: str, details: tuple[str, ...]
    ) -> None:
        from rich.live import Live

        now = self._clock()
        if self._live is None:  # without a thread of its own, which a build that forks would copy
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        elif now - self._shown_at < REDRAWN_EVERY_S and n_done != n_all:
            return
        self._shown_at = now
        self._live.update(_bar(n_done, n_all, head, details), refresh=True)

    def _show_cell(self, n_done: int, n_all: int, text: str) -> None:
        from IPython.display import HTML, display

        extent = f'value="{n_done}" max="{n_all}"' if n_all else ""
        shown = HTML(f"<progress {extent}></progress> {html_escape(text)}")  # type: ignore[no-untyped-call]
        if self._cell is None:
            self._cell = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._cell.update(shown)


def duration_text(seconds: float) -> str:
    """A duration as `0:42`, `12:05` or `3:07:30`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def agreed(*, yes: bool) -> bool:
    """Whether money may be spent: said beforehand, or asked for on a terminal.

    Raises:
        UsageError: If the terminal is not interactive.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("no terminal to ask on; add --yes to spend, or --dry-run to look.")
    return click.confirm("Ask them?")


def same_command() -> str:
    """The command line that is running, to be run again."""
    context = click.get_current_context()
    words = ["flipsite", str(context.info_name)]
    for param in context.command.params:
        given = context.get_parameter_source(param.name or "") is click.core.ParameterSource.COMMANDLINE
        if given:
            words += _words(param, context.params[param.name or ""])
    return shlex.join(words)


NARROWEST, PIPE = 80, 160


def fits(table: "Table") -> bool:
    """Whether a table is no wider than the terminal; anything does that goes elsewhere."""
    from rich.console import Console

    screen = Console(highlight=False)
    return not screen.is_terminal or _least_width(table, screen) <= max(NARROWEST, screen.width)


def show_table(table: "Table") -> None:
    """Print a table on standard output; a terminal too narrow for it wraps its lines, and cuts nothing."""
    from rich.console import Console

    screen = Console(highlight=False)
    width = max(NARROWEST, screen.width) if screen.is_terminal else PIPE
    Console(highlight=False, width=max(width, _least_width(table, screen)), soft_wrap=False).print(table)


def _least_width(table: "Table", screen: "Console") -> int:
    """The width at which no cell is cut; rich takes a column that is not wrapped to need its longest word."""
    from rich.measure import Measurement

    options = screen.options.update(width=1000)
    for column in table.columns:
        if column.no_wrap:
            cells = (column.header, *column.cells)
            column.min_width = max(Measurement.get(screen, options, cell).maximum for cell in cells)
    return Measurement.get(screen, options, table).minimum


def _words(param: click.Parameter, value: Any) -> list[str]:
    if isinstance(param, click.Argument):
        return [str(each) for each in value] if param.nargs == -1 else [str(value)]
    name = max(param.opts, key=len)
    if getattr(param, "is_flag", False):
        return [name]
    return [word for each in (value if param.multiple else [value]) for word in (name, _number(each))]


def _number(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _standard_error() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def _bar(n_done: int, n_all: int, head: str, details: tuple[str, ...]) -> "Group":
    """The bar with what is done, and below it the details, as much of them as a line holds."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar as Bar
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 1))
    line.add_row(Bar(total=n_all or None, completed=n_done, width=24, pulse=not n_all), Text(head))
    rest = Text(" · ".join(details), no_wrap=True, overflow="ellipsis")
    return Group(line, rest) if details else Group(line)
