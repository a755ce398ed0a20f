"""Charts as pictures: SVG for a page, SVG that stands alone, PNG.

vl-convert draws; what it draws is then made fit to stand inside a page: small, without inline styles (a
strict Content-Security-Policy forbids them), with a text alternative, and with its links as they were given.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from flipsite.domain.display import Figure, encoded
from flipsite.present import renderer
from flipsite.present.charts import theme
from flipsite.present.renderer import DRAWING_FONT, palette_png, vegalite_svg
from flipsite.present.result_cache import remembered
from flipsite.processes import call


def drawing_code() -> str:
    """A digest of the modules that draw, this one among them: the same code draws the same."""
    modules = (Path(__file__), Path(renderer.__file__), Path(theme.__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()


_FOREIGN: Final = "https://vega.github.io/vega-datasets/"
"""The prefix that vl-convert gives a relative link."""

_PLACE = re.compile(r"translate\(([^,()]+),([^,()]+)\)")
_SHARED: Final = ("d", "fill", "stroke")
_SHARED_BY: Final = 8
"""From so many marks of one shape on, they share it."""

_POINT = re.compile(r"([ML])([-\d.e]+),([-\d.e]+)")
_STRAIGHT = re.compile(rf"(?:{_POINT.pattern})+Z?")
_SVG: Final = "{http://www.w3.org/2000/svg}"
_NAMESPACE = re.compile(r"\{[^}]*\}")
_NUMBER = re.compile(r"-?\d*\.\d+(?:e-?\d+)?")
_FALLBACK = re.compile(r"var\((--[\w-]+), #[0-9a-f]+\)")
_DROPPED = frozenset(
    {"class", "role", "aria-roledescription", "aria-hidden", "aria-label", "version", "font-family"}
)
_GEOMETRY = frozenset(
    {"d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "r"}
    | {"font-size", "stroke-width", "opacity", "fill-opacity", "stroke-opacity"}
)
_INHERITED = (
    *(
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-dasharray",
        "stroke-linecap",
    ),
    *("font-size", "font-weight", "font-style", "text-anchor", "pointer-events"),
)
_DEFAULTS = {("opacity", "1"), ("transform", "translate(0,0)"), ("font-weight", "normal")}
_UNSEEN_GROUPS = ("role-axis", "role-legend")


def render_svg(
    spec: Mapping[str, object], *, name: str, title: str, description: str, css_class: str = ""
) -> str:
    """Draw a Vega-Lite specification as SVG that can stand inside an HTML page.

    Args:
        spec: The specification with its data.
        name: Prefix of every id in the picture; unique on its page.
        title: What the picture is called by assistive technology.
        description: What it shows, in words.
        css_class: Class of the root element.

    Returns:
        One `<svg>` element without XML declaration or namespaces. A picture without links is an image; one
        with links is a group, whose links are for the pointer and the screen reader: the tab key would stop
        hundreds of times, and the tables of the page lead to the same places.
    """
    vegalite = json.dumps(spec)
    source = f"svg {vegalite} {json.dumps([name, title, description, css_class])}"

    def make() -> bytes:
        drawn = call(vegalite_svg, vegalite)
        labels = _labels(spec)
        return encoded(
            _fit_for_page(
                drawn, labels=labels, name=name, title=title, description=description, css_class=css_class
            )
        )

    return remembered(source, make).decode()


def _fit_for_page(
    drawn: str, *, labels: frozenset[str], name: str, title: str, description: str, css_class: str
) -> str:
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own renderer's output
    linked = _has_links(root)
    _simplify(root, linked=linked, labels=labels)
    _rename_ids(root, name)
    _share_shapes(root, name)
    size = {key: _short(root.get(key, "")) for key in ("width", "height", "viewBox")}
    head = _head(name=name, title=title, description=description, linked=linked, css_class=css_class)
    attributes = "".join(f' {key}="{_attribute(value)}"' for key, value in (head | size).items())
    inside = (
        f'<defs><title id="{name}-title">{_text(title)}</title></defs>'
        f'<desc id="{name}-desc">{_text(description)}</desc>'
    )
    return f"<svg{attributes}>{inside}{''.join(map(_serialised, root))}</svg>"


def relinked(svg: str, link: Callable[[str], str]) -> str:
    """The picture as a part of a page: each link passed through `link`, colours left to the page's style."""
    svg = _FALLBACK.sub(r"var(\1)", svg)
    return re.sub(r'(<a [^>]*?href=")([^"]*)', lambda m: m[1] + _attribute(link(_plain(m[2]))), svg)


