"""What of the last site can stand as it is: whose study has not changed, and that nobody has touched."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from flipsite.write.manifest import read_manifest
from flipsite.write.tree import measure


def kept_embeds(out: Path, *, inputs: Mapping[str, str], studies: Sequence[str]) -> dict[str, Path]:
    """The embeds of the last site that a build would make again to the byte; their pictures take longest.

    Args:
        out: The site's folder.
        inputs: Digests of what is built now.
        studies: Ids of the studies that are shown.

    Returns:
        Each file by its path in the site; none of a study of which anything has changed, nor of another
        flipsite or another address.
    """
    last = read_manifest(out)
    if last is None:
        return {}
    same = [study for study in studies if _of(study, last.inputs) == _of(study, inputs)]
    folders = tuple(f"{study}/embed/" for study in same)
    paths = [path for path in last.outputs if path.startswith(folders)] if folders else []
    return {path: out / path for path in paths if _is_sound(out / path, last.outputs[path])}


def _of(study: str, inputs: Mapping[str, str]) -> dict[str, str]:
    """What the embeds of a study depend on."""
    folder = f"content/studies/{study}/"
    return {
        name: digest
        for name, digest in inputs.items()
        if name in {"flipsite", "base-url"} or name.startswith(folder)
    }


def _is_sound(path: Path, digest: str) -> bool:
    return path.is_file() and not path.is_symlink() and measure(path)[1] == digest
