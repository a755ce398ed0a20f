"""Whole runs against servers of every dialect over real HTTP: what is asked, counted, billed and said."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.collect.collecting_runs import (
    STUDY,
    budget,
    project_of,
    simulate,
    statuses,
    watcher,
    write_study,
)
from tests.collect.dialect_server import PRICED, Dialects, Says, speaking
from tests.narrowing import not_none

from flipsite.collect.clock import RealClock
from flipsite.collect.reading.body import Json
from flipsite.collect.simulated import Endpoint, fair_coin
from flipsite.domain.money import NOTHING, usd
from flipsite.domain.study import Kind, ModelChoice, Sampling, StatedPrice
from flipsite.errors import CollectError, NoCreditError, SettingsError, UsageError
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.model.page import model_view, shared_of
from flipsite.project import Project
from flipsite.settings import default_study, dump_study, load_study
from flipsite.workflows import run_session
from flipsite.workflows.catalogue import list_models
from flipsite.workflows.collect import collect
from flipsite.workflows.load import load_report
from flipsite.workflows.run_request import RunReport, RunRequest, Unbounded

ONE = Says(text="Output: 1")
COSTS = replace(ONE, cost=0.0001)


class Hurried(RealClock):
    """The machine's clock, but for waiting."""

    def wait_s(self, seconds: float) -> float:
        return 0.0


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_session, "clock_of", lambda _: Hurried())
    monkeypatch.setenv("OPENROUTER_API_KEY", "any-word-will-do")


def asked(
    tmp_path: Path,
    models: Mapping[str, Sequence[Says]],
    *,
    priced: bool = False,
    draws: int = 3,
    study: Mapping[str, Any] | None = None,
    **order: Any,
) -> tuple[RunReport, Dialects, Project]:
    """A run's output, and the server it asked."""
    changes = {"kind": Kind.MEASURED, "budget": budget(5.0 if priced else None), **(study or {})}
    project = project_of(tmp_path, **changes)
    dialects = Dialects(models=models, entry=PRICED if priced else {})
    with speaking(dialects):
        request = RunRequest(study_id=STUDY, draws=draws, api_base=dialects.base, **order)
        report = collect(project, request, watcher())
    return not_none(report), dialects, project


def test_a_model_that_is_a_path_is_asked(tmp_path: Path) -> None:
    """VLLM and llama.cpp."""
    names = ("/models/Llama-3.1-8B-Instruct", "../models/llama-3.2-1b.gguf", "C:\\models\\x.gguf")
    report, dialects, _ = asked(tmp_path, {name: [ONE] for name in names})
    assert report.progress.n_valid == 9
    assert {body["model"] for body in dialects.asked} == set(names)


def test_settings_go_to_servers_that_advertise_nothing(tmp_path: Path) -> None:
    """Temperature, top_p, reasoning effort, routing and further fields, as the study sets them."""
    study = {
        "sampling": Sampling(temperature=0.7, top_p=0.9, reasoning="low"),
        "provider": {"only": ["DeepInfra"], "allow_fallbacks": False},
        "request": {"seed": 7, "min_p": 0.05},
    }
    _, dialects, _ = asked(tmp_path, {"qwen3:8b": [ONE]}, study=study, draws=1)
    (body,) = dialects.asked
    assert (body["temperature"], body["top_p"], body["reasoning_effort"]) == (0.7, 0.9, "low")
    assert body["provider"] == {"only": ["DeepInfra"], "allow_fallbacks": False}
    assert (body["seed"], body["min_p"]) == (7, 0.05)


LOGPROBS = {"sampling": Sampling(logprobs=True)}


