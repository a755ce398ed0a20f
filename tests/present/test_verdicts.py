"""The numbers of the methods page: taken from the code, or worked out by it, never typed."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from flipsite.domain.display import Figure
from flipsite.domain.site import SiteInfo
from flipsite.errors import ContentError
from flipsite.present.pages.narrative_pages import narrative_pages, narrative_sources
from flipsite.present.pages.templates import environment
from flipsite.present.text.markdown import Narrative
from flipsite.present.text.verdicts import MANY, rules
from flipsite.project import packaged


def test_a_certain_liar_is_shown_biased_where_its_e_value_says() -> None:
    """2ⁿ/(n + 1) passes 20 at the eighth draw, and 20 times 240 at the seventeenth."""
    for n_models, name in ((1, "shown_biased_at"), (MANY, "shown_biased_at_many")):
        first = next(n for n in range(1, 99) if 2**n / (n + 1) >= 20 * n_models)
        assert rules()[name] == str(first)


def test_no_coin_is_shown_fair_sooner_than_an_alternating_one() -> None:
    """Every share 0.1 away must have an e-value of 20 against it."""
    n = np.arange(2, 1000, 2)
    log_e = special.betaln(n / 2 + 1, n / 2 + 1) - n / 2 * np.log(0.6 * 0.4)
    assert rules()["shown_fair_at"] == str(n[np.argmax(log_e >= np.log(20))])


def test_about_half_of_fair_coins_lie_below_their_floor() -> None:
    off = abs(np.arange(51) / 50 - 0.5)
    mass = stats.binom.pmf(np.arange(51), 50, 0.5)
    assert rules()["below_floor"] == f"{100 * mass[off <= (off * mass).sum()].sum():.0f}\u00a0%"


def test_the_methods_page_needs_no_study() -> None:
    """Its numbers are the method's own, and every one of them stands on a page, in a formula or outside."""
    power = {"power": Figure(name="power", title="", caption="", description="", spec={}, svg="")}
    templates = environment([packaged("templates")])
    sources = narrative_sources([packaged("content").parent / "none", packaged("content")])
    pages = narrative_pages([], {"": power}, {}, sources, templates, info=SiteInfo())
    (methods,) = (page for page in pages if page.path.startswith("methods"))
    narrative = methods.context["narrative"]
    assert isinstance(narrative, Narrative)
    html = str(narrative.html)
    assert "\ue000" not in html
    assert "<mn>0.05</mn>" in html
    assert "passes 20 at draw 8" in html
    asked = (packaged("content") / "methods.md").read_text() + (
        packaged("content") / "departures.md"
    ).read_text()
    used = set(re.findall(r'(?:value|number)\("(\w+)"', asked))
    assert used == set(rules())


def test_an_unknown_number_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "methods.md").write_text(
        '# Methods\n\n$x < {{ number("fair_margins") }}$\n', encoding="utf-8"
    )
    with pytest.raises(ContentError, match=r"methods\.md, line 3: .*did you mean 'fair_margin'"):
        narrative_pages(
            [],
            {"": {}},
            {},
            narrative_sources([tmp_path]),
            environment([packaged("templates")]),
            info=SiteInfo(),
        )
