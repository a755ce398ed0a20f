"""build.json: what flipsite put in a site, and out of what; whether the site is current and still as written.

It is the only proof that a file is flipsite's.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from os.path import islink
from pathlib import Path
from typing import TypeGuard

from flipsite.files import measure, measure_file
from flipsite.write.check.findings import Finding, Rule

NAME = "build.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files that one build read and wrote.

    Attributes:
        version: Of flipsite.
        inputs: SHA-256 of each file read, by its path as the build names it.
        outputs: SHA-256 of each file written, by its path in the site, build.json left out.
        sources: SHA-256 of all that a model's page was rendered from, by its path.
    """

    version: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> bytes:
        """The file's bytes: the same for the same build, whenever and wherever it ran."""
        record = {"flipsite": self.version, "inputs": dict(self.inputs), "outputs": dict(self.outputs)}
        if self.sources:
            record["sources"] = dict(self.sources)
        return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_manifest(site: Path) -> Manifest | None:
    """Read a site's build.json; None where there is none, or it is not one of flipsite's.

    Raises:
        OSError: If it is there and cannot be read.
    """
    try:
        return _parsed((site / NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


@lru_cache(maxsize=1)
def _parsed(content: bytes) -> Manifest | None:
    """A build.json; a build asks for the same one again and again, and of a large site it has megabytes."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("flipsite"), str):
        return None
    inputs, outputs, sources = (record.get(key) for key in ("inputs", "outputs", "sources"))
    if not _is_digests(inputs) or not _is_digests(outputs):
        return None
    sources = sources if _is_digests(sources) else {}
    return Manifest(version=record["flipsite"], inputs=inputs, outputs=outputs, sources=sources)


def inputs_of(study: str, inputs: Mapping[str, str]) -> dict[str, str]:
    """The digests of what is read of a study: its own files, and its draws where they lie elsewhere."""
    folder = f"content/studies/{study}/"
    return {
        name: digest for name, digest in inputs.items() if name.startswith(folder) or name == f"draws/{study}"
    }


def study_digests(studies: Sequence[str], inputs: Mapping[str, str]) -> dict[str, str]:
    """The digest of all that is read of each study, and of flipsite and its libraries, by the study's id."""
    code = [inputs["flipsite"], inputs["libraries"]]
    return {
        study: hashlib.sha256(repr((code, sorted(inputs_of(study, inputs).items()))).encode()).hexdigest()
        for study in studies
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChange:
    """The changes of a build to a site, in files (build.json among them).

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


def current_site(out: Path, *, version: str, inputs: Mapping[str, str]) -> SiteChange | None:
    """Whether a site was built from these very inputs and is still as it was written, file by file.

    Returns:
        A change of nothing; None where the site is missing, was built from anything else, or was touched.
    """
    try:
        last = read_manifest(out)
        if last is None or last.version != version or dict(last.inputs) != dict(inputs):
            return None
        sizes = [(out / NAME).stat().st_size]
        for path, digest in last.outputs.items():
            file = f"{out}/{path}"
            if islink(file):  # noqa: PTH114 - likewise
                return None
            size, found = measure_file(file)
            sizes.append(size)
            if found != digest:
                return None
    except OSError:
        return None
    return SiteChange(written=0, unchanged=len(sizes), removed=0, bytes=sum(sizes))


def _is_digests(value: object) -> TypeGuard[dict[str, str]]:
    return isinstance(value, dict) and all(isinstance(digest, str) for digest in value.values())


def changed_files(site: Path, files: Collection[str]) -> Iterator[Finding]:
    """Compare each file with its digest in build.json.

    Args:
        site: The site's folder.
        files: Every file in it, by its path.
    """
    manifest = read_manifest(site)
    if manifest is None:
        yield _finding(NAME, "is missing, or not flipsite's; whether files were changed is not known")
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
    return Finding(path=path, line=None, kind=Rule.DIGEST, message=message)