def test_log_probabilities_are_asked_where_they_are_advertised(tmp_path: Path) -> None:
    """And of OpenRouter, only from providers that give them."""
    everything = ["max_tokens", "temperature", "logprobs", "top_logprobs"]
    for name, advertised in (("local", None), ("some", everything), ("none", everything[:2])):
        project = project_of(tmp_path / name, kind=Kind.MEASURED, budget=budget(5.0), **LOGPROBS)
        entry = {} if advertised is None else PRICED | {"supported_parameters": advertised}
        with speaking(Dialects(models={"a/b": [COSTS]}, entry=entry)) as dialects:
            report = collect(project, RunRequest(study_id=STUDY, draws=1, api_base=dialects.base), watcher())
        (body,) = dialects.asked
        asked = (body.get("logprobs"), body.get("top_logprobs"), body.get("provider"))
        require = {"require_parameters": True}
        assert (
            asked
            == {
                "local": (True, 20, None),
                "some": (True, 20, require),
                "none": (None, None, None),
            }[name]
        )
        assert not_none(report).progress.n_valid == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": "logprobs is not supported by this model", "code": 400}),
        (403, {"message": "You are not allowed to request logprobs from this model"}),
        (404, {"message": "No endpoints found that can handle the requested parameters.", "code": 404}),
        (422, {"detail": [{"loc": ["body", "top_logprobs"], "msg": "Extra inputs are not permitted"}]}),
    ],
)
def test_a_server_that_refuses_log_probabilities_is_asked_without(
    tmp_path: Path, status: int, error: dict[str, Any]
) -> None:
    """No draw and no model is lost, and the run says so."""
    refuses = Says(status=status, body=error if "detail" in error else {"error": error})
    report, dialects, _ = asked(tmp_path, {"a/b": [refuses, ONE]}, study=LOGPROBS)
    assert ["logprobs" in body for body in dialects.asked] == [True, False, False, False]
    assert (report.progress.n_valid, report.progress.skipped) == (3, {})
    assert any("refuses to give log-probabilities" in warning for warning in report.warnings)


def test_a_model_without_the_effort_is_not_asked(tmp_path: Path) -> None:
    """Where it is the only one there is nothing to ask, and the sentence says why."""
    study = {"sampling": Sampling(reasoning="high")}
    with pytest.raises(UsageError, match="does not advertise reasoning, and the study asks for effort high"):
        asked(tmp_path, {"a/plain": [COSTS]}, priced=True, study=study)


@pytest.mark.parametrize("code", [401, 402, 403])
def test_a_providers_own_refusal_is_its_models_trouble(tmp_path: Path, code: int) -> None:
    """The run goes on, and the sentence names the provider and its words."""
    raw = json.dumps({"error": {"message": "Insufficient Balance"}})
    error = {"code": code, "message": "Provider returned error"}
    error |= {"metadata": {"provider_name": "DeepSeek", "raw": raw}}
    bad = Says(status=code, body={"error": error})
    report, _, _ = asked(tmp_path, {"a/bad": [bad], "a/good": [COSTS]}, priced=True)
    assert report.error is None
    assert report.progress.n_valid == 3
    assert report.progress.skipped["a/bad"].reason == f"{code}: Insufficient Balance (from DeepSeek)"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, {"code": 403, "message": "Key limit exceeded (total limit)."}),
        (429, {"message": "You exceeded your current quota.", "type": "insufficient_quota"}),
        (402, {"code": 402, "message": "Insufficient credits"}),
        (400, {"message": "Your credit balance is too low to access the API."}),
    ],
)
def test_an_account_at_its_limit_ends_the_run(tmp_path: Path, status: int, error: dict[str, Any]) -> None:
    """One sentence, and the exit status of a budget."""
    models = {f"a/{n}": [COSTS, Says(status=status, body={"error": error})] for n in range(4)}
    report, dialects, _ = asked(tmp_path, models, priced=True, draws=50, concurrency=2)
    assert isinstance(report.error, NoCreditError)
    assert report.error.exit_status == 3
    assert error["message"].rstrip(".") in str(report.error)
    assert len(dialects.asked) < 12


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (
            Says(status=404, body={"error": "model 'x' not found, try pulling it first"}),
            "try pulling it first",
        ),
        (Says(status=404, body={"message": "no Route matched"}), "404: no Route matched"),
        (Says(status=400, body={"object": "error", "message": "bad grammar"}), "400: bad grammar"),
        (Says(status=404, body=b"404 page not found"), "404 page not found"),
        (
            Says(status=422, body={"detail": [{"loc": ["body", "max_tokens"], "msg": "must be smaller"}]}),
            "body.max_tokens: must be smaller",
        ),
        (Says(body={"error": "upstream overloaded"}), "upstream overloaded"),
        (Says(body={"detail": "Not now"}), "Not now"),
    ],
)
def test_the_servers_own_reason_is_shown(tmp_path: Path, says: Says, reason: str) -> None:
    """Wherever it writes it."""
    report, _, _ = asked(tmp_path, {"a/b": [says]})
    assert reason in report.progress.skipped["a/b"].reason


