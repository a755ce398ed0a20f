"""A model's log-probabilities on its page: the share read in two or three ways, and what they save."""

import re
from dataclasses import replace
from html import unescape

import pytest
from click.testing import CliRunner

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.cli.main import cli
from flipsite.domain.draws import Draw, LabelProbabilities, Outcome
from flipsite.domain.study import Kind, Sampling
from flipsite.present.leaderboard.board import board
from flipsite.present.methods.logprobs import LISTED, logprobs_view
from flipsite.present.pages.model.csv import model_csv
from flipsite.present.pages.model.page import model_view, page_with, shared_of
from flipsite.present.pages.templates import environment, render
from flipsite.project import packaged
from flipsite.settings import default_study, dump_study
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.workflows.load import load_report

STUDY = "trial"
TEMPLATES = environment([packaged("templates")])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> StudyReport:
    """Coins that say how often they fall on 1, true and false, collected at a temperature of 0.7."""
    root = tmp_path_factory.mktemp("logprobs")
    sampling = Sampling(draws=50, logprobs=True, temperature=0.7)
    folder = root / "content" / "studies" / STUDY
    folder.mkdir(parents=True)
    study = replace(default_study(STUDY), kind=Kind.SIMULATED, sampling=sampling)
    (folder / "study.toml").write_text(dump_study(study), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        ran = CliRunner().invoke(cli, ["collect", STUDY, "--simulated", "--yes"])
    assert ran.exit_code == 0, ran.output
    return load_report(folder)


def said(report: StudyReport, coin: str) -> str:
    """The part of a model's page in words."""
    shared = shared_of(report, board(report), {})
    place = [row.estimate.model for row in shared.rows].index(f"simulated/{coin}")
    page = page_with(shared, model_view(shared, place))
    html = render(TEMPLATES, "parts/logprobs.html", page=page, **page.context)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_a_coin_that_says_the_truth_would_have_needed_one_request(report: StudyReport) -> None:
    """0.7 as it came; 0.77 had it been reported before the temperature."""
    words = said(report, "says-0.7")
    assert "One request would have carried as much information as these 50 draws : 49 requests, " in words
    assert "49 requests, $0.0010, could" in words
    assert "By log-probabilities 0.700 0.700 to 0.700" in words
    assert "The same at temperature 0.7 0.770 0.770 to 0.770" in words
    assert "before the temperature is applied; the last row is for those" in words


def test_a_coin_that_says_the_false_replaces_no_draw(report: StudyReport) -> None:
    words = said(report, "says-0.5-falls-0.9")
    assert "Its draws do not agree with its log-probabilities" in words
    assert "could have been saved" not in words


def test_a_server_that_reports_before_the_temperature_is_named_so(report: StudyReport) -> None:
    """Where the draws agree with the tempered probabilities alone, in words beside both p-values."""
    found = report.logprobs["simulated/says-0.7"]
    assert found.at_temperature
    raw = replace(found, p_value=0.001, at_temperature=replace(found.at_temperature, p_value=0.6))
    shown = replace(report, logprobs={**report.logprobs, "simulated/says-0.7": raw})
    words = said(shown, "says-0.7")
    assert "The server reports them before the temperature is applied : as they came they do not fit" in words
    assert "at the study’s temperature of 0.7 they do (p 0.60" in words
    assert "reports them before" not in said(report, "says-0.7")


def test_a_coin_that_wavers_saves_little(report: StudyReport) -> None:
    """The variance from request to request is most of what there is."""
    requests = re.search(r"(\d+) requests would have carried as much information as", said(report, "wavers"))
    assert requests
    assert 25 < int(requests[1]) < 45


def test_a_coin_that_promises_and_sends_none(report: StudyReport) -> None:
    words = said(report, "says-nothing")
    assert "Log-probabilities were requested, but none that could be read were returned." in words


def test_the_draws_to_download_have_the_probabilities(report: StudyReport) -> None:
    assert report.draws
    header = model_csv(report.draws, report.draws.rows(0)).decode().partition("\n")[0].split(",")
    assert header[header.index("mode") :][:4] == ["mode", "p_labels", "p_cover", "prompt_tokens"]


def test_of_many_outcomes_the_likeliest_are_listed() -> None:
    """By their mean probability, each with its label."""
    labels = tuple(map(str, range(1, 31)))
    prompt = replace(
        default_study("x").prompt, form="range", outcomes=labels, shares=(1 / 30,) * 30, template="{low}"
    )
    p = [0.01] * 30
    p[6] = 0.5
    draws = collect_draws(
        Draw(
            model="a/b",
            draw=index,
            labels=labels,
            order=0,
            result=Outcome(index=6),
            probabilities=LabelProbabilities(p=tuple(p), cover=0.79),
        )
        for index in range(5)
    )
    report = report_draws(replace(default_study("x"), prompt=prompt), draws)
    view = logprobs_view(prompt, report.logprobs["a/b"])
    assert len(view.rows) == LISTED
    assert view.rows[0].name == "7"
    assert view.rows[0].stated.mean == pytest.approx(0.5 / 0.79)
