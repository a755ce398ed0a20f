"""Interactive charts on request: one Vega bundle a site, one specification a chart.

`templates/static/charts.js` loads both with plain script elements: that works from `file://` and asks nobody.
"""

import json
from collections.abc import Mapping, Sequence

from flipsite.domain.display import Figure, encoded
from flipsite.present.charts.svg import drawings, relinked, standalone_svg
from flipsite.present.tables import csv_columns


def spec_json(spec: Mapping[str, object] | Sequence[object]) -> str:
    """A specification, or its rows, as JSON that is safe in a script element, whatever its texts."""
    text = json.dumps(spec, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def spec_call(name: str, spec: Mapping[str, object], pictures: Sequence[str] = ()) -> bytes:
    """A specification, and the pictures made of it, as a script that hands them to the page's charts."""
    given = [json.dumps(name), spec_json(spec), *([spec_json(pictures)] if pictures else [])]
    return encoded(f"flipsiteChart({','.join(given)});\n")


def figure_files(figure: Figure) -> dict[str, bytes]:
    """List the files beside a chart, by path: its data, its picture to save, its specification to load.

    The specification is a script that calls `flipsiteChart(name, specification, pictures)`; its links are
    relative to the site's root.
    """
    stem = f"data/charts/{figure.name}"
    pictures = zip((f"{stem}.svg", f"{stem}.narrow.svg"), drawings(figure.svg), strict=False)
    return {
        f"{stem}.csv": _csv(figure),
        f"{stem}.js": spec_call(figure.name, figure.spec, (relinked(figure.svg, str),)),
        **{path: encoded(standalone_svg(svg)) for path, svg in pictures},
    }


def _csv(figure: Figure) -> bytes:
    names = dict.fromkeys(key for record in figure.records for key in record)
    return encoded(csv_columns({name: [record.get(name) for record in figure.records] for name in names}))
