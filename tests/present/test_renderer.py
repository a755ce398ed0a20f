"""Charts and pictures are the same wherever they are rendered."""

import subprocess
import sys

BOTH = """
from flipsite.present.renderer import palette_png, vegalite_svg
from flipsite.processes import BareProcesses, call, calling_elsewhere

spec = '{"mark": "point", "data": {"values": [{"x": 0.1}, {"x": 2}]}, "encoding": {"x": {"field": "x"}}}'
with BareProcesses(1) as bare, calling_elsewhere(bare, vegalite_svg, palette_png):
    drawn = call(vegalite_svg, spec)
    picture = call(palette_png, drawn, 1, 16)
assert drawn.startswith("<svg")
assert picture.startswith(b"\\x89PNG")
assert call(vegalite_svg, spec) == drawn
assert call(palette_png, drawn, 1, 16) == picture
"""


def test_it_does_not_matter_where_charts_and_pictures_are_rendered() -> None:
    """A process of its own begins, for an engine that has started does not survive a fork."""
    subprocess.run([sys.executable, "-c", BOTH], check=True, timeout=120)
