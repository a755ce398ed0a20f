"""`study.toml` and `published.toml`: read, checked, frozen.

The only home of pydantic outside `collect`. All faults of a file are told at once, a sentence each.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import parse_qsl, urlsplit

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from flipsite.domain.counts import PrintedCounts
from flipsite.domain.distribution import (
    MOST_PER_ANSWER,
    KeyFaultError,
    check_method,
    check_per_answer,
    prompt_of,
)
from flipsite.domain.engine import ENGINE_OPTIONS, EngineChoice, ProjectFile
from flipsite.domain.estimates import Printed, PrintedBias
from flipsite.domain.site import SiteInfo
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
from flipsite.errors import SettingsError
from flipsite.project import PRINTED_FILE, PROJECT_FILE, packaged


def default_study(study_id: str) -> Study:
    """A study of the article's prompt with every setting at its default."""
    return _study(study_id, _StudyFile())


def load_study(folder: Path) -> Study:
    """Read `study.toml` of a study's folder.

    Raises:
        SettingsError: A line for each fault: file, key, what was expected, nearest valid key.
    """
    path = folder / "study.toml"
    return _study(folder.name, _read(path, _StudyFile))


def load_project(root: Path) -> ProjectFile:
    """Read `flipsite.toml` at a project's root; where there is none, nothing is set.

    Raises:
        SettingsError: A line for each fault.
    """
    path = root / PROJECT_FILE
    if not path.exists():
        return ProjectFile()
    read = _read(path, _ProjectFile)
    known = ENGINE_OPTIONS[read.engine.name]
    if unknown := [key for key in read.engine.options if key not in known]:
        raise SettingsError(
            f"{path}: engine.options.{unknown[0]}: a project may not set this option of {read.engine.name}; "
            f"it may set {', '.join(known)}."
        )
    engine = EngineChoice(name=read.engine.name, options=read.engine.options)
    return ProjectFile(engine=engine, draws=read.draws, site=_site_info(read.site))


def load_printed(folder: Path) -> Printed:
    """Read `published.toml`, the printed figures of a study of kind `published`.

    Raises:
        SettingsError: If the file is missing or faulty, a line for each fault.
    """
    path = folder / PRINTED_FILE
    read = _read(path, _FiguresFile)
    n_printed = len(read.least_biased.rows) + len(read.most_biased.rows)
    if read.scale.models < n_printed:
        raise SettingsError(
            f"{path}: scale.models: expected at least the {n_printed} printed, found {read.scale.models}."
        )
    figures = [figure for table in (read.least_biased, read.most_biased) for _, figure in table.rows]
    if odd := [figure for figure in figures if not _FIGURE.fullmatch(figure)]:
        raise SettingsError(f"{path}: {odd[0]!r} is no printed bias; expected one such as 0.125.")
    fewest, most = read.scale.draws_between
    if not 1 <= fewest <= most:
        raise SettingsError(
            f"{path}: scale.draws_between: expected two whole numbers, fewest and most, "
            f"found {[fewest, most]}."
        )
    return Printed(
        rows=_printed_rows("least", read.least_biased) + _printed_rows("most", read.most_biased),
        n_models=read.scale.models,
        draws_low=read.scale.draws_between[0],
        draws_high=read.scale.draws_between[1],
        draws_about=read.scale.draws_about,
        spend_run_usd=read.spend.run_usd,
        spend_total_usd=read.spend.total_usd,
        roleplay=tuple(read.roleplay.models),
        roleplay_none_in=read.roleplay.none_in,
    )


