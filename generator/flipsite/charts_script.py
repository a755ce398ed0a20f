"""The script that makes charts interactive, Vega in one file: made once for a user, for that takes a second.

It depends on nothing but the version of vl-convert. It is taken from the last site, else from the user's
cache folder, and used only where it still has the digest that its name tells.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from flipsite.files import measure
from flipsite.write.manifest import read_manifest

Script = tuple[str, bytes | Path]


def charts_script(out: Path) -> Script:
    """Its path on the site, and its content or where that is."""
    from flipsite.present.interactive import bundle, bundle_key

    key = hashlib.sha256(bundle_key().encode()).hexdigest()[:10]
    path = f"assets/vega.{key}.js"
    made, last = out / path, read_manifest(out)
    if last and path in last.outputs and made.is_file() and measure(made)[1] == last.outputs[path]:
        return path, made
    if kept := _kept(key):
        return path, kept
    script = bundle()
    with suppress(OSError):  # where there is no cache folder, the next build makes it again
        _keep(key, script)
    return path, script


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flipsite"


def _kept(key: str) -> Path | None:
    with suppress(OSError, RuntimeError):  # nobody's home
        for found in sorted(_folder().glob(f"vega-{key}-*.js")):
            if measure(found)[1] == found.stem.rpartition("-")[2]:
                return found
    return None


def _keep(key: str, script: bytes) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".vega-", delete=False) as file:
        file.write(script)
    Path(file.name).replace(folder / f"vega-{key}-{measure(script)[1]}.js")
