import json
import re
from pathlib import Path

import pytest

from flipsite.analyse.features.infer import name_features
from flipsite.domain.features import FEATURES

CATALOGUES = Path(__file__).parents[3] / "shared" / "data" / "openrouter"


def said(model: str) -> dict[str, str]:
    return {row.feature: row.value for row in name_features(model)}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("meta-llama/llama-3.1-70b-instruct", {"parameters_total_b": "70", "tuning": "instruct"}),
        ("openai/gpt-oss-20b:free", {"parameters_total_b": "20"}),
        ("liquid/lfm-2.5-2.6b:free", {"parameters_total_b": "2.6"}),
        ("cohere/command-r7b-12-2024", {"parameters_total_b": "7", "released": "2024-12"}),
        ("inclusionai/ling-2.6-1t", {"parameters_total_b": "1000"}),
        ("a/tiny-350m", {"parameters_total_b": "0.35"}),
        (
            "qwen/qwen3-235b-a22b-thinking-2507",
            {
                "architecture": "moe",
                "parameters_active_b": "22",
                "parameters_total_b": "235",
                "reasoning": "yes",
                "released": "2025-07",
            },
        ),
        (
            "qwen/qwen3.8-2.4t-a95b",
            {"architecture": "moe", "parameters_active_b": "95", "parameters_total_b": "2400"},
        ),
        (
            "mistralai/mixtral-8x7b-instruct",
            {"architecture": "moe", "parameters_total_b": "56", "tuning": "instruct"},
        ),
        (
            "tencent/hunyuan-a13b-instruct",
            {"architecture": "moe", "parameters_active_b": "13", "tuning": "instruct"},
        ),
        ("google/gemma-3n-e4b-it", {"parameters_active_b": "4", "tuning": "instruct"}),
        (
            "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
            {"architecture": "moe", "parameters_active_b": "17", "tuning": "instruct"},
        ),
        (
            "deepcogito/cogito-v2-preview-llama-109b-moe",
            {"architecture": "moe", "parameters_total_b": "109"},
        ),
        ("arliai/qwq-32b-arliai-rpr-v1", {"parameters_total_b": "32", "tuning": "roleplay"}),
        ("sao10k/l3.1-euryale-70b", {"parameters_total_b": "70"}),
        ("qwen/qwen2.5-vl-32b-instruct", {"parameters_total_b": "32", "tuning": "vision"}),
        ("qwen/qwen-2.5-coder-32b-instruct", {"parameters_total_b": "32", "tuning": "coding"}),
        ("mistralai/codestral-2501", {"released": "2025-01", "tuning": "coding"}),
        ("openai/gpt-4o-2024-05-13", {"released": "2024-05-13"}),
        ("anthropic/claude-3.5-sonnet-20240620", {"released": "2024-06-20"}),
        ("anthropic/claude-3.7-sonnet:thinking", {"reasoning": "yes"}),
        ("z/what-non-thinking", {"reasoning": "no"}),
        ("perplexity/r1-1776", {"reasoning": "yes"}),
        ("microsoft/phi-3-mini-128k-instruct", {"tuning": "instruct"}),
        ("deepseek/deepseek-chat-v3-0324", {"tuning": "instruct"}),
        ("openai/gpt-4-1106-preview", {}),
        ("x-ai/grok-2-1212", {}),
        ("minimax/minimax-m1", {}),
        ("tngtech/deepseek-r1t-chimera", {}),
        ("openai/gpt-4", {}),
        ("coder/70b/gpt-4", {}),
    ],
)
def test_a_name_is_believed_where_it_says_something(model: str, expected: dict[str, str]) -> None:
    """Sizes, experts, tuning, reasoning and dates; neither context (`128k`) nor a day without a year."""
    assert said(model) == expected


def test_two_sizes_are_none() -> None:
    """Which of them is the model's, the name does not say."""
    assert "parameters_total_b" not in said("a/student-8b-of-70b")


def test_every_note_quotes_the_name() -> None:
    for row in name_features("qwen/qwen3-vl-235b-a22b-thinking"):
        assert row.note.split(" in the name")[0] in row.model
        assert row.source == "name"


def _catalogue(name: str) -> list[dict[str, object]]:
    path = CATALOGUES / name
    if not path.exists():
        pytest.skip("the catalogues are not beside this checkout")
    entries: list[dict[str, object]] = json.loads(path.read_text())["data"]
    return entries


@pytest.mark.parametrize(
    ("name", "n_sizes"), [("models_2025-09-08.json", 148), ("models_2026-08-18.json", 96)]
)
def test_the_real_catalogues_names(name: str, n_sizes: int) -> None:
    """Every digit before a b or t is read as a size, but where it is of the active or effective ones only."""
    names = [str(entry["id"]) for entry in _catalogue(name)]
    found = {model: said(model) for model in names}
    faults = [FEATURES[feature].fault(value) for row in found.values() for feature, value in row.items()]
    assert set(faults) == {None}
    totals = {model for model, row in found.items() if "parameters_total_b" in row}
    digits = {model for model in names if re.search(r"\d[bt](?![a-z0-9])", model.partition("/")[2])}
    assert totals <= digits
    assert {model.split(":")[0] for model in digits - totals} <= {
        "google/gemma-3n-e2b-it",
        "google/gemma-3n-e4b-it",
        "moonshotai/kimi-vl-a3b-thinking",
        "tencent/hunyuan-a13b-instruct",
        "tngtech/deepseek-r1t-chimera",
    }
    assert len(totals) == n_sizes
    sizes = [float(found[model]["parameters_total_b"]) for model in totals]
    assert 1 <= min(sizes) < max(sizes) <= 2400
    for row in found.values():
        assert float(row.get("parameters_active_b", 0)) < float(row.get("parameters_total_b", "inf"))


def test_names_agree_with_the_names_of_their_weights() -> None:
    """Where both state a size, it is the same: the independent check of the rules."""
    for entry in _catalogue("models_2025-09-08.json"):
        own, weights = said(str(entry["id"])), said(str(entry.get("hugging_face_id") or ""))
        for feature in {"parameters_total_b", "parameters_active_b"} & own.keys() & weights.keys():
            assert own[feature] == weights[feature], entry["id"]
