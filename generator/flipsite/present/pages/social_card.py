"""The picture that a link to a study shows where it is shared: question, verdicts, models on the ruler."""

import textwrap
from collections import Counter
from math import floor

from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Verdict
from flipsite.domain.study import Kind
from flipsite.present.charts import theme
from flipsite.present.charts.svg import svg_png
from flipsite.present.leaderboard.board import VERDICTS
from flipsite.present.renderer import DRAWING_FONT
from flipsite.present.sparklines.coin_game import CoinGame, coin_game
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import count_text

WIDTH, HEIGHT = 1200, 630
_LEFT, _RIGHT, _RULER = 80, 1120, 470
_MERGED = 2.0
"""Marks so many pixels apart merge into a bar; those between two of them cannot be seen."""

_COLOURS = {
    Verdict.BIASED: theme.LIGHT["biased"],
    Verdict.UNDECIDED: theme.LIGHT["undecided"],
    Verdict.FAIR: theme.LIGHT["fair"],
}


def share_card(report: StudyReport, *, site: str) -> bytes:
    """A PNG of 1200 by 630 pixels, in the light theme."""
    return svg_png(card_svg(report, site=site), scale=1, colours=64)


def card_svg(report: StudyReport, *, site: str) -> str:
    """The picture as SVG, in fixed colours; every text in it, the site's name among them, is escaped."""
    colours = theme.LIGHT
    several = not report.study.is_coin
    title = f"Which language models can {'draw at random' if several else 'flip a coin'}?"
    if report.study.kind is Kind.SIMULATED:
        title = f"SIMULATED: {'samplers' if several else 'coins'} of known truth"
    name = textwrap.shorten(report.study.title, width=44, placeholder=" …")
    site = textwrap.shorten(site, width=20, placeholder=" …")
    game = coin_game(report)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="{DRAWING_FONT}">',
            f'<rect width="100%" height="100%" fill="{colours["page"]}"/>',
            *(f'<rect x="{x}" width="5" height="22" fill="#f0b440"/>' for x in range(0, WIDTH, 12)),
            _text(title, y=140, size=54, colour=colours["ink"], weight="bold"),
            _text(f"{name} · {site}", y=192, size=30, colour=colours["muted"], weight="normal"),
            *_verdicts(report),
            *(_ruler(game) if game else []),
            "</svg>",
        ]
    )


def _verdicts(report: StudyReport) -> list[str]:
    counts = Counter(record.verdict for record in report.estimates)
    parts = []
    for place, verdict in enumerate(VERDICTS):
        x = _LEFT + 12 + 340 * place
        parts.append(_mark(verdict, x, 264, 12))
        parts.append(
            f'<text x="{x + 28}" y="282" font-size="56" font-weight="bold" fill="{theme.LIGHT["ink"]}">'
            f'{count_text(counts[verdict])}<tspan dx="14" font-size="30" fill="{_COLOURS[verdict]}">'
            f"{verdict.value}</tspan></text>"
        )
    return parts


def _ruler(game: CoinGame) -> list[str]:
    """Draw fair coins above the ruler and the models below it."""

    def across(per_cent: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * per_cent / 100, 1)

    colours, half = theme.LIGHT, game.pile_width / 2
    scale = 130 / max(pile.height_em for pile in game.piles)
    parts = [
        f'<rect x="{across(pile.at - half)}" width="{across(pile.at + half) - across(pile.at - half):.1f}" '
        f'y="{_RULER - pile.height_em * scale:.1f}" height="{pile.height_em * scale:.1f}" '
        f'fill="{colours["band"]}" stroke="{colours["edge"]}"/>'
        for pile in game.piles
        if pile.height_em * scale >= 0.5
    ]
    parts.append(f'<path d="M{_LEFT} {_RULER}H{_RIGHT}" stroke="{colours["ink"]}" stroke-width="3"/>')
    apart = 12 / max(1.0, game.levels / 11)
    shown_each = max(1, floor(_MERGED / apart))
    parts += [
        _mark(coin.verdict, across(coin.at), round(_RULER + 18 + coin.level * apart, 1), 5.5)
        for coin in game.coins
        if coin.level % shown_each == 0
    ]
    return parts


def _mark(verdict: Verdict, x: float, y: float, r: float) -> str:
    """A verdict's shape, drawn: a font might not have it."""
    colour = _COLOURS[verdict]
    if verdict is Verdict.BIASED:
        d = round(1.2 * r, 1)
        return f'<path d="M{x} {y - d}l{d} {d}l{-d} {d}l{-d} {-d}z" fill="{colour}"/>'
    filling = theme.LIGHT["page"] if verdict is Verdict.UNDECIDED else colour
    line = f'stroke="{colour}" stroke-width="{r / 2.2:.1f}"'
    return f'<circle cx="{x}" cy="{y}" r="{r}" fill="{filling}" {line}/>'


def _text(words: str, *, y: int, size: int, colour: str, weight: str) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{_LEFT}" y="{y}" {style}>{_xml(words)}</text>'


def _xml(text: str) -> str:
    """Text as XML may hold it, with what it must not hold replaced."""
    return shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
