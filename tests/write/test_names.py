"""Which paths a site may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.errors import SiteError
from flipsite.write.site.paths import check_paths

REFUSED = [
    "",
    "/etc/passwd",
    "../outside.html",
    "a/../b.html",
    "a/./b.html",
    "a//b.html",
    "a/",
    "a\\b.html",
    "a\0.html",
    "a\n.html",
    "a:b/index.html",
    "a\ud800.html",
    "what?.html",
    "CON",
    "study/nul.html",
    "study/Com1.tar.gz",
    "study/lpt¹/index.html",
    "study/aux /index.html",
    "study./index.html",
    "study /index.html",
    "build.json",
    "BUILD.json",
    ".git/config",
    ".gitignore",
    "x" * 256,
    "é" * 128,
]

MEETING = [
    ("a/index.html", "A/index.html"),
    ("a/one.html", "A/two.html"),
    ("a/é.html", "a/e\N{COMBINING ACUTE ACCENT}.html"),
    ("straße.html", "STRASSE.html"),
    ("a", "a/index.html"),
    ("a/b/c.html", "a/b"),
    ("A", "a/index.html"),
]


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_is_not_one_file_everywhere_is_refused_by_name(path: str) -> None:
    with pytest.raises(SiteError) as caught:
        check_paths(["index.html", path])
    assert repr(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pair", MEETING)
def test_two_paths_that_meet_in_one_are_refused_in_either_order(pair: tuple[str, str]) -> None:
    for paths in (pair, pair[::-1]):
        with pytest.raises(SiteError, match="name one otherwise"):
            check_paths(paths)


def test_the_paths_of_a_site_are_allowed() -> None:
    """Names as the design has them, dot files, and letters of any script."""
    check_paths(
        [
            "index.html",
            ".nojekyll",
            "s/models/sao10k/l3.1-euryale-70b~free/index.html",
            "s/models/sao10k/console/index.html",
            "s/models/智谱/glm-4/index.html",
            "s/data/draws.csv",
            "s/data/build.json",
        ]
    )


PARTS = st.text(st.sampled_from("aAbé\u0301.:~ /\\\0-"), max_size=6)


@given(paths=st.lists(PARTS, max_size=6, unique=True))
def test_what_is_allowed_can_be_written_side_by_side_where_case_is_ignored(paths: list[str]) -> None:
    """Model of such a disk: a mapping from lowered names; no two allowed files or folders share an entry."""
    try:
        check_paths(paths)
    except SiteError:
        return
    disk: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert not set("\\\0:") & set(path)
        for depth in range(1, len(parts) + 1):
            spelled = "/".join(parts[:depth])
            assert disk.setdefault(spelled.casefold(), spelled) == spelled
    assert not any(other.startswith(f"{path}/") for path in paths for other in paths)