def test_a_key_of_ones_own_is_spent_all_the_same(tmp_path: Path) -> None:
    """`cost` is 0, and the provider's bill stands beside it."""
    usage: dict[str, Any] = {"prompt_tokens": 200, "completion_tokens": 20, "cost": 0, "is_byok": True}
    usage |= {"cost_details": {"upstream_inference_cost": 0.0012}}
    body = {"id": "g", "choices": [{"message": {"content": "Output: 1"}}], "usage": usage}
    report, _, _ = asked(tmp_path, {"a/b": [Says(body=body)]}, priced=True)
    assert report.spent_usd == 3 * usd(0.0012)


def test_an_untold_price_is_that_of_the_tokens(tmp_path: Path) -> None:
    """The first answer's is asked for three times, and no other."""
    report, dialects, _ = asked(tmp_path, {"a/b": [ONE]}, priced=True, draws=8)
    assert report.spent_usd == 8 * (200 * usd(1e-6) + 20 * usd(2e-6))
    assert not report.unpriced_usd
    assert sum("/generation" in path for path in dialects.paths) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"x-litellm-cache-hit": "True"},
        {"X-Cache": "HIT"},
        {"cf-aig-cache-status": "HIT"},
        {"Helicone-Cache": "HIT"},
    ],
)
def test_an_answer_from_a_cache_is_no_draw(tmp_path: Path, headers: dict[str, str]) -> None:
    """Whichever cache says so."""
    report, _, _ = asked(tmp_path, {"a": [replace(ONE, headers=headers)]})
    assert report.progress.n_valid == 0
    assert "replayed from a cache" in report.progress.skipped["a"].reason


def test_an_id_and_a_body_that_came_before_are_told(tmp_path: Path) -> None:
    """A cache may be silent; a server may be dull."""
    body = {"id": "same", "choices": [{"message": {"content": "Output: 1"}}]}
    report, _, _ = asked(tmp_path, {"a": [Says(body=body)], "b": [ONE]}, draws=4)
    (warning,) = report.warnings
    assert warning.startswith("a: 3 of 4 answers came with an id and a body that came before")


def test_max_completion_tokens_is_used_once_it_is_asked_for_and_remembered(tmp_path: Path) -> None:
    """One 400, in this run and in the next."""
    words = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    models = {"gpt": [Says(status=400, body={"error": {"message": words}}), ONE]}
    project = project_of(tmp_path, kind=Kind.MEASURED)
    dialects = Dialects(models=models)
    with speaking(dialects):
        for draws in (3, 5):
            request = RunRequest(study_id=STUDY, draws=draws, api_base=dialects.base, concurrency=1)
            collect(project, request, watcher())
    keys = [sorted(key for key in body if key.startswith("max_")) for body in dialects.asked]
    assert keys == [["max_tokens"], *[["max_completion_tokens"]] * 5]


def test_a_bound_beyond_the_context_is_made_smaller_once(tmp_path: Path) -> None:
    """VLLM refuses what it has no room for."""
    words = "This model's maximum context length is 4096 tokens. However, you requested 8392 tokens."
    report, dialects, _ = asked(
        tmp_path, {"a": [Says(status=400, body={"message": words}), ONE]}, concurrency=1
    )
    assert [body["max_tokens"] for body in dialects.asked] == [8_192, 1_024, 1_024, 1_024]
    assert report.progress.n_valid == 3


def test_a_model_of_whose_first_ten_answers_none_is_of_use_is_given_up(tmp_path: Path) -> None:
    """With the key to change; and asked on where the study says so."""
    thinking = {"a": [Says(text="", finish="length")]}
    report, dialects, _ = asked(tmp_path / "some", thinking, draws=50, concurrency=1)
    assert len(dialects.asked) == 10
    assert "raise max_tokens in [sampling] of study.toml" in report.progress.skipped["a"].reason
    study = {"sampling": Sampling(give_up_after=0)}
    report, dialects, _ = asked(tmp_path / "all", thinking, draws=14, concurrency=1, study=study)
    assert len(dialects.asked) == 14
    assert report.warnings[0].startswith("a: 14 of 14 answers were empty or cut at 8,192 tokens")


