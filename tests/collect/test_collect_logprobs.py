"""Log-probabilities from the wire to the snapshot, in the forms of four servers, and into a clone."""

import json
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.collect.collecting_runs import STUDY, budget, draws_of, project_of, simulate, watcher
from tests.collect.dialect_server import Dialects, Says, speaking
from tests.narrowing import not_none

from flipsite.collect.simulated import LOGPROB_COINS, Coin, Endpoint, Truth
from flipsite.collect.simulated.coins import STRUCTURED, LogprobForm, biased
from flipsite.collect.simulated.server import serving
from flipsite.domain.draws import Draws, probabilities_of
from flipsite.domain.study import AnswerMode, Kind, Sampling
from flipsite.settings import default_study
from flipsite.store.cache.cache import Cache
from flipsite.workflows.collect import collect
from flipsite.workflows.load import load_report
from flipsite.workflows.restore_cache import adopt_snapshot
from flipsite.workflows.run_request import RunRequest
from flipsite.workflows.snapshot import write_snapshot

FORMS: tuple[LogprobForm, ...] = ("openrouter", "vllm", "ollama", "llama.cpp")
ASKS = Sampling(draws=4, logprobs=True)


def coin(form: LogprobForm, **what: Any) -> Coin:
    """A coin that falls on 1 six times in ten, and says so in one server's form."""
    return Coin(
        id=f"a/{form}",
        truth=Truth(p=0.6, says="Six in ten."),
        fall=biased(0.6),
        weigh=lambda toss: 0.6,
        logprob_form=form,
        parameters=(*STRUCTURED, "logprobs", "top_logprobs"),
        **what,
    )


def probabilities(draws: Draws) -> list[tuple[float | None, ...] | None]:
    return [None if text is None else probabilities_of(text) for text in not_none(draws.p_labels)]


@pytest.mark.parametrize("answer", ["text", "structured"])
def test_every_form_over_http_gives_the_same_probabilities(tmp_path: Path, answer: AnswerMode) -> None:
    """Spellings are summed: of the coin's 0.96 for the labels, six parts in ten are for 1."""
    project = project_of(
        tmp_path, kind=Kind.MEASURED, budget=budget(5.0), sampling=replace(ASKS, answer=answer)
    )
    endpoint = Endpoint(coins=[coin(form) for form in FORMS])
    with serving(endpoint) as base:
        collect(project, RunRequest(study_id=STUDY, api_base=base), watcher())
    draws = draws_of(project)
    assert len(draws) == 16
    for p in probabilities(draws):
        assert p == pytest.approx((0.96 * 0.4, 0.96 * 0.6))
    assert draws.p_cover == pytest.approx(np.full(16, 0.96))


@pytest.mark.parametrize("form", ["vllm", "llama.cpp"])
def test_a_server_that_reports_before_the_temperature_is_found_out(tmp_path: Path, form: LogprobForm) -> None:
    """It says 0.7; at a temperature of 0.5 its draws fall 0.49 to 0.09, and only so do they agree."""
    raw = Coin(
        id="a/raw",
        truth=Truth(p=0.49 / 0.58, says="Its log-probabilities are those of temperature 1."),
        fall=biased(0.49 / 0.58),
        weigh=lambda toss: 0.7,
        logprob_form=form,
        parameters=(*STRUCTURED, "logprobs", "top_logprobs"),
    )
    sampling = replace(ASKS, draws=120, temperature=0.5)
    project = project_of(tmp_path, kind=Kind.MEASURED, budget=budget(5.0), sampling=sampling)
    with serving(Endpoint(coins=[raw, replace(raw, id="a/applied", weigh=lambda toss: 0.49 / 0.58)])) as base:
        collect(project, RunRequest(study_id=STUDY, api_base=base), watcher())
    report = load_report(project.studies / STUDY)
    found = report.logprobs["a/raw"]
    assert found.is_raw
    assert found.agrees
    assert found.at_temperature
    assert found.at_temperature.outcomes[1].mean == pytest.approx(0.49 / 0.58)
    assert not report.logprobs["a/applied"].is_raw


def test_what_was_not_asked_or_did_not_come_is_absent_or_missing(tmp_path: Path) -> None:
    """No column without the key; null where a server promises and sends none."""
    silent = replace(coin("vllm"), id="a/silent", weigh=None)
    asked = project_of(tmp_path / "asked", sampling=ASKS)
    simulate(asked, Endpoint(coins=[coin("vllm"), silent]))
    draws = draws_of(asked)
    assert [p is None for p in probabilities(draws)] == [True] * 4 + [False] * 4
    assert np.isnan(not_none(draws.p_cover)[:4]).all()
    unasked = project_of(tmp_path / "unasked", sampling=replace(ASKS, logprobs=False))
    simulate(unasked, Endpoint(coins=[coin("vllm")]))
    assert draws_of(unasked).p_labels is None


def test_fresh_labels_in_both_orders(tmp_path: Path) -> None:
    """The probabilities are those of outcomes 0 and 1, wherever the prompt names them."""
    prompt = replace(default_study(STUDY).prompt, labels="random", orders="both")
    project = project_of(tmp_path, prompt=prompt, sampling=replace(ASKS, draws=10))
    simulate(project, Endpoint(coins=[coin("openrouter")]))
    draws = draws_of(project)
    for row, p in enumerate(probabilities(draws)):
        zero, one = json.loads(not_none(draws.labels[row]))
        assert p == pytest.approx((0.384, 0.576) if zero < one else (0.576, 0.384))


def test_a_clone_adopts_the_probabilities(tmp_path: Path) -> None:
    """The snapshot of an adopted cache is the one that it was adopted from, to the byte."""
    project = project_of(tmp_path, sampling=ASKS)
    simulate(project, Endpoint(coins=[*LOGPROB_COINS, coin("ollama")]))
    folder = project.studies / STUDY
    before = (folder / "draws.parquet").read_bytes()
    study = replace(default_study(STUDY), kind=Kind.SIMULATED, sampling=ASKS)
    with Cache(tmp_path / "clone.sqlite", study=STUDY, protocol=None, now="2026-01-01T00:00:00Z") as cache:
        assert adopt_snapshot(folder, cache)[0] == 24
        (folder / "draws.parquet").unlink()
        write_snapshot(folder, cache, study)
    assert (folder / "draws.parquet").read_bytes() == before


def test_a_server_of_another_making(tmp_path: Path) -> None:
    """Tokens that split the label and the word before it, and an end without text."""
    content = [
        {"token": text, "logprob": log(p), "top_logprobs": [{"token": text, "logprob": log(p)}, *others]}
        for text, p, others in (
            ("Out", 1.0, []),
            ("put: ", 1.0, []),
            ("1", 0.75, [{"token": "0", "logprob": log(0.2)}]),
            ("", 1.0, []),
        )
    ]
    choice = {"message": {"content": "Output: 1"}, "finish_reason": "stop", "logprobs": {"content": content}}
    project = project_of(tmp_path, kind=Kind.MEASURED, sampling=replace(ASKS, draws=1))
    with speaking(Dialects(models={"a/b": [Says(body={"choices": [choice]})]})) as dialects:
        collect(project, RunRequest(study_id=STUDY, api_base=dialects.base), watcher())
    (stated,) = probabilities(draws_of(project))
    assert stated == pytest.approx((0.2, 0.75))
