"""A build leaves as it is what it would make again, and the site is what a clean build makes, to the byte."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flipsite.project import Project, find_project, packaged
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import BuildReport, build, input_digests
from flipsite.workflows.import_export import import_draws
from flipsite.workflows.incremental import reusable, standing_draws, standing_pages

TEMPLATES = ("model.html", "story.html", "base.html", "parts/neighbours.html", "static/flipsite.css")
PAGE, PICTURE, DRAWS = "one/models/a/m1/index.html", "one/embed/verdicts.png", "one/data/draws.csv"
MODEL_DRAWS = "one/models/a/m1/draws.csv"


@dataclass
class Trial:
    """A project of two studies that share models, and what is done to it."""

    root: Path
    draws: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            "one": {f"a/m{n}": "10" * 10 for n in range(4)}
            | {f"c/m{n}": "1" * (6 + 2 * n) + "0" * 8 for n in range(8)},
            "two": {"a/m1": "1" * 20, "b/x": "1100" * 5},
        }
    )
    address: str | None = None

    def __post_init__(self) -> None:
        for name in TEMPLATES:
            path = self.root / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(packaged("templates") / name, path)
        (self.root / "content/studies").mkdir(parents=True)
        for study in self.draws:
            self.collect(study)

    @property
    def project(self) -> Project:
        return find_project(self.root)

    @property
    def site(self) -> Path:
        return self.root / "site"

    def collect(self, study: str) -> None:
        """The study's draws as they are now."""
        path = self.root / f"{study}.csv"
        rows = [f"{model},{draw}" for model, draws in self.draws[study].items() for draw in draws]
        path.write_text("\n".join(["model,outcome", *rows]), encoding="utf-8")
        (self.root / f"content/studies/{study}/draws.parquet").unlink(missing_ok=True)
        import_draws(self.project, study, path, options=ImportOptions())

    def build(self) -> BuildReport:
        """As a preview does."""
        return build(self.project, out=self.site, base_url=self.address)

    def build_clean(self) -> Path:
        """A site made of nothing that was there before."""
        build(self.project, out=self.root / "clean", base_url=self.address, force=True)
        return self.root / "clean"

    # What a person may do between two builds; `n` is any number.

    def flip(self, n: int) -> None:
        """One draw of one model."""
        study = ("one", "two")[n % 2]
        if not (self.root / "content/studies" / study).exists():
            return
        model = sorted(self.draws[study])[n // 2 % len(self.draws[study])]
        was = self.draws[study][model]
        place = n % len(was)
        self.draws[study][model] = was[:place] + ("0" if was[place] == "1" else "1") + was[place + 1 :]
        self.collect(study)

    def ask_another(self, n: int) -> None:
        """A model that the other study has, or nobody."""
        study = ("one", "two")[n % 2]
        if (self.root / "content/studies" / study).exists():
            self.draws[study][("a/m2", "b/x", "c/y")[n % 3]] = "0" * 9 + "1"
            self.collect(study)

    def retitle(self, n: int) -> None:
        path = self.root / f"content/studies/{('one', 'two')[n % 2]}/study.toml"
        if path.exists():
            path.write_text(
                path.read_text().replace("title = '", f"title = '{n} ").replace('title = "', f'title = "{n} ')
            )

    def narrate(self, n: int) -> None:
        (self.root / "content/story.md").write_text(f"# Story {n}\n", encoding="utf-8")

    def restyle(self, n: int) -> None:
        """A word more in one of the templates."""
        with (self.root / "templates" / TEMPLATES[n % len(TEMPLATES)]).open("a", encoding="utf-8") as file:
            file.write(f"/* {n} */")

    def hide(self, n: int) -> None:
        """One study is put away, or comes back."""
        here, away = self.root / "content/studies/two", self.root / "two-away"
        (here, away) = (here, away) if here.exists() else (away, here)
        here.rename(away)

    def move(self, n: int) -> None:
        self.address = (None, "/coins/", "https://me.test/")[n % 3]

    def damage(self, n: int) -> None:
        """A file of the site is overwritten, or gone."""
        path = self.site / (PAGE, PICTURE, DRAWS, MODEL_DRAWS)[n % 4]
        path.unlink(missing_ok=True)
        if n % 2:
            path.write_bytes(b"touched")


EDITS = ("flip", "ask_another", "retitle", "narrate", "restyle", "hide", "move", "damage")


@contextmanager
def trial() -> Iterator[Trial]:
    with tempfile.TemporaryDirectory(prefix="flipsite-reuse-") as folder:
        yield Trial(Path(folder))


def contents(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }


@pytest.mark.slow
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(edits=st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 29)), min_size=1, max_size=4))
@example(edits=[("retitle", 0), ("retitle", 1)])  # pages of models name their study, and others
def test_after_any_edits_the_site_is_what_a_clean_build_makes(edits: list[tuple[str, int]]) -> None:
    with trial() as made:
        made.build()
        for name, n in edits:
            before = {path: (made.site / path).stat() for path in contents(made.site)}
            old = contents(made.site)
            getattr(made, name)(n)
            made.build()
            now = contents(made.site)
            assert now == contents(made.build_clean()), name
            for path in now:
                if name != "damage" and old.get(path) == now[path]:
                    assert (made.site / path).stat().st_mtime_ns == before[path].st_mtime_ns
            shutil.rmtree(made.root / "clean")


