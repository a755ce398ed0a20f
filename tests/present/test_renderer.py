"""Bare processes render for all others; a fault there is reported where it was asked for."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flipsite.errors import SiteError
from flipsite.present.renderer import (
    Connection,
    Renderers,
    connect,
    palette_png,
    rendering_elsewhere,
    serve,
    vegalite_svg,
)
from flipsite.write.site.workers import Fork


@contextmanager
def renderers(n: int) -> Iterator[tuple[Renderers, list[Fork[None]]]]:
    """Processes that render, and those processes themselves."""
    ours: list[Connection] = []
    forks: list[Fork[None]] = []
    for _ in range(n):
        here, there = connect()
        forks.append(Fork(lambda there=there: serve(there)))  # type: ignore[misc]
        there.close()
        ours.append(here)
    with Renderers(ours) as made:
        yield made, forks
    for fork in forks:
        fork.end()
    for connection in ours:
        connection.close()


def test_it_renders_in_another_process() -> None:
    with renderers(1) as (made, _):
        assert made.ask(os.getpid) == made.ask(os.getpid) != os.getpid()


def test_large_things_come_back_whole() -> None:
    with renderers(1) as (made, _):
        assert made.ask(str.upper, "ä" * 3_000_000) == "Ä" * 3_000_000


def test_what_goes_wrong_there_is_raised_here_and_the_next_is_rendered() -> None:
    with renderers(1) as (made, _):
        with pytest.raises(ZeroDivisionError):
            made.ask(divmod, 1, 0)
        assert made.ask(divmod, 7, 2) == (3, 1)


def test_a_process_that_was_ended_from_outside_is_reported_to_all_who_ask() -> None:
    with renderers(1) as (made, _):
        process = made.ask(os.getpid)
        for _ in range(3):
            with pytest.raises(SiteError, match="ended from outside"):
                made.ask(os.kill, process, signal.SIGKILL)


def test_threads_and_forks_share_the_processes() -> None:
    """No reply goes to another one who asked."""
    with renderers(2) as (made, _):
        forks = [Fork(lambda low=low: [made.ask(abs, -n) for n in range(low, low + 50)]) for low in (0, 50)]  # type: ignore[misc]
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda: found.extend(made.ask(abs, -7) for _ in range(50))) for _ in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [7] * 100
        assert [fork.result() for fork in forks] == [list(range(50)), list(range(50, 100))]


def test_as_many_render_at_once_as_there_are_processes() -> None:
    """One waits for what the other one sends."""
    reading, writing = os.pipe()
    with renderers(2) as (made, _):
        first = Fork(lambda: made.ask(os.read, reading, 1))
        assert made.ask(os.write, writing, b"!") == 1
        assert first.result() == b"!"
    os.close(reading)
    os.close(writing)


def test_they_end_when_nobody_is_left_who_could_ask() -> None:
    ours, theirs = connect()

    def work() -> None:
        ours.close()
        serve(theirs)

    fork = Fork(work)
    theirs.close()
    ours.close()
    assert fork.result() is None


def test_it_does_not_matter_where_charts_and_pictures_are_rendered() -> None:
    """The other processes have been forked before this one starts the engine."""
    spec = '{"mark": "point", "data": {"values": [{"x": 0.1}, {"x": 2}]}, "encoding": {"x": {"field": "x"}}}'
    with renderers(1) as (made, _), rendering_elsewhere(svg=made, png=made):
        drawn = vegalite_svg(spec)
        picture = palette_png(drawn, scale=1, colours=16)
    assert drawn.startswith("<svg")
    assert picture.startswith(b"\x89PNG")
    assert vegalite_svg(spec) == drawn
    assert palette_png(drawn, scale=1, colours=16) == picture
