"""Logs of other tools, recognised by their shape, as records of our columns: one function a tool."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flipsite.domain.draws import standard_finish_reason
from flipsite.errors import UsageError
from flipsite.store.imports.cells import number_of
from flipsite.store.imports.columns import OURS
from flipsite.store.imports.json_records import Numbered, Record, json_object
from flipsite.store.imports.record_paths import value_at

SOURCES = ("auto", "table", "openai-batch", "lm-eval", "inspect", "promptfoo", "litellm")
"""Values of `--from`: a tool's name, `auto` to recognise it, `table` for a file that is none of them."""

CACHED = "cached"
"""The column of a log that says whether an answer came from a cache."""

_MOST_RESULTS_BYTES = 2**26
_MODEL_ARGUMENT = re.compile(r"(?:^|,)(?:pretrained|model)=([^,]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """A tool's log.

    Attributes:
        name: As `--from` names it.
        title: As a sentence names it.
        keys: The keys by which an entry is recognised.
        draws: The records of an entry, or words for why it has none; given the model that the whole log
            names, where it does.
        nameless: Words for a draw that names no model, where more can be said than that.
    """

    name: str
    title: str
    keys: frozenset[str]
    draws: Callable[[Record, str | None], Iterator[Record | str]]
    nameless: str = ""


def recognised(path: Path, names: Collection[str], source: str) -> LogFormat | None:
    """The format of a log whose entries have these keys; None for a plain table.

    Raises:
        UsageError: If the user named a format that has others.
    """
    keys = set(names)
    for log in FORMATS:
        if source == log.name and not log.keys <= keys:
            missing = ", ".join(repr(key) for key in sorted(log.keys - keys))
            raise UsageError(f"{path}: not {log.title}: its first entry has no {missing}; try --from auto")
        if source in {"auto", log.name} and log.keys <= keys:
            return log
    return None


def log_in(document: Record, source: str) -> tuple[LogFormat, list[Record], str | None] | None:
    """The log that is one object: its format, its entries and its model; None where it is none.

    Recognised are the results of promptfoo, and a log of Inspect in JSON.
    """
    is_log = isinstance(document.get("eval"), dict) and not {"samples", "plan"}.isdisjoint(document)
    if source in {"auto", "inspect"} and is_log:
        return INSPECT, _objects(document.get("samples")), _text(value_at(document, "eval.model"))
    if source in {"auto", "promptfoo"}:
        entries = _objects(value_at(document, "results.results")) or _objects(document.get("results"))
        if entries and _PROMPTFOO.keys <= entries[0].keys():
            return _PROMPTFOO, entries, None
    return None


def log_records(
    entries: Iterator[Numbered], log: LogFormat, *, model: str | None, asked: Mapping[str, str] | None = None
) -> Iterator[Numbered]:
    """The draws of a log's entries, each with the entry's other keys and its line.

    Where lm-eval passed a sample through several filters, the sample is there once for each; one is taken.

    Args:
        entries: With their lines.
        log: Their format.
        model: The model that the whole log names, where it does.
        asked: The model that each request of a batch asked, by its `custom_id`.
    """
    wanted = None
    for line, entry in entries:
        if isinstance(entry, dict):
            wanted = wanted or entry.get("filter")
            if log.name == "lm-eval" and entry.get("filter") != wanted:
                continue
            rest = {name: value for name, value in entry.items() if name not in OURS}
            for record in log.draws(entry, model):
                if isinstance(record, str):
                    yield line, record
                    continue
                named = rest | (_asked(record, entry, asked) if asked else record)
                yield line, named if named.get("model") or not log.nameless else log.nameless
        else:
            yield line, entry


def _asked(record: Record, entry: Record, asked: Mapping[str, str]) -> Record:
    """A draw of the model that was asked; the one that answered is kept beside it where it is another."""
    served, name = record.get("model"), entry.get("custom_id")
    model = asked.get(name) if isinstance(name, str) else None
    if model is None:
        return record
    return record | {"model": model, "served_model": served if served != model else None}


def model_beside(path: Path) -> str | None:
    """The model that the results file beside lm-eval's samples names; None without such a file.

    Raises:
        UsageError: If several results files could be meant, and name different models.
    """
    stamp = path.name.rpartition("_")[2].partition(".json")[0]
    exact = path.parent / f"results_{stamp}.json"
    files = [exact] if exact.exists() else sorted(path.parent.glob("results_*.json"))
    models = {model for model in map(_model_of_results, files) if model}
    if len(models) > 1:
        raise UsageError(f"{path}: the results files beside it name several models; choose one with --model")
    return next(iter(models), None)


def _model_of_results(path: Path) -> str | None:
    if path.stat().st_size > _MOST_RESULTS_BYTES:
        return None
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        return None
    if not isinstance(results, dict):
        return None
    named = _text(results.get("model_name")) or _text(value_at(results, "config.model_name"))
    arguments = value_at(results, "config.model_args")
    if isinstance(arguments, dict):
        return named or _text(arguments.get("pretrained")) or _text(arguments.get("model"))
    found = _MODEL_ARGUMENT.search(arguments) if isinstance(arguments, str) else None
    return named or (found[1] if found else None) or _text(value_at(results, "config.model"))


def _openai_batch(entry: Record, model: str | None) -> Iterator[Record]:
    """A line of the output or error file of OpenAI's batch API."""
    body = value_at(entry, "response.body")
    body = json_object(body) if isinstance(body, str) else body
    failed = entry.get("error") or not isinstance(body, dict) or body.get("error")
    if failed or not isinstance(body, dict):
        asked = value_at(entry, "response.body.model") or model
        yield {"model": asked, "response": None, "status": "error"}
    elif "output" in body:
        yield {"asked_at": body.get("created_at")} | _response(body)
    else:
        yield from ({"asked_at": body.get("created")} | each for each in _completions(body))


def _lm_eval(entry: Record, model: str | None) -> Iterator[Record | str]:
    """A sample of EleutherAI's lm-evaluation-harness: each of its generated texts."""
    found = False
    for requested in _list(entry.get("resps")):
        for text in [requested] if _is_likelihood(requested) else _list(requested) or [requested]:
            if text is None or isinstance(text, str):
                found = True
                yield {"model": model, "response": text}
    if not found:
        yield "holds likelihoods of given answers and no answer; a task of type generate_until has answers"


def _is_likelihood(requested: Any) -> bool:
    """Whether it is a log-likelihood, and whether that answer is the likeliest; as numbers or as texts."""
    return (
        isinstance(requested, list)
        and len(requested) == 2
        and str(requested[1]) in {"True", "False"}
        and number_of(requested[0]) is not None
    )


def _inspect(entry: Record, model: str | None) -> Iterator[Record]:
    """A sample of the UK AISI's Inspect; the model is the one that the log asked, where it names one."""
    usage = value_at(entry, "output.usage")
    usage = usage if isinstance(usage, dict) else {}
    served = _text(value_at(entry, "output.model"))
    asked = served if model in {None, "none/none"} else model
    draw = {
        "model": asked,
        "served_model": None if served is None or str(asked).endswith(served) else served,
        "prompt_tokens": _sum(usage, "input_tokens", "input_tokens_cache_read", "input_tokens_cache_write"),
        "completion_tokens": usage.get("output_tokens"),
        "reasoning_tokens": usage.get("reasoning_tokens"),
        "cost_usd": usage.get("total_cost"),
        "latency_s": value_at(entry, "output.time"),
        "asked_at": entry.get("started_at"),
    }
    choices = _objects(value_at(entry, "output.choices"))
    if entry.get("error") or not choices:
        yield draw | {"response": None, "status": "error"}
        return
    for choice, share in zip(choices, _shares(draw, len(choices)), strict=True):
        yield share | {
            "response": _content(value_at(choice, "message.content")),
            "finish_reason": _finish_reason(choice.get("stop_reason")),
        }


def _promptfoo(entry: Record, _: str | None) -> Iterator[Record]:
    """A result of promptfoo."""
    provider, response = entry.get("provider"), entry.get("response")
    model = provider.get("id") if isinstance(provider, dict) else provider
    response = response if isinstance(response, dict) else {}
    latency = number_of(entry.get("latencyMs"))
    draw = {
        "model": model,
        "prompt_tokens": value_at(response, "tokenUsage.prompt"),
        "completion_tokens": value_at(response, "tokenUsage.completion"),
        "cost_usd": response.get("cost", entry.get("cost")),
        "latency_s": None if latency is None else latency / 1000,
        "finish_reason": _finish_reason(response.get("finishReason")),
        CACHED: response.get("cached") is True,
    }
    if "output" in response:
        yield draw | {"response": _content(response["output"])}
    else:
        yield draw | {"response": None, "status": "error"}


def _litellm(entry: Record, _: str | None) -> Iterator[Record | str]:
    """A row of LiteLLM's table of spend."""
    answer = entry.get("response")
    body = json_object(answer) if isinstance(answer, str) else answer
    if answer and not isinstance(body, dict):
        yield "holds a response that is no JSON object"
        return
    body = body if isinstance(body, dict) else {}
    answered = entry.get("status") != "failure" and (number_of(entry.get("completion_tokens")) or 0) > 0
    if answered and not body.get("choices"):
        yield "holds no answer; LiteLLM keeps answers with `store_prompts_in_spend_logs: true`"
        return
    began, ended = _moment(entry.get("startTime")), _moment(entry.get("endTime"))
    seconds = (ended - began).total_seconds() if began and ended else None
    draw = {
        "model": entry.get("model"),
        "provider": entry.get("custom_llm_provider") or None,
        "prompt_tokens": entry.get("prompt_tokens"),
        "completion_tokens": entry.get("completion_tokens"),
        "cost_usd": entry.get("spend"),
        "latency_s": seconds,
        "asked_at": entry.get("startTime"),
        CACHED: str(entry.get("cache_hit")).casefold() == "true",
    }
    failed: Record = {"response": None, "status": "error"}
    completions = list(_completions(body)) if body.get("choices") else [failed]
    for completion, share in zip(completions, _shares(draw, len(completions)), strict=True):
        yield completion | share


def _completions(body: Record) -> Iterator[Record]:
    """The answers of a completion of an OpenAI-compatible server, of which `n` may have been asked for."""
    choices = _objects(body.get("choices")) or [{}]
    draw = {
        "model": body.get("model"),
        "prompt_tokens": value_at(body, "usage.prompt_tokens"),
        "completion_tokens": value_at(body, "usage.completion_tokens"),
        "reasoning_tokens": value_at(body, "usage.completion_tokens_details.reasoning_tokens"),
        "cost_usd": value_at(body, "usage.cost"),
    }
    for choice, share in zip(choices, _shares(draw, len(choices)), strict=True):
        content = _content(value_at(choice, "message.content")) or _text(choice.get("text"))
        refusal = _text(value_at(choice, "message.refusal"))
        yield share | _said(content, refusal, _finish_reason(choice.get("finish_reason")))


def _response(body: Record) -> Record:
    """The answer of OpenAI's responses API: the texts of its messages."""
    messages = [each for each in _objects(body.get("output")) if each.get("type") == "message"]
    parts = [part for message in messages for part in _objects(message.get("content"))]
    texts = [part.get("text") for part in parts if part.get("type") == "output_text"]
    refusals = [part.get("refusal") for part in parts if part.get("type") == "refusal"]
    cut = value_at(body, "incomplete_details.reason") == "max_output_tokens"
    return {
        "model": body.get("model"),
        "prompt_tokens": value_at(body, "usage.input_tokens"),
        "completion_tokens": value_at(body, "usage.output_tokens"),
        "reasoning_tokens": value_at(body, "usage.output_tokens_details.reasoning_tokens"),
    } | _said(_joined(texts), _joined(refusals), "length" if cut else _text(body.get("status")))


def _said(content: str | None, refusal: str | None, finish_reason: str | None) -> Record:
    refused = bool(refusal) and not content
    return {
        "response": refusal if refused else content,
        "status": "refused" if refused else None,
        "finish_reason": finish_reason,
    }


def _shares(draw: Record, n: int) -> list[Record]:
    """A draw for each of the answers to one request, which share its tokens and its cost."""
    if n == 1:
        return [draw]
    shares = [dict(draw) for _ in range(n)]
    for name in _SHARED:
        total = number_of(draw.get(name))
        whole = name != "cost_usd" and total is not None and total.is_integer()
        for index, share in enumerate(shares):
            if total is not None:
                share[name] = (int(total) + n - 1 - index) // n if whole else total / n
    return shares


_SHARED = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_usd")


def _joined(texts: Sequence[Any]) -> str | None:
    return "".join(text for text in texts if isinstance(text, str)) or None


def _content(content: Any) -> str | None:
    """The text of a message, which may be in parts; reasoning is no part of it."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list):
        return _joined([part.get("text") for part in _objects(content) if part.get("type", "text") == "text"])
    return json.dumps(content, ensure_ascii=False)


def _finish_reason(reason: Any) -> str | None:
    word = _text(reason)
    return standard_finish_reason(word) if word else word


def _objects(values: Any) -> list[Record]:
    return [value for value in _list(values) if isinstance(value, dict)]


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _sum(usage: Record, *names: str) -> int | None:
    counts = [usage[name] for name in names if isinstance(usage.get(name), int)]
    return sum(counts) if counts else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


INSPECT = LogFormat(
    name="inspect", title="a log of Inspect", keys=frozenset(["epoch", "input", "output"]), draws=_inspect
)
_PROMPTFOO = LogFormat(
    name="promptfoo",
    title="results of promptfoo",
    keys=frozenset(["latencyMs", "provider", "vars"]),
    draws=_promptfoo,
)
FORMATS: Sequence[LogFormat] = (
    LogFormat(
        name="openai-batch",
        title="the output of an OpenAI batch",
        keys=frozenset(["custom_id", "response", "error"]),
        draws=_openai_batch,
        nameless="failed, and names no model; name the batch's request file too, or the model with --model",
    ),
    LogFormat(
        name="lm-eval",
        title="samples of lm-evaluation-harness",
        keys=frozenset(["doc_id", "resps"]),
        draws=_lm_eval,
    ),
    INSPECT,
    _PROMPTFOO,
    LogFormat(
        name="litellm",
        title="LiteLLM's log of spend",
        keys=frozenset(["request_id", "spend", "startTime", "response"]),
        draws=_litellm,
    ),
)
