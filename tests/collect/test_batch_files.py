"""Batch files: requests written as `collect` would send them, sent by a stand-in, and the answers read."""

import gzip
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import Result
from tests.collect.collecting_runs import STUDY, draws_of, project_of
from tests.collect.dialect_server import Dialects, Says, speaking
from tests.command_line import run
from tests.narrowing import not_none

from flipsite.domain.draws import STATUSES
from flipsite.domain.money import usd
from flipsite.domain.study import Kind, ModelChoice, Sampling, StatedPrice
from flipsite.project import Project
from flipsite.settings import default_study

MODELS = ("gpt-4o-mini", "openai/gpt-x")
ONE = Says(text="Output: 1")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A study of fresh labels in both orders, which states its prices itself."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "any-word-will-do")
    monkeypatch.chdir(tmp_path)
    price = StatedPrice(id="*", prompt_usd_per_million=usd(1.0), completion_usd_per_million=usd(10.0))
    return project_of(
        tmp_path,
        kind=Kind.MEASURED,
        prompt=replace(default_study(STUDY).prompt, labels="random", orders="both"),
        sampling=Sampling(draws=3, temperature=0.7),
        models=ModelChoice(price=(price,)),
    )


def batch_of(server: Dialects, *words: str) -> tuple[list[dict[str, Any]], str]:
    """The lines of a request file, and what the command says."""
    result = run("collect", STUDY, "--api-base", server.base, "--batch", "requests.jsonl", *words)
    assert result.exit_code == 0, result.output
    lines = Path("requests.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines], result.output


def sent(server: Dialects, line: dict[str, Any], number: int) -> dict[str, Any]:
    """An output line as OpenAI documents it: the server's answer, made to name the label named first."""
    answer = httpx.post(f"{server.base}/chat/completions", json=line["body"])
    body = answer.json()
    body["choices"][0]["message"]["content"] = f"Output: {first_named(line)}"
    body |= {"id": f"chatcmpl-{number}", "created": 1_780_000_000}
    response = {"status_code": answer.status_code, "request_id": f"req_{number}", "body": body}
    return {"id": f"batch_req_{number}", "custom_id": line["custom_id"], "response": response, "error": None}


def imported(lines: Iterable[dict[str, Any]], *words: str) -> Result:
    Path("output.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return run("import", "output.jsonl", "--study", STUDY, "--from", "openai-batch", *words)


def first_named(line: dict[str, Any]) -> str:
    """The label that a prompt names first, as an answer."""
    named = re.search(r"from the set \{(\w+), ", line["body"]["messages"][0]["content"])
    return not_none(named)[1]


def test_a_request_is_what_collect_would_send(project: Project) -> None:
    """Line by line the bodies of a run against the same server; the id names study, model and draw."""
    with speaking(Dialects(models={name: [replace(ONE, cost=0.0001)] for name in MODELS})) as server:
        lines, output = batch_of(server)
        assert not server.asked
        run("collect", STUDY, "--api-base", server.base, "--yes", "--budget", "5")
        assert sorted(map(json.dumps, server.asked)) == sorted(json.dumps(line["body"]) for line in lines)
    assert [line["custom_id"] for line in lines] == [f"trial/{name}/{n}" for name in MODELS for n in range(3)]
    assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
    assert "Wrote requests.jsonl: 6 requests of 2 models, about $" in output
    assert "at half the price" in output


def test_the_answers_are_read_with_the_labels_they_were_asked_with(project: Project) -> None:
    """Fresh labels follow from the draw's number; a half price is counted; nothing is left to ask."""
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server)
        outputs = [sent(server, line, number) for number, line in enumerate(lines)]
        result = imported(reversed(outputs))
        assert result.exit_code == 0, result.output
        assert "3 valid" in result.output
        draws = draws_of(project)
        assert list(draws.outcome) == list(draws.order)
        assert draws.cost_usd == pytest.approx([0.5 * (200 * 1e-6 + 20 * 1e-5)] * 3)
        assert set(draws.asked_at) == {"2026-05-28T20:26:40.000Z"}
        after = run("collect", STUDY, "--api-base", server.base, "--yes", "--budget", "5")
        assert "Nothing to ask: all 3 draws are there." in after.output


def test_a_file_is_imported_once_however_often(project: Project) -> None:
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server)
        outputs = [sent(server, line, number) for number, line in enumerate(lines)]
    look = imported(outputs, "--dry-run")
    assert "Would read answers of output.jsonl" in look.output
    assert not (project.studies / STUDY / "draws.parquet").exists()
    first, again = imported(outputs), imported(outputs)
    assert "none new; 3 were there before" in again.output
    assert "They cost $0." in again.output
    assert first.output.splitlines()[-1] == again.output.splitlines()[-1]
    assert draws_of(project).cost_usd.sum() == pytest.approx(3 * 0.5 * (200 * 1e-6 + 20 * 1e-5))


