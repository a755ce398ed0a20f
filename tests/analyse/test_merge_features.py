from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.analyse.features.infer import catalogue_features, known_features
from flipsite.analyse.features.merge import FeatureChange, RefusedValue, by_model, in_proportion, joined
from flipsite.domain.catalogue import Model, Price
from flipsite.domain.features import FEATURES, SOURCES
from flipsite.domain.money import usd
from flipsite.domain.study import Feature

LISTED = Model(
    id="qwen/qwen3-coder",
    created="2025-07-23",
    context_length=262144,
    inputs=("text",),
    outputs=("text",),
    parameters=("max_tokens", "temperature"),
    price=Price(prompt_usd=usd(2e-7), completion_usd=usd(8e-7)),
    hugging_face_id="Qwen/Qwen3-Coder-480B-A35B-Instruct",
    tokenizer="Qwen3",
)


def row(value: str, source: str, confidence: float | None = 1.0, note: str = "") -> Feature:
    return Feature(
        model="a/b", feature="reasoning", value=value, source=source, confidence=confidence, note=note
    )


def test_a_catalogues_entry() -> None:
    """Its own fields, and what the name of its open weights states."""
    found = {feature.feature: feature for feature in catalogue_features(LISTED)}
    assert {name: feature.value for name, feature in found.items()} == {
        "architecture": "moe",
        "context_length": "262144",
        "modality": "text>text",
        "open_weights": "yes",
        "parameters_active_b": "35",
        "parameters_total_b": "480",
        "price_completion": "0.8",
        "reasoning": "no",
        "released": "2025-07-23",
        "tokenizer": "Qwen3",
        "tuning": "coding",
    }
    assert {feature.model for feature in found.values()} == {LISTED.id}
    assert {feature.source for feature in found.values()} == {"catalogue"}
    assert found["released"].confidence == 0.6
    assert all(FEATURES[name].fault(feature.value) is None for name, feature in found.items())


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        (replace(LISTED, reasoning=True, reasoning_mandatory=True), "yes"),
        (replace(LISTED, reasoning=True, reasoning_default=True), "yes"),
        (replace(LISTED, reasoning=True, reasoning_default=False), "no"),
        (replace(LISTED, reasoning=True), None),
        (replace(LISTED, parameters=()), None),
    ],
)
def test_that_it_can_reason_does_not_say_that_it_does(entry: Model, value: str | None) -> None:
    found = {feature.feature: feature.value for feature in catalogue_features(entry)}
    assert found.get("reasoning") == value


def test_what_changes_says_when_it_was_so() -> None:
    """A price and a context are the catalogue's of one day."""
    found = {row.feature: row for row in known_features("a/b", LISTED, day="2025-09-08", providers={})}
    assert found["price_completion"].note == found["context_length"].note == "on 2025-09-08"
    assert {row.model for row in found.values()} == {"a/b"}, "the name the study knows it by"
    assert (found["author"].value, found["author"].source) == ("a", "name")


def test_who_served_a_model_is_told_by_its_answers() -> None:
    found = known_features("b", None, day="", providers={"Novita": 3, "DeepInfra": 40, "Azure": 3})
    (row,) = found
    assert row.value == "DeepInfra, Azure, Novita"
    assert row.note == "as the answers say: DeepInfra 40, Azure 3, Novita 3"


def test_an_empty_entry_says_one_thing() -> None:
    """That no weights are named, and that is not sure."""
    (feature,) = catalogue_features(Model(id="a/b"))
    assert (feature.feature, feature.value, feature.confidence) == ("open_weights", "no", 0.6)


@pytest.mark.parametrize("source", ["curated", "article"])
def test_a_persons_value_is_never_overwritten(source: str) -> None:
    """A value that would have changed it is reported."""
    kept, found = row("no", source, 0.3), row("yes", "name", 1.0)
    after = joined([kept], [found])
    assert after.features == (kept,)
    assert after.changed == ()
    assert after.refused == (RefusedValue(kept=kept, found=found),)


def test_a_persons_unknown_is_kept_too() -> None:
    kept = row("", "curated", None, "asked its makers; they do not say")
    assert joined([kept], [row("yes", "classifier")]).features == (kept,)


@pytest.mark.parametrize(
    ("yours", "found", "told"),
    [("2024-12", "2024-12-05", 0), ("2024-12-05", "2024", 0), ("2024-12", "2025", 1)],
)
def test_a_day_does_not_contradict_its_month(yours: str, found: str, told: int) -> None:
    kept = Feature(model="a/b", feature="released", value=yours, source="curated")
    after = joined([kept], [replace(kept, value=found, source="catalogue", confidence=0.6)])
    assert after.features == (kept,)
    assert len(after.refused) == told