def load_counts(folder: Path, *, n_outcomes: int) -> tuple[PrintedCounts, ...] | None:
    """Read the counts of `published.toml`, sorted by model; None where it has tables of figures instead.

    Args:
        folder: Of a study of kind `published`.
        n_outcomes: k.

    Raises:
        SettingsError: If the file is missing or faulty, a line for each fault.
    """
    path = folder / PRINTED_FILE
    content = _parse(path)
    if "counts" not in content:
        return None
    stated = [(entry.printed(n_outcomes), entry) for entry in _check(path, content, _CountsFile).counts]
    faults = [f"{path}: counts of {entry.model!r}: {row}." for row, entry in stated if isinstance(row, str)]
    found = [row for row, _ in stated if not isinstance(row, str)]
    twice = [model for model, n in Counter(row.model for row in found).items() if n > 1]
    faults += [f"{path}: counts of {model!r}: stand twice; add them up, or take one out." for model in twice]
    if faults:
        raise SettingsError("\n".join(faults))
    return tuple(sorted(found, key=lambda row: row.model))


def dump_counts(rows: Sequence[PrintedCounts]) -> str:
    """`published.toml` of these counts; reading it gives them back."""
    entries = (
        _lines(model=row.model)
        + (_lines(ones=row.counts[1]) if _is_coin(row) else _lines(outcomes=list(row.counts)))
        + _lines(draws=row.n_draws)
        + (_lines(source=row.source) if row.source else "")
        for row in rows
    )
    return "\n".join(f"[[counts]]\n{entry}" for entry in entries)


def _is_coin(row: PrintedCounts) -> bool:
    """Whether ones and draws say all of a row."""
    return len(row.counts) == 2 and sum(row.counts) == row.n_draws


_PLACEHOLDERS: Mapping[OutcomeForm, str] = {
    "pair": "{first} and {second} are replaced by the labels",
    "list": "{options} is replaced by the labels, {shares} by the labels with their shares",
    "range": "{low} and {high} are replaced by the ends of the range",
}


def dump_study(study: Study) -> str:
    """`study.toml` with every key spelled out; reading it gives the study back."""

    def maybe(key: str, value: float | str | None, comment: str) -> str:
        return f"# {key} = … {comment}\n" if value is None else _lines(**{key: value})

    prompt, sampling, models, budget = study.prompt, study.sampling, study.models, study.budget
    prices = "".join(f"\n[[models.price]]\n{_lines(**asdict(price))}" for price in models.price)
    skips = "".join(f"\n[[models.skip]]\n{_lines(id=skip.id, reason=skip.reason)}" for skip in models.skip)
    return (
        "[study]\n"
        + _lines(title=study.title, kind=study.kind.value, summary=study.summary, source=study.source)
        + _lines(started=study.started or "")
        + f"\n[prompt]\n# {_PLACEHOLDERS[prompt.form]}; every other brace is text.\n"
        + _lines(template=prompt.template, target=_target(prompt), labels=prompt.labels)
        + _outcome_line(prompt)
        + _lines(orders=prompt.orders)
        + "\n[sampling]\n"
        + _lines(draws=sampling.draws)
        + (_lines(per_answer=sampling.per_answer) if sampling.per_answer > 1 else "")
        + maybe("temperature", sampling.temperature, "(absent: the provider's default)")
        + maybe("top_p", sampling.top_p, "(absent: the provider's default)")
        + maybe("reasoning", sampling.reasoning, "(absent: the provider's default effort)")
        + maybe("max_tokens", sampling.max_tokens, "(absent: chosen for each model, within the budget)")
        + _lines(answer=sampling.answer)
        + _lines(logprobs=sampling.logprobs)
        + maybe("timeout_s", sampling.timeout_s, "(absent: 180 s between two pieces of an answer)")
        + _lines(give_up_after=sampling.give_up_after)
        + ("" if study.method.kind == "direct" else f"\n[method]\n{_lines(**asdict(study.method))}")
        + "\n[models]\n"
        + _lines(include=list(models.include), exclude=list(models.exclude))
        + skips
        + prices
        + "\n[budget]\n"
        + (
            maybe("total_usd", budget.total_usd, "(absent: no bound of its own; --budget sets one)")
            if budget.shared_with is None
            else _lines(shared_with=budget.shared_with)
        )
        + maybe("per_model_usd", budget.per_model_usd, "(absent: no bound)")
        + (f"\n{_lines(provider=study.provider)}" if study.provider else "")
        + (f"\n{_lines(request=study.request)}" if study.request else "")
    )


