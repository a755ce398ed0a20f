"""Where things live on a site: public paths that others link to, safe whatever a model is named."""

import hashlib
import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from flipsite.errors import UsageError

RESERVED_STUDIES = frozenset(
    {
        "assets",
        "cite",
        "compare",
        "data",
        "departures",
        "downloads",
        "embed",
        "glossary",
        "methods",
        "models",
        "search",
    }
)
"""Top-level folders of a site that no study may be named after."""

_DEVICE = r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])"
"""Names that Windows keeps for devices."""

STUDY_ID = re.compile(rf"(?!{_DEVICE}\Z)[a-z0-9](?:[a-z0-9-]{{0,62}}[a-z0-9])?")

_PLAIN_PART = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9_-])?")
_PLAIN_SLUG = re.compile(rf"{_PLAIN_PART.pattern}(?::{_PLAIN_PART.pattern})?")
_DEVICES = re.compile(rf"{_DEVICE}(?:[.:].*)?")
_NO_AUTHOR = "~none"


def author_of(model: str) -> str:
    """The part of a model's name before its first slash; empty where there is none."""
    author, slash, _ = model.partition("/")
    return author if slash else ""


@lru_cache(maxsize=65_536)
def model_folder(study: str, model: str) -> str:
    """The folder of a model's page, `<study>/models/<author>/<slug>`; no two models share one.

    `:` becomes `~`. A name that is not plain lower-case text (or is a device name on Windows, or too
    long) keeps a readable stem and gains `~~` and 80 bits of its SHA-256, which no plain name can hold.
    """
    author, slash, slug = model.partition("/")
    if not slash:
        return f"{study}/models/{_NO_AUTHOR}/{_folder(model, _PLAIN_SLUG)}"
    return f"{study}/models/{_folder(author, _PLAIN_PART)}/{_folder(slug, _PLAIN_SLUG)}"


def model_page(study: str, model: str) -> str:
    """The address of a model's page, relative to the site's root."""
    return f"{model_folder(study, model)}/index.html"


def model_history(model: str) -> str:
    """The address of the page that shows a model in every study, relative to the site's root."""
    folder = model_folder("", model).removeprefix("/")
    return f"{folder}/index.html"


def comparison_page(after: str, before: str) -> str:
    """The address of the page that compares a study with another, relative to the site's root."""
    return f"{after}/compare/{before}/index.html"


def base_address(base_url: str, *, option: str = "--base-url") -> str:
    """The address of a site, or its path on its host, ending in a slash.

    Args:
        base_url: As somebody wrote it.
        option: Where they wrote it, for the error.

    Raises:
        UsageError: If it is neither; one that is not ASCII is shown as it has to be written.
    """
    is_path = base_url.startswith("/") and not base_url.startswith("//")
    if not base_url.isascii() and (written := _ascii_address(base_url)):
        raise UsageError(f"{option} {base_url!r}: write it in ASCII, as browsers send it: {written}")
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        sound = False
    if not (sound or is_path) or not re.fullmatch(r"[\w.:/~%\[\]@-]+", base_url, re.ASCII):
        raise UsageError(f"{option} {base_url!r}: expected an address such as https://me.github.io/coins/")
    return base_url.rstrip("/") + "/"


def domain_address(text: str, *, source: str) -> str | None:
    """The address of a CNAME file's domain; None where it names none.

    Args:
        text: The file's content: one domain.
        source: The file, for the error.

    Raises:
        UsageError: If it is no domain.
    """
    domain = next(iter(text.split()), "")
    return base_address(f"https://{domain}/", option=source) if domain else None


def is_address(target: str) -> bool:
    """Whether a link leads off the site."""
    return target.startswith(("http://", "https://", "mailto:"))


def _ascii_address(address: str) -> str | None:
    """An address with its host in Punycode and its path in per cent signs; None where that is not certain."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()  # maps ß and ς as IDNA 2003 did, which few want
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return None
    if any(sign in address for sign in "ßς") or parts.username or not (host or address.startswith("/")):
        return None
    return urlunsplit((parts.scheme, host + port, quote(parts.path, safe="/%~"), "", ""))


def relative(target: str, page: str) -> str:
    """The link from one page of the site to another file of it; both relative to the site's root."""
    here, there = page.split("/")[:-1], target.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


def _folder(part: str, plain: re.Pattern[str]) -> str:
    if plain.fullmatch(part) and not _DEVICES.fullmatch(part):
        return part.replace(":", "~")
    stem = re.sub(r"[^a-z0-9_-]+", "-", part.lower()).strip("-")[:60] or "model"
    if _DEVICES.fullmatch(stem):
        stem = f"m-{stem}"
    digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return f"{stem}~~{digest}"
