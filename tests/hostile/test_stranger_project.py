"""A project of a stranger: whatever lies in it, a build runs nothing of it and publishes nothing else's."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.narrowing import not_none

from flipsite.cli.main import cli
from flipsite.domain.draws import Draw, Outcome
from flipsite.errors import ContentError, FlipsiteError, StoreError, UsageError
from flipsite.files import file_digest
from flipsite.present.pages.narrative_pages import NARRATIVES as PAGES
from flipsite.project import NARRATIVES, find_project
from flipsite.settings import default_study, dump_study
from flipsite.store.build_cache import user_folder
from flipsite.store.draws_columns import RESPONSE_CHARACTERS
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.build import build
from flipsite.write.publish import Branch, fetch_branch, plan_publish, push

SECRET = "canary-of-a-private-file"  # noqa: S105 - of nobody


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A private folder of the user, beside the project."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "notes.md").write_text(SECRET, encoding="utf-8")
    (folder / "study.toml").write_text(f'[study]\ntitle = "{SECRET}"\n', encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project, with draws."""
    root = tmp_path / "project"
    folder = root / "content" / "studies" / "coins"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(dump_study(default_study("coins")), encoding="utf-8")
    draws = [
        Draw(model=model, draw=draw, labels=("0", "1"), order=0, result=Outcome(index=draw % 2))
        for model in ("a/b", "a/c")
        for draw in range(4)
    ]
    write_draws(folder / "draws.parquet", collect_draws(draws), study="coins")
    return root


def made(root: Path) -> Path:
    """The site of a project."""
    return build(find_project(root), out=root / "site").out


