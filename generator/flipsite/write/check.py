"""Check a finished site as readers will meet it: links, requests, alternatives, policy, weight, damage."""

from collections.abc import Callable
from pathlib import Path

from flipsite.errors import SiteError
from flipsite.write.digests import changed_files
from flipsite.write.document import Document
from flipsite.write.findings import Finding
from flipsite.write.foreign import walk
from flipsite.write.links import Links
from flipsite.write.reading import read_page, read_style, read_xml_file
from flipsite.write.weights import Scales


def check_site(site: Path) -> list[Finding]:
    """Look for every fault in a site.

    Args:
        site: Its folder.

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
        return sorted(_findings(site), key=lambda each: (each.path, each.line or 0, each.kind, each.message))
    except OSError as error:
        raise SiteError(
            f"{error.filename}: cannot be read: {error.strerror}; mend that and check again"
        ) from error


def _findings(site: Path) -> list[Finding]:
    sizes = {path: (site / path).stat().st_size for path, is_folder in walk(site) if not is_folder}
    documents = {
        path: reader((site / path).read_bytes()) for path in sizes if (reader := _reader(path)) is not None
    }
    links = Links(sizes, documents)
    scales = Scales(site, sizes)
    findings = [*changed_files(site, sizes), *scales.site_findings()]
    for path, document in documents.items():
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
