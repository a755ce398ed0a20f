"""The request to a classifier: a question, a name that is data, a schema that says `unknown`, and a bound."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flipsite.collect.classifier import (
    ASKED_OF,
    askable,
    classifier_run,
    question_text,
    questions,
    usual_usd,
)
from flipsite.collect.simulated.classifiers import asked_about
from flipsite.domain.catalogue import Model, Price
from flipsite.domain.features import ASKINGS, FEATURES
from flipsite.domain.money import usd
from flipsite.domain.study import Budget

SONAR = Model(
    id="perplexity/sonar",
    context_length=127_072,
    parameters=("max_tokens", "temperature", "top_p"),
    price=Price(prompt_usd=usd(1e-6), completion_usd=usd(1e-6), web_search_usd=usd(0.005)),
)


def body(model: Model = SONAR, *, mode: str = "structured") -> dict[str, object]:
    (question, *_) = questions(["a/b"])
    model_run = classifier_run(model, budget=Budget(total_usd=usd(5.0)), mode="structured")
    return dict(model_run.request(question, "text" if mode == "text" else "structured"))


def schema() -> dict[str, object]:
    form = body()["response_format"]
    assert isinstance(form, dict)
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    found: dict[str, object] = form["json_schema"]["schema"]
    return found


def answer(**changes: object) -> dict[str, object]:
    known: dict[str, object] = dict.fromkeys(ASKED_OF, "unknown")
    known |= {"released": "2024-07", "base_family": "Llama 3.1"} | changes
    return {feature: {"value": value, "source": ""} for feature, value in known.items()}


@pytest.mark.parametrize(
    ("said", "valid"),
    [
        (answer(), True),
        (answer(parameters_total_b=70.6, architecture="moe", tuning="roleplay", reasoning="no"), True),
        (answer(parameters_total_b="70B"), False),
        (answer(architecture="sparse"), False),
        (answer() | {"verdict": "fair"}, False),
        ({"architecture": {"value": "moe", "source": ""}}, False),
        (answer() | {"architecture": "moe"}, False),
    ],
)
def test_the_schema_takes_what_was_asked_for_and_nothing_else(said: dict[str, Any], valid: bool) -> None:
    """By an independent validator; each feature may be unknown, and each has a source."""
    Draft202012Validator.check_schema(schema())
    assert Draft202012Validator(schema()).is_valid(said) is valid


def test_every_feature_asked_for_is_one_that_the_file_may_hold() -> None:
    assert ASKED_OF.keys() <= FEATURES.keys()
    for feature, what in ASKED_OF.items():
        assert all(f'"{choice}"' in what for choice in FEATURES[feature].choices)


def test_a_schema_is_sent_even_where_none_is_promised_and_insisted_on_only_where_it_is() -> None:
    """Perplexity's entry names no structured outputs; requiring them would leave no endpoint."""
    assert "provider" not in body()
    promised = Model(id="a/b", parameters=("max_tokens", "structured_outputs"), price=SONAR.price)
    assert body(promised)["provider"] == {"require_parameters": True}
    assert "response_format" not in body(mode="text")


def test_a_request_is_bounded_and_its_worst_case_covers_it() -> None:
    (question, *_) = questions(["a/b"])
    model_run = classifier_run(SONAR, budget=Budget(total_usd=usd(5.0)), mode="structured")
    request = model_run.request(question, "structured")
    assert request["max_tokens"] == 2_048
    assert usd(0.005 + 2_048e-6) < model_run.worst_usd(question, request) < usd(0.01)
    assert usual_usd(SONAR) < model_run.worst_usd(question, request)


def test_all_of_one_model_is_asked_before_the_next() -> None:
    """So that a budget that ends early leaves answers that can be held against each other."""
    asked = [(question.labels[0], question.draw) for question in questions(["a/b", "c/d"])]
    assert asked == [("a/b", n) for n in range(ASKINGS)] + [("c/d", n) for n in range(ASKINGS)]


@given(st.text())
def test_a_name_is_one_json_string_on_a_line_of_its_own(name: str) -> None:
    """Whatever it holds: quotes, line ends, braces, half a surrogate."""
    text, told = question_text(name), json.dumps("a/b")
    lines, others = text.splitlines(), question_text("a/b").splitlines()
    (place,) = [index for index, line in enumerate(others) if told in line]
    assert asked_about(text) == name
    assert lines.pop(place) == others.pop(place).replace(told, json.dumps(name))
    assert lines == others


@pytest.mark.parametrize("name", ["", "a/" + "b" * 200, "a/b\n", "a\x00", "a/\u200bb", "\ud800"])
def test_what_can_be_no_models_name_is_not_asked_about(name: str) -> None:
    assert not askable(name)
    assert askable("a/b:free")
