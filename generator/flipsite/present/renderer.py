"""vl-convert: it draws Vega-Lite specifications and turns SVG into PNG, here or in processes of its own.

Its JavaScript engine takes 140 MiB for charts of 2,400 points, and a tall picture 60. A process that holds a
study or Altair as well would need twice as much, so a build may start bare ones (decision 82). They import
what they use when they are first asked: this module imports next to nothing, and they nothing but it.
"""

import io
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple, TypeVar

from flipsite.errors import SiteError

T = TypeVar("T")

DRAWING_FONT: Final = "Liberation Sans"
"""Comes with vl-convert, so words are measured alike on every machine; the page's own font replaces it."""


def vegalite_svg(spec: str) -> str:
    """Draw a Vega-Lite specification, given as JSON, as SVG."""
    return _rendered(_vegalite_svg, spec)


def palette_png(svg: str, *, scale: float, colours: int) -> bytes:
    """Rasterise an SVG file to a PNG with a palette.

    vl-convert writes PNGs of hundreds of kilobytes; with 128 colours, which antialiased lines of a dozen inks
    need, they take a tenth.
    """
    return _rendered(_palette_png, svg, scale, colours)


def start_engine() -> None:
    """Start vl-convert's JavaScript engine, which the first drawing would wait a third of a second for."""
    with suppress(ValueError):  # a fault is reported where it matters
        _vegalite_svg('{"mark": "point", "data": {"values": [{}]}}')


def _vegalite_svg(spec: str) -> str:
    import vl_convert  # 80 ms, only where charts are drawn

    return vl_convert.vegalite_to_svg(spec, config={"font": DRAWING_FONT}, allowed_base_urls=[])


def _palette_png(svg: str, scale: float, colours: int) -> bytes:
    """An octree's palette takes a sixth of the time of a median cut, and fewer bytes.

    The utmost of compression (9) would take three to seven times as long for bytes fewer by 6 to 14 %.
    """
    import vl_convert
    from PIL import Image
    from PIL.Image import Dither, Quantize

    drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(svg, scale=scale))).convert("RGB")
    few = drawn.quantize(colours, method=Quantize.FASTOCTREE, dither=Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


class Connection(NamedTuple):
    """One end of a pair of pipes between a process that renders and those that ask it."""

    reading: int
    writing: int

    def close(self) -> None:
        """Close this end."""
        os.close(self.reading)
        os.close(self.writing)


def connect() -> tuple[Connection, Connection]:
    """Make both ends: of those that ask, and of the process that renders."""
    replies, requests = os.pipe(), os.pipe()
    return Connection(replies[0], requests[1]), Connection(requests[0], replies[1])


def serve(connection: Connection) -> None:
    """Render what is asked for, until nobody is left who could ask."""
    with suppress(EOFError, BrokenPipeError):
        while True:
            render, given = _receive(connection)
            try:
                reply = render(*given)
            except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked raises it
                reply = error
            _send(connection, reply)


class Renderers:
    """Processes that render alike; this process and all that are forked from it may ask them.

    Each renders one thing at a time. The numbers of the free ones wait in a pipe: who takes one has that
    process to itself until the number is back.
    """

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections
        self._free, self._freed = os.pipe()
        os.write(self._freed, bytes(range(len(connections))))

    def ask(self, render: Callable[..., T], *given: object) -> T:
        """Have a function called by the first process that is free.

        Raises:
            SiteError: If that process was ended from outside.
            Exception: What the function raised.
        """
        [number] = os.read(self._free, 1)
        try:
            _send(self._connections[number], (render, given))
            reply = _receive(self._connections[number])
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            raise SiteError(
                "a process of this build was ended from outside; build again, or with --jobs 1"
            ) from error
        finally:
            os.write(self._freed, bytes([number]))
        if isinstance(reply, Exception):
            raise reply
        return reply  # type: ignore[no-any-return]

    def __enter__(self) -> "Renderers":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._free)
        os.close(self._freed)


def _send(connection: Connection, message: object) -> None:
    with open(connection.writing, "wb", closefd=False) as pipe:
        pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)


def _receive(connection: Connection) -> Any:
    with open(connection.reading, "rb", closefd=False) as pipe:
        return pickle.load(pipe)  # noqa: S301 - written by this program


_elsewhere: dict[Callable[..., Any], Renderers] = {}
"""Who renders for this process, by the function that would."""


@contextmanager
def rendering_elsewhere(*, svg: Renderers, png: Renderers) -> Iterator[None]:
    """Have SVG and PNG rendered by other processes meanwhile."""
    _elsewhere.update({_vegalite_svg: svg, _palette_png: png})
    try:
        yield
    finally:
        _elsewhere.clear()


def _rendered(render: Callable[..., T], *given: object) -> T:
    renderers = _elsewhere.get(render)
    return renderers.ask(render, *given) if renderers else render(*given)
