"""Narrative: numbers are computed, markup is markdown's, and faults are told by line."""

from pathlib import Path

import pytest
from markupsafe import Markup

from flipsite.errors import ContentError
from flipsite.present.pages.narrative import known, render_narrative
from flipsite.present.text.markdown import Narrative, formula

CALLS = {
    "value": lambda name: str(known(name, {"floor": "0.056"}, "value")),
    "chart": lambda name: Markup("<figure>{}</figure>").format(name),
    "model": lambda name: Markup('<a href="x">{}</a>').format(name),
}


def rendered(folder: Path, text: str) -> Narrative:
    path = folder / "story.md"
    path.write_text(text, encoding="utf-8")
    return render_narrative(path, CALLS, raw={"link": lambda target: f"../{target}"})


def fault(folder: Path, text: str) -> str:
    with pytest.raises(ContentError) as caught:
        rendered(folder, text)
    return str(caught.value).removeprefix(str(folder))


def test_a_value_stands_in_the_text(tmp_path: Path) -> None:
    assert rendered(tmp_path, "# T\n\nAbout {{ value('floor') }}.\n").html == "<p>About 0.056.</p>\n"


def test_the_title_and_the_first_paragraph_are_told_apart(tmp_path: Path) -> None:
    narrative = rendered(tmp_path, "# A *coin* at {{ value('floor') }}\n\nFirst.\n\n## Then\n\nMore.\n")
    assert narrative.title == "A coin at 0.056"
    assert narrative.summary == "First."
    assert narrative.headings == ((2, "then", "Then"),)
    assert "<h1" not in narrative.html


def test_a_chart_stands_between_paragraphs(tmp_path: Path) -> None:
    assert rendered(tmp_path, "# T\n\n{{ chart('x') }}\n").html == "<figure>x</figure>\n"


def test_a_models_name_is_never_markup(tmp_path: Path) -> None:
    html = rendered(tmp_path, "# T\n\n{{ model('a|*b*<script>{{ 1 }}') }}\n").html
    assert html == '<p><a href="x">a|*b*&lt;script&gt;{{ 1 }}</a></p>\n'


def test_math_needs_no_network_and_dollars_are_dollars(tmp_path: Path) -> None:
    html = rendered(tmp_path, "# T\n\nFrom $40 to $80 at $n = 50$.\n").html
    assert "From $40 to $80 at" in html
    assert html.count("<math") == 1


def test_code_is_highlighted_by_classes(tmp_path: Path) -> None:
    html = rendered(tmp_path, "# T\n\n```python\nprint(1)\n```\n\n```nonsense\n<b>\n```\n").html
    assert '<span class="nb">print</span>' in html
    assert "&lt;b&gt;" in html


def test_tables_footnotes_and_anchors_work_without_inline_style(tmp_path: Path) -> None:
    html = rendered(tmp_path, "# T\n\n| a |\n|--:|\n| 1[^n] |\n\n## Here\n\n[^n]: Note.\n").html
    assert '<td class="align-right">' in html
    assert 'id="here"' in html
    assert "footnote" in html
    assert "style=" not in html


def test_a_link_is_relative_to_the_page(tmp_path: Path) -> None:
    html = rendered(tmp_path, "# T\n\n[m]({{ link('methods/index.html') }})\n").html
    assert '<a href="../methods/index.html">m</a>' in html


def test_a_wrong_name_is_told_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    assert fault(tmp_path, "# T\n\n{{ value('flor') }}\n") == (
        "/story.md, line 3: no value 'flor'; did you mean 'floor'."
    )


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("{{ nonsense }}", "'nonsense' is undefined; there are: chart, link, model, value"),
        ("{{ valeu('floor') }}", "'valeu' is undefined; did you mean 'value'?"),
        ("{{ value() }}", "missing 1 required positional argument"),
        ("{% if %}", "Expected an expression"),
        ("{{ value.__globals__ }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_faulty_call_is_told_with_its_line(tmp_path: Path, call: str, told: str) -> None:
    message = fault(tmp_path, f"# T\n\n\n{call}\n")
    assert message.startswith("/story.md, line 4: ")
    assert told in message


def test_a_narrative_has_one_title(tmp_path: Path) -> None:
    assert "expected one heading of the first level" in fault(tmp_path, "Text.\n")
    assert "found 2" in fault(tmp_path, "# A\n\n# B\n")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot be read"):
        render_narrative(tmp_path / "none.md", CALLS)


def test_a_sum_that_cannot_be_is_told_with_its_line(tmp_path: Path) -> None:
    assert fault(tmp_path, "# T\n\n{{ 1 / 0 }}\n") == (
        "/story.md, line 3: division by zero (ZeroDivisionError)."
    )


def test_front_matter_gives_title_description_and_date(tmp_path: Path) -> None:
    found = rendered(
        tmp_path, '---\ntitle: "Mine"\ndescription: About\ndate: 2026-01-31\n---\n\n# Other\n\nText.\n'
    )
    assert (found.title, found.heading, found.summary, found.date) == ("Mine", "Other", "About", "2026-01-31")
    assert rendered(tmp_path, "---\ntitle: Mine\n---\n\nText.\n").heading == "Mine"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("layout: post", "line 2: front matter takes title, description and date"),
        ("date: soon", "2026-01-31"),
    ],
)
def test_front_matter_that_means_nothing_is_told(tmp_path: Path, line: str, told: str) -> None:
    assert told in fault(tmp_path, f"---\n{line}\n---\n# T\n")


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    assert "line 5: no value 'flor'" in fault(tmp_path, "---\ntitle: x\n---\n\n{{ value('flor') }}\n")