def drawings(svg: str) -> tuple[str, ...]:
    """A figure's pictures one by one: the wide one, and the narrow one where it has one."""
    return tuple(f"{part}</svg>" for part in svg.split("</svg>")[:-1])


def drawn_size(svg: str) -> tuple[int, int]:
    """Width and height of a picture in CSS pixels."""
    found = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    assert found  # noqa: S101 - our own renderer's output
    return round(float(found[1])), round(float(found[2]))


def standalone_svg(svg: str) -> str:
    """A file of its own: for `<img>`, where a page's colours do not reach, and for download.

    It carries the colours of both themes. A viewer that knows no custom properties may draw it black; `png`
    is what travels farthest.
    """
    svg = unlinked(svg).replace(' display="none"', "", 1)
    rules = f":root{{{_properties(theme.LIGHT)};font-family:{theme.FONT}}}"
    rules += f"@media(prefers-color-scheme:dark){{:root{{{_properties(theme.DARK)}}}}}"
    style = f"<style>{rules}:root{{color:var(--ink)}}</style>"
    start, _, rest = svg.partition(">")
    return f'{start} xmlns="http://www.w3.org/2000/svg">{style}{rest}\n'


def png(figure: Figure, *, scale: float = 2) -> bytes:
    """The picture in the light theme's colours on its page, as a PNG of few colours."""
    svg = unlinked(figure.svg.partition("</svg>")[0] + "</svg>")
    start, _, rest = theme.painted(svg, theme.LIGHT).partition(">")
    ground = f'<rect width="100%" height="100%" fill="{theme.LIGHT["page"]}"/>'
    whole = f'{start} xmlns="http://www.w3.org/2000/svg" font-family="{DRAWING_FONT}">{ground}{rest}'
    return svg_png(whole, scale=scale, colours=128)


def svg_png(svg: str, *, scale: float, colours: int) -> bytes:
    """An SVG file as a PNG with a palette."""
    return remembered(f"png {scale} {colours} {svg}", lambda: call(palette_png, svg, scale, colours))


def unlinked(svg: str) -> str:
    """The picture without its links, which a file elsewhere cannot follow; its marks keep their names."""
    return re.sub(r"<(/?)a(?: [^>]*)?>", r"<\1g>", svg)


def _head(*, name: str, title: str, description: str, linked: bool, css_class: str) -> dict[str, str]:
    named = {"role": "group" if linked else "img", "aria-labelledby": f"{name}-title"}
    described = {"aria-describedby": f"{name}-desc"} if description and description != title else {}
    return ({"class": css_class} if css_class else {}) | named | described


def _has_links(root: ElementTree.Element) -> bool:
    return any(_tag(element) == "a" for element in root.iter())


def _labels(spec: Mapping[str, object]) -> frozenset[str]:
    """The names that a chart's rows give their marks: vl-convert names the other marks by their numbers."""
    datasets = spec.get("datasets")
    rows = [row for rows in datasets.values() for row in rows] if isinstance(datasets, dict) else []
    return frozenset(row["label"] for row in rows if "label" in row)


def _simplify(element: ElementTree.Element, *, linked: bool, labels: frozenset[str]) -> None:
    """Strip, shorten and flatten everything below an element, and name its marks, in place."""
    children: list[ElementTree.Element] = []
    for child in list(element):
        hidden = any(part in child.get("class", "") for part in _UNSEEN_GROUPS)
        label = _link_label(child)
        mark = child.get("aria-label") if _tag(child) == "path" and _tag(element) != "a" else None
        _simplify(child, linked=linked, labels=labels)
        if _is_empty(child):
            continue
        _strip(child)
        if mark in labels:
            _name(child, str(mark))
        if linked and hidden:
            child.set("aria-hidden", "true")
        if label:
            _name_link(child, label)
        children += list(child) if _tag(child) == "g" and not child.attrib else [child]
    for child in list(element):
        element.remove(child)
    element.extend(children)
    if _tag(element) in {"g", "svg"}:
        _hoist(element)


def _is_empty(element: ElementTree.Element) -> bool:
    tag = _tag(element)
    if tag in {"g", "defs"}:
        return not len(element)
    if tag == "text":
        return not len(element) and not element.text
    if tag == "path" and "ground" in element.get("class", ""):
        return element.get("fill") in {None, "none", "transparent"} and element.get("stroke") is None
    return (
        tag == "rect" and element.get("fill") in {"transparent", "white"} and element.get("width") is not None
    )


