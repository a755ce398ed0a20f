"""Work in other processes: its result comes back, or what went wrong."""

import os
import signal
import subprocess
import threading
import time
from functools import partial

import pytest

from flipsite.errors import ContentError, SiteError
from flipsite.processes import BareProcesses, Fork


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


def test_a_bare_process_calls_functions_for_others() -> None:
    with BareProcesses(1) as bare:
        assert bare.call(os.getpid) == bare.call(os.getpid) != os.getpid()


def test_large_things_come_back_whole() -> None:
    with BareProcesses(1) as bare:
        assert bare.call(str.upper, "ä" * 3_000_000) == "Ä" * 3_000_000


def test_what_goes_wrong_there_is_raised_here_and_the_next_is_called() -> None:
    with BareProcesses(1) as bare:
        with pytest.raises(ZeroDivisionError):
            bare.call(divmod, 1, 0)
        assert bare.call(divmod, 7, 2) == (3, 1)


def test_a_process_that_was_ended_from_outside_is_reported_to_all_who_ask() -> None:
    with BareProcesses(1) as bare:
        process = bare.call(os.getpid)
        for _ in range(3):
            with pytest.raises(SiteError, match="ended from outside"):
                bare.call(os.kill, process, signal.SIGKILL)


def test_threads_and_forks_share_the_processes() -> None:
    """No reply goes to another one who asked."""
    with BareProcesses(2) as bare:
        forks = [Fork(lambda low=low: [bare.call(abs, -n) for n in range(low, low + 50)]) for low in (0, 50)]  # type: ignore[misc]
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda: found.extend(bare.call(abs, -7) for _ in range(50))) for _ in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [7] * 100
        assert [fork.result() for fork in forks] == [list(range(50)), list(range(50, 100))]


def test_as_many_work_at_once_as_there_are_processes() -> None:
    """One waits for what the other one sends."""
    reading, writing = os.pipe()
    with BareProcesses(2) as bare:
        first = Fork(lambda: bare.call(os.read, reading, 1))
        assert bare.call(os.write, writing, b"!") == 1
        assert first.result() == b"!"
    os.close(reading)
    os.close(writing)


def test_bare_processes_end_with_their_context() -> None:
    with BareProcesses(2) as bare:
        assert bare.call(abs, -1) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_they_prepare_before_they_are_asked() -> None:
    with BareProcesses(1, partial(os.putenv, "FLIPSITE_PREPARED", "1")) as bare:
        assert bare.call(subprocess.getoutput, "echo $FLIPSITE_PREPARED") == "1"


def test_what_goes_wrong_in_preparation_does_not_end_them() -> None:
    """It goes wrong again where it is asked for."""
    with BareProcesses(1, partial(divmod, 1, 0)) as bare:
        assert bare.call(divmod, 7, 2) == (3, 1)
