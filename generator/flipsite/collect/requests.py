"""Requests: the body that asks one question of one model."""

from collections.abc import Mapping
from typing import Any

from flipsite.collect.pricing import Mode, completion_bound
from flipsite.collect.prompt import Question
from flipsite.domain.catalogue import Model
from flipsite.domain.study import Study


def request_body(model: Model, question: Question, study: Study, mode: Mode) -> dict[str, Any]:
    """What is posted to `/chat/completions`.

    Only what the model advertises is sent beside the prompt, and `max_tokens`, always: without it, providers
    set aside the price of their longest answer.

    Args:
        model: As in the catalogue.
        question: The draw, with its prompt and labels.
        study: Its temperature and bounds.
        mode: `structured` asks for JSON with one of the labels, or a list of them.
    """
    body = plain_body(model, question.text, max_tokens=completion_bound(model, study))
    if sends_temperature(model, study):
        body["temperature"] = study.sampling.temperature
    if mode == "structured":
        key, schema = _outcome_schema(question, study)
        body["response_format"] = json_schema("flip", {key: schema})
        if model.parameters:
            body["provider"] = {"require_parameters": True}
    return body


def plain_body(model: Model, text: str, *, max_tokens: int) -> dict[str, Any]:
    """What every request holds: the model, the prompt, the bound, and the wish to be told the price."""
    body: dict[str, Any] = {
        "model": model.id,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
    }
    if "max_completion_tokens" in model.parameters and "max_tokens" not in model.parameters:
        body["max_completion_tokens"] = max_tokens
    if model.price is not None:  # catalogues without prices are local servers', which know no `usage`
        body["usage"] = {"include": True}
    return body


def sends_temperature(model: Model, study: Study) -> bool:
    """Whether the study sets a temperature that the model takes; the others are a stratum of their own."""
    return study.sampling.temperature is not None and "temperature" in model.parameters


def json_schema(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A `response_format`: an object with all of these keys and no other."""
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "strict": True, "schema": strict(properties)},
    }


def strict(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object with all of these keys and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _outcome_schema(question: Question, study: Study) -> tuple[str, dict[str, Any]]:
    """The key of a structured answer, and what it may hold: labels in the prompt's order, or numbers."""
    prompt, count = study.prompt, study.sampling.per_answer
    turned = [*question.labels[question.order :], *question.labels[: question.order]]
    one: dict[str, Any] = {"type": "string", "enum": turned}
    if prompt.form == "range":
        one = {"type": "integer", "minimum": int(question.labels[0]), "maximum": int(question.labels[-1])}
    if count == 1:
        return "outcome", one
    return "outcomes", {"type": "array", "items": one, "minItems": count, "maxItems": count}
