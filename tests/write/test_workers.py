"""Work in a forked process: its result comes back, or what went wrong."""

import os
import signal
import time

import pytest

from flipsite.errors import ContentError, SiteError
from flipsite.write.site.workers import Fork


def test_a_result_of_any_size_comes_back() -> None:
    fork = Fork(lambda: (os.getpid(), "x" * 3_000_000))
    process, text = fork.result()
    assert process != os.getpid()
    assert len(text) == 3_000_000


def test_it_is_ready_when_the_work_is_done() -> None:
    reading, writing = os.pipe()
    fork = Fork(lambda: os.read(reading, 1))
    assert not fork.is_ready()
    os.write(writing, b"!")
    while not fork.is_ready():
        time.sleep(0.001)
    assert fork.result() == b"!"
    os.close(reading)
    os.close(writing)


def fails() -> None:
    raise ContentError("story.md, line 3: no such chart.")


def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ContentError, match="line 3"):
        Fork(fails).result()


def test_a_process_that_was_ended_from_outside_is_told() -> None:
    with pytest.raises(SiteError, match="ended from outside"):
        Fork(lambda: os.kill(os.getpid(), signal.SIGKILL)).result()


def test_work_that_nobody_wants_any_more_is_ended() -> None:
    fork = Fork(signal.pause)
    fork.end()
    fork.end()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
