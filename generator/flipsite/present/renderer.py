"""vl-convert: it draws Vega-Lite specifications, turns SVG into PNG, and bundles the scripts of charts.

Its JavaScript engine takes 140 MiB for charts of 2,400 points, and a tall picture 60. A process that holds a
study or Altair as well would need twice as much, so a build has bare processes call these functions (decision
82): this module imports next to nothing.
"""

import io
from contextlib import suppress
from functools import cache
from typing import Final

DRAWING_FONT: Final = "Liberation Sans"
"""Comes with vl-convert, so words are measured alike on every machine; the page's own font replaces it."""

_BANNER: Final = (
    "/*! Vega, Vega-Lite, Vega-Embed, D3 and others; their licences: LICENSES.txt beside this file. */\n"
)
_WRAPPER: Final = (f"{_BANNER}(function(){{", "})();\n")
"""vl-convert's bundle declares one-letter names at the top level; they stay in here, `vegaEmbed` does not."""


def start_engine() -> None:
    """Start the JavaScript engine, which the first drawing would wait a third of a second for."""
    with suppress(ValueError):  # a fault is reported where it matters
        vegalite_svg('{"mark": "point", "data": {"values": [{}]}}')


def vegalite_svg(spec: str) -> str:
    """Draw a Vega-Lite specification, given as JSON, as SVG."""
    import vl_convert  # 80 ms, only where charts are drawn

    return vl_convert.vegalite_to_svg(spec, config={"font": DRAWING_FONT}, allowed_base_urls=[])


def palette_png(svg: str, scale: float, colours: int) -> bytes:
    """Rasterise an SVG file to a PNG with a palette.

    vl-convert writes PNGs of hundreds of kilobytes; with 128 colours, which antialiased lines of a dozen inks
    need, they take a tenth. An octree's palette takes a sixth of the time of a median cut, and fewer bytes.
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


def bundle_key() -> str:
    """The bundle's version, known without the second that making the bundle takes."""
    from importlib.metadata import version

    return f"vl-convert {version('vl-convert-python')}, wrapped 2"


@cache
def bundle() -> bytes:
    """Vega, Vega-Lite and Vega-Embed as one classic script that sets `window.vegaEmbed`; takes a second."""
    import vl_convert

    libraries: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its types lack the defaults
    return (libraries.join(_WRAPPER)).encode()
