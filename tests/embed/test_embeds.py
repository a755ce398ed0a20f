"""Every embed says in every format what its table says, and stays text in a page that is not ours."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.embed.hostile import HOSTILE, drawn_of, hostile_project, report_of, shown_cells, table_cells

from flipsite.analyse.report import StudyReport
from flipsite.domain.study import Kind
from flipsite.present.embeds.formats import FORMATS, ON_SITE, pasted_files, rendered, saved_files
from flipsite.present.embeds.html import frame_page, frame_snippet, html_fragment
from flipsite.present.embeds.image import ANYWHERE
from flipsite.present.embeds.registry import Embed, Source, find_embed, study_embeds, table_embeds
from flipsite.present.embeds.text import json_embed, markdown_embed
from flipsite.present.text.predictors import contrasts, main_form, main_part
from flipsite.project import packaged
from flipsite.workflows.load import load_report
from flipsite.write.check.html import read_page, read_xml_file

BASE = "https://example.org/coins/"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> StudyReport:
    return report_of(hostile_project(tmp_path_factory.mktemp("hostile")))


@pytest.fixture(scope="module")
def embeds(report: StudyReport) -> dict[str, Embed]:
    found = study_embeds(report, drawn_of(report), {}, base_url=BASE)
    return {embed.name: embed for embed in found}


def test_a_study_has_its_tables_and_its_charts(embeds: dict[str, Embed]) -> None:
    assert list(embeds)[:4] == ["least-biased", "most-biased", "leaderboard", "spend"]
    assert {"bias-intervals", "verdicts", "cost-against-bias"} <= set(embeds)


def test_html_shows_every_cell_once(embeds: dict[str, Embed]) -> None:
    for embed in embeds.values():
        if not embed.is_chart:
            assert table_cells(html_fragment(embed)) == [shown_cells(embed)]


def test_a_fragment_is_safe_to_paste(embeds: dict[str, Embed]) -> None:
    """No script, no request, no blank line, no indentation, and no brace that Liquid or Hugo would read."""
    for embed in embeds.values():
        text = html_fragment(embed)
        assert "{" not in text
        assert "}" not in text
        assert not re.search(r"^\s|^$", text.rstrip("\n"), flags=re.MULTILINE)
        assert not re.search(r"<(script|link|img|iframe|style|object|base)\b| on\w+=| src=|url\((?!#)", text)
        document = read_page(text.encode(), is_fragment=True)
        assert document.faults == ()
        shapes = {f"#{identity}" for identity in document.ids or ()}
        assert all(each.url.startswith(BASE) or each.url in shapes for each in document.references), (
            embed.name
        )


def test_ids_of_two_fragments_never_clash(embeds: dict[str, Embed]) -> None:
    ids = [re.findall(r' id="([^"]+)"', html_fragment(embed)) for embed in embeds.values()]
    flat = [each for found in ids for each in found]
    assert len(flat) == len(set(flat))
    assert all(re.fullmatch(r"flipsite-[0-9a-f]{10}-\d+", each) for each in flat)


def test_without_an_address_nothing_is_linked(report: StudyReport) -> None:
    for embed in table_embeds(report).values():
        assert "<a " not in html_fragment(embed)
        assert "](" not in markdown_embed(embed)
        assert '"url": "' not in json_embed(embed)


def test_every_format_carries_its_source(embeds: dict[str, Embed]) -> None:
    embed = embeds["least-biased"]
    for form in ("html", "markdown", "json", "svg", "iframe", "quarto"):
        text = re.sub(r"&#(\d+);", lambda m: chr(int(m[1])), rendered(embed, form).decode())
        assert "draws of 2025-10-01 to 2025-10-04" in text, form
        assert BASE + "trial/index.html" in text or form == "svg"


def test_simulated_coins_are_called_so_in_every_format(tmp_path: Path) -> None:
    embed = table_embeds(report_of(hostile_project(tmp_path, simulated=True)))["leaderboard"]
    for form in ("html", "markdown", "json", "svg", "iframe", "quarto"):
        assert "SIMULATED" in rendered(embed, form).decode(), form


def test_a_computed_row_is_shown_and_is_no_record(report: StudyReport) -> None:
    """The row of a perfect sampler is above the models, and in none of their data."""
    embed = table_embeds(report)["leaderboard"]
    for form in ("html", "markdown"):
        assert "a perfect sampler" in rendered(embed, form).decode(), form
    for form in ("csv", "json"):
        assert "sampler" not in rendered(embed, form).decode(), form


def test_a_long_table_is_cut_and_says_where_the_rest_is(report: StudyReport) -> None:
    """At most 250 rows unless more are asked for; the caption and the note say so."""
    records = [replace(report.estimates[0], model=f"a/m{i:03}", rank=i + 1) for i in range(300)]
    long = replace(report, estimates=tuple(records), features={})
    table = table_embeds(long)["leaderboard"].table
    assert len(table.rows) == 250
    assert table.caption.endswith("the first 250 of 300 models")
    assert "The whole table is on the study’s leaderboard." in table.note
    assert len(table_embeds(long, top=300)["leaderboard"].table.rows) == 300


def test_csv_and_json_have_the_numbers(embeds: dict[str, Embed]) -> None:
    embed = embeds["leaderboard"]
    rows = list(csv.DictReader(io.StringIO(rendered(embed, "csv").decode())))
    shape = json.loads(rendered(embed, "json"))
    assert shape["format"] == 1
    assert [row["model"]["value"] for row in shape["rows"]] == [row[1].value for row in embed.table.rows]
    assert [row["bias"] for row in rows] == [str(row["bias"]["value"]) for row in shape["rows"]]
    assert shape["rows"][0]["model"]["url"].startswith(BASE)
    assert [column["key"] for column in shape["columns"]] == list(rows[0])
    assert shape["source"] == {
        "study": "trial",
        "title": "A trial | of {{coins}}",
        "kind": "measured",
        "first": "2025-10-01",
        "last": "2025-10-04",
        "url": BASE + "trial/index.html",
        "line": "Source: A trial | of {{coins}}; draws of 2025-10-01 to 2025-10-04. Made with flipsite.",
    }


def test_pictures_are_sound_and_of_their_own_models(embeds: dict[str, Embed]) -> None:
    embed = embeds["most-biased"]
    picture = rendered(embed, "svg")
    assert read_xml_file(picture).faults == ()
    assert b"A trial | of {{coins}}: the 20 most biased models" in picture
    assert rendered(embed, "png").startswith(b"\x89PNG")
    assert rendered(embed, "png") == rendered(embed, "png")


def test_the_page_for_an_iframe_is_whole_and_lets_nothing_in(embeds: dict[str, Embed]) -> None:
    for embed in embeds.values():
        document = read_page(frame_page(embed).encode())
        assert document.faults == ()
        assert table_cells(frame_page(embed)) == table_cells(html_fragment(embed))


def test_the_snippet_names_its_frame(embeds: dict[str, Embed]) -> None:
    snippet = frame_snippet(embeds["verdicts"], "https://example.org/a b.html")
    assert 'src="https://example.org/a%20b.html"' in snippet
    assert 'title="' in snippet


def test_a_site_has_each_format_of_each_but_of_no_single_model(embeds: dict[str, Embed]) -> None:
    files = [
        path
        for embed in embeds.values()
        for path in (*pasted_files(embed, kept={}), *saved_files(embed, kept={}))
    ]
    suffixes = {FORMATS[form].suffix for form in ON_SITE}
    assert {path for path in files if path.startswith("trial/embed/spend.")} == {
        f"trial/embed/spend.{suffix}" for suffix in (*suffixes, "js")
    }
    assert "trial/embed/frame/spend.html" in files
    assert not any("model/" in path for path in files)


def test_one_model_is_found_by_its_name(report: StudyReport) -> None:
    for model in HOSTILE:
        embed = find_embed(report, f"model/{model}")
        assert isinstance(embed, Embed)
        assert [row[1].value for row in embed.table.rows] == [model]
        picture = rendered(embed, "svg")
        assert read_xml_file(picture).faults == ()


@pytest.fixture(scope="module")
def article() -> StudyReport:
    return load_report(packaged("content") / "studies/article-2025")


def test_what_was_fitted_is_a_table(article: StudyReport) -> None:
    """The comparisons of the form that the page is read for, in every format, with a picture."""
    assert article.fit
    best = main_form(article.fit)
    embed = find_embed(article, "predictors", base_url=BASE)
    assert best
    assert isinstance(embed, Embed)
    terms = contrasts(best, main_part(best))
    assert [row[0].text for row in embed.table.rows] == [term.contrast for term in terms]
    rows = list(csv.DictReader(io.StringIO(rendered(embed, "csv").decode())))
    assert [float(row["factor_low"]) for row in rows] == [term.factor_low for term in terms]
    assert table_cells(html_fragment(embed)) == [shown_cells(embed)]
    for form in FORMATS:
        assert rendered(embed, form)


def test_a_published_study_has_the_spend_that_it_states(article: StudyReport) -> None:
    assert article.printed
    embed = table_embeds(article)["spend"]
    assert [row[1].value for row in embed.table.rows] == [
        article.printed.spend_run_usd.dollars,
        article.printed.spend_total_usd.dollars,
    ]
    assert "less than &#36;" in markdown_embed(embed)


def test_an_interval_in_csv_has_both_its_ends(embeds: dict[str, Embed]) -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(embeds["leaderboard"], "csv").decode())))
    assert all(re.fullmatch(r"[<>]?[01]\.\d+ to [<>]?[01]\.\d+", row["interval"]) for row in rows)


def test_an_unknown_name_is_answered_with_those_there_are(report: StudyReport) -> None:
    names = find_embed(report, "verdict")
    assert isinstance(names, tuple)
    assert {"least-biased", "verdicts", "model/NAME"} <= set(names)
    nearest = find_embed(report, "model/none")
    assert isinstance(nearest, tuple)
    assert nearest[0].startswith("model/")


def test_top_takes_the_extreme_rows(report: StudyReport) -> None:
    embed = table_embeds(report, top=3)["most-biased"]
    biases = sorted((record.bias or 0 for record in report.estimates), reverse=True)
    assert [row[2].value for row in embed.table.rows] == biases[:3]


@pytest.mark.parametrize(
    ("kind", "first", "last", "words"),
    [
        (Kind.PUBLISHED, "2025", "2025", "published 2025"),
        (Kind.PUBLISHED, None, None, "published, date unknown"),
        (Kind.MEASURED, "2025-10-01", "2025-10-01", "draws of 2025-10-01"),
        (Kind.MEASURED, None, None, "draws of unknown date"),
    ],
)
def test_the_source_line_says_what_is_known(kind: Kind, first: str, last: str, words: str) -> None:
    source = Source(study="s", title="S", kind=kind, first=first, last=last, url=None)
    assert source.line == f"Source: S; {words}. Made with flipsite."


def test_colours_stand_out_on_white_and_on_black() -> None:
    for token, colour in ANYWHERE.items():
        if colour.startswith("#"):
            light = luminance(colour)
            assert 1.05 / (light + 0.05) >= 3, token
            assert (light + 0.05) / 0.05 >= 3, token


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