def test_a_model_that_was_given_up_is_not_asked_in_the_next_run(tmp_path: Path) -> None:
    """Until its answers may be longer, or the study says so."""
    project = project_of(tmp_path, kind=Kind.MEASURED, sampling=Sampling(max_tokens=64))
    dialects = Dialects(models={"a": [Says(text="", finish="length")], "b": [ONE]})
    changes: tuple[dict[str, Any], ...] = ({}, {}, {"max_tokens": 65}, {}, {"give_up_after": 0})
    n_asked = []
    with speaking(dialects):
        for changed in changes:
            study = load_study(project.studies / STUDY)
            write_study(tmp_path, replace(study, sampling=replace(study.sampling, **changed)))
            request = RunRequest(study_id=STUDY, draws=30, api_base=dialects.base, concurrency=1)
            collect(project, request, watcher())
            n_asked.append(sum(body["model"] == "a" for body in dialects.asked))
    assert n_asked == [10, 10, 20, 20, 30]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (
            [{"type": "reasoning", "text": "Output: 0. "}, {"type": "text", "text": "I shall not say."}],
            "unparsed",
        ),
        ([{"type": "thinking", "thinking": "Output: 0"}, {"type": "text", "text": "Output: 1"}], "valid"),
        (["Output: ", "1"], "valid"),
        ({"type": "text", "text": "Output: 1"}, "valid"),
        ([{"type": "text", "text": {"value": "Output: 1"}}], "valid"),
        ([{"type": "refusal", "refusal": "No."}], "refused"),
        ([{"type": "reasoning", "text": "Output: 1"}], "empty"),
    ],
)
def test_reasoning_among_the_parts_is_never_the_answer(tmp_path: Path, content: Json, status: str) -> None:
    """Parts, strings, and an object of its own are read."""
    body = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    _, _, project = asked(tmp_path, {"a": [Says(body=body)]}, draws=1)
    assert statuses(project) == [status]


