"""The nouns of dealing with an endpoint: what is offered, asked, answered, and held."""

from dataclasses import dataclass

from flipsite.domain import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model charges, US dollars, each finite and not negative.

    Attributes:
        prompt_usd: A prompt token.
        completion_usd: A completion token.
        request_usd: A request, whatever its length.
        reasoning_usd: A token of reasoning; None is charged as completion.
        web_search_usd: One search, for the models that search by themselves.
    """

    prompt_usd: float
    completion_usd: float
    request_usd: float = 0.0
    reasoning_usd: float | None = None
    web_search_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of an endpoint's catalogue; what the catalogue does not say is None or empty.

    Attributes:
        id: `author/slug`, maybe with a variant such as `:free`; what the endpoint is asked for.
        canonical: Dated name that survives renames.
        name: For people.
        created: Day it was added to the catalogue, ISO 8601; not its release.
        context_length: Tokens of prompt and completion together.
        max_completion_tokens: The provider's own bound.
        inputs: What it reads: `text`, `image` …
        outputs: What it answers with: `text`, `image` …
        parameters: What may be sent, sorted: `temperature`, `structured_outputs` …
        price: None where the catalogue names none, or it depends on what a router picks.
        router: Hands the question to a model of its own choice, at that one's price.
        reasoning: It can reason.
        reasoning_mandatory: It cannot be told not to.
        reasoning_default: It does unless told otherwise; None where that is not known.
        hugging_face_id: Where its weights are, if they are open.
        tokenizer: Family of its tokenizer, as the catalogue calls it.
        instruct_type: Its chat template; `none` is a model without one.
        expires: Day after which it is gone, ISO 8601.
    """

    id: str
    canonical: str | None = None
    name: str | None = None
    created: str | None = None
    context_length: int | None = None
    max_completion_tokens: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    price: Price | None = None
    router: bool = False
    reasoning: bool = False
    reasoning_mandatory: bool = False
    reasoning_default: bool | None = None
    hugging_face_id: str | None = None
    tokenizer: str | None = None
    instruct_type: str | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it is written down before it is sent; a draw may need several.

    Attributes:
        labels: The two texts that the question is known by, beside its number; see `prompt.Question`.
        sent: The request's settings as JSON, without its messages: those follow from the study.
        worst_pico: The most it may cost by the announced prices, in picodollars (1e-12 USD).
        asked_at: UTC, ISO 8601, ending in Z.
    """

    model: str
    draw: int
    labels: tuple[str, str]
    order: int
    mode: str
    sent: str
    worst_pico: int
    asked_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """An answer to a question that is no flip; what it states is read from the raw answer each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one answer says of one feature of a model.

    Attributes:
        value: In the form of `traits`; empty where it says that it does not know, None where it cannot be
            read.
        source: Where it has that from, as it says; one short line, or empty.
    """

    value: str | None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read in a raw answer, and by which version of the reader."""

    result: Result | Stated
    reader: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back of one request, whole.

    Attributes:
        attempt: The ledger's number of the request.
        code: HTTP status; None where no answer came.
        body: The raw answer, never rewritten; None where none came.
        generation: The provider's id, by which a price can be asked for later.
        billed_pico: Picodollars billed; None where nobody has told yet.
        fault: Why no answer came, for people; None where one did.
        reading: What settles the draw; None where it will be asked again.
    """

    attempt: int
    code: int | None
    body: bytes | None
    latency_s: float
    generation: str | None
    billed_pico: int | None
    fault: str | None
    reading: Reading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the ledger holds of one model of a study.

    Attributes:
        n_settled: Draws that need no asking: valid ones, and answers that cannot be read.
        last_draw: The highest index of a draw that was ever asked; -1 without one.
        n_asked: Requests that came to an end, whatever the end.
        billed_pico: Picodollars billed.
        unpriced_pico: Picodollars at most of requests whose price is not known.
        over_pico: The dearest bill that went beyond its request's worst case; 0 without one.
        text_only: The model was found not to know structured output.
    """

    model: str
    n_settled: int = 0
    last_draw: int = -1
    n_asked: int = 0
    billed_pico: int = 0
    unpriced_pico: int = 0
    over_pico: int = 0
    text_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """A request that was answered, and whose price can be asked for."""

    attempt: int
    model: str
    generation: str
    worst_pico: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer to a question that is no flip, as the cache holds it.

    Attributes:
        model: Who was asked.
        about: The model the question was about.
        wording: The version of the question.
        asking: How often it had been asked before.
        readable: Whether it could be read when it came.
        body: The raw answer.
        asked_at: UTC, ISO 8601.
    """

    model: str
    about: str
    wording: str
    asking: int
    readable: bool
    body: bytes
    asked_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One draw as the cache holds it: its raw answer, how it was read, what it cost.

    Attributes:
        row: The cache's number of the draw.
        cost_pico: Picodollars over all its requests; one without a price counts at its worst case.
    """

    row: int
    model: str
    draw: int
    labels: tuple[str, str]
    order: int
    result: Result
    mode: str | None
    body: bytes | None
    latency_s: float | None
    asked_at: str | None
    cost_pico: int
