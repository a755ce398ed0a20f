"""The author's own words about a whole site: its name, its address, and the texts at its head and foot."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInfo:
    """Table `[site]` of `flipsite.toml`.

    Attributes:
        title: The site's name.
        description: One sentence about it; empty where there is none.
        author: The name in the head, the feed and the citations; empty for none.
        url: The site's address, unless `--base-url` says otherwise.
        language: Of its text, as BCP 47 writes it.
        nav: (label, path or address) pairs that replace the links at the head; None keeps flipsite's own.
        footer: A line of Markdown at the foot of every page; empty where there is none.
    """

    title: str = "Coin flips"
    description: str = ""
    author: str = ""
    url: str | None = None
    language: str = "en"
    nav: tuple[tuple[str, str], ...] | None = None
    footer: str = ""
