"""Check a site that was built."""

from pathlib import Path

from flipsite.write.check import check_site
from flipsite.write.findings import Finding

__all__ = ["Finding", "check"]


def check(site: Path) -> list[Finding]:
    """What is wrong with a site, sorted by file and line.

    Raises:
        SiteError: If there is none there.
    """
    return check_site(site)
