"""A child process that is killed at its n-th call that touches the disk."""

import os
import signal
import sys
from collections.abc import Callable

_TOUCHING = ("os.", "shutil.", "sqlite3.connect", "open")


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a forked process that gets SIGKILL at a step; False once it has fewer steps."""
    child = os.fork()
    if child == 0:
        n_steps = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal n_steps
            if not event.startswith(_TOUCHING) or (event == "open" and _reads(arguments)):
                return
            n_steps += 1
            if n_steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _reads(arguments: tuple[object, ...]) -> bool:
    return isinstance(arguments[2], int) and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
