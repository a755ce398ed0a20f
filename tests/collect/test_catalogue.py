"""The catalogue: three envelopes, hostile entries, and what is kept of it."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flipsite.collect.catalogue import (
    catalogue,
    dump_catalogue,
    fetch_catalogue,
    load_catalogue,
    read_entry,
    read_page,
)
from flipsite.domain.catalogue import Model, Price
from flipsite.domain.money import usd
from flipsite.domain.study import Skip
from flipsite.domain.urls import model_folder
from flipsite.errors import CollectError, StoreError

ENTRY: dict[str, Any] = {
    "id": "openai/gpt-4o-mini",
    "canonical_slug": "openai/gpt-4o-mini-2024-07-18",
    "hugging_face_id": None,
    "name": "OpenAI: GPT-4o-mini",
    "created": 1721260800,
    "context_length": 128000,
    "architecture": {
        "input_modalities": ["text", "image", "file"],
        "output_modalities": ["text"],
        "tokenizer": "GPT",
        "instruct_type": None,
    },
    "pricing": {"prompt": "0.00000015", "completion": "0.0000006", "request": "0", "image": "0.000217"},
    "top_provider": {"context_length": 128000, "max_completion_tokens": 16384, "is_moderated": True},
    "supported_parameters": ["temperature", "max_tokens", "structured_outputs"],
}
READ = Model(
    id="openai/gpt-4o-mini",
    canonical="openai/gpt-4o-mini-2024-07-18",
    name="OpenAI: GPT-4o-mini",
    created="2024-07-18",
    context_length=128000,
    max_completion_tokens=16384,
    inputs=("file", "image", "text"),
    outputs=("text",),
    parameters=("max_tokens", "structured_outputs", "temperature"),
    price=Price(prompt_usd=usd(1.5e-7), completion_usd=usd(6e-7)),
    tokenizer="GPT",
)
REAL = sorted((Path(__file__).resolve().parents[3] / "shared/data/openrouter").glob("models_*.json"))


def entry(**changes: object) -> dict[str, Any]:
    return ENTRY | changes


def test_an_entry_becomes_a_model() -> None:
    """Prices are numbers of dollars a token, days are ISO dates, lists are sorted."""
    assert read_entry(ENTRY) == READ


@pytest.mark.parametrize(
    ("body", "following"),
    [
        ({"data": [ENTRY]}, ""),
        ({"data": [ENTRY], "total_count": 1, "links": {"next": None}}, ""),
        (
            {"data": [ENTRY], "links": {"next": "https://elsewhere.test/api/v1/models?offset=500"}},
            "offset=500",
        ),
        ({"data": [ENTRY], "links": {"next": "/api/v1/models?offset=500&limit=500"}}, "offset=500&limit=500"),
        ({"data": [ENTRY], "links": {"next": "http://[/models?offset=1"}}, ""),
        ({"data": [ENTRY], "links": ["odd"]}, ""),
        ([ENTRY], ""),
        ({"models": [ENTRY]}, ""),
        ({"models": [{"name": "another"}], "data": [ENTRY]}, ""),
    ],
)
def test_each_envelope_is_opened(body: object, following: str) -> None:
    """`data`, `data` with links, `models` and a bare list are one; of a link only its query is believed."""
    assert read_page(body) == ([ENTRY], following)


@pytest.mark.parametrize(
    "body", [["llama3:8b"], {"models": [{"name": "llama3:8b"}]}, {"data": ["llama3:8b"]}]
)
def test_a_catalogue_may_hold_names_alone(body: object) -> None:
    """As Ollama's own tags do."""
    assert [model.id for model in catalogue(read_page(body)[0], fetched="2026-11-30").models] == ["llama3:8b"]


@pytest.mark.parametrize("body", [None, {}, "models", {"data": {}}, {"error": {"code": 500}}, 7])
def test_anything_else_is_told_as_an_error(body: object) -> None:
    """An answer that is no list of models names the option to check."""
    with pytest.raises(CollectError, match="--api-base"):
        read_page(body)


def test_pages_are_asked_one_after_the_other_and_never_in_a_circle() -> None:
    """The links are followed to their end; a link back to a page already read ends the reading."""
    pages = {
        "/models": {"data": [entry(id="a/1")], "links": {"next": "/models?offset=1"}},
        "/models?offset=1": {"data": [entry(id="a/2")], "links": {"next": "/models?offset=2"}},
        "/models?offset=2": {"data": [entry(id="a/3")], "links": {"next": "/models?offset=1"}},
    }
    asked = []

    async def get(path: str) -> object:
        asked.append(path)
        return pages[path]

    found = asyncio.run(fetch_catalogue(get, today="2026-08-18"))
    assert [model.id for model in found.models] == ["a/1", "a/2", "a/3"]
    assert asked == list(pages)
    assert found.fetched == "2026-08-18"


