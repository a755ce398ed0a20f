"""A classifier's answers together: as sure as they agree, and no dissent is hidden."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.analyse.features.merge import SUREST, agreed_features
from flipsite.domain.catalogue import FeatureClaim
from flipsite.domain.features import FEATURES
from flipsite.domain.study import Feature


def agreed(feature: str, *said: str | None, askings: int = 3) -> Feature | None:
    answers = [
        {feature: FeatureClaim(value=value, source=f"page {n}")} for n, value in enumerate(said, start=1)
    ]
    found = agreed_features("a/b", answers, classifier="p/sonar", askings=askings)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("said", "value", "confidence", "note"),
    [
        (["moe", "moe", "moe"], "moe", 0.9, "p/sonar, 3 of 3 (source: page 1)"),
        (["", "moe", "moe"], "moe", 0.6, "p/sonar, 2 of 3, but unknown once (source: page 2)"),
        (["moe", None, "moe"], "moe", 0.6, "p/sonar, 2 of 3, but unreadable once (source: page 1)"),
        (["moe", "moe"], "moe", 0.6, "p/sonar, 2 of 3 (source: page 1)"),
        (["moe", "dense", "moe"], "moe", 0.3, "p/sonar, 2 of 3, but dense once (source: page 1)"),
        (["", "", "moe"], "moe", 0.3, "p/sonar, 1 of 3, but unknown twice (source: page 3)"),
        (["moe", "dense"], "", None, "p/sonar does not agree with itself: moe once, dense once"),
        (
            ["dense", "", "moe"],
            "",
            None,
            "p/sonar does not agree with itself: dense once, moe once, unknown once",
        ),
    ],
)
def test_confidence_is_agreement_less_contradiction(
    said: list[str | None], value: str, confidence: float | None, note: str
) -> None:
    found = agreed("architecture", *said)
    assert found is not None
    assert (found.value, found.confidence, found.note) == (value, confidence, note)
    assert found.source == "classifier"


@pytest.mark.parametrize("said", [[], ["", "", ""], [None, None], [None, "", None]])
def test_where_nothing_is_stated_nothing_is_told(said: list[str | None]) -> None:
    assert agreed("architecture", *said) is None


def test_numbers_within_a_twentieth_say_the_same() -> None:
    """The value is one that was stated, from the middle."""
    found = agreed("parameters_total_b", "8.03", "8", "8.2")
    assert found is not None
    assert (found.value, found.confidence) == ("8.03", 0.9)
    apart = agreed("parameters_total_b", "8", "8.5", "70")
    assert apart is not None
    assert (apart.value, apart.note) == (
        "",
        "p/sonar does not agree with itself: 8 once, 8.5 once, 70 once",
    )


def test_spellings_of_one_name_say_the_same_and_versions_do_not() -> None:
    found = agreed("base_family", "Llama 3.1", "llama-3.1", "LLaMA3.1")
    assert found is not None
    assert (found.value, found.confidence) == ("Llama 3.1", 0.9)
    apart = agreed("base_family", "Llama 3.1", "Llama 31")
    assert apart is not None
    assert apart.value == ""


SAID = st.lists(st.none() | st.sampled_from(["", "moe", "dense"]), max_size=3)


@given(SAID)
def test_the_order_of_answers_does_not_matter(said: list[str | None]) -> None:
    """To value and confidence; the source named is the first that says so."""
    found = {
        (one.value, one.confidence) if (one := agreed("architecture", *order)) else None
        for order in itertools.permutations(said)
    }
    assert len(found) == 1


@given(st.lists(st.none() | st.just("") | st.floats(0.001, 1e5).map(lambda x: f"{x:.6g}"), max_size=3))
def test_a_value_was_stated_and_its_confidence_is_in_range(said: list[str | None]) -> None:
    found = agreed("parameters_total_b", *said)
    if found is not None and found.value:
        assert found.value in said
        assert found.confidence is not None
        assert 0 < found.confidence <= SUREST
        assert FEATURES[found.feature].fault(found.value) is None


@given(SAID)
def test_a_contradiction_never_makes_surer(said: list[str | None]) -> None:
    """An answer that says otherwise instead of nothing lowers the confidence, or leaves no value."""
    before = agreed("architecture", "moe", *["" if one != "moe" else one for one in said][:2])
    after = agreed("architecture", "moe", *["dense" if one != "moe" else one for one in said][:2])
    assert before is not None
    if after is not None and after.value == "moe":
        assert (after.confidence or 0) <= (before.confidence or 0)
