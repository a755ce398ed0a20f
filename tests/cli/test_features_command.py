"""`flipsite features` that asks nobody: what it gathers, what it says, what it never touches.

What a classifier adds is tried in `collect/test_classifying.py`.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flipsite.cli.main import cli
from flipsite.collect.simulated import Coin, Endpoint
from flipsite.collect.simulated.server import serving
from flipsite.store.features import read_features

SHIPPED = Path(__file__).parents[2] / "content" / "studies"
ENTRIES: dict[str, dict[str, Any]] = {
    "meta-llama/llama-4-scout": {
        "created": 1_743_811_200,
        "context_length": 327_680,
        "hugging_face_id": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        "architecture": {
            "input_modalities": ["image", "text"],
            "output_modalities": ["text"],
            "tokenizer": "Llama4",
        },
        "pricing": {"prompt": "0.00000008", "completion": "0.0000003"},
    },
    "cohere/command-r": {"pricing": {"prompt": "0.000001", "completion": "0.000002"}},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    return lambda *words: CliRunner().invoke(cli, ["features", "--no-classifier", *words])


@pytest.fixture
def address() -> Iterator[str]:
    coins = [Coin(id=name, truth=None, entry=entry) for name, entry in ENTRIES.items()]
    with serving(Endpoint(coins=coins)) as address:
        yield address


def study(name: str) -> Path:
    """One of the shipped studies, in a project of the user's own."""
    folder = Path("content", "studies", name)
    shutil.copytree(SHIPPED / name, folder)
    return folder / "features.csv"


def found_in(path: Path, model: str) -> dict[str, tuple[str, str]]:
    return {row.feature: (row.value, row.source) for row in read_features(path) if row.model == model}


def test_a_published_study_learns_what_the_catalogue_says(run: Callable[..., Result], address: str) -> None:
    """A person's value is kept, and the value it kept out is reported with both sides."""
    path = study("article-2025")
    before = {row for row in read_features(path) if row.source in {"curated", "article"}}
    ran = run("article-2025", "--api-base", address)
    assert ran.exit_code == 0, ran.output
    assert before <= set(read_features(path))
    found = found_in(path, "meta-llama/llama-4-scout")
    assert found["parameters_active_b"] == ("17", "curated")
    assert found["context_length"] == ("327680", "catalogue")
    assert found["price_completion"] == ("0.3", "catalogue")
    assert found["modality"] == ("image+text>text", "catalogue")
    assert found["tokenizer"] == ("Llama4", "catalogue")
    assert found["author"] == ("meta-llama", "name")
    assert found["released"] == ("2025-04", "curated")
    assert "In no catalogue: amazon/nova-lite-v1," in ran.output
    assert (
        "kept: cohere/command-r open_weights: yours is yes (curated: weights can be downloaded), found no"
        in (ran.output)
    )


def test_a_second_run_has_nothing_to_write(run: Callable[..., Result], address: str) -> None:
    path = study("article-2025")
    run("article-2025", "--api-base", address)
    once = path.read_bytes()
    again = run("article-2025", "--api-base", address)
    assert "features.csv is up to date." in again.output
    assert path.read_bytes() == once


def test_a_dry_run_shows_and_writes_nothing(run: Callable[..., Result], address: str) -> None:
    path = study("article-2025")
    before = path.read_bytes()
    ran = run("article-2025", "--api-base", address, "--dry-run")
    assert "Would write" in ran.output
    assert path.read_bytes() == before


def test_a_studys_own_catalogue_comes_first_and_needs_no_network(run: Callable[..., Result]) -> None:
    """The controls were asked with theirs; who served them stands in their answers."""
    path = study("controls")
    ran = run("controls", "--simulated")
    assert ran.exit_code == 0, ran.output
    found = found_in(path, "simulated/dear")
    assert found["price_completion"] == ("400", "catalogue")
    assert found["provider"] == ("Simulated", "catalogue")
    assert "17 models, " in ran.output


def test_a_persons_value_against_the_catalogues_is_told(run: Callable[..., Result]) -> None:
    path = study("controls")
    path.write_text(
        "model,feature,value,source,confidence,note\n"
        "simulated/fair,context_length,4096,curated,1,I have counted\n"
        "simulated/fair,open_weights,,curated,,nobody knows\n"
    )
    ran = run("controls", "--simulated")
    assert (
        "kept: simulated/fair context_length: yours is 4096 (curated: I have counted), "
        "found 8192 (catalogue: on 2025-11-23)"
    ) in ran.output
    assert (
        "kept: simulated/fair open_weights: yours is unknown (curated: nobody knows), found no" in ran.output
    )
    found = found_in(path, "simulated/fair")
    assert found["context_length"] == ("4096", "curated")
    assert found["open_weights"] == ("", "curated")


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("controls", [], "kind is simulated; add --simulated"),
        ("article-2025", ["--simulated"], "kind is published; leave --simulated out"),
        ("article-2025", ["--api-base", "http://127.0.0.1:9/v1"], "no connection"),
    ],
)
def test_what_cannot_be_gathered_is_one_sentence(
    run: Callable[..., Result], name: str, words: list[str], said: str
) -> None:
    study(name)
    ran = run(name, *words)
    assert ran.exit_code in {1, 2}
    assert said in ran.output


def test_a_faulty_file_stops_it_before_anybody_is_asked(run: Callable[..., Result]) -> None:
    path = study("controls")
    path.write_text("model,feature,value,source,confidence,note\nsimulated/fair,size,big,curated,1,\n")
    ran = run("controls", "--simulated")
    assert ran.exit_code == 2
    assert "features.csv, line 2: no feature 'size'" in ran.output


def test_a_study_without_draws_has_no_models_yet(run: Callable[..., Result]) -> None:
    study("controls")
    Path("content/studies/controls/draws.parquet").unlink()
    ran = run("controls", "--simulated")
    assert ran.exit_code == 2
    assert "no draws yet; run `flipsite collect controls` first" in ran.output


def test_flipsites_own_studies_are_not_written_to(run: Callable[..., Result]) -> None:
    assert "is flipsite's own" in run("article-2025").output
