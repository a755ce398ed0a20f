"""Ctrl-C: once to finish what is in flight, twice to stop now."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Done = TypeVar("Done")


_elsewhere: set[Callable[[], None]] = set()
"""How to interrupt what runs on other threads, which no signal reaches."""


@contextmanager
def interrupts(soft: Callable[[], None]) -> Iterator[threading.Event]:
    """Call `soft` at the first interrupt or termination, and cancel the running task at the second.

    Args:
        soft: Called on the event loop.

    Yields:
        An event that tells whether there was one.
    """
    happened = threading.Event()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if happened.is_set() and task is not None:
            loop.call_soon_threadsafe(task.cancel)
        happened.set()
        loop.call_soon_threadsafe(soft)

    with _signalled(interrupt) if _is_main_thread() else _told(interrupt):
        yield happened


def off_the_loop(work: Callable[[], Done]) -> Done:
    """Do what runs an event loop of its own; on a thread where one runs here, as it does in a notebook.

    An interrupt of this thread interrupts the work, which then ends as it would have ended here.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        while True:
            try:
                return done.result()
            except KeyboardInterrupt:
                if done.done():
                    raise
                for interrupt in tuple(_elsewhere):
                    interrupt()


@contextmanager
def _signalled(interrupt: Callable[[], None]) -> Iterator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        interrupt()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _told(interrupt: Callable[[], None]) -> Iterator[None]:
    _elsewhere.add(interrupt)
    try:
        yield
    finally:
        _elsewhere.discard(interrupt)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
