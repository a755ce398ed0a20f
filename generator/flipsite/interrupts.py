"""Ctrl-C: once to finish what is in flight, twice to stop now."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts(soft: Callable[[], None]) -> Iterator[threading.Event]:
    """Call `soft` at the first interrupt or termination, and cancel the running task at the second.

    Args:
        soft: Called on the event loop.

    Yields:
        An event that tells whether there was one.
    """
    happened = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield happened  # signals reach the main thread alone
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if happened.is_set() and task is not None:
            loop.call_soon_threadsafe(task.cancel)
        happened.set()
        loop.call_soon_threadsafe(soft)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield happened
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