def _lines(**values: object) -> str:
    # A multi-line TOML string would read back \r\n as \n.
    return tomli_w.dumps(values, multiline_strings="\\r" not in repr(values), indent=2)


def _target(prompt: Prompt) -> object:
    if prompt.form == "pair":
        return prompt.target
    return "uniform" if len(set(prompt.shares)) == 1 else list(prompt.shares)


def _outcome_line(prompt: Prompt) -> str:
    if prompt.form == "pair":
        return _lines(pair=list(prompt.outcomes))
    if prompt.form == "range":
        return f"outcomes = {{ from = {prompt.outcomes[0]}, to = {prompt.outcomes[-1]} }}\n"
    return _lines(outcomes=list(prompt.outcomes))


def study_keys() -> list[tuple[str, str, object]]:
    """Every key of `study.toml` but `[[models.skip]]`: its name, what it takes, and its default."""
    default = _StudyFile()
    return [
        (f"{section}.{key}", field.description or "", getattr(getattr(default, section), key))
        for section, table in _StudyFile.model_fields.items()
        if isinstance(getattr(default, section), _Section)
        for key, field in type(getattr(default, section)).model_fields.items()
        if table.description and key not in {"skip", "price"}
    ]


class _Section(BaseModel):
    """A table of a file; how it is checked is worked out for the files that are read, and when they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def _key(default: Any, expected: str, **bounds: Any) -> Any:
    return Field(default, description=expected, **bounds)


def _table(section: "type[_Section]", expected: str) -> Any:
    return Field(default_factory=section, description=expected)


def _one_of(choices: Any) -> str:
    return "one of " + ", ".join(
        f'"{choice}"' for choice in get_args(choices) or [kind.value for kind in choices]
    )


_Text = Annotated[str, Field(strict=True)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_TEXT, _TEXTS = "a text", "a list of texts"
_PAIR = "a list of two different texts, neither empty"
_FIGURE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?")


def _article_prompt() -> str:
    """The article's prompt, from the one place where it is written down."""
    path = packaged("content") / "studies" / "article-2025" / "study.toml"
    template: str = tomllib.loads(path.read_text(encoding="utf-8"))["prompt"]["template"]
    return template


class _StudySection(_Section):
    title: _Text = _key("", _TEXT)
    kind: Annotated[Kind, Field(strict=False)] = _key(Kind.MEASURED, _one_of(Kind))
    summary: _Text = _key("", _TEXT)
    source: _Text = _key("", "a text: an address or a citation")
    started: _Text = _key(
        "", 'a text: a date such as "2026-11-23"', pattern=r"^(\d{4}(-\d{2}(-\d{2}.*)?)?)?$"
    )


class _PromptSection(_Section):
    template: _Text = Field(
        default_factory=_article_prompt, description="a text that is not empty", min_length=1
    )
    target: Any = _key(0.5, 'a number from 0 to 1, "uniform", or a list of shares or of whole weights')
    labels: LabelMode = _key("fixed", _one_of(LabelMode))
    pair: list[_Text] = _key(["0", "1"], _PAIR, min_length=2, max_length=2)
    outcomes: Any = _key(None, "in place of pair: a list of texts, or { from = 1, to = 100 }")
    orders: OrderMode = _key("one", _one_of(OrderMode))

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


