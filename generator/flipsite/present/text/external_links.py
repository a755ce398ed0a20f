"""Links that lead out of the site, found in texts of others: sources, notes, a catalogue's names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flipsite.domain.catalogue import Model
from flipsite.domain.study import Feature, Kind, Study

REL = "external nofollow noopener noreferrer"
"""How a link out is marked: not our recommendation, and no address of ours goes with it."""

_ADDRESS = re.compile(r"https?://[^\s<>\"'“”’()\[\]{}|\\^`]+")
_DOI = re.compile(r"(?<![\w/.])10\.\d{4,9}/[^\s<>\"'“”’(){}\[\]|\\^`]+")
_ENDS = ".,;:!?"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")

_KINDS = {
    "doi.org": "DOI",
    "arxiv.org": "Article",
    "huggingface.co": "Weights",
    "github.com": "Code",
    "gitlab.com": "Code",
    "codeberg.org": "Code",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideLink:
    """A link out of the site.

    Attributes:
        label: The kind of target: `Weights`, `Article`, `DOI`, `Code`, `Provider`, `Study’s source`.
        text: The address as people read it.
        url: The address, http or https.
    """

    label: str
    text: str
    url: str


def links_in(text: str, *, label: str | None = None) -> tuple[OutsideLink, ...]:
    """The addresses and DOIs that a text names, in its order.

    Args:
        text: Of whatever origin; only plain web addresses without a user name are taken.
        label: Of addresses whose host says nothing about what they are; without one they are no links, for a
            classifier may have written the text.
    """
    found = [(match.start(), match[0].rstrip(_ENDS)) for match in _ADDRESS.finditer(text)]
    bare = _ADDRESS.sub(lambda match: " " * len(match[0]), text)
    found += [(match.start(), f"https://doi.org/{match[0].rstrip(_ENDS)}") for match in _DOI.finditer(bare)]
    links = (_link(url, label) for _, url in sorted(found))
    return tuple(dict.fromkeys(link for link in links if link))


def model_links(study: Study, entry: Model | None, features: Iterable[Feature]) -> tuple[OutsideLink, ...]:
    """Links about a model from the catalogue, the features and the study's source, each address once.

    Args:
        study: A simulated one has models of no provider.
        entry: The model in the catalogue that the study kept. Only OpenRouter's names a `canonical` slug.
        features: Of the model; their notes may name addresses and DOIs.
    """
    found: list[OutsideLink] = []
    if entry and study.kind is not Kind.SIMULATED:
        if entry.canonical and _REPOSITORY.fullmatch(entry.canonical):
            found += links_in(f"https://openrouter.ai/{quote(entry.id, safe='/:')}", label="Provider")
        if entry.hugging_face_id and _REPOSITORY.fullmatch(entry.hugging_face_id):
            found += links_in(f"https://huggingface.co/{entry.hugging_face_id}")
    for feature in features:
        found += links_in(feature.note)
    found += links_in(study.source, label="Study’s source")
    return tuple({link.url: link for link in reversed(found)}.values())[::-1]


def _link(url: str, label: str | None) -> OutsideLink | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if "." not in host or "@" in parts.netloc or not url.isprintable():
        return None
    name = _KINDS.get(host.removeprefix("www.").removeprefix("dx."), label)
    return OutsideLink(label=name, text=url.partition("://")[2].rstrip("/"), url=url) if name else None
