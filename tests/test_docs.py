"""The documentation says what is so: its commands run, its reference is the code's, its links lead on."""

import fcntl
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt
from tests.documents import ROOT, Session, blocks
from tests.local_models import llama_server, local_models

import flipsite
from flipsite.cli.main import COMMANDS, cli
from flipsite.collect.simulated import COINS, Endpoint
from flipsite.collect.simulated.classifiers import CLASSIFIERS
from flipsite.collect.simulated.server import serving

REFERENCE = runpy.run_path(str(ROOT / "docs/reference/make.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = [page for page in PAGES if "reference" not in page.parts and blocks(page)]
names = {page: page.relative_to(ROOT).as_posix() for page in PAGES}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A shell whose OpenRouter, Ollama, vLLM and GitHub are on this machine."""
    who = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
    }
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FLIPSITE_")}
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "bare.git")], check=True)
    endpoint = Endpoint(seed=1, coins=(*COINS, *CLASSIFIERS))
    with serving(endpoint) as openrouter, local_models() as local, llama_server() as llama:
        env = {
            **kept,
            **who,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "OPENROUTER_API_KEY": "sk-or-test",
            **{f"FLIPSITE_{command}_YES": "1" for command in ("COLLECT", "FEATURES", "PUBLISH")},
            **{f"FLIPSITE_{command}_API_BASE": openrouter for command in ("COLLECT", "MODELS", "FEATURES")},
        }
        pip = tmp_path / "pip"
        instead = {
            "http://localhost:11434/v1": local,
            "http://127.0.0.1:8080/v1": llama,
            "--port 8080": "--port 0",
            "openai/gpt-5-mini": "simulated/classifier",
            "features mine --budget 5": "features mine --budget 5 --classifier simulated/classifier",
            "mistralai/*": "simulated/*",
            "--draws 400": "--draws 40",  # one coin lets itself be asked a few times a second
            "http://localhost:8000/v1": local,
            "https://github.com/me/coins.git": str(tmp_path / "bare.git"),
            "python3 -m pip install .": f"{sys.executable} -m pip install -q --no-deps -t {pip} {ROOT}",
        }
        with Session(tmp_path / "session", env, instead=instead) as opened:
            yield opened


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=names.get)
def test_every_block_of_a_page_does_what_the_page_says(page: Path, session: Session) -> None:
    """In their order, in one folder, as a reader would; with the output that is shown."""
    for block in blocks(page):
        session.perform(block)


PREPARED = r"""
mkdir -p content/studies
cp -r {root}/content/studies/controls {root}/content/studies/article-2025 content/studies/
flipsite collect mine --draws 6 --budget 1
flipsite export mine --format csv -o draws.csv
printf '{{"model": "a/b", "answer": "%s"}}\n' heads tails | gzip > flips.jsonl.gz
printf 'model,p,answer\na/b,5,0\na/b,50,1\n' > curve.csv
printf 'model,p,v,v2,said\na/b,50,red,blue,red\na/b,5,red,blue,blue\n' > words.csv
mkdir logs && cp draws.csv logs/
printf '{{"request": {{"model": "a/b"}}, "reply": "Output: %s"}}\n' 0 1 > log.jsonl
printf 'model,outcome\na/b,1\na/b,6\n' > dice.csv
printf 'model,outcome\na/b,1.2\na/b,9.7\n' > reals.csv
printf 'model,heads,n\na/b,27,50\n' > table2.csv
printf 'model,{columns}\na/b,0,1,0,1,0,1,0,1,0,1,0,1\n' > dozens.csv
"""
"""A project in which each example of each `--help` can be typed."""

REMOTE = "git init --quiet && git remote add origin https://github.com/me/coins.git"


@pytest.fixture
def prepared(session: Session, run_folder: Path) -> Session:
    """A shell in such a project, collected once for all workers."""
    kept = run_folder / "prepared"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            columns = ",".join(f"flip_{n}" for n in range(1, 13))
            for line in PREPARED.format(root=ROOT, columns=columns).strip().splitlines():
                session.check(line)
            shutil.copytree(session.folder(), kept)
    shutil.copytree(kept, session.folder(), dirs_exist_ok=True)
    session.check(REMOTE)
    return session


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_of_every_help_works(prepared: Session, name: str) -> None:
    """All but those of `fit`, which wants the extra `bayes`: tests/fit runs it."""
    for line in ["flipsite build", "cp -r site public"] if name == "check" else []:
        prepared.check(line)
    command = cli.get_command(cli.make_context("flipsite", [], resilient_parsing=True), name)
    assert command
    examples = re.findall(r"^ +(flipsite .*)", (command.help or "").partition("Examples:")[2], re.MULTILINE)
    assert examples, name
    for example in examples:
        _know(shlex.split(example.partition(" | ")[0])[1:])
        if name != "fit":
            prepared.check(example, statuses=(0, 3))  # 3: the budget ended it, as it should


@pytest.mark.slow
def test_a_site_holds_the_files_that_the_reference_lists(default_project: Path, tmp_path: Path) -> None:
    """Each file is one of the list, and each line of the list is in one of two sites."""
    studies = tmp_path / "content/studies"
    for again in ("controls", "controls-2", "controls-p030"):
        shutil.copytree(ROOT / "content/studies/controls", studies / again)
    settings = studies / "controls-p030/study.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("0.5", "0.3"))
    sites = (default_project / "site", flipsite.build(tmp_path).out)
    listed = {part: _pattern(part) for line in REFERENCE["SITE_FILES"] for part in line.split(", ")}
    found = {
        path.relative_to(site).as_posix() for site in sites for path in site.rglob("*") if path.is_file()
    }
    unlisted = [path for path in found if not any(each.fullmatch(path) for each in listed.values())]
    assert unlisted == []
    for part, pattern in listed.items():
        assert any(map(pattern.fullmatch, found)), f"no site has {part}"


def _pattern(path: str) -> re.Pattern[str]:
    """`STUDY`, `OTHER` and the like are a folder each, `*` any file below, `{a,b}` a choice."""
    text = re.escape(path)
    text = re.sub(r"\\{(.*?)\\}", lambda choice: "(" + choice[1].replace(",", "|") + ")", text)
    return re.compile(re.sub(r"[A-Z]+", "[^/]+", text.replace(r"\*", ".+")))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if page == "embeds.md" else [])
        for page in REFERENCE["PAGES"]
    ],
)
def test_the_reference_is_what_the_code_says(page: str) -> None:
    written = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    assert written == REFERENCE["PAGES"][page](), "run `make docs`"


def test_the_reference_has_every_page() -> None:
    there = {page.name for page in (ROOT / "docs/reference").glob("*.md")}
    assert there == set(REFERENCE["PAGES"])


@pytest.mark.parametrize("page", PAGES, ids=names.get)
def test_links_of_the_docs_lead_to_files_that_are_there(page: Path) -> None:
    tokens = [
        each
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8"))
        for each in token.children or []
    ]
    for token in tokens:
        address = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if address and not re.match(r"[a-z]+:|#", address):
            assert (page.parent / address.partition("#")[0]).exists(), address


@pytest.mark.parametrize("page", PAGES, ids=names.get)
def test_commands_named_in_passing_exist_with_their_options(page: Path) -> None:
    """`flipsite …` within a sentence or a table."""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        for each in token.children or []:
            if each.type == "code_inline" and each.content.startswith("flipsite "):
                _know(shlex.split(each.content, comments=True)[1:])


def _know(words: list[str]) -> None:
    context = cli.make_context("flipsite", [], resilient_parsing=True)
    if words[0].startswith("-"):
        assert words[0] in {"--help", "--version"}
        return
    assert words[0] in COMMANDS, words
    command = cli.get_command(context, words[0])
    assert command
    options = {name for each in command.params for name in each.opts if isinstance(each, click.Option)}
    for word in words[1:]:
        assert not word.startswith("-") or word in options | {"--help"}, f"{words}: no option {word}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name: str) -> None:
    command = cli.get_command(cli.make_context("flipsite", [], resilient_parsing=True), name)
    assert command
    assert command.short_help
    assert len(command.short_help) < 60
    for option in command.params:
        assert not isinstance(option, click.Option) or (option.help or "").endswith((".", "]")), option.name