class _SamplingSection(_Section):
    draws: int = _key(50, "a whole number of at least 1", ge=1)
    per_answer: int = _key(1, f"a whole number from 1 to {MOST_PER_ANSWER:,}", ge=1, le=MOST_PER_ANSWER)
    temperature: _Number | None = _key(None, "a number from 0 to 2", ge=0, le=2)
    top_p: _Number | None = _key(None, "a number above 0 and up to 1", gt=0, le=1)
    reasoning: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] | None = _key(
        None, 'an effort as the catalogue advertises it, such as "none", "low" or "high"'
    )
    max_tokens: int | None = _key(None, "a whole number of at least 16", ge=16)
    answer: AnswerMode = _key("text", _one_of(AnswerMode))
    logprobs: bool = _key(False, "true or false")
    timeout_s: _Number | None = _key(None, "a number of seconds, from 1 to 86400", ge=1, le=86_400)
    give_up_after: int = _key(10, "a whole number, 0 for never", ge=0)


class _MethodSection(_Section):
    kind: MethodKind = _key("direct", _one_of(MethodKind))
    proposal: _Number = _key(0.5, "a number between 0 and 1", gt=0, lt=1)


class _ProviderSection(_Section):
    order: list[_Text] = _key([], _TEXTS)
    only: list[_Text] = _key([], _TEXTS)
    ignore: list[_Text] = _key([], _TEXTS)
    quantizations: list[_Text] = _key([], _TEXTS)
    allow_fallbacks: bool | None = _key(None, "true or false")


class _SkipEntry(_Section):
    id: _Text = _key(..., "the model's name, a text")
    reason: _Text = _key(..., "the reason, a text")


class _PriceEntry(_Section):
    id: _Text = _key(..., "a model's name or a glob, a text")
    prompt_usd_per_million: _Number = _key(..., "US dollars a million tokens", ge=0, le=1e6)
    completion_usd_per_million: _Number = _key(..., "US dollars a million tokens", ge=0, le=1e6)


class _ModelsSection(_Section):
    include: list[_Text] = _key(["*"], _TEXTS)
    exclude: list[_Text] = _key([], _TEXTS)
    skip: list[_SkipEntry] = _key([], "tables [[models.skip]] with id and reason")
    price: list[_PriceEntry] = _key([], "tables [[models.price]] with id and two prices")


_DOLLARS = "a number of dollars, from 0 to a billion"


class _BudgetSection(_Section):
    total_usd: _Number | None = _key(None, _DOLLARS, ge=0, le=MOST_BUDGET_USD)
    per_model_usd: _Number | None = _key(None, _DOLLARS, ge=0, le=MOST_BUDGET_USD)
    shared_with: _Text | None = _key(
        None, "the id of the study whose total_usd this one shares, as `flipsite arms` writes it"
    )

    @model_validator(mode="after")
    def _one_total(self) -> "_BudgetSection":
        if self.shared_with is not None and self.total_usd is not None:
            raise KeyFaultError("total_usd", "is that of the study in shared_with; leave one of them out")
        return self


class _StudyFile(_Section):
    study: _StudySection = _table(_StudySection, "a table [study]")
    prompt: _PromptSection = _table(_PromptSection, "a table [prompt]")
    sampling: _SamplingSection = _table(_SamplingSection, "a table [sampling]")
    method: _MethodSection = _table(_MethodSection, "a table [method]")
    models: _ModelsSection = _table(_ModelsSection, "a table [models]")
    budget: _BudgetSection = _table(_BudgetSection, "a table [budget]")
    provider: _ProviderSection = _table(_ProviderSection, "a table [provider]")
    request: dict[str, Any] = _key({}, "a table [request] of further fields of the request")

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


_Option = Annotated[str | bool | int | float, Field(union_mode="left_to_right")]


class _EngineSection(_Section):
    name: Literal["duckdb", "pyspark"] = _key("duckdb", _one_of(Literal["duckdb", "pyspark"]))
    options: dict[str, _Option] = _key({}, "a table [engine.options] of texts, numbers and truth values")


_Line = Annotated[str, Field(pattern=r"^[^\r\n\x00-\x08]*$")]
_NavEntry = Annotated[list[_Line], Field(min_length=2, max_length=2)]
_SITE = SiteInfo()


class _FooterSection(_Section):
    text: _Line = _key("", "one line of text; Markdown's links and emphasis work")


