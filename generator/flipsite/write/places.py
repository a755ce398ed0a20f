"""Which file of a site an address asks for; none outside it, whatever the address says."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

INDEX = "index.html"
PAGE = "text/html; charset=utf-8"
CONTENT_TYPES = {
    ".html": PAGE,
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".map": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".ipynb": "application/x-ipynb+json",
    ".webmanifest": "application/manifest+json",
}
"""By ending, and not from the machine's own table, which differs from one to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The address of a folder without its slash: relative links would lead astray."""

    to: str


def find_file(site: Path, address: str) -> Path | Moved | None:
    """The file that an address asks for.

    Args:
        site: The site's folder.
        address: The target of a request: percent-encoded, maybe with a query.

    Returns:
        A plain file in the site, with links followed; of a folder its index.html. None if there is none.
    """
    path = address.partition("#")[0].partition("?")[0]
    parts = _parts(path)
    if parts is None:
        return None
    try:
        root = site.resolve()
        found = root.joinpath(*parts).resolve()
        if found.is_dir():
            if not path.endswith("/"):
                return Moved(to="/" + "".join(f"{quote(part)}/" for part in parts))
            found = (found / INDEX).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None
    except (OSError, RuntimeError):  # a name too long, a loop of links
        return None


def content_type(path: Path) -> str:
    """The media type of a file."""
    return CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")


def _parts(path: str) -> list[str] | None:
    """The names on the way to a file; None if one of them has no business in an address."""
    try:
        text = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return None
    if not text.startswith("/") or not text.isprintable() or "\\" in text:
        return None
    parts = [part for part in text.split("/") if part]
    return None if any(part.startswith(".") for part in parts) else parts
