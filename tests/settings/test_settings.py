"""study.toml and published.toml: what is read, and how each fault is told."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Kind, ModelChoice, Prompt, Sampling, Skip, Study
from flipsite.errors import SettingsError
from flipsite.settings import default_study, dump_study, load_printed, load_study, study_keys

ARTICLE = Path(__file__).parents[2] / "content" / "studies" / "article-2025"


def written(folder: Path, text: str) -> Path:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_study(written(folder, text))
    return str(caught.value).splitlines()


def test_every_setting_has_a_default(tmp_path: Path) -> None:
    """An empty study.toml is the article's question asked of every model."""
    study = load_study(written(tmp_path, ""))
    assert study.kind is Kind.MEASURED
    assert study.prompt.outcomes == ("0", "1")
    assert study.sampling.draws == 50
    assert study.prompt.template == load_study(ARTICLE).prompt.template


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = '[study]\nkind = "mesured"\n[sampling]\ndraws = "fifty"\n[budget]\ntotal_usd = -1\n'
    assert faults_of(tmp_path, text) == [
        f"{tmp_path}/study.toml: study.kind: "
        'expected one of "measured", "published", "simulated", found \'mesured\'.',
        f"{tmp_path}/study.toml: sampling.draws: expected a whole number of at least 1, found 'fifty'.",
        f"{tmp_path}/study.toml: budget.total_usd: expected a number of dollars, from 0 to a billion, "
        "found -1.",
    ]


def test_an_unknown_key_is_told_its_nearest(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "[sampling]\ndrawz = 3\n") == [
        f'{tmp_path}/study.toml: sampling.drawz: unknown key; did you mean "draws"?'
    ]


def test_an_unknown_key_that_is_near_none_is_told_all(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "[budget]\nx = 3\n")
    assert fault.endswith("budget.x: unknown key; known here: total_usd, per_model_usd, shared_with.")


def test_an_entry_of_the_skip_list_is_named_by_its_number(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, '[[models.skip]]\nid = "a/b"\n')
    assert fault.endswith("models.skip.1.reason: missing; expected the reason, a text.")


@pytest.mark.parametrize("pair", ['["a", "a"]', '["", "b"]', '["a"]', '["a", "b", "c"]'])
def test_labels_that_cannot_be_told_apart_are_refused(tmp_path: Path, pair: str) -> None:
    (fault,) = faults_of(tmp_path, f"[prompt]\npair = {pair}\n")
    assert "prompt.pair: expected a list of two different texts, neither empty" in fault


@pytest.mark.parametrize("target", ["-0.1", "1.01", "nan", "inf", '"half"', "true"])
def test_a_target_is_a_probability(tmp_path: Path, target: str) -> None:
    (fault,) = faults_of(tmp_path, f"[prompt]\ntarget = {target}\n")
    assert "prompt.target: expected a number from 0 to 1" in fault


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "[study]\ntitle = \n")
    assert "not valid TOML" in fault
    assert "line 2" in fault


def test_a_file_that_is_no_text_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_bytes(b'[study]\ntitle = "\xff"\n')
    with pytest.raises(SettingsError, match="not UTF-8 text at byte 17"):
        load_study(tmp_path)


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_study(tmp_path)