@pytest.fixture(scope="module")
def built() -> Iterator[Trial]:
    with trial() as made:
        made.build()
        yield made


def inputs_with(made: Trial, **changed: str) -> dict[str, str]:
    """The inputs, had these another digest: `content/story.md` is `content__story`."""
    inputs = input_digests(made.project, ("one", "two"), base_url=None, elsewhere={})
    assert {name.replace("__", "/") for name in changed} <= {name.partition(".")[0] for name in inputs} | {
        "new"
    }
    return {
        name: changed.get(name.partition(".")[0].replace("/", "__"), digest)
        for name, digest in inputs.items()
    }


def stands(made: Trial, **changed: str) -> set[str]:
    """The embeds, downloads and models that are kept if these inputs had another digest."""
    models = {
        "one": [f"one/models/a/m{n}/index.html" for n in range(4)],
        "two": ["two/models/a/m1/index.html"],
    }
    return set(
        reusable(
            made.site, inputs=inputs_with(made, **changed), models=models, templates=made.project.templates
        )
    )


BOARD, STORY = ("one/leaderboard/index.html", "leaderboard.html"), ("index.html", "story.html")


def stand(made: Trial, *pages: tuple[str, str], **changed: str) -> list[bool]:
    """Whether these pages, by path and template, are kept if these inputs had another digest."""
    standing = standing_pages(
        made.site, inputs=inputs_with(made, **changed), templates=made.project.templates
    )
    return [standing(path, template, template == "story.html") is not None for path, template in pages]


def test_a_page_stands_until_its_words_its_look_or_any_study_changes(built: Trial) -> None:
    assert stand(built, BOARD, STORY) == [True, True]
    assert stand(built, BOARD, STORY, content__story="x") == [True, False]
    assert stand(built, BOARD, STORY, templates__story="x") == [True, False]
    for name in (
        "templates__base",
        "templates__parts__neighbours",
        "content__studies__two__draws",
        "flipsite",
    ):
        assert stand(built, BOARD, STORY, **{name: "x"}) == [False, False], name
    assert stand(built, ("one/new/index.html", "leaderboard.html")) == [False]


def test_what_does_not_depend_on_an_edit_stands(built: Trial) -> None:
    assert {PAGE, PICTURE, DRAWS} <= stands(built)
    assert {PAGE, PICTURE, DRAWS} <= stands(built, content__story="x")
    assert {PAGE, PICTURE, DRAWS} <= stands(built, templates__story="x")


def test_a_template_moves_the_pages_it_is_part_of(built: Trial) -> None:
    for name in (
        "templates__model",
        "templates__base",
        "templates__parts__neighbours",
        "templates__static__flipsite",
    ):
        assert stands(built, **{name: "x"}) & {PAGE, PICTURE, DRAWS} == {PICTURE, DRAWS}, name


def test_a_study_moves_its_own_and_what_others_say_of_its_models(built: Trial) -> None:
    kept = stands(built, content__studies__two__draws="x")
    assert not any(path.startswith("two/") for path in kept)
    assert PAGE not in kept, "the page tells what the other study found of this model"
    assert {"one/models/a/m0/index.html", PICTURE, DRAWS} <= kept


def test_the_draws_beside_a_page_stand_until_their_study_changes(built: Trial) -> None:
    def standing(**changed: str) -> bool:
        found = standing_draws(built.site, ["one", "two"], inputs=inputs_with(built, **changed))
        return found(MODEL_DRAWS) is not None

    assert standing()
    assert standing(templates__model="x")
    assert standing(content__studies__two__draws="x")
    assert not standing(content__studies__one__draws="x")
    assert not standing(flipsite="x")
    (built.site / MODEL_DRAWS).write_bytes(b"touched")
    assert not standing()


def test_nothing_of_another_flipsite_library_or_address_stands(built: Trial) -> None:
    for name in ("flipsite", "libraries", "base-url"):
        assert stands(built, **{name: "x"}) == set()


def test_charts_that_have_not_changed_are_not_drawn_again(built: Trial) -> None:
    """Nor is the renderer started, which takes half a second, nor a picture made for those who link."""
    built.narrate(1)
    told = "import vl_convert; vl_convert.vegalite_to_svg = vl_convert.svg_to_png = None\n"
    told += "from flipsite.cli.main import main; main(['build'])"
    subprocess.run([sys.executable, "-c", told], cwd=built.root, check=True)


@pytest.mark.slow
def test_what_a_family_shares_follows_when_one_of_it_changes(tmp_path: Path) -> None:
    """`methods.json` of every study names the others; the next build keeps all that is a study's own."""
    studies = tmp_path / "content" / "studies"
    for name in ("control-methods", "control-methods-seed", "control-methods-rejection"):
        shutil.copytree(packaged("content") / "studies" / name, studies / name)
    project = find_project(tmp_path)
    build(project, out=tmp_path / "site")
    (tmp_path / "content/story.md").write_text("# A story\n")
    build(project, out=tmp_path / "site")
    shutil.rmtree(studies / "control-methods-seed")
    build(project, out=tmp_path / "site")
    build(project, out=tmp_path / "clean")
    assert contents(tmp_path / "site") == contents(tmp_path / "clean")
