"""`study.toml`: the settings of a study, read and written."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from flipsite.domain.distribution import (
    MOST_PER_ANSWER,
    KeyFaultError,
    check_method,
    check_per_answer,
    prompt_of,
)
from flipsite.domain.money import dollars, plain_record, usd
from flipsite.domain.study import (
    MOST_BUDGET_USD,
    AnswerMode,
    Budget,
    Kind,
    LabelMode,
    Method,
    MethodKind,
    ModelChoice,
    OrderMode,
    OutcomeForm,
    Prompt,
    Sampling,
    Skip,
    StatedPrice,
    Study,
)
from flipsite.project import packaged
from flipsite.settings.sections import (
    TEXT,
    TEXTS,
    Number,
    Section,
    Text,
    check_sections,
    one_of,
    read_sections,
    section,
    setting,
    toml_lines,
)


def default_study(study_id: str) -> Study:
    """A study of the article's prompt with every setting at its default."""
    return _study(study_id, _StudyFile())


def load_study(folder: Path) -> Study:
    """Read `study.toml` of a study's folder.

    Raises:
        SettingsError: A line for each fault: file, key, what was expected, nearest valid key.
    """
    path = folder / "study.toml"
    return _study(folder.name, read_sections(path, _StudyFile))


def check_study(study: Study) -> None:
    """Check a study that was not read from a file as one that was.

    Raises:
        SettingsError: A line for each fault: the study's id, key, what was expected.
    """
    check_sections(Path(study.id), tomllib.loads(dump_study(study)), _StudyFile)


_PLACEHOLDERS: Mapping[OutcomeForm, str] = {
    "pair": "{first} and {second} are replaced by the labels",
    "list": "{options} is replaced by the labels, {shares} by the labels with their shares",
    "range": "{low} and {high} are replaced by the ends of the range",
}

_NO_PROVIDER = """
# [provider]: sent as the endpoint's own object `provider`
# order = … (absent: the endpoint's own choice, as for all of these)
# only = …
# ignore = …
# quantizations = …
# allow_fallbacks = …
"""
_NO_REQUEST = "\n# [request]: further fields of the request, sent as they are\n"


def dump_study(study: Study) -> str:
    """`study.toml` with every key spelled out; reading it gives the study back."""

    def maybe(key: str, value: float | str | None, comment: str) -> str:
        return f"# {key} = … {comment}\n" if value is None else toml_lines(**{key: value})

    prompt, sampling, models, budget = study.prompt, study.sampling, study.models, study.budget
    prices = "".join(f"\n[[models.price]]\n{toml_lines(**plain_record(price))}" for price in models.price)
    skips = "".join(
        f"\n[[models.skip]]\n{toml_lines(id=skip.id, reason=skip.reason)}" for skip in models.skip
    )
    return (
        "[study]\n"
        + toml_lines(title=study.title, kind=study.kind.value, summary=study.summary, source=study.source)
        + toml_lines(started=study.started or "")
        + f"\n[prompt]\n# {_PLACEHOLDERS[prompt.form]}; every other brace is text.\n"
        + toml_lines(template=prompt.template, target=_target(prompt), labels=prompt.labels)
        + _outcome_line(prompt)
        + toml_lines(orders=prompt.orders)
        + "\n[sampling]\n"
        + toml_lines(draws=sampling.draws)
        + toml_lines(per_answer=sampling.per_answer)
        + maybe("temperature", sampling.temperature, "(absent: the provider's default)")
        + maybe("top_p", sampling.top_p, "(absent: the provider's default)")
        + maybe("reasoning", sampling.reasoning, "(absent: the provider's default effort)")
        + maybe("max_tokens", sampling.max_tokens, "(absent: chosen for each model, within the budget)")
        + toml_lines(answer=sampling.answer)
        + toml_lines(logprobs=sampling.logprobs)
        + maybe("timeout_s", sampling.timeout_s, "(absent: 180 s between two pieces of an answer)")
        + toml_lines(give_up_after=sampling.give_up_after)
        + f"\n[method]\n{toml_lines(**asdict(study.method))}"
        + "\n[models]\n"
        + toml_lines(include=list(models.include), exclude=list(models.exclude))
        + skips
        + prices
        + "\n[budget]\n"
        + (
            maybe("total_usd", dollars(budget.total_usd), "(absent: no bound of its own; --budget sets one)")
            if budget.shared_with is None
            else toml_lines(shared_with=budget.shared_with)
        )
        + maybe("per_model_usd", dollars(budget.per_model_usd), "(absent: no bound)")
        + (f"\n{toml_lines(provider=study.provider)}" if study.provider else _NO_PROVIDER)
        + (f"\n{toml_lines(request=study.request)}" if study.request else _NO_REQUEST)
    )