def test_errors_are_draws_without_an_answer_and_are_asked_again(project: Project) -> None:
    """A refused request, one that expired, and lines of others; the file of errors may come by itself."""
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server)
        good = sent(server, lines[0], 0)
        body = {"error": {"message": "Invalid value for 'temperature'", "code": None}}
        bad = {**good, "custom_id": lines[1]["custom_id"], "response": {"status_code": 400, "body": body}}
        error = {"code": "batch_expired", "message": "This request could not be executed in time."}
        late = {"custom_id": lines[2]["custom_id"], "response": None, "error": error}
        others = [
            {**good, "custom_id": text} for text in ("trial/other/0", "request-1", "else/gpt-4o-mini/0")
        ]
        result = imported([good, bad, late, *others])
        assert "1 valid, 2 error" in result.output
        assert "2 lines passed over: they name no draw of the study." in result.output
        assert "Passed over: other is not in the catalogue" in result.output
        assert [STATUSES[code].value for code in draws_of(project).status] == ["valid", "error", "error"]
        again, _ = batch_of(server)
        assert [line["custom_id"] for line in again] == [line["custom_id"] for line in lines[1:]]
        assert "none new" in imported([late]).output
        assert "1 valid" in imported([sent(server, lines[2], 2)]).output


def test_an_answer_without_its_tokens_counts_at_its_worst_case(project: Project) -> None:
    """As a collected one does: it is not free, nor is one that tells half of its tokens."""
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server)
        whole, none, half = (sent(server, line, number) for number, line in enumerate(lines))
    del none["response"]["body"]["usage"]
    half["response"]["body"]["usage"] = {"prompt_tokens": 200, "completion_tokens": None}
    result = imported([whole, none, half])
    costs = draws_of(project).cost_usd
    bound = lines[1]["body"]["max_tokens"]
    assert costs[0] == pytest.approx(0.5 * (200 * 1e-6 + 20 * 1e-5))
    assert 0.5 * bound * 1e-5 < costs[1] < 0.5 * (bound + 100) * 1e-5 + 0.5 * 2_000 * 1e-6
    assert costs[2] == pytest.approx(costs[1], rel=0.01)
    assert re.search(r"They cost \$0\.01\d*, \$0\.01\d* of it at its worst case\.", result.output), (
        result.output
    )


def test_the_cost_of_a_model_without_a_price_is_not_known(project: Project) -> None:
    """It is no $0, on the screen and in the draws; what its server bills is counted."""
    study = project.studies / STUDY / "study.toml"
    text = study.read_text(encoding="utf-8").replace('id = "*"', 'id = "gpt-5*"')
    study.write_text(text, encoding="utf-8")
    with speaking(Dialects(models={"gpt-4o-mini": [ONE, ONE, replace(ONE, cost=0.002)]})) as server:
        lines, _ = batch_of(server)
        outputs = [sent(server, line, number) for number, line in enumerate(lines)]
    result = imported(outputs[:2])
    assert "What they cost is not known: their models have no price" in result.output
    assert np.isnan(draws_of(project).cost_usd).all()
    assert "They cost $0.0020." in imported(outputs[2:]).output


def test_draws_beyond_the_number_of_the_study_are_taken_and_announced(project: Project) -> None:
    """The batch was written with more draws than study.toml asks for; none of the study's is missing less."""
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server, "--draws", "5")
        result = imported(sent(server, line, number) for number, line in enumerate(lines[2:]))
        assert "3 valid" in result.output
        assert "Numbered beyond the study's draws: 2 draws; they count like the others." in result.output
        missing, _ = batch_of(server)
    assert [line["custom_id"] for line in missing] == ["trial/gpt-4o-mini/0", "trial/gpt-4o-mini/1"]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"custom_id": "trial/gpt-4o-mini/99999999999999999999"}',
        b'{"custom_id": ["trial/gpt-4o-mini/0"], "response": 5}',
        b'{"custom_id": "trial/gpt-4o-mini/0", "response": {"status_code": "200", "body": []}}',
        b'{"custom_id": "trial/gpt-4o-mini/0", "response": {"status_code": 200, "body": {"created": 1e300}}}',
        b"[" * 100_000,
    ],
)
def test_a_line_of_anything_is_an_error_or_passed_over(project: Project, line: bytes) -> None:
    """No traceback, and the other line is imported."""
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server)
        good = json.dumps(sent(server, lines[1], 1)).encode()
    Path("output.jsonl").write_bytes(good + b"\n" + line + b"\n")
    result = run("import", "output.jsonl", "--study", STUDY)
    assert result.exit_code == 0, result.output
    assert "1 valid" in result.output


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="byte-order mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
    ],
)
def test_an_output_file_is_the_studys_however_it_was_saved(
    project: Project, packed: Callable[[str], bytes]
) -> None:
    """It goes into the cache, and nothing of it is asked again."""
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        lines, _ = batch_of(server)
        text = "".join(json.dumps(sent(server, line, n)) + "\n" for n, line in enumerate(lines))
        Path("output.jsonl").write_bytes(packed(text))
        result = run("import", "output.jsonl", "--study", STUDY)
        assert "Read answers of output.jsonl into study 'trial': 3 valid." in result.output
        after = run("collect", STUDY, "--api-base", server.base, "--yes", "--budget", "5")
    assert "Nothing to ask: all 3 draws are there." in after.output


def test_a_batch_needs_a_model_and_a_real_endpoint(project: Project) -> None:
    with speaking(Dialects(models={"gpt-4o-mini": [ONE]})) as server:
        words = ("collect", STUDY, "--api-base", server.base, "--batch", "x.jsonl")
        assert run(*words, "--models", "gpt-5*").exit_code == 2
        assert run(*words, "--simulated").exit_code == 2
    assert not Path("x.jsonl").exists()
