"""Templates render as Jinja's own environment renders them, whatever its code generator is taught."""

from pathlib import Path

import jinja2
import pytest

from flipsite.present.pages.templates import environment, render

PARTS = {
    "part.html": "[{{ x is defined }}]",
    "base.html": "1{% block main %}{% include 'part.html' without context %}3{% endblock %}{{ self.main() }}",
}


@pytest.mark.parametrize(
    "text",
    [
        "{{ x }}, {{ [x, 2] | join('&') }}{% if x %} & {{ x.lower() }}{% endif %}",
        "A{% include 'part.html' %}B{% include 'part.html' without context %}C",
        "{% if x %}A{% include 'part.html' without context %}B{% endif %}C",
        "A{% include ['none.html', 'part.html'] %}B{% include 'none.html' ignore missing %}C",
        "{% macro row(y) %}<{{ y }}{{ caller() }}>{% endmacro %}{% call row(x) %}{{ x }}{% endcall %}A",
        "{% for y in [1, [2]] recursive %}{{ loop(y) if y is iterable else y }}{% endfor %}A",
        "A{% set y %}{{ x }}{% include 'part.html' %}{% endset %}{{ y }}{% filter upper %}a{% endfilter %}",
        "{% extends 'base.html' %}{% block main %}{{ super() }}{{ x }}{% endblock %}",
        "A{% if x %}{% extends 'base.html' %}{% endif %}{% block main %}B{% endblock %}C",
        "{% import 'part.html' as part with context %}A{{ part }}B",
    ],
)
def test_a_template_gives_what_jinja_gives(tmp_path: Path, text: str) -> None:
    """Text joined block by block is in the order in which Jinja yields it."""
    for name, part in (PARTS | {"page.html": text}).items():
        (tmp_path / name).write_text(part)
    plain = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), autoescape=True)
    assert render(environment([tmp_path]), "page.html", x="<o>") == plain.get_template("page.html").render(
        x="<o>"
    )