def _target(prompt: Prompt) -> object:
    if prompt.form == "pair":
        return prompt.target
    return "uniform" if len(set(prompt.shares)) == 1 else list(prompt.shares)


def _outcome_line(prompt: Prompt) -> str:
    if prompt.form == "pair":
        return toml_lines(pair=list(prompt.outcomes))
    if prompt.form == "range":
        return f"outcomes = {{ from = {prompt.outcomes[0]}, to = {prompt.outcomes[-1]} }}\n"
    return toml_lines(outcomes=list(prompt.outcomes))


def study_keys() -> list[tuple[str, str, object]]:
    """Every key of `study.toml` but `[[models.skip]]`: its name, what it takes, and its default."""
    default = _StudyFile()
    return [
        (f"{section}.{key}", field.description or "", getattr(getattr(default, section), key))
        for section, table in _StudyFile.model_fields.items()
        if isinstance(getattr(default, section), Section)
        for key, field in type(getattr(default, section)).model_fields.items()
        if table.description and key not in {"skip", "price"}
    ]


def _article_prompt() -> str:
    """The article's prompt, from the one place where it is written down."""
    path = packaged("content") / "studies" / "article-2025" / "study.toml"
    template: str = tomllib.loads(path.read_text(encoding="utf-8"))["prompt"]["template"]
    return template


_PAIR = "a list of two different texts, neither empty"


class _StudySection(Section):
    title: Text = setting("", TEXT)
    kind: Annotated[Kind, Field(strict=False)] = setting(Kind.MEASURED, one_of(Kind))
    summary: Text = setting("", TEXT)
    source: Text = setting("", "a text: an address or a citation")
    started: Text = setting(
        "", 'a text: a date such as "2026-11-23"', pattern=r"^(\d{4}(-\d{2}(-\d{2}.*)?)?)?$"
    )


class _PromptSection(Section):
    template: Text = Field(
        default_factory=_article_prompt, description="a text that is not empty", min_length=1
    )
    target: Any = setting(0.5, 'a number from 0 to 1, "uniform", or a list of shares or of whole weights')
    labels: LabelMode = setting("fixed", one_of(LabelMode))
    pair: list[Text] = setting(["0", "1"], _PAIR, min_length=2, max_length=2)
    outcomes: Any = setting(None, "in place of pair: a list of texts, or { from = 1, to = 100 }")
    orders: OrderMode = setting("one", one_of(OrderMode))

    @model_validator(mode="after")
    def _fits_together(self) -> "_PromptSection":
        self.prompt()
        return self

    def prompt(self) -> Prompt:
        given = self.model_fields_set
        return prompt_of(
            template=self.template,
            pair=self.pair if "pair" in given else None,
            outcomes=self.outcomes,
            target=self.target if "target" in given else None,
            labels=self.labels,
            orders=self.orders,
        )


class _SamplingSection(Section):
    draws: int = setting(50, "a whole number of at least 1", ge=1)
    per_answer: int = setting(1, f"a whole number from 1 to {MOST_PER_ANSWER:,}", ge=1, le=MOST_PER_ANSWER)
    temperature: Number | None = setting(None, "a number from 0 to 2", ge=0, le=2)
    top_p: Number | None = setting(None, "a number above 0 and up to 1", gt=0, le=1)
    reasoning: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] | None = setting(
        None, 'an effort as the catalogue advertises it, such as "none", "low" or "high"'
    )
    max_tokens: int | None = setting(None, "a whole number of at least 16", ge=16)
    answer: AnswerMode = setting("text", one_of(AnswerMode))
    logprobs: bool = setting(False, "true or false")
    timeout_s: Number | None = setting(None, "a number of seconds, from 1 to 86400", ge=1, le=86_400)
    give_up_after: int = setting(10, "a whole number, 0 for never", ge=0)


class _MethodSection(Section):
    kind: MethodKind = setting("direct", one_of(MethodKind))
    proposal: Number = setting(0.5, "a number between 0 and 1", gt=0, lt=1)


class _ProviderSection(Section):
    order: list[Text] = setting([], TEXTS)
    only: list[Text] = setting([], TEXTS)
    ignore: list[Text] = setting([], TEXTS)
    quantizations: list[Text] = setting([], TEXTS)
    allow_fallbacks: bool | None = setting(None, "true or false")


