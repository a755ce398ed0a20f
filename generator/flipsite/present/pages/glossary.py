"""The glossary and the page on citing.

The glossary explains each term in a sentence or two; other pages show these on hover and focus. The page on
citing has BibTeX for the site, each study and the work behind it, and invents no author.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache

from markupsafe import Markup

from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE
from flipsite.domain.site import SiteInfo
from flipsite.domain.study import Kind, Study
from flipsite.present.pages.page import Page

GLOSSARY: Mapping[str, str] = {
    "bias": "How far a model’s share of ones lies from what it was asked for, usually one half: 0 is even, "
    "0.5 is always the same side.",
    "draw": "One request for one flip, whatever came back. It is valid if the answer names a side.",
    "fair": "A verdict: the whole 95 % interval of the share of ones lies within "
    f"{FAIR_MARGIN:g} of the target, in each order of the labels, and the draws are not shown to follow the "
    "order, the labels or each other.",
    "biased": f"A verdict: the q-value is below {FALSE_DISCOVERY_RATE:g}. A coin at the target would rarely "
    "stray so far, even with the number of models tested taken into account.",
    "undecided": "A verdict: the draws show neither that the model is biased nor that it is fair.",
    "interval": "The range that holds the true share of ones in 95 of 100 such cases (Jeffreys’ interval). "
    "More draws make it narrower.",
    "noise floor": "The bias that a truly fair coin shows on average, by chance alone, at that many draws. "
    "A bias below it is not an achievement.",
    "band of chance": "The range in which a coin at the target stays in 95 of 100 tries of that many draws. "
    "Sand-coloured on this site.",
    "outcome": "Of a valid draw: 1 or 0, the index of the label that was drawn, whatever its text.",
    "p-value": "How often a coin at the target would stray at least as far as this model did.",
    "q-value": "The p-value corrected for the number of models tested: of those below 0.05, on "
    "average at most one in twenty belongs to a coin at the target.",
    "posterior": "The probability distribution of the true share of ones, given the draws.",
    "shrunken bias": "The bias of the coin itself, estimated from the draws of all models of the study: "
    "nearer to 0 than the bias of its own draws where most of the other models are near the target.",
    "rank": "A model’s position by bias, least first. Its interval shows how uncertain a "
    "ranking from few draws is.",
    "share of ones": "Ones divided by valid draws, from 0 to 1.",
    "spend": "US dollars billed, failed draws included.",
    "study": "One experiment: a prompt, its settings, a set of models, and the draws.",
    "target": "The probability of a one that the prompt asks for; one half unless a study says otherwise.",
}
"""Each word with its meaning, as plain text."""


@cache
def anchor(word: str) -> str:
    """A word's id on the glossary page."""
    return "".join(letter if letter.isalnum() else "-" for letter in word)


def term_html(word: str, text: str, link: Callable[[str], str]) -> Markup:
    """A word that shows its meaning on hover and focus, and leads to the glossary."""
    return _term(word, text, link(f"glossary/index.html#{anchor(word)}"))


@lru_cache(maxsize=1024)
def _term(word: str, text: str, target: str) -> Markup:
    return Markup('<a class="term" href="{}" data-def="{}">{}</a>').format(target, GLOSSARY[word], text)


def glossary_page() -> Page:
    """All words, by the alphabet."""
    return Page(
        path="glossary/index.html",
        title="Glossary",
        description="The terms used on this site, each in a sentence or two.",
        template="glossary.html",
        crumbs=(("Home", "index.html"),),
        context={"words": [(word, anchor(word), GLOSSARY[word]) for word in sorted(GLOSSARY)]},
    )


def cite_page(studies: Sequence[Study], info: SiteInfo, *, version: str, address: str | None) -> Page:
    """BibTeX to copy: of the site, and of each study; only the author whom the site names stands in it."""
    made_with = f"Made with flipsite {version}"
    site_key = re.sub(r"[^a-z0-9]+", "-", info.title.lower()).strip("-") or "site"
    if any(study.id == site_key for study in studies):
        site_key += "-site"
    entries = [
        (info.title, _entry(site_key, info.title, author=info.author, note=made_with, url=address, year=None))
    ]
    entries += [
        (
            study.title,
            _entry(
                study.id,
                study.title,
                author="" if study.kind is Kind.PUBLISHED else info.author,
                note=study.source,
                url=f"{address}{study.id}/index.html" if address else None,
                year=study.started[:4] if study.started else None,
            ),
        )
        for study in studies
    ]
    return Page(
        path="cite/index.html",
        title="How to cite",
        description="BibTeX for this site and each of its studies.",
        template="cite.html",
        crumbs=(("Home", "index.html"),),
        context={"entries": entries},
    )


def _entry(key: str, title: str, *, author: str, note: str, url: str | None, year: str | None) -> str:
    fields = {
        "title": f"{{{_tex(title)}}}",
        "author": f"{{{_tex(author)}}}" if author else None,
        "year": year,
        "note": _tex(note) or None,
        "url": url,
    }
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _tex(text: str) -> str:
    """Text in which TeX reads nothing but letters."""
    flat = " ".join(text.split()).replace("\\", "\\textbackslash ")
    return re.sub(r"([&%$#_{}])", r"\\\1", flat).replace("~", "\\~{}").replace("^", "\\^{}")
