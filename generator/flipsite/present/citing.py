"""How to cite the site, each study, and the work it goes back to: BibTeX, no author invented."""

import re
from collections.abc import Sequence

from flipsite.domain.study import Study
from flipsite.present.page import Page


def cite_page(studies: Sequence[Study], *, version: str, base_url: str | None) -> Page:
    """BibTeX to copy."""
    entries = [
        ("flipsite", _entry("flipsite", "flipsite", note=f"Version {version}", url=base_url, year=None))
    ]
    entries += [
        (
            study.title,
            _entry(study.id, study.title, note=study.source, url=_url(base_url, study), year=_year(study)),
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


def _url(base_url: str | None, study: Study) -> str | None:
    return f"{base_url}{study.id}/index.html" if base_url else None


def _year(study: Study) -> str | None:
    return study.started[:4] if study.started else None


def _entry(key: str, title: str, *, note: str, url: str | None, year: str | None) -> str:
    fields = {
        "title": f"{{{_tex(title)}}}",
        "author": "{The flipsite authors}",
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
