"""Progress on a terminal, on a pipe and in a log, and the command line that goes on."""

import shlex
from io import StringIO

import click
import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

from flipsite.cli.console import ProgressBar, duration_text, same_command, show_table
from flipsite.domain.display import plural


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(clock: Clock, *, width: int = 80, terminal: bool = True) -> tuple[ProgressBar, StringIO]:
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, _environ={"TERM": "xterm"})
    return ProgressBar("draw", console=console, clock=clock), out


def test_a_terminal_shows_what_is_done_and_the_time_left_within_80_columns():
    clock = Clock()
    bar, out = shown(clock)
    with bar:
        clock.now = 30.0
        bar.update(250, 1000, "98% valid", "$1.20 of $5.00 spent", "a/model: " + "very long fault " * 20)
    text = click.unstyle(out.getvalue())
    assert "250 of 1,000 draws, 1:30 left" in text
    assert "98% valid · $1.20 of $5.00 spent" in text
    assert max(map(len, text.splitlines())) <= 80


def test_work_of_less_than_a_second_shows_nothing():
    clock = Clock()
    bar, out = shown(clock)
    with bar:
        clock.now = 0.9
        bar.update(1, 2)
    assert out.getvalue() == ""


def test_a_log_gets_a_line_every_five_seconds_and_standard_output_none(capsys: pytest.CaptureFixture[str]):
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
def test_a_duration_reads_as_a_clock(seconds: float, text: str):
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 studies"), (1, "1 study"), (2, "2 studies"), (2400, "2,400 studies")]
)
def test_a_noun_agrees_with_its_count(count: int, text: str):
    assert plural(count, "study", "studies") == text


def test_the_same_command_is_the_one_that_was_typed():
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


def test_a_slow_rate_is_told_a_minute(capsys: pytest.CaptureFixture[str]):
    """A local model on a processor draws a few a minute; a rate a second would round to nothing."""
    clock = Clock()
    bar, _ = shown(clock, terminal=False)
    with bar:
        clock.now = 60.0
        bar.update(3, 50)
    assert capsys.readouterr().err == "3 of 50 draws, 3 a minute, 15:40 left\n"


def test_a_narrow_terminal_cuts_no_name(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The table is as wide as its longest name and its numbers need."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    table, name = Table(box=None), "author/" + "a-long-name-" * 9
    table.add_column("model", no_wrap=True)
    table.add_column("asked", overflow="fold", min_width=16)
    table.add_row(name, "no: for a reason of many words that may be wrapped")
    show_table(table)
    assert name in click.unstyle(capsys.readouterr().out)
