"""Whether a site is still what flipsite wrote."""

from collections.abc import Collection, Iterator
from pathlib import Path

from flipsite.files import measure
from flipsite.write.findings import Finding, Kind
from flipsite.write.manifest import NAME, read_manifest


def changed_files(site: Path, files: Collection[str]) -> Iterator[Finding]:
    """Compare each file with its digest in build.json.

    Args:
        site: The site's folder.
        files: Every file in it, by its path.
    """
    manifest = read_manifest(site)
    if manifest is None:
        yield _finding(NAME, "is missing, or not flipsite's; whether files were changed cannot be told")
        return
    held = set(files) - {NAME}
    for path, digest in sorted(manifest.outputs.items()):
        if path not in held:
            yield _finding(path, "was written by flipsite and is gone")
        elif measure(site / path)[1] != digest:
            yield _finding(path, "is not as flipsite wrote it: edited, or damaged")
    for path in sorted(held - manifest.outputs.keys()):
        yield _finding(path, "was not written by flipsite")


def _finding(path: str, message: str) -> Finding:
    return Finding(path=path, line=None, kind=Kind.DIGEST, message=message)
