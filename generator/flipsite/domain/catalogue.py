"""A catalogue's models and prices."""

from dataclasses import dataclass

from flipsite.domain.money import NOTHING, Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A model's prices, none of them negative.

    Attributes:
        prompt_usd: A prompt token.
        completion_usd: A completion token.
        request_usd: A request, whatever its length.
        reasoning_usd: A token of reasoning; None is charged as completion.
        web_search_usd: One search, for the models that search by themselves.
    """

    prompt_usd: Usd
    completion_usd: Usd
    request_usd: Usd = NOTHING
    reasoning_usd: Usd | None = None
    web_search_usd: Usd = NOTHING


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
        efforts: The efforts of reasoning it takes, where the catalogue lists them.
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
    efforts: tuple[str, ...] = ()
    hugging_face_id: str | None = None
    tokenizer: str | None = None
    instruct_type: str | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureClaim:
    """One answer's claim about one feature of a model.

    Attributes:
        value: In the form of `domain.features`; empty where it says that it does not know, None where it
            cannot be read.
        source: Where it has that from, as it says; one short line, or empty.
    """

    value: str | None
    source: str = ""