def test_the_default_study_spells_out_every_key() -> None:
    """Even keys that are absent by default stand there, commented."""
    text = dump_study(default_study("mine"))
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    sections = {name.partition(".")[0] for name, _, _ in study_keys()} | {"request"}
    assert all(any(line.startswith(f"[{section}]") for line in lines) for section in sections)
    for name, _, _ in study_keys():
        if name not in {"prompt.outcomes", "budget.shared_with"}:  # in place of pair and total_usd
            assert any(line.startswith(f"{name.partition('.')[2]} = ") for line in lines), name


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
labels = st.tuples(texts, texts).filter(
    lambda pair: (
        all(label.strip() for label in pair) and pair[0].strip().casefold() != pair[1].strip().casefold()
    )
)
dollars = st.none() | st.floats(0, 1e6).map(usd)
coins = st.builds(
    Prompt,
    template=texts.filter(bool),
    shares=st.floats(0, 1).map(lambda target: (1 - target, target)),
    labels=st.sampled_from(["fixed", "random"]),
    outcomes=labels,
    orders=st.sampled_from(["one", "both"]),
)
dice = st.builds(
    lambda weights, orders: Prompt(
        template="One of {options}, that is {shares}.",
        outcomes=tuple("abcdefgh"[: len(weights)]),
        shares=tuple(weight / sum(weights) for weight in weights),
        orders=orders,
        form="list",
    ),
    st.lists(st.integers(1, 9), min_size=2, max_size=8),
    st.sampled_from(["one", "rotated"]),
)
ranges = st.builds(
    lambda low, more: Prompt(
        template="{low} to {high}",
        outcomes=tuple(map(str, range(low, low + more))),
        shares=(1 / more,) * more,
        form="range",
    ),
    st.integers(-9, 9),
    st.integers(2, 120),
)
prompts = coins | dice | ranges
studies = st.builds(
    Study,
    id=st.just("s"),
    title=texts.filter(bool),
    kind=st.sampled_from(Kind),
    summary=texts,
    source=texts,
    started=st.none() | st.just("2026-11-23"),
    prompt=prompts,
    sampling=st.builds(
        Sampling,
        draws=st.integers(1, 10**9),
        temperature=st.none() | st.floats(0, 2),
        max_tokens=st.none() | st.integers(16, 10**6),
        answer=st.sampled_from(["text", "structured", "auto"]),
    ),
    models=st.builds(
        ModelChoice,
        include=st.lists(texts, max_size=2).map(tuple),
        exclude=st.lists(texts, max_size=2).map(tuple),
        skip=st.lists(st.builds(Skip, id=texts, reason=texts), max_size=2).map(tuple),
    ),
    budget=st.builds(Budget, total_usd=dollars, per_model_usd=dollars),
)


@settings(max_examples=40)
@given(study=studies)
def test_a_study_written_is_the_study_read(study: Study, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("study") / "s"
    folder.mkdir()
    (folder / "study.toml").write_bytes(dump_study(study).encode())
    assert load_study(folder) == study


def test_the_labels_are_put_in_literally() -> None:
    """Every brace but the placeholders is text, in the labels too."""
    prompt = Prompt(template="{{first}, {second}} {x} {second}{first}")
    assert prompt.text(("{second}", "b")) == "{{second}, b} {x} b{second}"


def test_printed_figures_stay_the_text_they_were() -> None:
    printed = load_printed(ARTICLE)
    figures = {row.model: row.figure for row in printed.rows}
    assert figures["cohere/command-a"] == "0.0"
    assert figures["inception/mercury-coder"] == "0.50"


def test_a_published_file_names_what_it_misses(tmp_path: Path) -> None:
    (tmp_path / "published.toml").write_text('[scale]\nmodels = "many"\n')
    with pytest.raises(SettingsError) as caught:
        load_printed(tmp_path)
    told = str(caught.value)
    assert "scale.models: expected how many models were asked, a whole number, found 'many'." in told
    assert "least_biased: missing; expected a table [least_biased]." in told


@pytest.mark.parametrize(
    ("was", "is_now", "fault"),
    [
        ("models = 240", "models = 39", "scale.models: expected at least the 40 printed, found 39"),
        ("[40, 55]", "[55, 40]", "scale.draws_between: expected two whole numbers, fewest and most"),
        ("[40, 55]", "[0, 55]", "scale.draws_between: expected two whole numbers, fewest and most"),
    ],
)
def test_a_published_file_is_no_contradiction(tmp_path: Path, was: str, is_now: str, fault: str) -> None:
    text = (ARTICLE / "published.toml").read_text(encoding="utf-8")
    (tmp_path / "published.toml").write_text(text.replace(was, is_now), encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(fault)):
        load_printed(tmp_path)
