"""A classifier: how it is asked what a model is, in what form, and what that costs."""

from collections.abc import Mapping
from typing import Any

from flipsite.collect.claims import READER, read_classification
from flipsite.collect.course import Course
from flipsite.collect.forecast import (
    Mode,
    about_tokens,
    bound_of,
    supports_structure,
    tokens_usd,
    worst_case_usd,
)
from flipsite.collect.prompt import Question
from flipsite.collect.request import json_schema, plain_body, strict
from flipsite.collect.wording import ASKED_OF, question_text
from flipsite.domain.catalogue import Model
from flipsite.domain.features import FEATURES
from flipsite.domain.study import Budget


def classifier_course(classifier: Model, *, budget: Budget, mode: Mode) -> Course:
    """How a classifier is asked.

    JSON is asked for by schema even where the catalogue does not promise it, as of Perplexity's models: who
    does not know schemas ignores it, and who objects is asked for text.
    """

    def request(question: Question, mode: Mode) -> Mapping[str, object]:
        bound = bound_of(classifier, text=question.text, budget=budget, usual=_GENEROUS)
        body = plain_body(classifier, question.text, max_tokens=bound)
        if mode == "structured":
            body["response_format"] = json_schema(
                "model", {feature: _schema(feature) for feature in ASKED_OF}
            )
            if supports_structure(classifier):
                body["provider"] = {"require_parameters": True}
        return body

    def worst(question: Question, request: Mapping[str, object]) -> float:
        return worst_case_usd(classifier, text=question.text, max_tokens=int(str(request["max_tokens"])))

    return Course(
        model=classifier.id,
        mode=mode,
        request=request,
        worst_usd=worst,
        read=lambda _question, reply, _mode: read_classification(reply),
        reader=READER,
        free=classifier.id.endswith(":free"),
    )


def usual_usd(classifier: Model) -> float:
    """What one answer costs about."""
    thought = _USUAL_THOUGHT if classifier.reasoning and classifier.reasoning_default is not False else 0
    return tokens_usd(classifier, about_tokens(question_text("author/model")), _USUAL_ANSWER + thought)


def _schema(feature: str) -> dict[str, Any]:
    spec = FEATURES[feature]
    value: dict[str, Any] = {"type": "string"}
    if spec.kind == "choice":
        value["enum"] = [*spec.choices, "unknown"]
    elif spec.kind == "number":
        value = {"anyOf": [{"type": "number"}, {"type": "string", "enum": ["unknown"]}]}
    return strict({"value": value, "source": {"type": "string"}})


_USUAL_ANSWER, _USUAL_THOUGHT, _GENEROUS = 500, 600, 2_048
"""Tokens: of an answer with its sources, of what is thought before it, and what bounds it."""
