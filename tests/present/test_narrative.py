"""Narrative: numbers are computed, markup is markdown's, and faults are told by line."""

from pathlib import Path

import pytest
from markupsafe import Markup

from flipsite.errors import ContentError
from flipsite.present.pages.narrative import Narrative, known, render_narrative

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
        ("{{ nonsense }}", "'nonsense' is undefined."),
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