class _SiteSection(_Section):
    title: Annotated[str, Field(pattern=r"\S")] = _key(_SITE.title, "a text that is not empty")
    description: _Line = _key("", "one line of text")
    author: _Line = _key("", "a name, on one line")
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = _key(
        None, 'the address of the site, such as "https://me.github.io/coins/"'
    )
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] = _key(
        "en", 'a language such as "en" or "pt-BR"'
    )
    nav: list[_NavEntry] | None = _key(
        None,
        'pairs such as [["Leaderboard", "trial/leaderboard/index.html"], ["Blog", "https://example.org/"]]',
    )
    footer: _FooterSection = _table(_FooterSection, "a table [site.footer]")


_ADDRESS = 'the address of a folder, such as "s3://bucket/coins", without a user name or a host of its own'


def _plain_address(text: str) -> str:
    """An address whose host and keys are those that the machine is set up with, not the project's."""
    parts = urlsplit(text)
    options = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    is_plain = bool(re.fullmatch(r"[a-z0-9]+://[^\s@#]+", text)) and options <= {"region"}
    if not is_plain or (parts.scheme == "file" and parts.netloc):
        raise ValueError("address")
    return text


class _ProjectFile(_Section):
    engine: _EngineSection = _table(_EngineSection, "a table [engine]")
    draws: dict[str, Annotated[str, AfterValidator(_plain_address)]] = _key({}, _ADDRESS)
    site: _SiteSection = _table(_SiteSection, "a table [site]")


_Row = Annotated[list[_Text], Field(min_length=2, max_length=2)]


class _PrintedTable(_Section):
    decimals: int = _key(..., "a whole number of decimals, 1 to 6", ge=1, le=6)
    rows: list[_Row] = _key(..., "a list of [model, figure], both texts", min_length=1)


class _ScaleSection(_Section):
    models: int = _key(..., "how many models were asked, a whole number", ge=1)
    draws_about: int = _key(..., "about how many draws each model had, a whole number", ge=1)
    draws_between: list[int] = _key(..., "two whole numbers, fewest and most", min_length=2, max_length=2)


class _SpendSection(_Section):
    run_usd: _Number = _key(..., "a number of dollars", ge=0)
    total_usd: _Number = _key(..., "a number of dollars", ge=0)


class _RoleplaySection(_Section):
    models: list[_Text] = _key([], _TEXTS)
    none_in: Literal["least", "most"] | None = _key(None, 'one of "least", "most"')


class _CountsEntry(_Section):
    model: Annotated[str, Field(pattern=r"\S")] = _key(..., "the model's name, a text")
    ones: int | None = _key(None, "how many draws were outcome 1, a whole number", ge=0)
    outcomes: list[Annotated[int, Field(ge=0)]] | None = _key(None, "a list of whole numbers, one an outcome")
    draws: int | None = _key(None, "how many draws there were, a whole number", ge=0)
    source: _Text = _key("", "a text: the table and the row, or the page")

    def printed(self, n_outcomes: int) -> PrintedCounts | str:
        """The counts, or their fault in words."""
        if (self.ones is None) == (self.outcomes is None):
            return "expected either ones and draws, or outcomes"
        if self.ones is not None and (n_outcomes > 2 or self.draws is None):
            return f"expected outcomes, a list of {n_outcomes} counts" if n_outcomes > 2 else "draws: missing"
        counts = tuple(self.outcomes or ((self.draws or 0) - (self.ones or 0), self.ones or 0))
        n_draws = sum(counts) if self.draws is None else self.draws
        fault = None
        if len(counts) != n_outcomes:
            fault = f"outcomes: expected {n_outcomes} counts, found {len(counts)}"
        elif min(counts) < 0 or sum(counts) > n_draws:
            fault = f"draws: expected at least the sum of the counts, found {n_draws}"
        elif n_draws > _MOST_COUNTED:
            fault = f"draws: expected at most {_MOST_COUNTED:,}, found {n_draws}"
        row = PrintedCounts(model=self.model.strip(), counts=counts, n_draws=n_draws, source=self.source)
        return fault or row


