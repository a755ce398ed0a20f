"""Put a site on disk whole or not at all: written beside the old one, then swapped in.

What did not change is the old file itself under a second name, so it keeps its times; what is listed no more
goes; what flipsite did not write is never touched, and stops the build before it writes.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flipsite.domain.progress import Progress, unwatched
from flipsite.errors import SiteError
from flipsite.files import (
    Content,
    RenderedPage,
    StreamedFile,
    UnchangedFile,
    carry_over,
    is_same,
    link_file,
    make_folders,
    measure,
    measure_file,
    put_in_place,
    sync,
    sync_folder,
    write_file,
)
from flipsite.write.site.manifest import NAME, Manifest, SiteChange, read_manifest
from flipsite.write.site.paths import CARRIED, check_paths, refuse_foreign
from flipsite.write.site.staging import NEW, OLD, find_target, scratch_beside
from flipsite.write.site.workers import Batch, DeferredBatches, PlacedFile, run_batches

log = logging.getLogger(__name__)


def replace_site(
    files: Mapping[str, Content],
    out: Path,
    *,
    version: str,
    inputs: Mapping[str, str],
    batches: Sequence[Batch] = (),
    jobs: int = 1,
    meanwhile: Callable[[], Sequence[Batch]] | None = None,
    later: DeferredBatches | None = None,
    progress: Progress = unwatched,
) -> SiteChange:
    """Make `out` hold these files, build.json, and git's own; at every instant it holds a whole site.

    Args:
        files: Content by path in the site; a Path is a file to copy.
        out: The site's folder: made, or replaced if all in it is flipsite's.
        version: Of flipsite, for build.json.
        inputs: SHA-256 of what the build read, for build.json.
        batches: More files, made when their turn comes, so that they are never all in memory.
        jobs: How many processes make them.
        meanwhile: Called while another process, if there may be one, makes these; gives more batches.
        later: Batches that are still to come.
        progress: Told of the batches that are made.

    Returns:
        What changed. If nothing did, the site stays what it was, untouched.

    Raises:
        SiteError: If a path, the folder or the disk will not do; `out` is then as it was, or, if the disk
            fails to confirm the swap itself, the new site.
        FlipsiteError: What a batch raised; `out` is as it was.
    """
    check_paths(files)
    out = find_target(out)
    try:
        with scratch_beside(out) as scratch:
            refuse_foreign(out)
            place = _SiteWriter(out, scratch / NEW)
            placed = run_batches(
                [*batches, lambda: files],
                place,
                jobs=jobs,
                meanwhile=meanwhile,
                later=later,
                progress=progress,
            )
            change = _listed(placed, out, place, version=version, inputs=inputs)
            if change.written or change.removed:
                _carry(out, scratch / NEW)
                _swap(out, scratch)
    except OSError as error:
        reason = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        raise SiteError(f"{out}: cannot be written: {reason}; fix that and build again") from error
    log.info(
        "%s: %d files written, %d unchanged, %d removed",
        out,
        change.written,
        change.unchanged,
        change.removed,
    )
    return change


class _SiteWriter:
    """Puts files into the new site; what is the same as in the last one is that file, under a second name.

    Content is compared byte by byte: a file's times and the last list may both have been tampered with.
    """

    def __init__(self, out: Path, new: Path) -> None:
        self._out, self._new = str(out), str(new)  # joining texts: joining paths takes longer than writing
        self._folders: set[str] = set()
        make_folders(self._new)

    def __call__(self, path: str, content: Content) -> PlacedFile:
        old, new = f"{self._out}/{path}", f"{self._new}/{path}"
        source = content.source if isinstance(content, (RenderedPage, UnchangedFile)) else ""
        if isinstance(content, RenderedPage):
            content = content.html
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            make_folders(f"{self._new}/{folder}" if folder else self._new)
            self._folders.add(folder)
        if isinstance(content, StreamedFile):
            return _placed_stream(path, content, old, new)
        size, digest = measure(content)
        if isinstance(content, UnchangedFile) or is_same(old, content, size=size, digest=digest):
            link_file(old, new)
            return PlacedFile(path, size, digest, kept=True, source=source)
        write_file(new, content)
        if isinstance(content, Path):  # it may have changed since it was measured
            size, digest = measure(Path(new))
        return PlacedFile(path, size, digest, kept=False, source=source)


def _placed_stream(path: str, content: StreamedFile, old: str, new: str) -> PlacedFile:
    """Write a file to compare it with the last one, as it is not held."""
    write_file(new, content)
    content.size, digest = measure_file(new)
    kept = is_same(old, Path(new), size=content.size, digest=digest)
    if kept:
        os.unlink(new)  # noqa: PTH108 - of a text
        link_file(old, new)
    return PlacedFile(path, content.size, digest, kept=kept, source="")


def _listed(
    placed: Sequence[PlacedFile], out: Path, place: _SiteWriter, *, version: str, inputs: Mapping[str, str]
) -> SiteChange:
    """List the files in build.json, and say what changed."""
    outputs = {each.path: each.digest for each in placed}
    check_paths(outputs)
    sources = {each.path: each.source for each in placed if each.source}
    manifest = Manifest(version=version, inputs=inputs, outputs=outputs, sources=sources)
    listed = place(NAME, manifest.text())
    before = read_manifest(out)
    return SiteChange(
        written=sum(not each.kept for each in (*placed, listed)),
        unchanged=sum(each.kept for each in (*placed, listed)),
        removed=sum(path not in outputs for path in before.outputs) if before else 0,
        bytes=sum(each.size for each in (*placed, listed)),
    )


def _carry(out: Path, new: Path) -> None:
    for name in CARRIED:
        if (out / name).exists() or (out / name).is_symlink():
            carry_over(out / name, new / name)


def _swap(out: Path, scratch: Path) -> None:
    """Exchange the sites once the new one is on the disk; a file put into the old one meanwhile undoes it."""
    sync(scratch)
    old = put_in_place(scratch / NEW, out, aside=scratch / OLD)
    if old is not None:
        try:
            refuse_foreign(out, lies_at=old)
        except SiteError:
            put_in_place(old, out, aside=scratch / (NEW if old.name == OLD else OLD))
            raise
    sync_folder(out.parent)