def _strip(element: ElementTree.Element) -> None:
    for key, value in list(element.attrib.items()):
        if key in _DROPPED or (key, value) in _DEFAULTS:
            del element.attrib[key]
        elif key in _GEOMETRY:
            short = _short(value.removesuffix("px") if key == "font-size" else value)
            if (key, short) in _DEFAULTS:
                del element.attrib[key]
            else:
                element.set(key, _stepped(short) if key == "d" else short)


def _link_label(element: ElementTree.Element) -> str:
    """The label of a link's mark, as vl-convert writes it."""
    return element[0].get("aria-label", "") if _tag(element) == "a" and len(element) else ""


def _name_link(link: ElementTree.Element, label: str) -> None:
    address = next((value for key, value in link.attrib.items() if _NAMESPACE.sub("", key) == "href"), "")
    link.attrib.clear()
    link.attrib.update({"href": address.removeprefix(_FOREIGN), "tabindex": "-1"})
    _name(link, label)


def _name(element: ElementTree.Element, label: str) -> None:
    title = ElementTree.Element("title")
    title.text = label
    element.insert(0, title)


def _hoist(group: ElementTree.Element) -> None:
    """Write once on the group what all its children would repeat."""
    leaves = [child[-1] if _tag(child) == "a" else child for child in group]
    if len(leaves) < 2 or any(_tag(leaf) == "defs" for leaf in leaves):
        return
    for key in _INHERITED:
        values = {leaf.get(key) for leaf in leaves}
        value = values.pop()
        if value is not None and not values:
            group.set(key, value)
            for leaf in leaves:
                del leaf.attrib[key]


def _rename_ids(root: ElementTree.Element, name: str) -> None:
    """Ids that count from one within this picture; vl-convert's count over the life of the process."""
    found = [element.get("id", "") for element in root.iter() if element.get("id")]
    new = {old: f"{name}-{index}" for index, old in enumerate(dict.fromkeys(found), 1)}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, new[value])
            elif value.startswith("url(#"):
                element.set(key, f"url(#{new[value[5:-1]]})")


def _share_shapes(root: ElementTree.Element, name: str) -> None:
    """Write a shape that many marks have once, with its colours, and have the marks use it."""
    marks: dict[tuple[str | None, ...], list[ElementTree.Element]] = {}
    for element in root.iter(f"{_SVG}path"):
        if _PLACE.fullmatch(element.get("transform", "")):
            marks.setdefault(tuple(map(element.get, _SHARED)), []).append(element)
    shapes = [found for found in marks.values() if len(found) >= _SHARED_BY]
    for number, found in enumerate(shapes, 1):
        shape = ElementTree.Element("path", {"id": f"{name}-shape-{number}"})
        shape.attrib |= {key: value for key in _SHARED if (value := found[0].get(key)) is not None}
        for element in found:
            _use(element, shape.attrib["id"])
        definitions = ElementTree.Element("defs")
        definitions.append(shape)
        root.insert(0, definitions)


def _use(mark: ElementTree.Element, shape: str) -> None:
    place = _PLACE.fullmatch(mark.attrib.pop("transform"))
    assert place  # noqa: S101 - the callers'
    for key in _SHARED:
        mark.attrib.pop(key, None)
    mark.tag = "use"
    mark.attrib |= {"href": f"#{shape}", "x": place[1], "y": place[2]}


def _stepped(path: str) -> str:
    """A path of straight lines, those along an axis written by their end alone."""
    if not _STRAIGHT.fullmatch(path):
        return path
    parts: list[str] = []
    before: tuple[str, str] | None = None
    for sign, x, y in _POINT.findall(path):
        if sign == "L" and before and before[0] == x:
            parts += [f"V{y}"] if before[1] != y else []
        elif sign == "L" and before and before[1] == y:
            parts.append(f"H{x}")
        else:
            parts.append(f"{sign}{x},{y}")
        before = (x, y)
    return "".join(parts) + ("Z" if path.endswith("Z") else "")


def _serialised(element: ElementTree.Element) -> str:
    tag = _tag(element)
    attributes = "".join(f' {key}="{_attribute(value)}"' for key, value in element.attrib.items())
    inside = _text(element.text or "") + "".join(map(_serialised, element))
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"


def _tag(element: ElementTree.Element) -> str:
    return _NAMESPACE.sub("", element.tag)


def _short(text: str) -> str:
    """Numbers cut to two decimals, without a needless zero."""
    return _NUMBER.sub(lambda match: f"{round(float(match[0]), 2) + 0:g}", text)


def _properties(colours: Mapping[theme.Token, str]) -> str:
    return ";".join(f"--{token}:{value}" for token, value in colours.items())


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return _text(text).replace('"', "&quot;")


def _plain(attribute: str) -> str:
    return attribute.replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
