"""Reading a figure's pictures back."""

import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import numpy as np

from flipsite.domain.display import Figure


def root_of(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own picture; that it is well-formed is the test


def roots(figure: Figure) -> list[ElementTree.Element]:
    """The wide and the narrow picture."""
    return [root_of(part + "</svg>") for part in figure.svg.split("</svg>")[:-1]]


def words(root: ElementTree.Element) -> list[str]:
    """Every text of a picture, in its order."""
    return [element.text or "" for element in root.iter() if element.tag == "text"]


def outcomes(found: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Draws as the pictures take them: 1, 0, or -1 without an outcome."""
    return np.array(found, np.int8)


def points(path: str) -> list[tuple[int, int]]:
    """The absolute places of a path."""
    return [(int(x), int(y)) for x, y in re.findall(r"(-?\d+) (-?\d+)", path)]
