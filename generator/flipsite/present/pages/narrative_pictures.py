"""The pictures of a narrative: found beside it, measured, and given a name on the site."""

import hashlib
import io
import re
from pathlib import Path
from urllib.parse import unquote

from flipsite.domain.urls import is_address
from flipsite.errors import ContentError
from flipsite.present.text.markdown import Picture

MOST_BYTES = 20_000_000
"""Of one picture: a reader on a phone pays for it."""

_RASTER = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"})
_ACTIVE_SVG = re.compile(rb"<\s*(?:script|foreignobject|!entity)|\bon\w+\s*=|javascript:", re.IGNORECASE)


def load_picture(address: str, *, folder: Path, content: Path) -> Picture:
    """Read a picture of a narrative.

    Args:
        address: As the Markdown gives it: a path relative to the narrative.
        folder: The narrative's.
        content: The project's folder of content, which the picture has to lie in.

    Raises:
        ContentError: If it is on another host, is missing, lies elsewhere, is too large, or is no picture.
    """
    if is_address(address) or address.startswith(("//", "data:")):
        raise ContentError(
            f"picture {address!r}: a site loads nothing from elsewhere; copy it into {content.name}/"
        )
    path = folder / unquote(address)
    try:
        resolved = path.resolve(strict=True)
        if not resolved.is_relative_to(content.resolve()) or not resolved.is_file():
            raise ContentError(f"picture {address!r}: lies outside {content.name}/; copy it there")
        if resolved.stat().st_size > MOST_BYTES:
            raise ContentError(
                f"picture {address!r}: larger than {MOST_BYTES // 1_000_000} MB; make it smaller"
            )
        found = resolved.read_bytes()
    except (OSError, ValueError) as error:
        raise ContentError(f"picture {address!r}: no such file in {folder.name}/") from error
    suffix = path.suffix.lower()
    width, height = _svg_size(address, found) if suffix == ".svg" else _size(address, suffix, found)
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-")[:60] or "picture"
    digest = hashlib.sha256(found).hexdigest()[:10]
    return Picture(path=f"assets/{stem}.{digest}{suffix}", content=found, width=width, height=height)


def _size(address: str, suffix: str, content: bytes) -> tuple[int, int]:
    from PIL import Image, UnidentifiedImageError

    known = ", ".join(sorted({*_RASTER, ".svg"}))
    if suffix not in _RASTER:
        raise ContentError(f"picture {address!r}: no form of picture that browsers show; use one of {known}")
    try:
        with Image.open(io.BytesIO(content)) as opened:  # reads the header alone
            turned = opened.getexif().get(0x0112, 1) in {5, 6, 7, 8}
            width, height = opened.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ContentError(f"picture {address!r}: not a picture that can be read; save it again") from error
    return (height, width) if turned else (width, height)


def _svg_size(address: str, content: bytes) -> tuple[int | None, int | None]:
    if _ACTIVE_SVG.search(content):
        raise ContentError(f"picture {address!r}: holds a script; save it as a plain SVG, or as a PNG")
    opening = re.search(rb"<svg\b[^>]*>", content)
    if not opening:
        raise ContentError(f"picture {address!r}: not an SVG; save it again")
    tag = opening[0].decode("utf-8", "replace")
    width, height = (re.search(rf'\b{name}="(\d+(?:\.\d+)?)(?:px)?"', tag) for name in ("width", "height"))
    if width and height:
        return round(float(width[1])), round(float(height[1]))
    box = re.search(r'\bviewBox="\s*\S+[\s,]+\S+[\s,]+(\d+(?:\.\d+)?)[\s,]+(\d+(?:\.\d+)?)', tag)
    return (round(float(box[1])), round(float(box[2]))) if box else (None, None)
