"""The chart renderer's start, which takes half a second of a core that has nothing else to do yet."""

from collections.abc import Callable
from contextlib import suppress
from threading import Thread


def start_renderer() -> Callable[[], None]:
    """Start vl-convert's JavaScript engine in the background; what this gives waits for it."""
    starting = Thread(target=_draw_something, name="renderer", daemon=True)
    starting.start()
    return starting.join


def _draw_something() -> None:
    import vl_convert

    with suppress(ValueError):  # whatever is wrong is told where it matters
        vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": [{}]}})