def test_braces_in_code_are_text(tmp_path: Path) -> None:
    code = "```yaml\nrun: ${{ github.workspace }}\n```\n\n`{{ x }}` and `{% if %}` at {{ value('floor') }}\n"
    html = str(rendered(tmp_path, f"# T\n\n{code}").html)
    assert "${{ github.workspace }}" in html
    assert "<code>{{ x }}</code> and <code>{% if %}</code> at 0.056" in html


def test_github_dialect(tmp_path: Path) -> None:
    html = str(rendered(tmp_path, "# T\n\n> [!NOTE]\n> Hi\n\n- [x] a\n- [ ] b\n").html)
    assert '<div class="markdown-alert markdown-alert-note">' in html
    assert '<input type="checkbox" disabled checked aria-label="Done"> a' in html
    assert '<input type="checkbox" disabled aria-label="To do"> b' in html


def test_headings_take_their_anchor_and_never_the_frames(tmp_path: Path) -> None:
    found = rendered(tmp_path, "# A {#my-id}\n\n## Studies\n\n## Studies\n\n## Main {#here}\n")
    assert found.title == "A"
    assert [anchor for _, anchor, _ in found.headings] == ["studies-1", "studies-1-1", "here"]
    assert "{#main}: the page has another 'main'" in fault(tmp_path, "# A\n\n## B {#main}\n")


def test_details_unfold_and_a_formula_takes_the_focus(tmp_path: Path) -> None:
    """The title is the author’s or “Details”; a formula wider than the page can be scrolled by key."""
    text = "# T\n\n::: details\nMore.\n\n$$ x^2 $$\n:::\n\n::: details <b>Sources</b>\nYet more.\n:::\n"
    html = rendered(tmp_path, text).html
    assert '<details class="fold">\n<summary>Details</summary>\n<p>More.</p>' in html
    assert "<summary>&lt;b&gt;Sources&lt;/b&gt;</summary>" in html
    assert '<div class="formula" role="group" tabindex="0" aria-label="Formula"><math' in html
    assert html.count("</details>") == 2


@pytest.mark.parametrize(
    ("tex", "operator"),
    [
        (r"y \sim N", "&#x0223C;"),
        (r"\log \sigma", "log"),
        (r"\exp x", "exp"),
        (r"\operatorname{logit} p", "logit"),
    ],
)
def test_relations_and_functions_are_operators_with_space_around_them(tex: str, operator: str) -> None:
    assert f"<mo>{operator}</mo>" in formula(tex, "block")


def test_a_table_scrolls_by_itself_and_can_be_reached_by_key(tmp_path: Path) -> None:
    html = str(rendered(tmp_path, '# T\n\n| a "1" | b |\n|---|---|\n| 1 | 2 |\n').html)
    assert 'role="region" tabindex="0" aria-label="Table: a &quot;1&quot;, b">\n<table class="data">' in html


def test_cells_of_a_table_of_sentences_know_their_column(tmp_path: Path) -> None:
    """So that on a phone they stand below one another, each under its column's name; numbers stay a table."""
    sentence = "One expensive model was left switched on, and most of the money went there."
    prose = rendered(tmp_path, f"# T\n\n| The article | Why |\n|---|---|\n| {sentence} | Short |\n").html
    assert '<table class="data folds prose">' in prose
    assert '<td data-label="The article">' in prose
    assert '<td data-label="Why">' in prose
    assert "data-label" not in rendered(tmp_path, "# T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n").html


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("gone.png", "no such file"),
        ("https://example.org/a.png", "a site loads nothing from elsewhere"),
        ("../../etc/passwd", "no such file"),
        ("link.png", "lies outside"),
        ("active.svg", "holds a script"),
        ("text.png", "not a picture that can be read"),
        ("story.md", "no form of picture that browsers show"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_told_with_its_line(
    tmp_path: Path, address: str, told: str
) -> None:
    (tmp_path / "outside.png").write_bytes(b"x")
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "link.png").symlink_to("../outside.png")
    (folder / "active.svg").write_text("<svg><script>1</script></svg>")
    (folder / "text.png").write_text("text")
    message = fault(folder, f"# T\n\n![x]({address})\n")
    assert message.startswith("/story.md, line 3: picture ")
    assert told in message


def test_marks_of_ours_in_a_text_are_only_letters(tmp_path: Path) -> None:
    """Noncharacters are replaced, in an expression too; signs of private use are an author's own."""
    text = "A \ufdd00\ufdd1 and \ue0007\ue001 {{ value('floor') }} {{ '\\ufdd07\\ufdd1' }}"
    html = rendered(tmp_path, f"# T\n\n{text}\n").html
    assert html == "<p>A \ufffd0\ufffd and \ue0007\ue001 0.056 \ufffd</p>\n"
