"""The parts of our own pages as plain data, so that other tools can fill templates of the same weight.

Each number, text and path of a page that flipsite built is taken out of its HTML; what stays are the pages'
fixed words, which the tools' templates hold. So the others have nothing to work out.
"""

import re
from html import unescape
from pathlib import Path


def model_parts(html: str) -> dict[str, object]:
    """The numbers, texts and paths of a model's page."""
    main = _one(r'<main id="main"[^>]*>(.*)</main>', html)
    coins = _one(r'<svg class="coins"(.*?)</figure>', main)
    line = _one(r'<figure data-chart="model-running-mean(.*?)</figure>', main)
    strip = _one(r'<figure data-chart="model-strip"(.*?)</figure>', main)
    lists = re.findall(r'<dl class="figures[^"]*">(.*?)</dl>', main, re.DOTALL)
    tables = re.findall(r"<table.*?</table>", main, re.DOTALL)
    return {
        "description": _text(_one(r'<meta name="description" content="([^"]*)"', html)),
        "verdict": _text(_one(r'<span class="verdict [^"]*">(.*?)</span>', main)),
        "figures": [_figures(each) for each in lists[:2]],
        "coins_label": _text(_one(r'aria-label="([^"]*)"', coins)),
        "coins": [
            {
                "side": side,
                "at": [{"x": x, "y": y} for x, y in re.findall(r'cx="([^"]*)" cy="([^"]*)"', marks)],
            }
            for side, marks in re.findall(r'<g class="(\w+)">(.*?)</g>', coins, re.DOTALL)
        ],
        "captions": [_text(each) for each in re.findall(r'class="chart-caption">(.*?)</', main, re.DOTALL)],
        "drawn": _one(r'data-drawn="([^"]*)"', line),
        "line_label": _text(_one(r'aria-label="([^"]*)"', line)),
        "line_paths": _paths(line),
        "line_texts": [
            {"at": at, "text": _text(text)} for at, text in re.findall(r"<text ([^>]*)>(.*?)</text>", line)
        ],
        "strip_label": _text(_one(r'aria-label="([^"]*)"', strip)),
        "strip_paths": _paths(strip),
        "alike": _text(_one(r'<p class="note alike">(.*?)</p>', main)),
        "answers": [
            {"side": side, "number": number, "value": value, "text": _text(text)}
            for side, number, value, text in re.findall(
                r'<button class="(\w+)" popovertarget="draw-(\d+)"[^>]*>(.*?)</button>.*?</b>(.*?)</div>',
                main,
            )
        ],
        "notes": [
            _text(each) for each in re.findall(r"<section id=[^>]*>\s*<h2>.*?</h2>\s*<p>(.*?)</p>", main)
        ],
        "halves": _rows(tables[0]),
        "around": board_rows(tables[-1]),
    }


def board_rows(html: str) -> list[dict[str, object]]:
    """The rows of a leaderboard: rank, ruler, model, numbers."""
    body = html[html.rindex("<tbody") :] if "<tbody" in html else html
    rows: list[dict[str, object]] = []
    for attributes, row in re.findall(r"<tr([^>]*)>(.*?)(?=<tr|</tbody>|</table>)", body, re.DOTALL):
        first, rest = row.split("<th scope=row>", 1)
        cells = re.split(r"<td>", rest)
        pictures = [cell for cell in cells if "<svg" in cell]
        rows.append(
            {
                "class": _text(_one(r"class=\"?([\w ]+)", attributes)).strip(),
                "rank": _text(_one(r"<td>(.*?)<svg", first)),
                "rank_bar": _bars(first),
                "rank_range": _text(first.rsplit("</svg>", 1)[1]),
                "slug": _text(cells[0]).replace("/", "-"),
                "name": _text(cells[0]),
                "bars": _bars(pictures[0]) if pictures else [],
                "cells": [_text(cell) for cell in cells[1:] if "<svg" not in cell],
            }
        )
    return rows


def board_of(page: Path) -> dict[str, object]:
    """The headings and rows of a leaderboard's page."""
    html = page.read_text(encoding="utf-8")
    table = _one(r"(<table[^>]*id=\"all-table\".*?</table>)", html)
    heads = re.findall(r'<th scope="col"[^>]*data-key="(\w+)"[^>]*><span>(.*?)</span>', table)
    return {"heads": [{"key": key, "label": _text(label)} for key, label in heads], "rows": board_rows(table)}


def _figures(html: str) -> list[dict[str, str]]:
    return [
        {
            "term": _text(term),
            "definition": _text(found[1]) if (found := re.search(r'data-def="([^"]*)"', term)) else "",
            "value": _text(value),
            "small": _text(small),
        }
        for term, value, small in re.findall(
            r'<dt>(.*?)</dt><dd>(.*?)</dd>(?:<dd class="small">(.*?)</dd>)?', html, re.DOTALL
        )
    ]


def _paths(html: str) -> list[dict[str, str]]:
    return [{"class": name, "d": path} for name, path in re.findall(r'<path class="(\w+)" d="([^"]*)"', html)]


def _bars(html: str) -> list[dict[str, str]]:
    return [
        {"x": _found(r'x="?([\d.]+)%', each), "width": _found(r'width="?([\d.]+)%', each)}
        for each in re.findall(r"<rect ([^>]*)>", html)
    ]


def _rows(html: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", html[html.index("<tbody") :], re.DOTALL)
    return [[_text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def _one(pattern: str, html: str) -> str:
    found = re.search(pattern, html, re.DOTALL)
    if found is None:
        raise ValueError(f"our page has no {pattern}: the benchmark's reading of it is out of date")
    return found[1]


def _found(pattern: str, html: str) -> str:
    return found[1] if (found := re.search(pattern, html)) else "0"


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html.replace("<br>", " "))).split())
