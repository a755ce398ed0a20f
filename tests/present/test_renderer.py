"""Charts and pictures are the same wherever they are rendered."""

from flipsite.present.renderer import palette_png, rendering_elsewhere, vegalite_svg
from flipsite.processes import BareProcesses


def test_it_does_not_matter_where_charts_and_pictures_are_rendered() -> None:
    """The other processes have been forked before this one starts the engine."""
    spec = '{"mark": "point", "data": {"values": [{"x": 0.1}, {"x": 2}]}, "encoding": {"x": {"field": "x"}}}'
    with BareProcesses(1) as made, rendering_elsewhere(svg=made, png=made):
        drawn = vegalite_svg(spec)
        picture = palette_png(drawn, scale=1, colours=16)
    assert drawn.startswith("<svg")
    assert picture.startswith(b"\x89PNG")
    assert vegalite_svg(spec) == drawn
    assert palette_png(drawn, scale=1, colours=16) == picture
