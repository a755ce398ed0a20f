"""Links out of the site: plain web addresses alone, whatever a text says."""

from dataclasses import replace

import pytest

from flipsite.domain.catalogue import Model
from flipsite.domain.study import Feature, Kind, Study
from flipsite.present.text.external_links import links_in, model_links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("(https://arxiv.org/abs/2401.00001), weights", [("Article", "https://arxiv.org/abs/2401.00001")]),
        ("doi:10.1000/xyz(1)", [("DOI", "https://doi.org/10.1000/xyz")]),
        ("https://doi.org/10.1214/ss/1009213286;", [("DOI", "https://doi.org/10.1214/ss/1009213286")]),
        ("https://github.com/a/b and again https://github.com/a/b", [("Code", "https://github.com/a/b")]),
        ("weights at https://huggingface.co/a/b", [("Weights", "https://huggingface.co/a/b")]),
    ],
)
def test_addresses_and_dois_become_links(text: str, links: list[tuple[str, str]]) -> None:
    assert [(link.label, link.url) for link in links_in(text)] == links


def test_only_a_text_of_the_author_leads_to_any_host() -> None:
    """A classifier may have written a note."""
    text = "see https://example.org/a_b?c=d#e."
    assert links_in(text) == ()
    (link,) = links_in(text, label="Source")
    assert (link.label, link.url) == ("Source", "https://example.org/a_b?c=d#e")


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://user:secret@example.org/",
        "https://localhost/",
        "https://[::1",
        "https://\N{RIGHT-TO-LEFT OVERRIDE}example.org/",
        "version 10.1 of 2024/05",
        "",
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    assert links_in(text, label="Source") == ()


def test_a_model_leads_to_its_provider_its_weights_and_what_its_notes_name(study: Study) -> None:
    entry = Model(id="a/x:free", canonical="a/x-2025", hugging_face_id="A/X-7B")
    notes = [Feature(model="a/x:free", feature="tuning", value="base", source="curated", note="10.1000/182")]
    cited = replace(study, source="https://example.org/article")
    assert [(link.label, link.url) for link in model_links(cited, entry, notes)] == [
        ("Provider", "https://openrouter.ai/a/x:free"),
        ("Weights", "https://huggingface.co/A/X-7B"),
        ("DOI", "https://doi.org/10.1000/182"),
        ("Study’s source", "https://example.org/article"),
    ]


def test_a_hostile_catalogue_leads_nowhere(study: Study) -> None:
    entry = Model(id="a/x", canonical="../../x", hugging_face_id="x?y=<script>")
    assert model_links(study, entry, []) == ()


def test_a_simulated_model_has_no_provider(study: Study) -> None:
    entry = Model(id="coin/fair", canonical="coin/fair", hugging_face_id="a/x")
    assert model_links(replace(study, kind=Kind.SIMULATED), entry, []) == ()
