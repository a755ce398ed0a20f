"""Batch files after OpenAI's form: requests that are sent to an endpoint as a file and answered within a day.

Each line of a request file holds one request and the `custom_id` by which its answer is found: the study, the
model and the draw, as `trial/openai/gpt-4o-mini/12`. Each line of an output file holds that id and one HTTP
answer. Endpoints charge half the price for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flipsite.collect.reading.body import Json
from flipsite.collect.responses import Action, Failure, Reply, read_exchange
from flipsite.domain.money import NOTHING

PATH = "/v1/chat/completions"
"""Path that each request is sent to, as the form wants it."""

DISCOUNT = 2
"""Divisor of the announced price for a request in a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchKey:
    """The draw that a line is about."""

    study: str
    model: str
    draw: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnswer:
    """One line of an output file.

    Attributes:
        key: The draw it is about; None of another program's line.
        code: HTTP status; None where the request was never sent, for the batch expired or was cancelled.
        body: The answer as the line holds it; None where none came.
        error: The batch's own error, where it has one.
        created: Unix seconds of the answer; None where it is not said.
    """

    key: BatchKey | None
    code: int | None
    body: bytes | None
    error: str | None
    created: float | None

    def result(self, *, mode: str) -> Reply | Failure:
        """The completion, or why there is none, by the rules for any other answer."""
        if self.body is None or self.code is None:
            reason = f"the batch brought no answer: {self.error or 'no reason given'}"
            return Failure(action=Action.DRAW, reason=reason, cost_usd=NOTHING)
        return read_exchange(self.code, {}, self.body, mode=mode, now=self.created or 0.0)


def request_line(key: BatchKey, body: Mapping[str, object]) -> str:
    """One request as a line of a request file."""
    line = {"custom_id": custom_id(key), "method": "POST", "url": PATH, "body": body}
    return json.dumps(line, ensure_ascii=False) + "\n"


def custom_id(key: BatchKey) -> str:
    """The id of a draw; a model's name may hold slashes, a study's id holds none."""
    return f"{key.study}/{key.model}/{key.draw}"


def read_custom_id(text: object) -> BatchKey | None:
    """The draw that an id names; None where it is not one of ours."""
    if not isinstance(text, str):
        return None
    study, _, rest = text.partition("/")
    model, _, draw = rest.rpartition("/")
    if not study or not model or not draw.isascii() or not draw.isdecimal() or len(draw) > _MOST_DIGITS:
        return None
    return BatchKey(study=study, model=model, draw=int(draw))


def read_output_line(line: str) -> BatchAnswer | None:
    """One line of an output or error file; None where it is none."""
    try:
        fields: Json = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or "custom_id" not in fields:
        return None
    response = _mapping(fields.get("response"))
    code, body = response.get("status_code"), response.get("body")
    created = _mapping(body).get("created")
    return BatchAnswer(
        key=read_custom_id(fields["custom_id"]),
        code=code if isinstance(code, int) and 100 <= code <= 599 else None,
        body=None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        error=_error(fields.get("error")),
        created=float(created) if isinstance(created, int | float) and 0 < created < _MOST_UNIX_S else None,
    )


_MOST_DIGITS = 9
_MOST_UNIX_S = 4e9


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _error(error: Json) -> str | None:
    """The words of a batch's own error, such as `batch_expired: This request could not be executed …`."""
    if error is None:
        return None
    fields = _mapping(error)
    words = [part for key in ("code", "message") if isinstance(part := fields.get(key), str)]
    return ": ".join(words) or json.dumps(error, ensure_ascii=False)
