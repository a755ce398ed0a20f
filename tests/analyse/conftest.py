"""Draws and studies of any shape, made by hand for the tests of the statistics."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pytest
from tests.analyse.fixture_types import DrawsOf, StudyOf

from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.domain.estimates import Printed, PrintedBias
from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Kind, ModelChoice, Prompt, Sampling, Study

LEAST = """sao10k/l3.1-euryale-70b 0.032
inflection/inflection-3-pi 0.032
openai/gpt-4 0.024
neversleep/noromaid-20b 0.023
mistralai/pixtral-large-2411 0.022
sao10k/l3.3-euryale-70b 0.022
meta-llama/llama-4-maverick 0.022
qwen/qwen2.5-vl-32b-instruct 0.022
scb10x/llama3.1-typhoon2-70b-instruct 0.011
infermatic/mn-inferor-12b 0.011
qwen/qwen-2.5-72b-instruct 0.011
sophosympatheia/midnight-rose-70b 0.011
cohere/command-r-plus-08-2024 0.011
google/gemini-2.5-pro 0.0
cohere/command-a 0.0
nvidia/llama-3.1-nemotron-70b-instruct 0.0
openai/gpt-4-1106-preview 0.0
qwen/qwq-32b 0.0
perplexity/r1-1776 0.0
arliai/qwq-32b-arliai-rpr-v1 0.0"""

MOST = """inception/mercury-coder 0.50
arcee-ai/spotlight 0.50
cohere/command 0.50
google/gemini-2.0-flash-001 0.50
qwen/qwen-vl-plus 0.50
microsoft/phi-4-multimodal-instruct 0.48
anthropic/claude-3.5-sonnet-20240620 0.48
inception/mercury 0.46
google/gemini-flash-1.5-8b 0.46
openai/gpt-4o-mini-search-preview 0.46
anthropic/claude-3.7-sonnet 0.44
google/gemini-2.5-flash 0.44
amazon/nova-lite-v1 0.39
cohere/command-r 0.39
openai/gpt-5-mini 0.37
deepseek/deepseek-chat-v3-0324 0.37
anthropic/claude-3.5-sonnet 0.37
qwen/qwen3-235b-a22b-thinking-2507 0.36
meta-llama/llama-4-scout 0.35
anthropic/claude-opus-4.1 0.35"""


@pytest.fixture(scope="session")
def draws_of() -> DrawsOf:
    """Makes Draws of each model's outcomes (1, 0, or a Status without one); columns by name, by row."""

    def make(outcomes: dict[str, Sequence[int | Status]], **columns: Sequence[object]) -> Draws:
        models = tuple(sorted(outcomes))
        rows = [(i, j, draw) for i, model in enumerate(models) for j, draw in enumerate(outcomes[model])]
        n = len(rows)
        numbers: dict[str, Any] = {
            name: np.asarray(columns.get(name, [np.nan] * n), np.float64)
            for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_usd", "latency_s")
        }
        texts: dict[str, Any] = {
            name: columns.get(name, [None] * n)
            for name in ("labels", "response", "finish_reason", "provider", "mode", "asked_at")
        }
        return Draws(
            models=models,
            starts=np.concatenate([[0], np.cumsum([len(outcomes[model]) for model in models])]).astype(
                np.int64
            ),
            draw=np.array([j for _, j, _ in rows], np.int64),
            outcome=np.array([-1 if isinstance(draw, Status) else draw for *_, draw in rows], np.int8),
            status=np.array(
                [STATUSES.index(draw if isinstance(draw, Status) else Status.VALID) for *_, draw in rows],
                np.int8,
            ),
            order=np.asarray(columns.get("order", [-1] * n), np.int8),
            **numbers,
            **texts,
        )

    return make


@pytest.fixture(scope="session")
def study_of() -> StudyOf:
    """Makes a study of a kind and a target."""

    def make(kind: Kind = Kind.MEASURED, target: float = 0.5) -> Study:
        return Study(
            id="coins",
            title="Coins",
            kind=kind,
            summary="",
            source="",
            started=None,
            prompt=Prompt(template="{first} {second}", shares=(1 - target, target)),
            sampling=Sampling(),
            models=ModelChoice(),
            budget=Budget(),
        )

    return make


@pytest.fixture(scope="session")
def article() -> Printed:
    """The article's two tables, as printed."""
    tables: tuple[tuple[Literal["least", "most"], str, int], ...] = (("least", LEAST, 3), ("most", MOST, 2))
    rows = [
        PrintedBias(model=model, table=table, position=position, figure=figure, decimals=decimals)
        for table, text, decimals in tables
        for position, (model, figure) in enumerate(map(str.split, text.splitlines()), 1)
    ]
    return Printed(
        rows=tuple(rows),
        n_models=240,
        draws_low=40,
        draws_high=55,
        draws_about=50,
        spend_run_usd=usd(40),
        spend_total_usd=usd(80),
        roleplay=(),
    )
