"""The line of `requirements.txt` that installs this very flipsite, from where it came, and its dependencies.

pip notes in `direct_url.json` whether a package came from an index, an address, a repository or a folder. A
package that came from this machine alone is put into the project as a wheel.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from flipsite.project import PROJECT_FILE, packaged

_OLDEST = (1980, 1, 1, 0, 0, 0)
"""Time of each file in a wheel, so that equal packages are equal to the byte."""


def locked_dependencies() -> bytes:
    """Every package that flipsite needs, in the version it was tested with, with the digests of its files."""
    return (packaged("requirements") / "base.txt").read_bytes()


def own_requirement() -> tuple[str, dict[str, bytes]]:
    """The requirement, and the files that a project needs for it, by their paths."""
    package = distribution("flipsite")
    return requirement_of(json.loads(package.read_text("direct_url.json") or "null"), version=package.version)


def requirement_of(origin: dict[str, Any] | None, *, version: str) -> tuple[str, dict[str, bytes]]:
    """The requirement for a flipsite of this origin, as `direct_url.json` has it; None for an index."""
    if origin is None:
        return f"flipsite=={version}\n", {}
    url = str(origin["url"])
    if repository := origin.get("vcs_info"):
        return f"flipsite @ {repository['vcs']}+{url}@{repository['commit_id']}\n", {}
    digest = origin.get("archive_info", {}).get("hashes", {}).get("sha256")
    if digest and url.startswith("https://"):
        return f"flipsite @ {url}#sha256={digest}\n", {}
    name, wheel = _wheel()
    digest = hashlib.sha256(wheel).hexdigest()
    return f"file:vendor/{name}#sha256={digest}\n", {f"vendor/{name}": wheel}


@cache
def _wheel() -> tuple[str, bytes]:
    """The name and content of a wheel of the installed package, an editable one among them."""
    package = distribution("flipsite")
    about = f"flipsite-{package.version}.dist-info"
    files = {f"flipsite/{name}": content for name, content in _package_files()}
    for name in ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE"):
        if text := package.read_text(name):
            files[f"{about}/{name}"] = text.encode()
    record = "".join(f"{name},sha256={_digest(files[name])},{len(files[name])}\n" for name in sorted(files))
    files[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_OLDEST)
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return f"flipsite-{package.version}-py3-none-any.whl", packed.getvalue()


def _package_files() -> Iterator[tuple[str, bytes]]:
    root = Path(__file__).parents[1]
    for folder, prefix in (
        (root, ""),
        (packaged("templates"), "templates/"),
        (packaged("content"), "content/"),
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{prefix}{path.relative_to(folder).as_posix()}", path.read_bytes()
    yield "requirements/base.txt", locked_dependencies()
    yield PROJECT_FILE, (packaged("content").parent / PROJECT_FILE).read_bytes()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
