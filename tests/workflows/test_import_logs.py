"""Logs of other tools: recognised by their shape, and read with model, tokens, cost and time."""

import json
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from flipsite.cli.main import cli
from flipsite.domain.draws import STATUSES, Draws, Status
from flipsite.domain.study import Prompt
from flipsite.errors import UsageError
from flipsite.project import find_project, study_folder
from flipsite.settings import default_study, load_study
from flipsite.store.exports import export_draws
from flipsite.store.imports.batch_requests import BatchRequests
from flipsite.store.imports.columns import parse_options
from flipsite.store.imports.importer import ImportReport
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.import_export import import_draws

ANSWERS = ["I flip.\nOutput: 0", "Output: 1", "no idea"]
READ = [Status.VALID, Status.VALID, Status.UNPARSED]


def imported(path: Path, **options: Any) -> tuple[ImportReport, Draws]:
    project = find_project(path.parent)
    columns = options.pop("columns", ())
    report = import_draws(project, "s", path, options=parse_options(columns, (), None, **options))
    return report, read_draws(study_folder(find_project(path.parent), "s") / "draws.parquet")


def in_lines(folder: Path, records: list[dict[str, Any]], name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def statuses(draws: Draws) -> list[Status]:
    return [STATUSES[code] for code in draws.status]


def batch_line(body: dict[str, Any] | None, error: object = None) -> dict[str, Any]:
    response = None if body is None else {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": "c", "response": response, "error": error}


def completion(text: str | None, **message: Any) -> dict[str, Any]:
    return {
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "gpt-x",
        "choices": [{"message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }


def test_the_output_of_an_openai_batch(tmp_path: Path) -> None:
    """Answers are read as collected ones; refusals and failed requests keep their place."""
    lines = [batch_line(completion(text)) for text in ANSWERS]
    lines.append(batch_line(completion(None, refusal="I cannot.")))
    lines.append(batch_line({"model": "gpt-x", "error": {"message": "overloaded"}}))
    report, draws = imported(in_lines(tmp_path, lines))
    assert report.notes == ("The file was recognised as the output of an OpenAI batch.",)
    assert statuses(draws) == [*READ, Status.REFUSED, Status.ERROR]
    assert (draws.models, draws.outcome.tolist()) == (("gpt-x",), [0, 1, -1, -1, -1])
    assert draws.asked_at[0] == "2025-10-09T08:53:20Z"
    assert (draws.prompt_tokens[0], draws.completion_tokens[0], draws.reasoning_tokens[0]) == (9, 4, 2)
    assert draws.finish_reason[0] == "stop"


def test_a_log_of_one_entry(tmp_path: Path) -> None:
    """It is one object, and still an entry and no list of choices."""
    report, draws = imported(in_lines(tmp_path, [batch_line(completion("Output: 1"))]))
    assert (report.notes, draws.outcome.tolist()) == (
        ("The file was recognised as the output of an OpenAI batch.",),
        [1],
    )


def sample(text: str, filter_name: str = "none") -> dict[str, Any]:
    return {"doc_id": 0, "resps": [[text]], "filtered_resps": ["0"], "filter": filter_name, "target": "0"}


def test_samples_of_lm_eval_take_the_model_from_the_results_beside_them(tmp_path: Path) -> None:
    """By its name or its arguments; without it --model names it. A sample filtered twice is one draw."""
    lines = [sample(text, name) for text in ANSWERS for name in ("strict", "flexible")]
    path = in_lines(tmp_path, lines, "samples_coin_2026-01-01T00-00-00.jsonl")
    with pytest.raises(UsageError, match=r"name no model; put their results file beside them, or .* --model"):
        imported(path)
    results = {"config": {"model": "hf", "model_args": "dtype=float16,pretrained=org/tiny,x=1"}}
    (tmp_path / "results_2026-01-01T00-00-00.json").write_text(json.dumps(results))
    (tmp_path / "results_2025-12-31T00-00-00.json").write_text(json.dumps({"model_name": "another"}))
    report, draws = imported(path)
    assert (draws.models, statuses(draws)) == (("org/tiny",), READ)
    assert report.notes == ("The file was recognised as samples of lm-evaluation-harness.",)


def test_lm_eval_with_several_answers_a_sample(tmp_path: Path) -> None:
    """Repeats of a request are draws; likelihoods are none."""
    line = {"doc_id": 0, "resps": [["Output: 0", "Output: 1"], [[-1.5, False]]]}
    _, draws = imported(in_lines(tmp_path, [line]), model="a/b")
    assert (draws.models, draws.outcome.tolist()) == (("a/b",), [0, 1])


def inspect_sample(text: str, epoch: int) -> dict[str, Any]:
    content = [{"type": "reasoning", "reasoning": "Output: 1"}, {"type": "text", "text": text}]
    return {
        "id": 1,
        "epoch": epoch,
        "input": "Flip.",
        "output": {
            "model": "tiny",
            "choices": [{"message": {"role": "assistant", "content": content}, "stop_reason": "max_tokens"}],
            "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
            "time": 0.5,
        },
        "started_at": "2026-01-01T10:00:00+00:00",
    }


def zstd_archive(members: dict[str, str]) -> bytes:
    """A zip archive whose members are packed by zstd, which Python's own module cannot write."""
    content, listed = b"", b""
    for name, text in members.items():
        packed = pa.Codec("zstd").compress(text.encode(), asbytes=True)
        sizes = struct.pack("<LLL", zlib.crc32(text.encode()), len(packed), len(text.encode()))
        common = struct.pack("<HHHHH", 63, 0, 93, 0, 33) + sizes + struct.pack("<HH", len(name), 0)
        listed += b"PK\x01\x02" + struct.pack("<H", 63) + common
        listed += struct.pack("<HHHLL", 0, 0, 0, 0, len(content)) + name.encode()
        content += b"PK\x03\x04" + common + name.encode() + packed
    n = len(members)
    end = struct.pack("<HHHHLLH", 0, 0, n, n, len(listed), len(content), 0)
    return content + listed + b"PK\x05\x06" + end


@pytest.mark.parametrize("form", ["eval", "json", "zstd"])
def test_a_log_of_inspect(tmp_path: Path, form: str) -> None:
    """In its own form and in JSON; reasoning is no part of an answer, and what was cut is truncated."""
    samples = [inspect_sample(text, epoch) for epoch, text in enumerate(ANSWERS, start=1)]
    header = {"version": 2, "status": "success", "eval": {"model": "org/tiny", "task": "coin"}}
    failed = {"id": 1, "epoch": 4, "input": "Flip.", "output": {"choices": []}, "error": {"message": "no"}}
    path = tmp_path / f"2026-01-01_coin.{'json' if form == 'json' else 'eval'}"
    members = {"header.json": json.dumps(header), "_journal/start.json": "{}"}
    members |= {f"samples/1_epoch_{each['epoch']}.json": json.dumps(each) for each in [*samples, failed]}
    if form == "json":
        path.write_text(json.dumps(header | {"samples": [*samples, failed]}, indent=1))
    elif form == "zstd":
        path.write_bytes(zstd_archive(members))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members.items():
                archive.writestr(name, text)
    report, draws = imported(path)
    assert report.notes == ("The file was recognised as a log of Inspect.",)
    assert draws.models == ("org/tiny",)
    assert statuses(draws) == [Status.VALID, Status.VALID, Status.TRUNCATED, Status.ERROR]
    assert (draws.prompt_tokens[0], draws.latency_s[0]) == (7, 0.5)
    assert draws.asked_at[0] == "2026-01-01T10:00:00Z"


def promptfoo_result(response: dict[str, Any] | None, provider: object) -> dict[str, Any]:
    return {
        "promptIdx": 0,
        "testIdx": 0,
        "vars": {},
        "latencyMs": 800,
        "provider": provider,
        "response": response,
    }


def test_results_of_promptfoo(tmp_path: Path) -> None:
    """One object with a list inside; a provider is a name or an object; no output is an error."""
    answered = [
        promptfoo_result({"output": text, "tokenUsage": {"prompt": 5, "completion": 2}, "cost": 0.5}, "a:b")
        for text in ANSWERS
    ]
    failed = promptfoo_result({"error": "rate limit"}, {"id": "a:b", "label": ""})
    document = {"evalId": "e", "results": {"version": 3, "results": [*answered, failed]}, "config": {}}
    path = tmp_path / "output.json"
    path.write_text(json.dumps(document, indent=2))
    report, draws = imported(path)
    assert report.notes == ("The file was recognised as results of promptfoo.",)
    assert (draws.models, statuses(draws)) == (("a:b",), [*READ, Status.ERROR])
    assert (draws.cost_usd[0], draws.latency_s[0], draws.prompt_tokens[0]) == (0.5, 0.8, 5)


def test_litellms_log_of_spend(tmp_path: Path) -> None:
    """As CSV, where the response is JSON in a cell; the latency is the time between start and end."""
    lines = ["request_id,spend,startTime,endTime,model,prompt_tokens,response"]
    for text in ANSWERS:
        cell = json.dumps({"choices": [{"message": {"content": text}}]}).replace('"', '""')
        lines.append(f'r,0.01,2026-01-01 10:00:00.5+00:00,2026-01-01 10:00:02+00:00,m,12,"{cell}"')
    lines.append("r,0,2026-01-01 10:00:00+00:00,,m,0,{}")
    path = tmp_path / "spend.csv"
    path.write_text("\n".join(lines))
    report, draws = imported(path)
    assert report.notes == ("The file was recognised as LiteLLM's log of spend.",)
    assert statuses(draws) == [*READ, Status.ERROR]
    assert (draws.cost_usd[0], draws.latency_s[0], draws.prompt_tokens[0]) == (0.01, 1.5, 12)
    assert draws.asked_at[0] == "2026-01-01T10:00:00.500000Z"


def test_a_log_of_another_form_is_read_by_paths(tmp_path: Path) -> None:
    """Where columns are named nothing is recognised; a wrong --from says what is missing."""
    path = in_lines(tmp_path, [batch_line(completion(text)) for text in ANSWERS])
    paths = ["model=response.body.model", "response=response.body.choices[0].message.content"]
    report, draws = imported(path, columns=paths)
    assert (report.notes, statuses(draws)) == ((), READ)
    with pytest.raises(UsageError, match="not results of promptfoo: its first entry has no 'latencyMs'"):
        imported(in_lines(tmp_path, [sample("x")]), source="promptfoo")


def test_answers_are_read_with_the_labels_of_the_study(tmp_path: Path) -> None:
    """Those of --labels, or of a study that is there; a column of outcomes may hold answers too."""
    said = [{"model": "a", "outcome": f"Output: {label}"} for label in ("heads", "tails")]
    path = in_lines(tmp_path, said)
    options = parse_options((), (), "tails,heads")
    report = import_draws(find_project(tmp_path), "s", path, options=options)
    assert (report.from_answers, report.by_status) == (True, {Status.VALID: 2})
    more = in_lines(
        tmp_path, [{"model": "a", "response": "**Tails**"}, {"model": "a", "response": ""}], "b.jsonl"
    )
    _, draws = imported(more)
    assert (draws.outcome.tolist(), set(draws.labels)) == ([1, 0, 0, -1], {'["tails","heads"]'})
    assert statuses(draws)[3] == Status.EMPTY


def test_a_damaged_member_is_told(tmp_path: Path) -> None:
    text = json.dumps(inspect_sample("Output: 1", 1))
    whole = zstd_archive({"samples/1.json": text})
    path = tmp_path / "a.eval"
    path.write_bytes(whole.replace(struct.pack("<L", zlib.crc32(text.encode())), b"abcd"))
    with pytest.raises(UsageError, match="damaged or cut short"):
        imported(path)


def test_one_packed_file_is_read_whatever_packs_it(tmp_path: Path) -> None:
    path = tmp_path / "draws.zip"
    path.write_bytes(zstd_archive({"draws.csv": "model,outcome\na/b,1\na/b,0\n"}))
    assert imported(path)[1].outcome.tolist() == [1, 0]


def request(name: str, text: str, **body: Any) -> dict[str, Any]:
    asked = {"model": "org/asked", "messages": [{"role": "user", "content": text}], **body}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": asked}


def batch(folder: Path, requests: list[dict[str, Any]]) -> Result:
    """Import the output of a batch beside its requests."""
    answers = [
        batch_line(completion("Output: 1")) | {"custom_id": "a"},
        batch_line(None, error={"message": "expired"}) | {"custom_id": "b"},
        batch_line(completion("Output: 0")) | {"custom_id": "unknown"},
    ]
    files = [in_lines(folder, answers, "output.jsonl"), in_lines(folder, requests, "requests.jsonl")]
    return CliRunner().invoke(cli, ["import", *map(str, files), "--study", "s"])


def test_the_requests_of_a_batch_give_models_and_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed request has its model too; the model that answered is kept beside the one that was asked."""
    monkeypatch.chdir(tmp_path)
    result = batch(tmp_path, [request(name, "Flip {a} coin: 0 or 1?", temperature=0.7) for name in "ab"])
    assert result.exit_code == 0, result.output
    assert "a new study's prompt and settings, were taken from the batch's requests." in result.output
    folder = study_folder(find_project(tmp_path), "s")
    draws, study = read_draws(folder / "draws.parquet"), load_study(folder)
    assert draws.models == ("gpt-x", "org/asked")
    assert statuses(draws) == [Status.VALID, Status.VALID, Status.ERROR]
    assert draws.served_model == [None, "gpt-x", None]
    assert (study.prompt.template, study.sampling.temperature) == ("Flip {a} coin: 0 or 1?", 0.7)


def test_requests_that_differ_leave_the_prompt_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = batch(tmp_path, [request("a", "0 or 1?"), request("b", "1 or 0?", temperature=1)])
    assert "these hold 2 different prompts" in result.output
    study = load_study(study_folder(find_project(tmp_path), "s"))
    assert (study.prompt.template, study.sampling.temperature) == ("unknown", None)


def test_requests_alone_hold_no_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = in_lines(tmp_path, [request("a", "0 or 1?")])
    result = CliRunner().invoke(cli, ["import", str(path), "--study", "s"])
    assert (result.exit_code, "no answers; name the batch's output file too" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("labels", "text", "template"),
    [
        (("1", "2", "3"), "Draw from 1 to 3.", "Draw from {low} to {high}."),
        (("red", "green", "blue"), "Say red, green, blue.", "Say {options}."),
        (("red", "green", "blue"), "Say a colour.", "unknown"),
    ],
)
def test_a_prompt_of_many_outcomes_says_where_they_stand(
    labels: tuple[str, ...], text: str, template: str
) -> None:
    """One that does not leaves the prompt unknown, for it could not be asked again."""
    before = Prompt(
        template="unknown",
        outcomes=labels,
        shares=(1 / 3,) * 3,
        form="range" if labels[0] == "1" else "list",
    )
    study = replace(default_study("s"), prompt=before)
    assert BatchRequests(prompts=(text,)).described(study).prompt.template == template


def test_an_export_is_announced(tmp_path: Path) -> None:
    """In each form, as a log of any other tool is."""
    imported(in_lines(tmp_path, [{"model": "a/b", "outcome": 1}]))
    draws = read_draws(study_folder(find_project(tmp_path), "s") / "draws.parquet")
    for form in ("csv", "jsonl", "parquet"):
        (tmp_path / form).mkdir()
        path = tmp_path / form / f"draws.{form}"
        with path.open("wb") as file:
            export_draws(draws, file, study="s", form=form)
        assert imported(path)[0].notes == ("The file was recognised as draws that flipsite exported.",)


def test_a_request_for_several_answers_gives_a_draw_each(tmp_path: Path) -> None:
    """They share its tokens and its cost, so that sums stay what they were."""
    body = completion("Output: 0")
    body["choices"] += [{"message": {"content": text}} for text in ANSWERS[1:]]
    body["usage"] |= {"cost": 0.3}
    _, draws = imported(in_lines(tmp_path, [batch_line(body)]))
    assert statuses(draws) == READ
    assert (draws.prompt_tokens.tolist(), draws.completion_tokens.tolist()) == ([3, 3, 3], [2, 1, 1])
    assert sum(draws.cost_usd.tolist()) == pytest.approx(0.3)


def test_a_batch_of_the_responses_api(tmp_path: Path) -> None:
    """Reasoning is no part of an answer; one that was cut is truncated; a body may be a text."""

    def body(text: str, **more: Any) -> dict[str, Any]:
        message = {"type": "message", "content": [{"type": "output_text", "text": text}]}
        usage = {"input_tokens": 9, "output_tokens": 4}
        output = [{"type": "reasoning", "summary": []}, message]
        return {"object": "response", "model": "gpt-x", "output": output, "usage": usage, **more}

    lines = [batch_line(body(text)) for text in ANSWERS]
    lines.append(batch_line(body("I", incomplete_details={"reason": "max_output_tokens"})))
    lines.append(batch_line(None) | {"response": {"body": json.dumps(completion("Output: 1"))}})
    _, draws = imported(in_lines(tmp_path, lines))
    assert statuses(draws) == [*READ, Status.TRUNCATED, Status.VALID]
    assert (draws.prompt_tokens[0], draws.completion_tokens[0]) == (9, 4)


def test_a_batch_that_failed_says_how_its_models_are_named(tmp_path: Path) -> None:
    lines = [batch_line(None, error={"code": "batch_expired"}) for _ in range(2)]
    path = in_lines(tmp_path, lines, "errors.jsonl")
    with pytest.raises(UsageError, match="line 1 failed, and names no model; name the batch's request file"):
        imported(path)
    _, draws = imported(path, model="a/b")
    assert (draws.models, statuses(draws)) == (("a/b",), [Status.ERROR, Status.ERROR])


@pytest.mark.parametrize(
    "resps", [[[["-1.5", "False"]], [["-0.5", "True"]]], [["-1.5", "False"]], [[[-1.5, False]]]]
)
def test_likelihoods_are_no_answers(tmp_path: Path, resps: object) -> None:
    """In every version's spelling."""
    path = in_lines(tmp_path, [sample("x") | {"resps": resps}] * 3)
    with pytest.raises(UsageError, match=r"likelihoods of given answers and no answer; .* generate_until"):
        imported(path, model="a/b")


def test_two_models_that_gave_the_same_samples(tmp_path: Path) -> None:
    """Their files are the same to the byte, and two models' draws nevertheless."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        results = {"model_name": f"org/{name}"}
        (tmp_path / name / "results_2026-01-01T00-00-00.json").write_text(json.dumps(results))
        path = in_lines(
            tmp_path / name, [sample(text) for text in ANSWERS], "samples_coin_2026-01-01T00-00-00.jsonl"
        )
        options = parse_options((), (), None)
        import_draws(find_project(tmp_path), "s", path, options=options)
        assert import_draws(find_project(tmp_path), "s", path, options=options).already
    draws = read_draws(study_folder(find_project(tmp_path), "s") / "draws.parquet")
    assert (draws.models, len(draws)) == (("org/one", "org/two"), 6)


@pytest.mark.parametrize("nested", [True, False])
def test_results_of_an_older_promptfoo(tmp_path: Path, nested: bool) -> None:
    """Without indices, beside a longer table of the same results."""
    results = [promptfoo_result({"output": text}, {"id": "a:b"}) for text in ANSWERS]
    for result in results:
        del result["promptIdx"], result["testIdx"]
    summary = {"version": 2, "results": results, "table": {"body": [{"outputs": []}] * 9}}
    path = tmp_path / "output.json"
    path.write_text(json.dumps({"results": summary} if nested else summary))
    report, draws = imported(path)
    assert report.notes == ("The file was recognised as results of promptfoo.",)
    assert (draws.models, statuses(draws)) == (("a:b",), READ)


def test_answers_from_a_cache_are_told_and_can_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = [promptfoo_result({"output": "Output: 0", "cached": n > 0}, "a:b") for n in range(3)]
    in_lines(tmp_path, results, "o.jsonl")
    told = CliRunner().invoke(cli, ["import", "o.jsonl", "--study", "s"])
    assert "2 answers came from a cache, which repeats answers; --where cached=false leaves" in told.output
    told = CliRunner().invoke(cli, ["import", "o.jsonl", "--study", "t", "--where", "cached=false"])
    assert "1 valid, 2 left out by --where" in told.output


def spend(index: int, response: object, **more: Any) -> dict[str, Any]:
    times = {
        name: f"2026-01-01T10:00:{index:02}.{ms}Z" for name, ms in (("startTime", 100), ("endTime", 900))
    }
    return {"request_id": f"r{index}", "spend": 0.01, "model": "m", "response": response, **times, **more}


def test_spend_without_answers_says_how_they_are_kept(tmp_path: Path) -> None:
    """A request that failed is an error; one whose answer LiteLLM did not keep is no draw."""
    path = in_lines(tmp_path, [spend(n, {}, completion_tokens=4) for n in range(3)])
    with pytest.raises(UsageError, match=r"holds no answer; .* `store_prompts_in_spend_logs: true`"):
        imported(path)
    _, draws = imported(in_lines(tmp_path, [spend(0, {}, status="failure", completion_tokens=0)] * 2))
    assert statuses(draws) == [Status.ERROR, Status.ERROR]


def test_logs_that_overlap_bring_no_draw_twice(tmp_path: Path) -> None:
    """Two exports without numbers share requests: these are told apart by their times."""
    answers = [completion(f"Output: {n % 2}") for n in range(9)]
    first = in_lines(tmp_path, [spend(n, answers[n]) for n in range(6)], "a.jsonl")
    second = in_lines(tmp_path, [spend(n, answers[n]) for n in range(3, 9)], "b.jsonl")
    assert imported(first)[0].n_there == 0
    report, draws = imported(second)
    assert (report.n_there, report.by_status, len(draws)) == (3, {Status.VALID: 3}, 9)
    assert draws.draw.tolist() == list(range(9))


def test_a_log_of_inspect_names_the_model_that_was_asked(tmp_path: Path) -> None:
    """What answered is kept beside it; a log that asked none has the models of its samples."""
    samples = [inspect_sample("Output: 1", 1)]
    for model, expected in (("org/other", ("org/other", "tiny")), ("none/none", ("tiny", None))):
        path = tmp_path / f"{model[:3]}.json"
        path.write_text(json.dumps({"eval": {"model": model}, "samples": samples}))
        report = import_draws(find_project(tmp_path), model[:3], path, options=parse_options((), (), None))
        draws = read_draws(study_folder(find_project(tmp_path), report.study) / "draws.parquet")
        assert (draws.models[0], (draws.served_model or [None])[0]) == expected
