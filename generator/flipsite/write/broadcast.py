"""The preview's state, told to every page that is open."""

import json
from dataclasses import dataclass, replace
from threading import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the pages are to know.

    Attributes:
        version: Of the site on disk: the same for the same files.
        error: Why the last build failed; None if it did not.
    """

    version: str
    error: str | None = None

    def event(self) -> bytes:
        """As a server-sent event."""
        return b"data: " + json.dumps({"version": self.version, "error": self.error}).encode() + b"\n\n"


class Broadcast:
    """Holds the state, and wakes who waits for another."""

    def __init__(self, state: State) -> None:
        """Begin with a state."""
        self._state = state
        self._changed = Condition()
        self._is_closed = False

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    @property
    def is_closed(self) -> bool:
        """Whether the preview has ended."""
        return self._is_closed

    def tell(self, *, version: str | None = None, error: str | None = None) -> None:
        """Change the state; without a version, the site is the one it was."""
        with self._changed:
            self._state = replace(self._state, version=version or self._state.version, error=error)
            self._changed.notify_all()

    def wait(self, seen: State, *, timeout_s: float) -> State:
        """The state once it is another than the one seen, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._state != seen, timeout=timeout_s)
            return self._state

    def close(self) -> None:
        """Let everybody go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