_MOST_COUNTED = 10**12


class _FiguresFile(_Section):
    scale: _ScaleSection = _key(..., "a table [scale]")
    spend: _SpendSection = _key(..., "a table [spend]")
    least_biased: _PrintedTable = _key(..., "a table [least_biased]")
    most_biased: _PrintedTable = _key(..., "a table [most_biased]")
    roleplay: _RoleplaySection = _table(_RoleplaySection, "a table [roleplay]")


class _CountsFile(_Section):
    counts: list[_CountsEntry] = _key(..., "tables [[counts]] with model, ones or outcomes, and draws")


def _printed_rows(table: Literal["least", "most"], block: _PrintedTable) -> tuple[PrintedBias, ...]:
    return tuple(
        PrintedBias(model=model, table=table, position=position, figure=figure, decimals=block.decimals)
        for position, (model, figure) in enumerate(block.rows, start=1)
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
            price=tuple(StatedPrice(**entry.model_dump()) for entry in read.models.price),
        ),
        budget=Budget(**read.budget.model_dump()),
        method=Method(**read.method.model_dump()),
        provider={key: value for key, value in read.provider.model_dump().items() if value not in ([], None)},
        request=read.request,
    )


def _site_info(read: _SiteSection) -> SiteInfo:
    return SiteInfo(
        title=" ".join(read.title.split()),
        description=read.description.strip(),
        author=read.author.strip(),
        url=read.url,
        language=read.language,
        nav=None if read.nav is None else tuple((label, target) for label, target in read.nav),
        footer=read.footer.text.strip(),
    )


_File = TypeVar("_File", bound=_Section)


def _read(path: Path, shape: type[_File]) -> _File:
    return _check(path, _parse(path), shape)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editors write a byte-order mark
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file; write it, or name another study.") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text at byte {error.start}; save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:  # numbers of 5,000 digits and 1,000 brackets among them
        raise SettingsError(f"{path}: not valid TOML: {error}.") from error


def _check(path: Path, content: Mapping[str, Any], shape: type[_File]) -> _File:
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        faults = dict.fromkeys(_sentence(path, shape, fault) for fault in error.errors())
        raise SettingsError("\n".join(faults)) from error


def _sentence(path: Path, shape: type[_Section], fault: Any) -> str:
    """One fault of pydantic's as a sentence of ours."""
    location = list(fault["loc"])
    misfit = fault["ctx"]["error"] if fault["type"] == "value_error" else None
    if isinstance(misfit, KeyFaultError):
        return f"{path}: {'.'.join([*map(str, location), misfit.key])}: {misfit}."
    section, expected = _expected(shape, location)
    key = ".".join(str(step + 1) if isinstance(step, int) else step for step in location)
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(location[-1]), section.model_fields, n=1, cutoff=0.5)
        remedy = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(section.model_fields)}."
        return f"{path}: {key}: unknown key; {remedy}"
    if fault["type"] == "missing":
        return f"{path}: {key}: missing; expected {expected}."
    return f"{path}: {key}: expected {expected}, found {_shown(fault['input'], location)}."


def _expected(shape: type[_Section], location: list[Any]) -> tuple[type[_Section], str]:
    """The section a fault lies in and what is expected at its key."""
    section, expected = shape, "something else"
    for step in location:
        field = section.model_fields.get(step) if isinstance(step, str) else None
        if field is None:
            continue
        expected = field.description or expected
        inner = [field.annotation, *get_args(field.annotation)]
        section = next(
            (kind for kind in inner if isinstance(kind, type) and issubclass(kind, _Section)), section
        )
    return section, expected


def _shown(value: object, location: list[Any]) -> str:
    if isinstance(value, dict):
        value = value.get(location[-1], value)
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
