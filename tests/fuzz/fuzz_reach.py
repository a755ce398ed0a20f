"""Which of our lines some bytes reach: by that a corpus is kept small."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def reached(target: Callable[[bytes], None], said: bytes) -> set[tuple[str, int]]:
    """The lines of flipsite's that a target runs for these bytes."""
    lines: set[tuple[str, int]] = set()

    def follow(frame: FrameType, event: str, _: Any) -> Callable[[FrameType, str, Any], Any] | None:
        if "/flipsite/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return follow

    sys.settrace(follow)
    try:
        target(said)
    finally:
        sys.settrace(None)
    return lines
