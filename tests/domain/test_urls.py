"""Public paths: readable for plain names, safe and separate for every name there could be."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flipsite.domain.urls import STUDY_ID, author_of, base_address, model_folder, model_page, relative
from flipsite.errors import UsageError


def test_a_plain_name_is_its_own_folder() -> None:
    assert model_page("s", "sao10k/l3.1-euryale-70b") == "s/models/sao10k/l3.1-euryale-70b/index.html"


def test_a_variant_is_marked_by_a_tilde() -> None:
    assert model_folder("s", "meta-llama/llama-3:free") == "s/models/meta-llama/llama-3~free"


def test_a_name_without_author_has_a_folder_no_author_can_have() -> None:
    assert model_folder("s", "llama3") == "s/models/~none/llama3"
    assert author_of("llama3") == ""
    assert author_of("a/b/c") == "a"


def test_a_device_name_of_windows_is_avoided() -> None:
    for name in ("con/nul", "aux/com1.txt", "prn/lpt9:free"):
        for part in model_folder("s", name).split("/")[2:]:
            assert part.split(".")[0].split("~")[0] not in {"con", "nul", "aux", "com1", "prn", "lpt9"}


names = st.text(max_size=330) | st.from_regex(r"[a-zA-Z0-9.:~_/-]{0,12}", fullmatch=True)


@given(names)
@example("../../../etc/passwd")
@example("a/..")
@example("./.")
@example("\x00/\u202e")
@example("A/" + "x" * 300)
@example("\ud800/x")
def test_nothing_a_model_is_named_leaves_its_studys_folder(name: str) -> None:
    parts = model_folder("s", name).split("/")
    assert parts[:2] == ["s", "models"]
    assert len(parts) == 4
    for part in parts[2:]:
        assert re.fullmatch(r"[a-z0-9_~-][a-z0-9._~-]{0,201}", part)
        assert not part.endswith(".")


@given(names, names)
@example("a/b:c", "a/b~c")
@example("a/B", "a/b")
@example("a/b", "a/b ")
@example("é/x", "e\u0301/x")
@example("llama", "~none/llama")
@example("a/b/c", "a/b-c")
def test_two_models_never_share_a_folder(one: str, other: str) -> None:
    if one != other:
        assert model_folder("s", one) != model_folder("s", other)


paths = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).map(
    lambda parts: "/".join([*parts, "index.html"])
)


@given(paths, paths)
def test_a_relative_link_leads_there(target: str, page: str) -> None:
    here = page.split("/")[:-1]
    for step in relative(target, page).split("/"):
        if step == "..":
            here.pop()
        else:
            here.append(step)
    assert "/".join(here) == target


@pytest.mark.parametrize("device", ["con", "nul", "com1", "lpt9"])
def test_no_study_is_named_after_a_device_of_windows(device: str) -> None:
    """Its folder could not be made there; a name that only begins so can."""
    assert not STUDY_ID.fullmatch(device)
    assert STUDY_ID.fullmatch(f"{device}-flips")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "me.github.io",
        "https://",
        "https://a.b/?q",
        'https://a.b/"x',
        "http://[x",
        "//a.b/",
    ],
)
def test_an_address_that_is_none_of_the_webs_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="expected an address such as"):
        base_address(address)


@pytest.mark.parametrize("address", ["https://me.github.io/coins", "https://me.github.io/coins/", "/coins"])
def test_an_address_ends_in_a_slash(address: str) -> None:
    assert base_address(address) == address.rstrip("/") + "/"