@pytest.mark.parametrize(
    "body",
    [
        b': PROCESSING\n\n: PROCESSING\n\n{"choices": [{"message": {"content": "Output: 1"}}]}',
        b'data: {"choices": [{"delta": {"content": "Output"}}]}\n\n'
        b'data: {"choices": [{"delta": {"content": ": 1"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    ],
)
def test_comments_and_events_in_place_of_json_are_read(tmp_path: Path, body: bytes) -> None:
    """A stream from a server that was not asked for one."""
    _, _, project = asked(tmp_path, {"a": [Says(body=body)]}, draws=1)
    assert statuses(project) == ["valid"]


def test_a_paid_host_without_prices_needs_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--budget none`, or prices in study.toml; then they count."""
    monkeypatch.setattr(run_session, "is_local", lambda _: False)
    with pytest.raises(UsageError, match=r"announces no prices.*--budget none.*models\.price"):
        asked(tmp_path / "refused", {"gpt": [ONE]}, study={"budget": budget(1.0)})
    report, _, _ = asked(tmp_path / "none", {"gpt": [ONE]}, budget_usd=Unbounded.YES)
    assert (report.progress.n_valid, report.priced) == (3, False)
    price = StatedPrice(id="gp*", prompt_usd_per_million=usd(10.0), completion_usd_per_million=usd(20.0))
    study = {"models": ModelChoice(price=(price,)), "budget": budget(1.0)}
    report, _, _ = asked(tmp_path / "stated", {"gpt": [ONE]}, study=study)
    assert report.spent_usd == 3 * (200 * usd(1e-5) + 20 * usd(2e-5))
    report, dialects, _ = asked(tmp_path / "plain", {"gpt": [ONE]}, study=study)
    assert all("usage" not in body for body in dialects.asked)  # OpenAI refuses the field


def test_a_bill_without_a_price_is_spent(tmp_path: Path) -> None:
    """LiteLLM's proxy announces no prices and bills in a header; without a budget nothing waits for it."""
    billed = replace(ONE, headers={"x-litellm-response-cost": "0.0003"})
    report, _, _ = asked(tmp_path / "unbound", {"gpt": [billed]}, budget_usd=Unbounded.YES)
    assert report.spent_usd == usd(0.0009)
    assert not report.warnings
    report, _, _ = asked(
        tmp_path / "bound", {"gpt": [billed], "gpt-2": [billed]}, study={"budget": budget(1.0)}
    )
    assert "billed $0.00030 for one request, and announces no price" in report.warnings[0]
    assert report.warnings[0].startswith("gpt, gpt-2: ")


def test_the_catalogue_is_asked_with_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the rules of `collect`; without one, or with another, the sentence says so."""
    project = project_of(tmp_path, kind=Kind.MEASURED)
    with speaking(Dialects(models={"a/b": [ONE]}, key="any-word-will-do")) as dialects:
        listing = list_models(project, study_id=STUDY, api_base=dialects.base)
        assert [model.id for model in listing.offered.models] == ["a/b"]
        monkeypatch.delenv("OPENROUTER_API_KEY")
        with pytest.raises(CollectError, match="it wants a key; set OPENROUTER_API_KEY"):
            list_models(project, study_id=STUDY, api_base=dialects.base)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (
            Says(status=401, body=b"Unauthorized"),
            r"HTTP 401 \(Unauthorized\); the key was not accepted; set OPENROUTER_API_KEY",
        ),
        (Says(status=403, body=b"<html></html>"), r"HTTP 403 \(a web page\); the key was not accepted"),
        (Says(status=429, body={"error": "slow down"}), r"HTTP 429 \(slow down\); try again later"),
        (Says(status=502, body=b"<title>Bad</title>"), r"HTTP 502 \(a web page, 'Bad'\); try again later"),
        (Says(status=301, body=b""), "HTTP 301: a redirect, which is never followed"),
        (Says(status=404, body={"message": "no route"}), r"HTTP 404 \(no route\); is --api-base right"),
        (Says(body=b"<!doctype html><title>Portal</title>"), "HTTP 200, and a web page, 'Portal'"),
        (Says(body=b'{"data": [{"id": "a'), "HTTP 200, and no JSON"),
        (Says(body={"error": {"message": "Invalid key"}}), r"HTTP 200 \(Invalid key\)"),
        (Says(body={"modules": []}), "no list of models"),
    ],
)
def test_a_catalogue_that_cannot_be_had_is_one_sentence(tmp_path: Path, says: Says, words: str) -> None:
    """With the server's own words, and the remedy that fits them."""
    project = project_of(tmp_path, kind=Kind.MEASURED)
    with (
        speaking(Dialects(models={}, listing=says)) as dialects,
        pytest.raises(CollectError, match=words),
    ):
        list_models(project, study_id=STUDY, api_base=dialects.base)


def test_three_hundred_models_that_bill_more_than_they_announce(tmp_path: Path) -> None:
    """Of each at most the request that was in flight when the first bill came is paid."""
    models = {f"a/m{n:03}": [replace(ONE, cost=0.9)] for n in range(300)}
    report, dialects, _ = asked(
        tmp_path, models, priced=True, draws=50, study={"budget": budget(1.0)}, concurrency=64
    )
    billed = [len(dialects.of(model)) for model in models]
    assert max(billed) == 1
    assert sum(billed) <= 64
    assert report.spent_usd == usd(0.9) * sum(billed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[request]\nmodel = 'x'\n", "request.model: flipsite sets this field itself"),
        ("[request]\nday = 2025-01-01\n", "request: holds what JSON cannot"),
        (
            '[prompt]\ntemplate = "{count} {first} {second}"\n[sampling]\nper_answer = 3\nlogprobs = true\n',
            "sampling.logprobs: is read of one draw an answer",
        ),
        ("[sampling]\ntop_p = 0\n", "sampling.top_p: expected a number above 0"),
        ("[provider]\nonli = ['x']\n", 'provider.onli: unknown key; did you mean "only"?'),
    ],
)
def test_what_cannot_be_sent_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    """It names the key."""
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(SettingsError) as found:
        load_study(tmp_path)
    assert words in str(found.value)


def test_the_settings_are_written_and_read_back(tmp_path: Path) -> None:
    """All that a study may say of how it is asked."""
    price = StatedPrice(id="*", prompt_usd_per_million=usd(1.5), completion_usd_per_million=usd(2.0))
    study = replace(
        default_study(tmp_path.name),
        sampling=Sampling(top_p=0.5, reasoning="none", logprobs=True, timeout_s=600.0, give_up_after=3),
        models=ModelChoice(price=(price,)),
        provider={"order": ["a", "b"]},
        request={"seed": 1, "extra": {"deep": [1, 2]}},
    )
    (tmp_path / "study.toml").write_text(dump_study(study), encoding="utf-8")
    assert load_study(tmp_path) == study


def test_the_site_knows_to_whom_a_setting_was_not_sent(tmp_path: Path) -> None:
    """One model of the catalogue takes a temperature, the other does not advertise it."""
    coins = (
        replace(fair_coin("a/warm"), parameters=("max_tokens", "temperature", "top_p")),
        replace(fair_coin("a/fixed"), parameters=("max_tokens",)),
    )
    project = project_of(tmp_path, sampling=Sampling(draws=2, temperature=0.7, top_p=0.9))
    simulate(project, Endpoint(coins=coins))
    report = load_report(project.studies / STUDY)
    assert report.unsent == {"temperature": ("a/fixed",), "top_p": ("a/fixed",)}
    assert report.sent == {"a/fixed": {}, "a/warm": {"temperature": 0.7, "top_p": 0.9}}
    fixed, warm = (model_view(shared_of(report, board(report), {}), place) for place in range(2))
    if fixed.estimate.model != "a/fixed":
        fixed, warm = warm, fixed
    assert (fixed.sent, fixed.unsent) == ((), ("temperature", "top_p"))
    assert (warm.sent, warm.unsent) == ((("temperature", "0.7"), ("top_p", "0.9")), ())


def test_many_models_that_bill_far_more_than_announced_overspend_by_one_request_each(tmp_path: Path) -> None:
    """Three hundred that announce a millionth of a dollar bill 90 cents: only those in flight overspend."""
    names = [f"a/{number}" for number in range(300)]
    cheap = {**PRICED, "pricing": {"prompt": "0.000000001", "completion": "0.000000001"}}
    project = project_of(tmp_path, kind=Kind.MEASURED, budget=budget(1.0))
    with speaking(
        Dialects(models={name: [replace(ONE, cost=0.90)] for name in names}, entry=cheap)
    ) as server:
        order = RunRequest(study_id=STUDY, draws=5, api_base=server.base, concurrency=16)
        report = not_none(collect(project, order, watcher()))
    assert max(len(server.of(name)) for name in names) == 1
    assert 2 <= len(server.asked) <= 17
    assert report.spent_usd == usd(0.9) * len(server.asked)
    assert len(report.budget) >= 283


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><title>Log in</title>", b"\xef\xbb\xbf\n<html><body>Log in"]
)
def test_a_login_page_in_place_of_answers_is_asked_for_once(tmp_path: Path, page: bytes) -> None:
    """The model is skipped with the remedy; the answer may have been billed, so its worst case counts."""
    says = Says(body=page, headers={"Content-Type": "text/html"})
    report, server, _ = asked(tmp_path, {"a/b": [says]}, priced=True)
    assert len(server.asked) == 1
    skipped = report.progress.skipped["a/b"].reason
    assert skipped.endswith("; check --api-base, and whether the server wants a login")
    assert report.spent_usd == report.unpriced_usd > NOTHING


def test_a_list_of_faulty_models_is_no_empty_list(tmp_path: Path) -> None:
    """A price that is no number: the sentence names the entry and its fault, and not a model to load."""
    listed = {"data": [{"id": "a/b", **PRICED, "pricing": {"prompt": "free", "completion": "$0.1"}}]}
    project = project_of(tmp_path, kind=Kind.MEASURED)
    with speaking(Dialects(models={}, listing=Says(body=listed))) as server:
        request = RunRequest(study_id=STUDY, api_base=server.base)
        with pytest.raises(UsageError, match=r"lists no model that can be asked, but 1 entry .* a/b: "):
            collect(project, request, watcher())
