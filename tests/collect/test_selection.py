"""Which models are asked, why the others are not, what it will cost, and what is sent."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.narrowing import not_none

from flipsite.collect.catalogue import catalogue, read_page
from flipsite.collect.costs import about_tokens, completion_bound, estimate, most_tokens, worst_case_usd
from flipsite.collect.prompt import questions
from flipsite.collect.requests import names_completion, request_body, sent_bound
from flipsite.collect.selection import ModelSelection, choose
from flipsite.domain.catalogue import Model, Price
from flipsite.domain.money import Usd, total, usd
from flipsite.domain.study import Budget, ModelChoice, Skip, Study
from flipsite.settings import default_study, load_study

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared/data/openrouter"
STUDY = default_study("coins")
CHEAP = Price(prompt_usd=usd(1e-7), completion_usd=usd(4e-7))
PARAMETERS = ("max_tokens", "structured_outputs", "temperature")
PLAIN = Model(id="a/plain", inputs=("text",), outputs=("text",), parameters=PARAMETERS, price=CHEAP)
TODAY = "2026-08-18"


def chosen(model: Model, study: Study = STUDY, **options: Any) -> ModelSelection:
    """The decision on one model, in a catalogue with prices."""
    first, _ = choose([model, PLAIN], study, today=TODAY, **options)
    return first


def with_models(**choice: Any) -> Study:
    return replace(STUDY, models=ModelChoice(**choice))


def test_a_plain_chat_model_is_taken() -> None:
    """Text in, text out, priced: it is asked."""
    assert chosen(PLAIN).taken
    assert chosen(PLAIN).reason is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "openrouter/auto", "price": None, "router": True}, "a router: which model answers"),
        ({"id": "switchpoint/router"}, "a router: which model answers"),
        ({"id": "~openai/gpt-latest"}, "an alias of another model"),
        ({"id": "a/b:free"}, "a variant (:free); include it by name"),
        ({"id": "a/b:thinking"}, "a variant (:thinking)"),
        ({"outputs": ("audio", "text")}, "answers with audio and text"),
        ({"outputs": ("image",)}, "answers with image"),
        ({"inputs": ("audio",)}, "does not read text, but audio"),
        ({"id": "meta-llama/llama-guard-4-12b"}, "not a chat model"),
        ({"id": "openai/text-embedding-3-small"}, "not a chat model"),
        ({"id": "morph/morph-v3-large"}, "not a chat model"),
        ({"id": "deepseek/deepseek-v3.1-base"}, "not a chat model"),
        ({"instruct_type": "none"}, "not a chat model"),
        ({"expires": "2026-08-17"}, "expired on 2026-08-17"),
        ({"price": None}, "the catalogue names no price for it"),
    ],
)
def test_what_is_left_is_left_for_a_reason(changes: dict[str, Any], reason: str) -> None:
    """Each kind of model that is not asked says why."""
    found = chosen(replace(PLAIN, **changes))
    assert not found.taken
    assert found.reason is not None
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    "name", ["google/gemma-2-27b-it", "a/baseline-7b", "a/mapply", "morphy/chat", "a/guardian-chat"]
)
def test_likeness_of_name_is_no_reason(name: str) -> None:
    """Only whole parts of a name tell that a model does not chat."""
    assert chosen(replace(PLAIN, id=name)).taken


@pytest.mark.parametrize("expires", [None, TODAY, "2098-12-31"])
def test_a_model_is_asked_to_its_last_day(expires: str | None) -> None:
    """On the day of its end it is still there."""
    assert chosen(replace(PLAIN, expires=expires)).taken


def test_the_skip_list_speaks_first_and_in_its_own_words() -> None:
    """A model on the study's list is left for the list's reason, whatever else it is."""
    study = with_models(skip=(Skip(id="A/B:free", reason="It costs too much to run."),))
    assert chosen(replace(PLAIN, id="a/b:free"), study).reason == "It costs too much to run."


def test_globs_of_the_study_and_of_the_run_both_hold() -> None:
    """`--models` narrows what the study includes, `--skip` adds to what it excludes; case does not matter."""
    study = with_models(include=("a/*", "b/*"), exclude=("*-old",))
    model = replace(PLAIN, id="a/new")
    assert chosen(model, study).taken
    assert chosen(model, study, include_globs=["A/N*"]).taken
    assert chosen(model, study, include_globs=["b/*"]).reason == "not included by --models"
    assert chosen(model, study, skip_globs=["*new"]).reason == "excluded by --skip *new"
    assert chosen(replace(PLAIN, id="a/x-old"), study).reason == "excluded by the study (*-old)"
    assert chosen(replace(PLAIN, id="c/x"), study).reason == "not included by the study"


@pytest.mark.parametrize("name", ["C:\\models\\q4.gguf", "D:/models/q4.gguf"])
def test_a_path_with_a_drive_is_no_variant(name: str) -> None:
    """A server on Windows that states prices lists its model so."""
    assert chosen(replace(PLAIN, id=name)).taken


@pytest.mark.parametrize(
    ("name", "glob"),
    [
        ("a/b:free", "a/b:free"),
        ("a/b:free", "*:free"),
        ("a/b:thinking", "*:thinking"),
        ("~a/b-latest", "~a/*"),
    ],
)
def test_variants_and_aliases_are_asked_where_a_glob_names_them(name: str, glob: str) -> None:
    """Spelling out the colon or the tilde is including by name; `*` is not."""
    model = replace(PLAIN, id=name)
    assert chosen(model, with_models(include=("*", glob))).taken
    assert chosen(model, include_globs=[glob]).taken
    assert not chosen(model, include_globs=["*"]).taken


def test_a_local_server_without_prices_is_asked_for_nothing() -> None:
    """Where no model has a price, none costs anything, and a colon is the model's size."""
    local = Model(id="llama3.2:1b")
    (found,) = choose([local], replace(STUDY, budget=Budget(total_usd=usd(0.0))), today=TODAY)
    assert found.taken
    assert found.estimate is not None
    assert not found.estimate.worst_usd


