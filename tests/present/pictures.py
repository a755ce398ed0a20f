"""Reading a figure's pictures back."""

from xml.etree import ElementTree

from flipsite.domain.display import Figure


def root_of(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own picture; that it is well-formed is the test


def roots(figure: Figure) -> list[ElementTree.Element]:
    """The wide and the narrow picture."""
    return [root_of(part + "</svg>") for part in figure.svg.split("</svg>")[:-1]]


def words(root: ElementTree.Element) -> list[str]:
    """Every text of a picture, in its order."""
    return [element.text or "" for element in root.iter() if element.tag == "text"]