class _SkipEntry(Section):
    id: Text = setting(..., "the model's name, a text")
    reason: Text = setting(..., "the reason, a text")


class _PriceEntry(Section):
    id: Text = setting(..., "a model's name or a glob, a text")
    prompt_usd_per_million: Number = setting(..., "US dollars a million tokens", ge=0, le=1e6)
    completion_usd_per_million: Number = setting(..., "US dollars a million tokens", ge=0, le=1e6)

    def price(self) -> StatedPrice:
        return StatedPrice(
            id=self.id,
            prompt_usd_per_million=usd(self.prompt_usd_per_million),
            completion_usd_per_million=usd(self.completion_usd_per_million),
        )


class _ModelsSection(Section):
    include: list[Text] = setting(["*"], TEXTS)
    exclude: list[Text] = setting([], TEXTS)
    skip: list[_SkipEntry] = setting([], "tables [[models.skip]] with id and reason")
    price: list[_PriceEntry] = setting([], "tables [[models.price]] with id and two prices")


_DOLLARS = "a number of dollars, from 0 to a billion"


class _BudgetSection(Section):
    total_usd: Number | None = setting(None, _DOLLARS, ge=0, le=MOST_BUDGET_USD)
    per_model_usd: Number | None = setting(None, _DOLLARS, ge=0, le=MOST_BUDGET_USD)
    shared_with: Text | None = setting(
        None, "the id of the study whose total_usd this one shares, as `flipsite arms` writes it"
    )

    @model_validator(mode="after")
    def _one_total(self) -> "_BudgetSection":
        if self.shared_with is not None and self.total_usd is not None:
            raise KeyFaultError("total_usd", "is that of the study in shared_with; leave one of them out")
        return self

    def budget(self) -> Budget:
        total, own = (None if each is None else usd(each) for each in (self.total_usd, self.per_model_usd))
        return Budget(total_usd=total, per_model_usd=own, shared_with=self.shared_with)


class _StudyFile(Section):
    study: _StudySection = section(_StudySection, "a table [study]")
    prompt: _PromptSection = section(_PromptSection, "a table [prompt]")
    sampling: _SamplingSection = section(_SamplingSection, "a table [sampling]")
    method: _MethodSection = section(_MethodSection, "a table [method]")
    models: _ModelsSection = section(_ModelsSection, "a table [models]")
    budget: _BudgetSection = section(_BudgetSection, "a table [budget]")
    provider: _ProviderSection = section(_ProviderSection, "a table [provider]")
    request: dict[str, Any] = setting({}, "a table [request] of further fields of the request")

    @model_validator(mode="after")
    def _only_further_fields(self) -> "_StudyFile":
        if taken := sorted(_OWN_FIELDS & self.request.keys()):
            raise KeyFaultError(f"request.{taken[0]}", "flipsite sets this field itself; take it out")
        try:
            json.dumps(self.request, allow_nan=False)
        except (TypeError, ValueError):
            raise KeyFaultError("request", "holds what JSON cannot, such as a date or inf") from None
        return self

    @model_validator(mode="after")
    def _sequences_are_asked_for(self) -> "_StudyFile":
        prompt = self.prompt.prompt()
        check_per_answer(prompt, self.sampling.per_answer)
        check_method(prompt, self.method.kind, self.sampling.per_answer)
        if self.sampling.logprobs and self.sampling.per_answer > 1:
            raise KeyFaultError("sampling.logprobs", "is read of one draw an answer; leave per_answer out")
        return self


_OWN_FIELDS = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "response_format"}
    | {"reasoning", "reasoning_effort", "provider", "usage", "stream", "stream_options", "n", "logprobs"}
    | {"top_logprobs"}
)


def _study(study_id: str, read: _StudyFile) -> Study:
    return Study(
        id=study_id,
        title=read.study.title or study_id,
        kind=read.study.kind,
        summary=read.study.summary,
        source=read.study.source,
        started=read.study.started or None,
        prompt=read.prompt.prompt(),
        sampling=Sampling(**read.sampling.model_dump()),
        models=ModelChoice(
            include=tuple(read.models.include),
            exclude=tuple(read.models.exclude),
            skip=tuple(Skip(id=entry.id, reason=entry.reason) for entry in read.models.skip),
            price=tuple(entry.price() for entry in read.models.price),
        ),
        budget=read.budget.budget(),
        method=Method(**read.method.model_dump()),
        provider={key: value for key, value in read.provider.model_dump().items() if value not in ([], None)},
        request=read.request,
    )