def test_the_budget_leaves_out_what_will_not_fit() -> None:
    """A model whose draws would cost more than a model may is left, with both figures."""
    dear = replace(PLAIN, price=Price(prompt_usd=usd(1e-4), completion_usd=usd(1e-3)))
    study = replace(STUDY, budget=Budget(per_model_usd=usd(2.0)))
    assert chosen(dear, study).reason == "its draws would cost about $6.79, a model may cost $2.00"
    assert chosen(dear, replace(STUDY, budget=Budget(total_usd=usd(5.0)))).reason == (
        "its draws would cost about $6.79, the study may cost $5.00"
    )
    assert chosen(dear, replace(STUDY, budget=Budget(per_model_usd=usd(8.0)))).taken


def test_one_draw_that_may_break_the_budget_is_not_asked() -> None:
    """A model that ignores bounds may cost a whole answer: that is what is compared with the budget."""
    loose = replace(PLAIN, parameters=("temperature",), context_length=1_000_000)
    found = chosen(loose, replace(STUDY, budget=Budget(per_model_usd=usd(0.30))))
    assert found.reason == "one draw may cost $0.40, a model may cost $0.30"


def test_structured_only_studies_leave_models_that_cannot() -> None:
    """`answer = "structured"` asks only who advertises it; `auto` asks the others for text."""
    structured = replace(STUDY, sampling=replace(STUDY.sampling, answer="structured"))
    auto = replace(STUDY, sampling=replace(STUDY.sampling, answer="auto"))
    prose = replace(PLAIN, parameters=("max_tokens",))
    assert chosen(prose, structured).reason == "does not support the structured answers the study asks for"
    assert (chosen(prose, auto).mode, chosen(PLAIN, auto).mode) == ("text", "structured")
    assert chosen(PLAIN).mode == "text"


def test_the_estimate_is_prices_times_tokens() -> None:
    """Prompt by rule of thumb, completion by kind of model, a request's price for each draw."""
    priced = replace(
        PLAIN, price=Price(prompt_usd=usd(1e-6), completion_usd=usd(2e-6), request_usd=usd(0.01))
    )
    tokens = about_tokens(questions(STUDY.prompt, n_draws=1, model="", seed=0)[0].text)
    found = estimate(priced, STUDY)
    assert 150 < tokens < 260
    assert (found.n_draws, found.prompt_tokens, found.completion_tokens) == (50, tokens, 120)
    assert found.expected_usd == 50 * (tokens * usd(1e-6) + 120 * usd(2e-6) + usd(0.01))
    told = estimate(priced, STUDY, prompt_tokens=100, completion_tokens=5)
    assert told.expected_usd == 50 * (usd(100e-6) + usd(10e-6) + usd(0.01))
    assert estimate(replace(priced, reasoning=True), STUDY).completion_tokens == 600
    assert estimate(replace(priced, reasoning=True, reasoning_default=False), STUDY).completion_tokens == 120


