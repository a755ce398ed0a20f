"""How heavy a site is: to a reader's line, page by page, and to the place it is published at."""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from flipsite.write.findings import Finding, Kind
from flipsite.write.links import Links

PAGE_BYTES = 150_000
"""Budget of a page with its styles, scripts and pictures, compressed; not what is loaded on a wish."""

FILE_BYTES = 100_000_000
"""GitHub takes no file above this."""

SITE_BYTES = 900_000_000
"""GitHub Pages takes a site of 1 GB; this leaves room."""


class Scales:
    """Weighs files as they are sent, each once."""

    def __init__(self, site: Path, sizes: Mapping[str, int]) -> None:
        """Take in a site and the sizes of its files in bytes."""
        self._site = site
        self._sizes = sizes
        self._compressed: dict[str, int] = {}

    def page_findings(self, path: str, links: Links) -> Iterator[Finding]:
        """Whether a page is over its budget."""
        parts = {path}
        for part in links.loads(path):
            parts |= {part, *(links.loads(part) if part.endswith(".css") else ())}
        if sum(self._sizes[part] for part in parts) <= PAGE_BYTES:  # compression is not going to add
            return
        weight = sum(map(self._compress, parts))
        if weight > PAGE_BYTES:
            message = (
                f"{weight / 1e3:.0f} kB compressed with what it loads; at most {PAGE_BYTES / 1e3:.0f} kB"
            )
            yield Finding(path=path, line=None, kind=Kind.WEIGHT, message=message)

    def site_findings(self) -> Iterator[Finding]:
        """Whether the site nears the limits of where it is published."""
        for path, size in self._sizes.items():
            if size > FILE_BYTES:
                message = f"{size / 1e6:.0f} MB; GitHub takes no file over {FILE_BYTES / 1e6:.0f} MB"
                yield Finding(path=path, line=None, kind=Kind.SIZE, message=message)
        if (total := sum(self._sizes.values())) > SITE_BYTES:
            message = f"{total / 1e6:.0f} MB in all; GitHub Pages takes a site of 1 GB"
            yield Finding(path=".", line=None, kind=Kind.SIZE, message=message)

    def _compress(self, path: str) -> int:
        if path not in self._compressed:
            content = (self._site / path).read_bytes()
            self._compressed[path] = min(len(content), len(zlib.compress(content)))
        return self._compressed[path]
