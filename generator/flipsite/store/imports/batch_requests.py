"""The request file of an OpenAI batch: what was asked, which its output does not repeat."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from flipsite.domain.display import plural
from flipsite.domain.distribution import KeyFaultError, prompt_of
from flipsite.domain.study import Prompt, Sampling, Study
from flipsite.errors import UsageError
from flipsite.store.imports.cells import number_of
from flipsite.store.imports.files import head_of, is_json, is_parquet, opened_text, reading
from flipsite.store.imports.json_records import Record, json_records
from flipsite.store.imports.record_paths import value_at

_KEYS = frozenset(["custom_id", "body", "url"])


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequests:
    """The requests of a batch.

    Attributes:
        models: The model that each request asks, by its `custom_id`.
        prompts: The different prompts, in the order in which they come.
        temperatures: The different temperatures; None is the provider's default.
        top_ps: The different values of top_p; None is the provider's default.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    temperatures: tuple[float | None, ...] = ()
    top_ps: tuple[float | None, ...] = ()

    @property
    def note(self) -> str:
        """A sentence on what a study takes from the requests."""
        if len(self.prompts) == 1:
            return "Models, and a new study's prompt and settings, were taken from the batch's requests."
        prompts = plural(len(self.prompts), "different prompt")
        return f"Models were taken from the batch's requests; these hold {prompts}, so a study names none."

    def described(self, study: Study) -> Study:
        """The study with the prompt and the settings of all requests, where they are the same in all."""
        sampling = study.sampling
        if len(self.temperatures) == 1:
            sampling = replace(sampling, temperature=self.temperatures[0])
        if len(self.top_ps) == 1:
            sampling = replace(sampling, top_p=self.top_ps[0])
        prompt = _prompt(study.prompt, self.prompts[0]) if len(self.prompts) == 1 else study.prompt
        return replace(study, prompt=prompt, sampling=_within_bounds(sampling, study.sampling))


def split_requests(paths: Sequence[Path]) -> tuple[list[Path], BatchRequests | None]:
    """Separate the request files of batches from the files to import.

    Returns:
        The files to import, and the requests; None where no file holds any.

    Raises:
        UsageError: If there are requests and nothing else, or a request file cannot be read.
    """
    requests = [path for path in paths if _is_request_file(path)]
    if not requests:
        return list(paths), None
    others = [path for path in paths if path not in requests]
    if not others:
        raise UsageError(
            f"{requests[0]}: holds the requests of a batch and no answers; name the batch's output file too"
        )
    return others, _requests(record for path in requests for record in _records(path))


def _is_request_file(path: Path) -> bool:
    try:
        return any(record.keys() >= _KEYS for record in islice(_records(path), 1))
    except UsageError:
        return False  # the import reports what is wrong with it


def _records(path: Path) -> Iterable[Record]:
    with reading(path):
        if is_parquet(head_of(path)):
            return
        with opened_text(path) as text:
            if is_json(path, text):
                yield from (record for _, record in json_records(path, text) if isinstance(record, dict))


def _requests(records: Iterable[Record]) -> BatchRequests:
    models, prompts = dict[str, str](), dict[str, None]()
    temperatures, top_ps = dict[float | None, None](), dict[float | None, None]()
    for record in records:
        name, model = record.get("custom_id"), value_at(record, "body.model")
        if isinstance(name, str) and isinstance(model, str) and model.strip():
            models[name] = model.strip()
        if prompt := _prompt_text(record):
            prompts[prompt] = None
        temperatures[number_of(value_at(record, "body.temperature"))] = None
        top_ps[number_of(value_at(record, "body.top_p"))] = None
    return BatchRequests(
        models=models, prompts=tuple(prompts), temperatures=tuple(temperatures), top_ps=tuple(top_ps)
    )


def _prompt_text(record: Record) -> str:
    """The texts of a request's messages, or its prompt."""
    messages = value_at(record, "body.messages")
    if not isinstance(messages, list):
        text = value_at(record, "body.prompt") or value_at(record, "body.input")
        return text if isinstance(text, str) else ""
    parts = [message.get("content") for message in messages if isinstance(message, dict)]
    texts = [
        content
        if isinstance(content, str)
        else "".join(str(part.get("text", "")) for part in content or () if isinstance(part, dict))
        for content in parts
        if isinstance(content, str | list)
    ]
    return "\n\n".join(text for text in texts if text)


def _prompt(prompt: Prompt, text: str) -> Prompt:
    """The prompt with this text as its template; as it was where the text cannot be one.

    Of more than two outcomes a template says where they are: a list of them, or the ends of a range.
    """
    labels, template = prompt.outcomes, text
    outcomes: object = None
    if prompt.form == "list":
        outcomes, template = list(labels), text.replace(", ".join(labels), "{options}", 1)
    elif prompt.form == "range":
        outcomes = {"from": int(labels[0]), "to": int(labels[-1])}
        ends = rf"(?<!\d){labels[0]}(\D{{1,30}}?){labels[-1]}(?!\d)"
        template = re.sub(ends, r"{low}\1{high}", text, count=1)
    try:
        found = prompt_of(
            template=template,
            pair=labels if outcomes is None else None,
            outcomes=outcomes,
            target=list(prompt.shares),
            labels=prompt.labels,
            orders=prompt.orders,
        )
    except KeyFaultError:
        return prompt
    return replace(prompt, template=found.template)


def _within_bounds(sampling: Sampling, before: Sampling) -> Sampling:
    """The settings, those that no study may have being left as they were."""
    temperature, top_p = sampling.temperature, sampling.top_p
    return replace(
        sampling,
        temperature=temperature if temperature is None or 0 <= temperature <= 2 else before.temperature,
        top_p=top_p if top_p is None or 0 < top_p <= 1 else before.top_p,
    )