@pytest.mark.parametrize(
    "name",
    [
        *("a\n/b", "a/b\x1b[31m", "", " ", " a/b", "a/b\u202e", "a\u200bb", "a\x00", "\ud800", "a" * 201),
        *(None, 7, {}),
    ],
)
def test_a_name_that_nobody_can_see_is_skipped(name: object) -> None:
    """Control and invisible signs, blanks around it and 201 letters are no name, and are shown harmlessly."""
    found = read_entry(entry(id=name))
    assert isinstance(found, Skip)
    assert found.id.isprintable()
    assert found.id.isascii()
    assert found.reason == "the catalogue's id is no model's name"


@pytest.mark.parametrize(
    "name",
    [
        *("/models/Llama-3.1-8B-Instruct", "../models/llama-3.2-1b.gguf", "C:\\models\\x.gguf", "~/m.gguf"),
        *(
            "qwen3:8b",
            "hf.co/a/b:Q4_K_M",
            "a b/c",
            "gpt-4o@2024",
            "a//b",
            "a/b?x=1",
            "模型/七",
            "ft:gpt:org::x",
            ".",
        ),
    ],
)
def test_any_name_a_server_uses_is_a_model(name: str) -> None:
    """VLLM and llama.cpp list a model by its path, Ollama with its tag; its folder on a site is safe."""
    found = read_entry({"id": name, "object": "model"})
    assert isinstance(found, Model)
    assert found.id == name
    steps = model_folder("s", name).split("/")
    assert len(steps) == 4
    assert not {"", ".", ".."} & {*steps}
    assert all(step.isascii() and "\\" not in step and ":" not in step for step in steps)


@pytest.mark.parametrize(
    ("entry", "context"),
    [
        ({"id": "a", "max_model_len": 4096}, 4096),
        ({"id": "a", "meta": {"n_ctx": 2048, "n_ctx_train": 131072}}, 2048),
        ({"id": "a", "loaded_context_length": 8192, "max_context_length": 131072}, 8192),
        ({"id": "a"}, None),
    ],
)
def test_a_local_server_tells_its_context_in_its_own_field(
    entry: dict[str, object], context: int | None
) -> None:
    """vLLM, llama.cpp and LM Studio."""
    found = read_entry(entry)
    assert isinstance(found, Model)
    assert found.context_length == context


@pytest.mark.parametrize(
    "price", ["-0.1", "NaN", "inf", "1e400", "-1e-9", 2, "cheap", [], {}, True, "0x1", -2, math.nan]
)
@pytest.mark.parametrize("field", ["prompt", "completion"])
def test_a_price_that_cannot_be_true_is_skipped(price: object, field: str) -> None:
    """Negative, infinite, unreadable and absurd prices take the model out, with the price in the reason."""
    found = read_entry(entry(pricing=ENTRY["pricing"] | {field: price}))
    assert isinstance(found, Skip)
    assert found.reason.startswith(f"the catalogue's pricing.{field} is no price (")


def test_a_price_of_minus_one_is_a_routers() -> None:
    """-1 stands for the price of whatever the router picks: there is no price to reckon with."""
    found = read_entry(entry(pricing={"prompt": "-1", "completion": "-1"}))
    assert isinstance(found, Model)
    assert found.router
    assert found.price is None


def test_dearer_hours_count_and_longer_prompts_do_not() -> None:
    """Of prices that change with the hour the highest counts; those of long prompts are not ours."""
    overrides = [
        {"utc_start": 1000, "utc_end": 100, "prompt": "0.000002", "completion": "0.000001"},
        {"min_prompt_tokens": 200000, "prompt": "0.1", "completion": "0.1"},
        "odd",
    ]
    found = read_entry(entry(pricing=ENTRY["pricing"] | {"overrides": overrides}))
    assert isinstance(found, Model)
    assert found.price == Price(prompt_usd=usd(2e-6), completion_usd=usd(1e-6))


@pytest.mark.parametrize("pricing", [None, {}, [], "free", {"prompt": "0.1"}, {"completion": ""}])
def test_without_both_prices_there_is_none(pricing: object) -> None:
    """A local server names no prices; half a price is none."""
    found = read_entry(entry(pricing=pricing))
    assert isinstance(found, Model)
    assert found.price is None


