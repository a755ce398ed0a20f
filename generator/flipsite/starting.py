"""A project of one's own: `flipsite init`."""

from pathlib import Path

from flipsite import __version__
from flipsite.write.starter import STUDY, Started, start

__all__ = ["STUDY", "Started", "init"]


def init(folder: Path, *, templates: bool) -> Started:
    """Begin a project in a folder; see `write.starter.start`."""
    return start(folder, version=__version__, templates=templates)
