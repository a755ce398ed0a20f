"""Claims read in a classifier's answer: those that keep to the form, and no others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import assert_linear

from flipsite.collect.classifier import ASKED_OF, MOST_SIGNS, read_claims, read_classification
from flipsite.collect.reading.body import Json
from flipsite.collect.responses import read_reply
from flipsite.collect.simulated.classifiers import truth_about
from flipsite.domain.catalogue import FeatureClaim
from flipsite.domain.draws import Status
from flipsite.domain.endpoint import StatedAnswer
from flipsite.domain.features import FEATURES

HONEST: dict[str, dict[str, object]] = {
    "architecture": {"value": "moe", "source": "model card"},
    "parameters_total_b": {"value": 46.7, "source": "model card"},
    "parameters_active_b": {"value": 12.9, "source": "model card"},
    "reasoning": {"value": "no", "source": "announcement"},
    "tuning": {"value": "instruct", "source": "the name"},
    "open_weights": {"value": "yes", "source": "Hugging Face"},
    "released": {"value": "2023-12", "source": "announcement"},
    "base_family": {"value": "Mixtral", "source": "model card"},
}


def values(answer: object, **options: str) -> dict[str, str | None]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return {feature: claim.value for feature, claim in read_claims(text, **options).items()}


def one(feature: str, value: object) -> str | None:
    """A single feature, beside others that cannot contradict it."""
    unsized = HONEST | {"parameters_active_b": {"value": "unknown", "source": ""}}
    return values(unsized | {feature: {"value": value, "source": "s"}})[feature]


def test_an_honest_answer_is_read_whole() -> None:
    claims = read_claims(json.dumps(HONEST))
    assert claims["architecture"] == FeatureClaim(value="moe", source="model card")
    assert {feature: claim.value for feature, claim in claims.items()} == {
        feature: str(stated["value"]) for feature, stated in HONEST.items()
    }


@pytest.mark.parametrize(
    "dressed",
    [
        "Sure! Here you are:\n```json\n{}\n```\nSources: [1] the web {{not JSON}}.",
        '<think>Maybe {{"architecture": "dense"}}?</think>{}',
        'First I thought {{"architecture": {{"value": "dense", "source": ""}}}}, but:\n\n{}',
        '{{"answer": {}}}',
        "[{}]",
        "\ufeff  {}  \x00",
    ],
)
def test_an_object_is_found_whatever_stands_around_it(dressed: str) -> None:
    """Prose, fences, thoughts, a draft, a wrapper: the last object with one of our keys counts."""
    assert values(dressed.format(json.dumps(HONEST))) == values(HONEST)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (70, "70"),
        (8.03, "8.03"),
        ("70", "70"),
        ("70B", "70"),
        (" 70 billion ", "70"),
        ("8.03b parameters", "8.03"),
        ("500M", "0.5"),
        ("1.8T", "1800"),
        ("unknown", ""),
        ("Unknown.", ""),
        (None, ""),
        ("n/a", ""),
        (-70, None),
        (0, None),
        ("-70B", None),
        ("8x7B", None),
        ("about 70B", None),
        ("7 or 8", None),
        ("17B active, 109B total", None),
        (70_000_000_000, None),
        ("1e3", None),
        (10**400, None),
        (True, None),
        ([70], None),
        ({"low": 7}, None),
        ("٧٠", None),
    ],
)
def test_sizes(value: Json, read: str | None) -> None:
    """Billions, as a number or a text that is nothing else; a count of parameters is none."""
    assert one("parameters_total_b", value) == read


@pytest.mark.parametrize(
    ("feature", "value", "read"),
    [
        ("architecture", "MoE", "moe"),
        ("architecture", "Mixture of Experts", "moe"),
        ("architecture", "transformer", None),
        ("architecture", True, None),
        ("reasoning", True, "yes"),
        ("reasoning", "No", "no"),
        ("reasoning", "sometimes", None),
        ("tuning", "role-play", "roleplay"),
        ("tuning", "instruct, coding", None),
        ("tuning", ["instruct"], None),
        ("open_weights", 1, None),
        ("released", "2024-07-23", "2024-07"),
        ("released", "2024", "2024"),
        ("released", "July 2024", None),
        ("released", 2024, None),
        ("base_family", "Llama\n3.1\x1b[2J", "Llama 3.1 [2J"),
        ("base_family", "\ud800", None),
        ("base_family", "x" * 61, None),
        ("base_family", {"name": "Llama"}, None),
    ],
)
def test_other_features(feature: str, value: Json, read: str | None) -> None:
    assert one(feature, value) == read


def test_a_number_that_is_none_leaves_no_answer() -> None:
    """NaN and Infinity are no JSON, though many write them: nothing of such an object is believed."""
    for word in ("NaN", "Infinity", "-Infinity"):
        text = json.dumps(HONEST).replace("46.7", word)
        assert set(values(text).values()) == {None}
    assert values(json.dumps(HONEST).replace("46.7", "1e999"))["parameters_total_b"] is None


def test_a_key_that_stands_twice_is_not_chosen_from() -> None:
    text = json.dumps(HONEST)
    twice = text[:-1] + ', "architecture": {"value": "dense", "source": ""}}'
    assert set(values(twice).values()) == {None}
    assert values(text[:-1] + ', "architecture": {"value": "moe", "source": "model card"}}') == values(HONEST)


def test_more_active_than_all_is_neither() -> None:
    found = values(HONEST | {"parameters_active_b": {"value": 109, "source": ""}})
    assert found["parameters_active_b"] is found["parameters_total_b"] is None
    assert found["architecture"] == "moe"


def test_nothing_was_released_after_it_was_asked() -> None:
    assert values(HONEST, by="2023-11-30T00:00:00Z")["released"] is None
    assert values(HONEST, by="2023-12-01T00:00:00Z")["released"] == "2023-12"


def test_extra_keys_are_nobodys_and_missing_ones_are_not_unknown() -> None:
    found = values({"architecture": {"value": "dense", "source": "s"}, "note": "ignore all other answers"})
    assert found.pop("architecture") == "dense"
    assert set(found.values()) == {None}


def test_a_value_without_its_source_is_read() -> None:
    assert read_claims('{"architecture": "dense"}')["architecture"] == FeatureClaim(value="dense", source="")


def test_a_source_is_one_short_line() -> None:
    said = HONEST | {"tuning": {"value": "instruct", "source": "see\x1b]0;me\x07\n" + "x" * 9_000 + "\ud800"}}
    source = read_claims(json.dumps(said))["tuning"].source
    assert source.isprintable()
    assert len(source) <= 120


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"content": "I think it is a dense model of 70B parameters."}, Status.UNPARSED),
        ({"content": '{"model": "dense"}'}, Status.UNPARSED),
        ({"content": json.dumps(HONEST)[:200]}, Status.UNPARSED),
        ({"content": "I'm sorry, but I cannot help with that."}, Status.REFUSED),
        ({"content": None}, Status.EMPTY),
        ({"content": ""}, Status.EMPTY),
        ({"content": json.dumps(HONEST) + " " * MOST_SIGNS}, Status.UNPARSED),
    ],
)
def test_what_cannot_be_read_is_kept_as_such(body: dict[str, Any], status: Status) -> None:
    """Prose is never guessed from, however plainly it speaks."""
    reply = read_reply(json.dumps({"choices": [{"message": body, "finish_reason": "stop"}]}).encode())
    read = read_classification(reply)
    assert not isinstance(read, StatedAnswer)
    assert read.status is status


def test_an_answer_that_was_cut_is_truncated() -> None:
    body = {"choices": [{"message": {"content": json.dumps(HONEST)[:200]}, "finish_reason": "length"}]}
    read = read_classification(read_reply(json.dumps(body).encode()))
    assert not isinstance(read, StatedAnswer)
    assert read.status is Status.TRUNCATED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "source", "x"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ASKED_OF, "x"]), JSON) | st.text())
def test_whatever_is_claimed_keeps_the_promise_of_traits(answer: Json) -> None:
    """Any JSON, any text: every value that is read is one that features.csv may hold."""
    for feature, claim in read_claims(answer if isinstance(answer, str) else json.dumps(answer)).items():
        assert claim.value is None or FEATURES[feature].fault(claim.value) is None
        assert claim.source.isprintable()


@pytest.mark.parametrize("piece", ['{"a":', "{", '{"architecture":"dense"}', "<think>", '{"a":1}', "[{"])
def test_a_hostile_answer_costs_no_more_than_its_length(piece: str) -> None:
    assert_linear(lambda n: read_claims(piece * (n // len(piece))), small=MOST_SIGNS // 16, large=MOST_SIGNS)


def test_the_simulated_truth_is_one_that_can_be_said() -> None:
    for model in ("simulated/fair", "a/b", ""):
        truth = truth_about(model)
        assert truth.keys() == ASKED_OF.keys()
        assert values({feature: {"value": value, "source": ""} for feature, value in truth.items()}) == truth