def test_an_entry_of_a_name_alone_is_a_model() -> None:
    """Local servers list little more than names."""
    assert read_entry({"id": "llama3.2:1b", "object": "model", "owned_by": "library"}) == Model(
        id="llama3.2:1b"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"name": 7, "created": -5, "context_length": "many"},
        {"name": None, "created": math.nan, "context_length": -1},
        {"created": 10**30, "architecture": "text", "top_provider": None},
        {"supported_parameters": None, "reasoning": "yes", "expiration_date": "soon"},
        {"supported_parameters": [1, None, {}], "reasoning": {"mandatory": "no"}, "expiration_date": 5},
        {"new_field": {"deep": [1]}, "architecture": {"tokenizer": 5, "output_modalities": "text"}},
    ],
)
def test_what_is_not_understood_is_missing(changes: dict[str, object]) -> None:
    """A field of the wrong kind, or a new one, costs that field and not the model."""
    assert isinstance(read_entry(entry(**changes)), Model)


def test_reasoning_is_told_in_both_ways() -> None:
    """2025 lists it among the parameters, 2026 in a table of its own."""
    older = read_entry(entry(supported_parameters=["reasoning"]))
    newer = read_entry(entry(reasoning={"mandatory": True, "default_enabled": False}))
    assert isinstance(older, Model)
    assert isinstance(newer, Model)
    assert (older.reasoning, older.reasoning_mandatory, older.reasoning_default) == (True, False, None)
    assert (newer.reasoning, newer.reasoning_mandatory, newer.reasoning_default) == (True, True, False)


def test_names_are_shown_without_control_signs() -> None:
    """A model's name may hold anything; a terminal's commands are taken out of it."""
    found = read_entry(entry(name="Nice\x1b[2J\n model" + "x" * 1000))
    assert isinstance(found, Model)
    assert found.name is not None
    assert found.name.startswith("Nice [2J  modelx")
    assert len(found.name) == 300


def test_the_first_of_two_entries_of_one_name_counts() -> None:
    """Duplicates are told, not added up."""
    found = catalogue([ENTRY, entry(name="another"), {"id": None}], fetched="2026-01-01")
    assert found.models == (READ,)
    assert found.faulty == (
        Skip(id="None", reason="the catalogue's id is no model's name"),
        Skip(id="openai/gpt-4o-mini", reason="listed twice; the first entry counts"),
    )


def test_what_is_kept_reads_back() -> None:
    """`catalogue.json` holds what was understood, a line a model, and the day."""
    offered = catalogue([ENTRY, entry(id="b/\x07"), entry(id="a/b", name="Bär")], fetched="2026-01-01")
    text = dump_catalogue(offered)
    assert load_catalogue(text) == offered
    assert len(text.splitlines()) == 2 + 2 + 2 + 3 + 2
    assert dump_catalogue(load_catalogue(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 2}',
        '{"format": 1, "fetched": "", "models": [{"x": 1}], "faulty": []}',
    ],
)
def test_a_damaged_file_is_named(text: str) -> None:
    """The error names the file and what to do with it."""
    with pytest.raises(StoreError, match=r"^coins/catalogue\.json: "):
        load_catalogue(text, name="coins/catalogue.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ENTRY, "prompt", "x"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(body=JSON, changes=st.dictionaries(st.sampled_from([*ENTRY, "reasoning", "expiration_date"]), JSON))
def test_no_answer_crashes_the_reading(body: object, changes: dict[str, object]) -> None:
    """Whatever JSON comes, it is a model, a skip with its reason, or an error that says so."""
    try:
        entries, _ = read_page(body)
    except CollectError:
        entries = [body]
    offered = catalogue([*entries, ENTRY | changes], fetched="2026-01-01")
    assert len(offered.models) + len(offered.faulty) == len(entries) + 1
    assert load_catalogue(dump_catalogue(offered)) == offered


@pytest.mark.skipif(not REAL, reason="the real catalogues lie beside the repository, not in it")
@pytest.mark.parametrize(("day", "n_models"), [("2025-09-08", 324), ("2026-08-18", 414)])
def test_real_catalogues_are_read_whole(day: str, n_models: int) -> None:
    """No entry of a real catalogue is faulty, and each but the routers has a price."""
    path = next(path for path in REAL if day in path.name)
    offered = catalogue(read_page(json.loads(path.read_text(encoding="utf-8")))[0], fetched=day)
    assert len(offered.models) == n_models
    assert offered.faulty == ()
    assert all(model.price or model.router for model in offered.models)
    assert load_catalogue(dump_catalogue(offered)) == offered
