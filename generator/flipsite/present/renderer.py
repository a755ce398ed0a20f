"""vl-convert: it draws Vega-Lite specifications and turns SVG into PNG, here or in processes of its own.

Its JavaScript engine takes 140 MiB for charts of 2,400 points, and a tall picture 60. A process that holds a
study or Altair as well would need twice as much, so a build may start bare ones (decision 82). They import
what they use when they are first asked: this module imports next to nothing, and they nothing but it.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from flipsite.processes import BareProcesses

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


_elsewhere: dict[Callable[..., Any], BareProcesses] = {}
"""Who renders for this process, by the function that would."""


@contextmanager
def rendering_elsewhere(*, svg: BareProcesses, png: BareProcesses) -> Iterator[None]:
    """Have SVG and PNG rendered by other processes meanwhile."""
    _elsewhere.update({_vegalite_svg: svg, _palette_png: png})
    try:
        yield
    finally:
        _elsewhere.clear()


def _rendered(render: Callable[..., T], *given: object) -> T:
    processes = _elsewhere.get(render)
    return processes.call(render, *given) if processes else render(*given)