@pytest.mark.parametrize(
    "code",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ site.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.system('touch ran') }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__}'.format(site) }}",
        "{{ lipsum.__globals__['os'].popen('touch ran').read() }}",
        "{{ self._TemplateReference__context.environment.loader.searchpath }}",
        "{% set _ = site.assets.update({'a': 'b'}) %}",
        "{{ (['a'] | map('upper')).gi_frame.f_globals }}",
        "{{ site.link.__func__.__globals__ }}",
    ],
)
def test_a_template_of_a_project_reaches_nothing_but_its_page(
    project: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the sandbox forbids is one sentence with file and line, and nothing has run."""
    monkeypatch.chdir(project)
    (project / "templates").mkdir()
    (project / "templates/robots.txt").write_text("User-agent: *\n" + code, encoding="utf-8")
    with pytest.raises(ContentError, match=r"robots\.txt, line 2: .") as told:
        made(project)
    assert "\n" not in str(told.value)
    assert not str(told.value).endswith("..")
    assert not (project / "ran").exists()
    assert not (project / "site").exists()


def test_a_template_cannot_read_a_file_through_a_path(secret: Path) -> None:
    """No template is given a path today; were one given, it could not be used."""
    from flipsite.present.pages.templates import environment, render

    (secret / "page.html").write_text("{{ place.read_text() }}", encoding="utf-8")
    with pytest.raises(ContentError, match="not safely callable"):
        render(environment([secret]), "page.html", place=secret / "notes.md")


def test_overriding_a_template_still_works(project: Path) -> None:
    """Loops, filters, macros, includes, `namespace`, `range`: all that a template needs."""
    (project / "templates").mkdir()
    text = (
        "{% macro one(n) %}[{{ n }}]{% endmacro %}{% set ns = namespace(n=0) %}"
        "{% for n in range(3) %}{% set ns.n = ns.n + n %}{{ one(n) }}{{ loop.cycle('a', 'b') }}{% endfor %}"
        "{{ ns.n }} {{ site.studies[0].title.upper() }} {{ 7|count }}"
    )
    (project / "templates/robots.txt").write_text(text, encoding="utf-8")
    assert (made(project) / "robots.txt").read_text() == "[0]a[1]b[2]a3 COINS 7"


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "content/story.md": lambda at, private: at.symlink_to(private / "notes.md"),
    "content/studies/mine": lambda at, private: at.symlink_to(private),
    "content/studies/coins/published.toml": lambda at, private: at.symlink_to(private / "notes.md"),
    "content/up": lambda at, _: at.symlink_to("../.."),
    "templates": lambda at, private: at.symlink_to(private),
    "templates/static/x.txt": lambda at, private: at.symlink_to(private / "notes.md"),
    "site": lambda at, private: at.symlink_to(private),
    "site/notes.html": lambda at, private: at.symlink_to(private / "notes.md"),
    "site/more": lambda at, private: at.symlink_to(private),
}


@pytest.mark.parametrize("place", LINKS)
def test_a_link_that_leads_out_of_the_project_is_refused(project: Path, secret: Path, place: str) -> None:
    """A site would publish what lies there; the private folder is as it was."""
    (project / place).parent.mkdir(parents=True, exist_ok=True)
    LINKS[place](project / place, secret)
    with pytest.raises(FlipsiteError, match=r"leads out of the project|did not write this"):
        made(project)
    assert {path.name for path in secret.iterdir()} == {"notes.md", "study.toml"}


def test_a_link_within_the_project_is_followed(project: Path) -> None:
    (project / "notes").mkdir()
    (project / "notes/story.md").write_text("# Of coins\n", encoding="utf-8")
    (project / "content/story.md").symlink_to("../notes/story.md")
    assert "Of coins" in (made(project) / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("address", ["s3://bucket/x", "gs://bucket/x", "file:///etc", "hdfs://host/x"])
def test_draws_elsewhere_are_read_only_where_the_builder_says_so(project: Path, address: str) -> None:
    (project / "flipsite.toml").write_text(f'[draws]\ncoins = "{address}"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="--allow-remote"):
        made(project)


def test_a_cluster_is_asked_only_where_the_builder_says_so(project: Path) -> None:
    text = '[engine]\nname = "pyspark"\n[engine.options]\n"spark.master" = "spark://evil.example:7077"\n'
    (project / "flipsite.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="--allow-remote"):
        made(project)


def test_draws_elsewhere_within_the_project_are_read(project: Path) -> None:
    (project / "lake").mkdir()
    shutil.move(project / "content/studies/coins/draws.parquet", project / "lake/part.parquet")
    text = f'[draws]\ncoins = "{(project / "lake").as_uri()}"\n'
    (project / "flipsite.toml").write_text(text, encoding="utf-8")
    assert (made(project) / "coins/leaderboard/index.html").exists()


def test_the_manifest_names_only_what_was_read_for_the_site(project: Path) -> None:
    """Notes and drafts that lie beside the content are not told to the public."""
    for name in (
        "plan.md",
        "drafts/secret-plan.md",
        "studies/coins/notes.txt",
        "studies/coins/raw/all.jsonl",
    ):
        (project / "content" / name).parent.mkdir(exist_ok=True)
        (project / "content" / name).write_text("private", encoding="utf-8")
    (project / "content/studies/other").mkdir()
    (project / "content/studies/other/study.toml").write_text("", encoding="utf-8")
    site = build(find_project(project), out=project / "site", studies=["coins"]).out
    inputs = json.loads((site / "build.json").read_bytes())["inputs"]
    own = {name for name in inputs if name.startswith("content/studies/coins/")}
    assert own == {f"content/studies/coins/{name}" for name in ("study.toml", "draws.parquet")}
    assert not [name for name in inputs if "plan" in name or "other" in name]


def test_a_site_that_came_with_the_project_is_not_taken_for_a_build(project: Path) -> None:
    """Its list of digests fits, and so do its inputs; but no build of this user wrote it."""
    site = made(project)
    manifest = json.loads((site / "build.json").read_bytes())
    for name in ("index.html", next(path for path in manifest["outputs"] if path.startswith("assets/vega"))):
        (site / name).write_bytes(b"<script>canary()</script>")
        manifest["outputs"][name] = file_digest(site / name)
    (site / "build.json").write_text(json.dumps(manifest))
    assert b"canary" not in (made(project) / "index.html").read_bytes()
    assert not [path for path in site.rglob("*") if path.is_file() and b"canary()" in path.read_bytes()]


@pytest.mark.slow
def test_charts_that_came_with_the_project_are_not_used(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever they lie in it, with digests that fit: they are looked for in the user's cache alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made(project)
    kept = user_folder("made")
    for folder in (project / ".flipsite", project / "made", project):
        folder.mkdir(exist_ok=True)
        for path in kept.iterdir():
            drawn = path.read_bytes()[32:].replace(b"<svg", b"<svg onload=canary()")
            (folder / path.name).write_bytes(hashlib.sha256(drawn).digest() + drawn)
    shutil.rmtree(kept)
    shutil.rmtree(project / "site")
    assert not [path for path in made(project).rglob("*.svg") if b"canary" in path.read_bytes()]


def test_every_narrative_is_an_input() -> None:
    assert set(NARRATIVES) == set(PAGES)


def draws_of(rows: Mapping[str, Sequence[object]]) -> pa.Table:
    """A snapshot's table by some of its columns; the others are empty."""
    n = len(rows["model"])
    filled: dict[str, Sequence[object]] = {
        "study": ["coins"] * n,
        "draw": range(n),
        "status": ["unparsed"] * n,
    }
    filled |= rows
    columns = [pa.array(filled.get(field.name, [None] * n), field.type) for field in SCHEMA]
    return pa.table(columns, schema=SCHEMA)


BOMBS: dict[str, Callable[[], Mapping[str, Sequence[object]]]] = {
    "one answer, again and again": lambda: {"model": ["a/b"] * 400, "provider": ["x" * 1_000_000] * 400},
    "a long name": lambda: {"model": ["a/" + "x" * 5_000]},
    "many names": lambda: {"model": sorted(f"a/{n}" for n in range(60_000))},
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_snapshot_that_unpacks_beyond_bounds_is_refused(project: Path, bomb: str) -> None:
    """A Parquet file of 4.5 kB made a site of 403 MB."""
    path = project / "content/studies/coins/draws.parquet"
    table = draws_of(BOMBS[bomb]())
    pq.write_table(table.replace_schema_metadata({"flipsite_format": "1"}), path, compression="zstd")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(StoreError, match=r"unpacks to 400 MB|has .* models, or one with a name"):
        made(project)


@pytest.mark.slow
def test_an_answer_longer_than_what_is_published_is_cut_while_it_is_read(project: Path) -> None:
    table = draws_of({"model": ["a/b"] * 400, "response": ["x" * 1_000_000] * 400})
    path = project / "content/studies/coins/draws.parquet"
    pq.write_table(table.replace_schema_metadata({"flipsite_format": "1"}), path, compression="zstd")
    assert {len(not_none(text)) for text in read_draws(path).response} == {RESPONSE_CHARACTERS}


def test_publishing_runs_nothing_of_the_project_and_hides_the_key(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules in the project's folder are not imported; git's hooks do not see the key."""
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
    for name, value in {
        **who,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "OPENROUTER_API_KEY": "sk-canary-1234",
    }.items():
        monkeypatch.setenv(name, value)
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    subprocess.run(["git", "-C", str(project), "remote", "add", "origin", str(bare)], check=True)
    for name in ("ghp_import.py", "subprocess.py", "optparse.py"):
        (project / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    hook = project / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nenv > {tmp_path / 'environment'}\n", encoding="utf-8")
    hook.chmod(0o755)
    branch = Branch(root=project, remote="origin", name="gh-pages")
    fetch_branch(branch)
    push(plan_publish(made(project), branch), message="Publish", echo=print)
    assert not (tmp_path / "ran").exists()
    assert "canary" not in (tmp_path / "environment").read_text()


def test_all_of_it_in_one_folder_leaks_and_runs_nothing(
    project: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hostile piece is refused with a sentence; with all of them gone the site holds nothing private."""
    monkeypatch.chdir(project)
    (project / "templates").mkdir()
    pieces = [
        project / "content/linked.md",
        project / "content/studies/mine",
        project / ".flipsite",
        project / "flipsite.toml",
        project / "templates/robots.txt",
    ]
    pieces[0].symlink_to(secret / "notes.md")
    pieces[1].symlink_to(secret)
    pieces[2].symlink_to(secret)
    address = "s3://k:p@evil/x?endpoint_override=127.0.0.1:9"
    pieces[3].write_text(f'[draws]\ncoins = "{address}"\n', encoding="utf-8")
    pieces[4].write_text("{{ lipsum.__globals__['os'].popen('touch ran') }}", encoding="utf-8")
    for name in ("sitecustomize.py", "jinja2.py", "altair.py", "pandas.py"):
        (project / name).write_text("open('ran', 'w')", encoding="utf-8")
    story = "\ufeff# Coins\n\n\ue0000\ue001 \ufdd07\ufdd1 &#xfdd0;7 {{ '\\ufdd09\\ufdd1' }}\n"
    (project / "content/story.md").write_text(story, encoding="utf-8")
    refusals = 0
    while True:
        done = CliRunner().invoke(cli, ["build", "--jobs", "1"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        if not done.exit_code:
            break
        assert len(done.output.strip().splitlines()) == 1
        refusals += 1
        (guilty,) = [piece for piece in pieces if os.path.lexists(piece) and str(piece) in done.output]
        guilty.unlink()
    assert refusals >= 4
    assert not (project / "ran").exists()
    assert {path.name for path in secret.iterdir()} == {"notes.md", "study.toml"}
    published = [path.read_bytes() for path in (project / "site").rglob("*") if path.is_file()]
    assert not [1 for content in published if SECRET.encode() in content or str(secret).encode() in content]


def test_a_terminal_that_lacks_a_sign_shows_another(project: Path) -> None:
    """Windows' console and an old locale: `?` for an arrow, and no traceback."""
    for encoding in ("cp1252", "latin-1", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "flipsite", "build"],
            cwd=project,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"Built 1 study")
