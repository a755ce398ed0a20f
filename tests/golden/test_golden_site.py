"""The tiny study's site is what it was; a change that is meant: `make golden`, and read its difference."""

import json
from pathlib import Path

import pytest
from tests.golden.make import DIGESTS, SITE, WHOLE, digests, scrubbed, tiny_site


@pytest.mark.slow
def test_the_tiny_site_is_the_golden_one(tmp_path: Path) -> None:
    """Page by page where it is kept whole, and by digest everywhere else."""
    site = tiny_site(tmp_path)
    for name in WHOLE:
        made = scrubbed((site / name).read_bytes()).decode().splitlines()
        assert made == (SITE / name).read_text().splitlines(), f"{name}: read the change, then `make golden`"
    found, kept = digests(site), json.loads(DIGESTS.read_text())
    changed = sorted(name for name in found.keys() | kept.keys() if found.get(name) != kept.get(name))
    assert changed == [], "read the change, then `make golden`"