def test_models_that_search_are_charged_a_search() -> None:
    """The price of a search counts for those that search by themselves, not for those that merely could."""
    price = Price(prompt_usd=usd(0.0), completion_usd=usd(0.0), web_search_usd=usd(0.005))
    assert estimate(replace(PLAIN, id="perplexity/sonar-pro", price=price), STUDY).expected_usd == usd(0.25)
    assert not estimate(replace(PLAIN, price=price), STUDY).expected_usd


def _money(most: float) -> st.SearchStrategy[Usd]:
    return st.floats(0, most).map(usd)


MODELS = st.builds(
    Model,
    id=st.just("a/b"),
    context_length=st.none() | st.integers(1, 10**6),
    max_completion_tokens=st.none() | st.integers(1, 10**6),
    parameters=st.sampled_from([(), PARAMETERS, ("temperature",), ("max_completion_tokens",)]),
    reasoning=st.booleans(),
    price=st.none()
    | st.builds(
        Price,
        prompt_usd=_money(1e-3),
        completion_usd=_money(1e-3),
        request_usd=_money(1),
        reasoning_usd=st.none() | _money(1e-3),
    ),
)
BUDGETS = st.builds(Budget, total_usd=st.none() | _money(1e3), per_model_usd=st.none() | _money(1e3))


@settings(max_examples=150, deadline=None)
@given(model=MODELS, budget=BUDGETS, bound=st.none() | st.integers(16, 10**6))
@example(
    model=replace(PLAIN, parameters=("temperature",), max_completion_tokens=1), budget=Budget(), bound=None
)
def test_the_worst_case_is_never_below_what_is_expected(
    model: Model, budget: Budget, bound: int | None
) -> None:
    """What is reserved covers what is estimated, and a completion is always bounded, by 16 at least."""
    study = replace(STUDY, budget=budget, sampling=replace(STUDY.sampling, max_tokens=bound))
    found = estimate(model, study)
    assert found.max_tokens >= 16
    assert bound is None or found.max_tokens <= bound
    assert found.expected_usd <= found.worst_usd
    assert found.draw_worst_usd * 50 == found.worst_usd


def test_reasoning_models_get_room_within_the_budget() -> None:
    """16,384 tokens where money does not matter, fewer where one draw would take a tenth of the budget."""
    thinker = replace(PLAIN, reasoning=True, price=Price(prompt_usd=usd(1e-6), completion_usd=usd(6e-5)))
    assert completion_bound(PLAIN, STUDY) == 1_024
    assert completion_bound(thinker, STUDY) == 16_384
    frugal = replace(STUDY, budget=Budget(per_model_usd=usd(2.0)))
    bound = completion_bound(thinker, frugal)
    assert 1_024 < bound < 16_384
    assert estimate(thinker, frugal).draw_worst_usd <= usd(0.2)
    assert completion_bound(replace(PLAIN, max_completion_tokens=512), STUDY) == 512
    assert completion_bound(replace(PLAIN, context_length=2_000), STUDY) == 2_000 - most_tokens(
        questions(STUDY.prompt, n_draws=1, model="", seed=0)[0].text
    )


def test_a_model_that_ignores_bounds_is_reckoned_at_its_own() -> None:
    """Where `max_tokens` is not advertised, the worst case is the model's longest answer."""
    loose = replace(PLAIN, parameters=("temperature",), max_completion_tokens=100_000)
    assert worst_case_usd(loose, text="", max_tokens=16) > 100_000 * CHEAP.completion_usd
    assert worst_case_usd(replace(loose, parameters=()), text="", max_tokens=16) < usd(0.001)


def test_only_what_is_advertised_is_sent() -> None:
    """The body holds prompt and bound, and temperature only if the study sets and the model takes it."""
    (question,) = questions(STUDY.prompt, n_draws=1, model="a/plain", seed=0)
    assert request_body(PLAIN, question, STUDY, "text") == {
        "model": "a/plain",
        "messages": [{"role": "user", "content": question.text}],
        "max_tokens": 1_024,
        "usage": {"include": True},
    }
    warm = replace(STUDY, sampling=replace(STUDY.sampling, temperature=0.0))
    assert request_body(PLAIN, question, warm, "text")["temperature"] == 0.0
    cold = replace(PLAIN, parameters=("max_completion_tokens",))
    body = request_body(cold, question, warm, "text")
    assert "temperature" not in body
    assert sent_bound(body) == 1_024
    assert names_completion(cold)
    assert "usage" not in request_body(replace(PLAIN, price=None), question, STUDY, "text")


