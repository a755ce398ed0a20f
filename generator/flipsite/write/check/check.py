"""Check a finished site as readers will meet it: links, requests, alternatives, policy, weight, damage.

Weights are checked against what a reader's line carries, page by page, and what a host of sites accepts.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flipsite.domain.progress import Progress, counted, unwatched
from flipsite.errors import SiteError
from flipsite.project import ROOT_FILES
from flipsite.write.check.findings import Document, Finding, Rule
from flipsite.write.check.html import read_page, read_style, read_xml_file
from flipsite.write.check.links import Links
from flipsite.write.site.manifest import changed_files, read_manifest
from flipsite.write.site.paths import walk

PAGE_BYTES = 150_000
"""Budget of a page with its styles, scripts and pictures, compressed; not what is loaded on a wish."""

FILE_BYTES = 100_000_000
"""GitHub takes no file above this."""

SITE_BYTES = 900_000_000
"""GitHub Pages takes a site of 1 GB; this leaves room."""


class PageWeights:
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
            yield Finding(path=path, line=None, kind=Rule.WEIGHT, message=message)

    def site_findings(self) -> Iterator[Finding]:
        """Whether the site nears the limits of where it is published."""
        for path, size in self._sizes.items():
            if size > FILE_BYTES:
                message = f"{size / 1e6:.0f} MB; GitHub takes no file over {FILE_BYTES / 1e6:.0f} MB"
                yield Finding(path=path, line=None, kind=Rule.SIZE, message=message)
        if (total := sum(self._sizes.values())) > SITE_BYTES:
            message = f"{total / 1e6:.0f} MB in all; GitHub Pages takes a site of 1 GB"
            yield Finding(path=".", line=None, kind=Rule.SIZE, message=message)

    def _compress(self, path: str) -> int:
        if path not in self._compressed:
            content = (self._site / path).read_bytes()
            self._compressed[path] = min(len(content), len(zlib.compress(content)))
        return self._compressed[path]


def check_site(site: Path, *, progress: Progress = unwatched) -> list[Finding]:
    """Look for every fault in a site.

    Args:
        site: Its folder.
        progress: Told of the files that are read, then of those that are checked.

    Returns:
        What is wrong, sorted by file and line.

    Raises:
        SiteError: If there is no site there, or a file of it cannot be read.
    """
    if not (site / "index.html").is_file():
        raise SiteError(
            f"{site}: there is no site here (no index.html); run `flipsite build` first, or name its folder"
        )
    try:
        return sorted(
            _findings(site, progress), key=lambda each: (each.path, each.line or 0, each.kind, each.message)
        )
    except OSError as error:
        raise SiteError(
            f"{error.filename}: cannot be read: {error.strerror}; fix that and check again"
        ) from error


def _findings(site: Path, progress: Progress) -> list[Finding]:
    sizes = {path: (site / path).stat().st_size for path, is_folder in walk(site) if not is_folder}
    manifest = read_manifest(site)
    # The author's own files for the root, such as a search engine's proof of ownership, are no pages of ours.
    authors = {path for path in sizes if manifest and f"content/{ROOT_FILES}/{path}" in manifest.inputs}
    documents = {
        path: reader((site / path).read_bytes())
        for path in counted(tuple(sizes), "file", progress)
        if path not in authors and (reader := _reader(path)) is not None
    }
    links = Links(sizes, documents)
    scales = PageWeights(site, sizes)
    findings = [*changed_files(site, sizes), *scales.site_findings()]
    for path, document in counted(tuple(documents.items()), "page", progress):
        findings += [
            Finding(path=path, line=fault.line, kind=fault.kind, message=fault.message)
            for fault in document.faults
        ]
        findings += links.findings(path)
        if path.endswith(".html"):
            findings += scales.page_findings(path, links)
    return findings


def _reader(path: str) -> Callable[[bytes], Document] | None:
    """How to read a file; None for one that has no links."""
    if path.endswith((".html", ".htm")):
        return _read_fragment if "/embed/" in f"/{path}" else read_page
    if path.endswith((".svg", ".xml")):
        return read_xml_file
    return read_style if path.endswith(".css") else None


def _read_fragment(content: bytes) -> Document:
    return read_page(content, is_fragment=b"<html" not in content[:1000])