def test_what_nobody_knew_is_filled() -> None:
    kept, found = row("", "", None, "the name does not say"), row("yes", "catalogue", 0.2)
    after = joined([kept], [found])
    assert after.features == (found,)
    assert after.changed == (FeatureChange(before=kept, after=found),)


def test_the_surer_counts_and_of_equals_the_nearer_source() -> None:
    assert joined([], [row("no", "classifier", 0.9), row("yes", "name", 1.0)]).features[0].value == "yes"
    assert joined([], [row("no", "classifier", 1.0), row("yes", "name", 1.0)]).features[0].value == "yes"
    assert joined([row("no", "name", 0.8)], [row("yes", "classifier", 0.6)]).features[0].value == "no"


def test_a_source_may_correct_itself() -> None:
    """This year's catalogue replaces last year's, even where it is less sure."""
    assert joined([row("no", "catalogue", 1.0)], [row("yes", "catalogue", 0.6)]).features[0].value == "yes"


DOUBT = row("", "classifier", None, "says yes once, no once")


def test_a_source_that_cannot_tell_says_so_where_nothing_better_is_known() -> None:
    """Its doubt is kept as a note, without a value and without a source."""
    kept = replace(DOUBT, source="")
    assert joined([], [DOUBT]).features == (kept,)
    assert joined([row("", "", None, "the name does not say")], [DOUBT]).features == (kept,)
    assert joined([row("no", "catalogue", 0.2)], [DOUBT]).features[0].value == "no"
    assert joined([], [DOUBT, row("no", "catalogue", 0.2)]).features[0].value == "no"
    assert joined([row("yes", "curated")], [DOUBT]).refused == ()


def test_a_source_that_comes_to_doubt_takes_back_what_it_said() -> None:
    """What another source says, however unsure, then counts."""
    before = row("yes", "classifier", 0.9)
    assert joined([before], [DOUBT]).features[0].value == ""
    assert joined([before], [DOUBT, row("no", "catalogue", 0.2)]).features[0].value == "no"


def test_no_model_uses_more_parameters_than_it_has() -> None:
    """A surer source says how many it has: who contradicts that is not believed on the active ones."""
    size = Feature(model="a/b", feature="parameters_total_b", value="7", source="name", confidence=1.0)
    active = replace(size, feature="parameters_active_b", value="27", source="classifier", note="p/sonar")
    fitting, other = replace(active, value="7"), replace(active, model="c/d")
    found = in_proportion([active, other, size], [size])
    assert found == (replace(active, value="", confidence=None, note="27 of 7 in all: p/sonar"), other, size)
    assert in_proportion([fitting], [size]) == (fitting,)


ROWS = st.lists(
    st.builds(
        Feature,
        model=st.sampled_from(["a/b", "a/c", "~x"]),
        feature=st.just("reasoning"),
        value=st.sampled_from(["yes", "no", ""]),
        source=st.sampled_from(SOURCES),
        confidence=st.sampled_from([0.3, 0.6, 1.0]),
    ),
    max_size=8,
)


@given(ROWS, ROWS, st.randoms())
def test_the_order_of_findings_does_not_matter_and_a_second_run_changes_nothing(
    kept: list[Feature], found: list[Feature], random: Random
) -> None:
    first = joined(kept, found)
    shuffled = list(found)
    random.shuffle(shuffled)
    assert joined(kept, shuffled) == first
    again = joined(first.features, found)
    assert again.features == first.features
    assert again.changed == ()


def test_findings_that_differ_only_in_their_confidence_have_an_order_too() -> None:
    stands = Feature(model="a/c", feature="reasoning", value="no", source="catalogue", confidence=0.6)
    unsure, surer = (
        replace(stands, value="yes", source="classifier", confidence=sure) for sure in (0.3, 0.6)
    )
    told = joined([], [stands, unsure, surer]).overruled
    assert [one.found for one in told] == [surer, unsure]
    assert joined([], [surer, unsure, stands]).overruled == told


def test_a_models_features_stand_in_the_order_of_the_schema() -> None:
    rows = [
        Feature(model="a/b", feature=feature, value="", source="") for feature in reversed(list(FEATURES))
    ]
    assert [feature.feature for feature in by_model(rows)["a/b"]] == list(FEATURES)
