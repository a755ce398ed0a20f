"""A build keeps the embeds of a study that has not changed, and no others."""

from pathlib import Path

import pytest

from flipsite.exchange import ImportOptions, import_draws
from flipsite.pipeline import build, input_digests
from flipsite.projects import Project, find_project
from flipsite.reuse import kept_embeds

LINES = "model,outcome\n" + "".join(f"a/m{n},{k % 2}\n" for n in range(3) for k in range(20))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one study, built."""
    folder = tmp_path_factory.mktemp("reuse")
    (folder / "content" / "studies").mkdir(parents=True)
    (folder / "draws.csv").write_text(LINES)
    import_draws(find_project(folder), "one", folder / "draws.csv", options=ImportOptions())
    build(find_project(folder), out=folder / "site")
    return find_project(folder)


def kept(project: Project, **changed: str) -> dict[str, Path]:
    inputs = input_digests(project, ("one",), base_url=None)
    renamed = {name.replace("__", "/").replace("_toml", ".toml"): digest for name, digest in changed.items()}
    return kept_embeds(project.site, inputs=inputs | renamed, studies=("one",))


def test_only_what_has_not_changed_is_kept(project: Project) -> None:
    assert all(path.startswith("one/embed/") for path in kept(project))
    assert "one/embed/verdicts.png" in kept(project, content__story="another")
    assert kept(project, content__studies__one__study_toml="another") == {}
    assert kept(project, content__studies__one__new="another") == {}
    assert kept(project, flipsite="another") == {}
    assert kept_embeds(project.root / "nowhere", inputs={}, studies=("one",)) == {}


def test_what_is_kept_is_what_would_be_made(project: Project) -> None:
    """And a file that was touched is made again."""
    picture = project.site / "one/embed/verdicts.png"
    picture.unlink()
    picture.write_bytes(b"touched")
    (project.content / "story.md").write_text("# Another story\n")
    build(project, out=project.site)
    fresh = project.root / "fresh"
    build(project, out=fresh)
    files = [path.relative_to(fresh) for path in fresh.glob("one/embed/**/*.*")]
    assert len(files) > 20
    for path in files:
        assert (project.site / path).read_bytes() == (fresh / path).read_bytes(), path
