"""Requests: the body that asks one question of one model."""

from collections.abc import Mapping
from typing import Any

from flipsite.collect.costs import Mode, completion_bound
from flipsite.collect.prompt import Question
from flipsite.domain.catalogue import Model
from flipsite.domain.study import Study

TOP_LOGPROBS = 20
"""Alternatives asked for at each token: the most that OpenRouter and vLLM take."""


def request_body(
    model: Model, question: Question, study: Study, mode: Mode, *, max_tokens: int | None = None
) -> dict[str, Any]:
    """The body posted to `/chat/completions`.

    Only what the model advertises is sent beside the prompt, and a bound of the completion, always: without
    one, providers reserve the price of their longest answer.

    Args:
        model: As in the catalogue.
        question: The draw, with its prompt and labels.
        study: Its settings and bounds.
        mode: `structured` asks for JSON with one of the labels, or a list of them.
        max_tokens: The bound of the completion, where it is known already.
    """
    bound = completion_bound(model, study) if max_tokens is None else max_tokens
    body = plain_body(model, question.text, max_tokens=bound)
    body |= sampling_settings(model, study)
    if mode == "structured":
        key, schema = _outcome_schema(question, study)
        body["response_format"] = json_schema("flip", {key: schema})
    if model.parameters and (mode == "structured" or "logprobs" in body):
        body["provider"] = body.get("provider", {}) | {"require_parameters": True}
    return body


def without_logprobs(body: Mapping[str, object]) -> dict[str, object]:
    """The body for a server that refuses to give log-probabilities."""
    return {name: value for name, value in body.items() if name not in ("logprobs", "top_logprobs")}


def sampling_settings(model: Model, study: Study) -> dict[str, Any]:
    """The study's settings as far as the model takes them, the same in every request to it."""
    sampling = study.sampling
    numbers = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    body: dict[str, Any] = dict(study.request)
    body |= {name: value for name, value in numbers.items() if value is not None and takes(model, name)}
    if sampling.reasoning is not None:
        body |= _reasoning(model, sampling.reasoning)
    if sampling.logprobs and takes(model, "logprobs"):
        body["logprobs"] = True
        body |= {"top_logprobs": TOP_LOGPROBS} if takes(model, "top_logprobs") else {}
    if study.provider:
        body["provider"] = dict(study.provider)
    return body


def unsent_settings(model: Model, study: Study) -> tuple[str, ...]:
    """The study's settings that are not sent to a model, for it does not advertise them."""
    sampling = study.sampling
    wanted = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    wanted |= {"logprobs": sampling.logprobs or None}
    return tuple(name for name, value in wanted.items() if value is not None and not takes(model, name))


def _reasoning(model: Model, effort: str) -> dict[str, Any]:
    """The effort in the form the model advertises; nothing to a model that never reasons."""
    if "reasoning" in model.parameters:
        return {"reasoning": {"effort": effort}}
    if "reasoning_effort" in model.parameters or not model.parameters:
        return {"reasoning_effort": effort}
    return {}


def plain_body(model: Model, text: str, *, max_tokens: int) -> dict[str, Any]:
    """The fields of every request: the model, the prompt, the bound, and the request for its price."""
    body: dict[str, Any] = {
        "model": model.id,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
    }
    if model.price is not None and model.parameters:  # as OpenRouter's; other servers know no `usage`
        body["usage"] = {"include": True}
    return body


def sent_bound(body: Mapping[str, object]) -> int:
    """The bound of the completion in a request's body, by either of its names; 0 without one."""
    bound = body.get("max_tokens", body.get("max_completion_tokens"))
    return bound if isinstance(bound, int) else 0


def takes(model: Model, parameter: str) -> bool:
    """Whether a parameter may be sent: it is advertised, or the catalogue advertises none at all."""
    return not model.parameters or parameter in model.parameters


def names_completion(model: Model) -> bool:
    """Whether a model advertises `max_completion_tokens` and not `max_tokens`."""
    return "max_completion_tokens" in model.parameters and "max_tokens" not in model.parameters


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
