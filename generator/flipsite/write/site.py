"""Put a site on disk whole or not at all: written beside the old one, then swapped in.

What did not change is the old file itself under a second name, so it keeps its times; what is listed no more
goes; what flipsite did not write is never touched, and stops the build before it writes.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flipsite.errors import SiteError
from flipsite.write.foreign import CARRIED, refuse_foreign
from flipsite.write.manifest import NAME, Manifest, read_manifest
from flipsite.write.names import check_paths
from flipsite.write.scratch import NEW, OLD, scratch_beside
from flipsite.write.swap import put_in_place, sync, sync_names
from flipsite.write.target import find_target
from flipsite.write.tree import Content, carry_over, is_same, link_file, make_folder, measure, write_file

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChange:
    """What a build did to a site, in files (build.json among them).

    Attributes:
        written: New, or of other content than before.
        unchanged: Left as they were, times and all.
        removed: Listed by the last build and by this one no more.
        bytes: Size of the whole site.
    """

    written: int
    unchanged: int
    removed: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The site to be, and which of its files are there already."""

    files: Mapping[str, Content]
    digests: Mapping[str, str]
    kept: frozenset[str]
    change: SiteChange


def current_site(out: Path, *, version: str, inputs: Mapping[str, str]) -> SiteChange | None:
    """Whether a site was built from these very inputs and still stands, file by file.

    Returns:
        A change of nothing; None where the site is missing, was built from anything else, or was touched.
    """
    try:
        last = read_manifest(out)
        if last is None or last.version != version or dict(last.inputs) != dict(inputs):
            return None
        sizes = [(out / NAME).stat().st_size]
        for path, digest in last.outputs.items():
            size, found = measure(out / path)
            sizes.append(size)
            if found != digest:
                return None
    except OSError:
        return None
    return SiteChange(written=0, unchanged=len(sizes), removed=0, bytes=sum(sizes))


def replace_site(
    files: Mapping[str, Content], out: Path, *, version: str, inputs: Mapping[str, str]
) -> SiteChange:
    """Make `out` hold these files, build.json, and git's own; at every instant it holds a whole site.

    Args:
        files: Content by path in the site; a Path is a file to copy.
        out: The site's folder: made, or replaced if all in it is flipsite's.
        version: Of flipsite, for build.json.
        inputs: SHA-256 of what the build read, for build.json.

    Returns:
        What changed. If nothing did, nothing was written.

    Raises:
        SiteError: If a path, the folder or the disk will not do; `out` is then as it was, or, if the disk
            fails to confirm the swap itself, the new site.
    """
    check_paths(files)
    out = find_target(out)
    try:
        with scratch_beside(out) as scratch:
            refuse_foreign(out)
            plan = _plan(files, out, version=version, inputs=inputs)
            if plan.change.written or plan.change.removed:
                _fill(plan, out, scratch / NEW)
                _swap(out, scratch)
    except OSError as error:
        reason = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        raise SiteError(f"{out}: cannot be written: {reason}; mend that and build again") from error
    log.info(
        "%s: %d files written, %d unchanged, %d removed",
        out,
        plan.change.written,
        plan.change.unchanged,
        plan.change.removed,
    )
    return plan.change


def _plan(files: Mapping[str, Content], out: Path, *, version: str, inputs: Mapping[str, str]) -> _Plan:
    """Compare byte by byte: a file's times and the last list may both have been tampered with."""
    measures = {path: measure(content) for path, content in files.items()}
    outputs = {path: digest for path, (_, digest) in measures.items()}
    text = Manifest(version=version, inputs=inputs, outputs=outputs).text()
    files = {**files, NAME: text}
    measures[NAME] = measure(text)
    root = str(out)  # joining texts: joining paths would be a third of the time at 10,000 pages
    kept = frozenset(
        path
        for path, (size, digest) in measures.items()
        if is_same(f"{root}/{path}", files[path], size=size, digest=digest)
    )
    before = read_manifest(out)
    change = SiteChange(
        written=len(files) - len(kept),
        unchanged=len(kept),
        removed=sum(path not in outputs for path in before.outputs) if before else 0,
        bytes=sum(size for size, _ in measures.values()),
    )
    return _Plan(files=files, digests=outputs, kept=kept, change=change)


def _fill(plan: _Plan, out: Path, new: Path) -> None:
    """Write the new site whole."""
    make_folder(new)
    made: set[str] = set()
    for path in sorted(plan.files):
        _make_folders(path, new, made)
        if path in plan.kept:
            link_file(f"{out}/{path}", f"{new}/{path}")
            continue
        content = plan.files[path]
        write_file(new / path, content)
        if isinstance(content, Path) and measure(new / path)[1] != plan.digests[path]:
            raise SiteError(f"{content}: changed while the site was written; build again")
    for name in CARRIED:
        if (out / name).exists() or (out / name).is_symlink():
            carry_over(out / name, new / name)


def _make_folders(path: str, new: Path, made: set[str]) -> None:
    folder = path.rpartition("/")[0]
    if folder and folder not in made:
        _make_folders(folder, new, made)
        made.add(folder)
        make_folder(new / folder)


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
    sync_names(out.parent)