def test_structured_requests_offer_exactly_the_two_labels() -> None:
    """The schema's enum follows the prompt's order, and providers that cannot are not asked."""
    prompt = replace(STUDY.prompt, orders="both")
    asked = questions(prompt, n_draws=2, model="a/plain", seed=0)
    bodies = [request_body(PLAIN, question, STUDY, "structured") for question in asked]
    enums = [
        body["response_format"]["json_schema"]["schema"]["properties"]["outcome"]["enum"] for body in bodies
    ]
    assert sorted(enums) == [["0", "1"], ["1", "0"]]
    assert [enum[0] == "1" for enum in enums] == [question.order == 1 for question in asked]
    assert all(body["provider"] == {"require_parameters": True} for body in bodies)
    assert "provider" not in request_body(Model(id="local"), asked[0], STUDY, "structured")


needs_data = pytest.mark.skipif(
    not DATA.exists(), reason="the real catalogues lie beside the repository, not in it"
)


def real(day: str) -> list[dict[str, Any]]:
    document = json.loads((DATA / f"models_{day}.json").read_text(encoding="utf-8"))
    return list(document["data"])


@needs_data
def test_the_articles_catalogue_leaves_247_models() -> None:
    """Of 324 on 2025-09-08, 16 are on the article's list and 59 are variants: 249, as the reference counts.

    Two more are left for what they are: one answers with pictures, one is a base model that does not chat.
    """
    study = load_study(ROOT / "content/studies/article-2025")
    offered = catalogue(read_page(real("2025-09-08"))[0], fetched="2025-09-08")
    choices = choose(offered.models, study, today="2025-09-08")
    listed = {skip.id for skip in study.models.skip}
    left = {choice.model.id: choice.reason or "" for choice in choices if not choice.taken}
    assert len(choices) == 324
    assert len([name for name in left if name in listed]) == 16
    assert len([reason for reason in left.values() if reason.startswith("a variant")]) == 59
    others = {name for name in left if name not in listed and ":" not in name}
    assert others == {"google/gemini-2.5-flash-image-preview", "deepseek/deepseek-v3.1-base"}
    assert sum(choice.taken for choice in choices) == 247


@needs_data
def test_a_year_later_295_models_are_left() -> None:
    """Of 414 in 2026, 9 are listed, 79 variants, 11 aliases, 5 routers, 13 of other media, 2 do not chat."""
    study = load_study(ROOT / "content/studies/article-2025")
    offered = catalogue(read_page(real("2026-08-18"))[0], fetched="2026-08-18")
    choices = choose(offered.models, study, today="2026-08-18")
    listed = {skip.id for skip in study.models.skip}
    starts = ["a variant", "an alias", "a router", "answers with", "not a chat"]
    reasons = [choice.reason or "" for choice in choices if choice.model.id not in listed]
    assert sum(choice.model.id in listed for choice in choices) == 9
    assert [sum(reason.startswith(start) for reason in reasons) for start in starts] == [79, 11, 5, 13, 2]
    assert sum(choice.taken for choice in choices) == 295


@needs_data
@pytest.mark.parametrize(
    ("day", "n_models", "dollars"), [("2025-09-08", 263, 37.23), ("2026-08-18", 316, 83.87)]
)
def test_estimates_agree_with_the_reference(day: str, n_models: int, dollars: float) -> None:
    """At 50 draws of 100 and 5 tokens, 600 where a model reasons, the catalogues cost $37 and $84.

    As in openrouter.md, which counts no searches; ours are added on top by the models that search.
    """
    offered = catalogue(read_page(real(day))[0], fetched=day)
    asked = [
        model
        for model in offered.models
        if ":" not in model.id and "~" not in model.id and model.price and any(astuple_prices(model.price))
    ]
    told = [
        estimate(
            replace(model, price=replace(not_none(model.price), web_search_usd=usd(0.0))),
            STUDY,
            prompt_tokens=100,
            completion_tokens=600 if "reasoning" in model.parameters else 5,
        )
        for model in asked
    ]
    assert len(asked) == n_models
    assert total(cost.expected_usd for cost in told).dollars == pytest.approx(dollars, abs=0.01)


def astuple_prices(price: Price) -> tuple[Usd, Usd]:
    return price.prompt_usd, price.completion_usd
