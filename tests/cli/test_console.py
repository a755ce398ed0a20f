"""Progress on a terminal, on a pipe and in a log, and the command line that goes on."""

import shlex
import threading
from io import StringIO

import click
import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

from flipsite.cli import console as console_module
from flipsite.cli.console import ProgressBar, duration_text, same_command, show_table
from flipsite.cli.run_output import show_progress
from flipsite.collect.run_state import RunProgress
from flipsite.domain.display import plural
from flipsite.domain.money import usd
from flipsite.workflows.run_request import ProgressSnapshot


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(clock: Clock, *, width: int = 80, terminal: bool = True) -> tuple[ProgressBar, StringIO]:
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, _environ={"TERM": "xterm"})
    return ProgressBar("draw", console=console, clock=clock), out


def test_a_terminal_shows_what_is_done_and_the_time_left_within_80_columns() -> None:
    clock = Clock()
    bar, out = shown(clock)
    with bar:
        clock.now = 30.0
        bar.update(250, 1000, "98% valid", "$1.20 of $5.00 spent", "a/model: " + "very long fault " * 20)
    text = click.unstyle(out.getvalue())
    assert "250 of 1,000 draws, 1:30 left" in text
    assert "98% valid · $1.20 of $5.00 spent" in text
    assert max(map(len, text.splitlines())) <= 80


def test_work_of_less_than_a_second_shows_nothing() -> None:
    clock = Clock()
    bar, out = shown(clock)
    with bar:
        clock.now = 0.9
        bar.update(1, 2)
    assert out.getvalue() == ""


def test_a_log_gets_a_line_every_five_seconds_and_standard_output_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    bar, out = shown(clock, terminal=False)
    with bar:
        for clock.now in (2.0, 5.5, 6.0, 11.0):
            bar.update(int(clock.now), 20, "5/s")
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "5 of 20 draws, 0:16 left · 5/s",
        "11 of 20 draws, 0:09 left · 5/s",
    ]
    assert captured.out == out.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (725, "12:05"), (11250, "3:07:30")]
)
def test_a_duration_reads_as_a_clock(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 studies"), (1, "1 study"), (2, "2 studies"), (2400, "2,400 studies")]
)
def test_a_noun_agrees_with_its_count(count: int, text: str) -> None:
    assert plural(count, "study", "studies") == text


def test_the_same_command_is_the_one_that_was_typed() -> None:
    """Quoted for a shell, with every option that was given and none that was not."""

    @click.command("collect")
    @click.argument("study")
    @click.option("--models", multiple=True)
    @click.option("--budget", type=float)
    @click.option("--draws", type=int, default=50)
    @click.option("--yes", is_flag=True)
    def command(**_: object) -> None:
        click.echo(same_command())

    words = ["mine", "--models", "a/*", "--models", "b c", "--budget", "5", "--yes"]
    ran = CliRunner().invoke(command, words)
    assert shlex.split(ran.output) == ["flipsite", "collect", *words]


def test_each_phase_of_the_work_counts_its_own_things_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Reading studies, drawing what cannot be counted, writing pages: time left is of the phase."""
    clock = Clock()
    bar, _ = shown(clock, terminal=False)
    with bar:
        for clock.now, phase in (
            (0.0, ("study", 0, 2)),
            (10.0, ("study", 1, 2)),
            (20.0, ("drawing charts", 0, 0)),
            (26.0, ("drawing charts", 0, 0)),
            (30.0, ("step", 0, 4)),
            (40.0, ("step", 2, 4)),
        ):
            bar.show(*phase)
    assert capsys.readouterr().err.splitlines() == [
        "1 of 2 studies, 6 a minute, 0:10 left",
        "drawing charts, 0:00",
        "drawing charts, 0:06",
        "2 of 4 steps, 12 a minute, 0:10 left",
    ]


def test_a_line_of_output_and_the_bar_keep_out_of_each_others_way(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    bar, out = shown(clock)
    with bar:
        clock.now = 2.0
        bar.show("form", 1, 4)
        bar.echo("form 1 is done")
        clock.now = 4.0
        bar.show("form", 2, 4)
    assert capsys.readouterr().out == "form 1 is done\n"
    text = click.unstyle(out.getvalue())
    assert "form 1 is done" not in text
    assert "1 of 4 forms" in text
    assert "2 of 4 forms" in text


def test_time_passes_on_the_bar_while_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler is at work for minutes: the bar shows how long."""
    monkeypatch.setattr(console_module, "TICK_S", 0.01)
    clock, drawn = Clock(), threading.Event()

    class Screen(StringIO):
        def write(self, text: str) -> int:
            if "0:30 so far" in text:
                drawn.set()
            return super().write(text)

    screen = Console(file=Screen(), width=80, force_terminal=True, _environ={"TERM": "xterm"})
    with ProgressBar("form", console=screen, clock=clock) as bar, bar.ticking():
        bar.show("form", 0, 4)
        clock.now = 30.0
        assert drawn.wait(30)


def test_a_slow_rate_is_told_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    """A local model on a processor draws a few a minute; a rate a second would round to nothing."""
    clock = Clock()
    bar, _ = shown(clock, terminal=False)
    with bar:
        clock.now = 60.0
        bar.update(3, 50)
    assert capsys.readouterr().err == "3 of 50 draws, 3 a minute, 15:40 left\n"


@pytest.mark.parametrize(
    ("spent_usd", "left_usd", "words"),
    [
        (0.0, None, "100% valid · 2 in flight"),
        (0.25, None, "100% valid · $0.25 spent · 2 in flight"),
        (0.25, 1.75, "100% valid · $0.25 of $2.00 spent · 2 in flight"),
    ],
)
def test_a_run_says_what_it_spent_where_that_is_known(
    capsys: pytest.CaptureFixture[str], spent_usd: float, left_usd: float | None, words: str
) -> None:
    """A host without prices spends nothing that is known, and is not said to be free."""
    clock = Clock()
    bar, _ = shown(clock, terminal=False)
    progress = RunProgress(n_missing=50, n_valid=3, in_flight=2)
    with bar:
        clock.now = 60.0
        look = ProgressSnapshot(
            progress=progress,
            spent_usd=usd(spent_usd),
            left_usd=None if left_usd is None else usd(left_usd),
            n_paused=0,
            bound=4,
        )
        show_progress(bar, look)
    assert capsys.readouterr().err.rstrip().endswith(f"left · {words}")


def test_a_narrow_terminal_cuts_no_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is as wide as its longest name and its numbers need."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    table, name = Table(box=None), "author/" + "a-long-name-" * 9
    table.add_column("model", no_wrap=True)
    table.add_column("asked", overflow="fold", min_width=16)
    table.add_row(name, "no: for a reason of many words that may be wrapped")
    show_table(table)
    assert name in click.unstyle(capsys.readouterr().out)


def test_a_table_is_as_wide_as_what_it_does_not_wrap() -> None:
    """Names and headings of several words are whole; what may wrap is given at least its own least width."""
    table = Table(box=None, pad_edge=False)
    table.add_column("model", no_wrap=True)
    table.add_column("one draw at most", no_wrap=True)
    table.add_column("asked", overflow="fold", min_width=16)
    table.add_row("a model of several words " * 3, "$0.01", "no: not a chat model")
    screen = Console(width=80, file=StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    needed = console_module._least_width(table, screen)
    wide = Console(width=needed, file=(out := StringIO()))
    wide.print(table)
    assert needed > 80
    assert "one draw at most" in out.getvalue()
    assert "no: not a chat" in out.getvalue()
    assert "a model of several words " * 3 in out.getvalue()
