"""The reader of the docs finds fault where there is one: a check that cannot fail is none."""

import os
from pathlib import Path

import pytest
from tests.documents import Session, blocks


def perform(page: Path, folder: Path) -> None:
    with Session(folder, os.environ, instead={}) as session:
        for block in blocks(page):
            session.perform(block)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```console\n$ false\n```\n", "ended with 1"),
        ("```console\n$ echo tails\nheads\n```\n", "does not say 'heads'"),
        ("```python\nraise ValueError('odd')\n```\n", "ValueError: odd"),
        ("```ruby\nputs 1\n```\n", "no test knows how to run a block of 'ruby'"),
        ("Text\n\n    flipsite build\n", "fence this block"),
        ("```console\nno command\n```\n", "begins with a command"),
        ("```console\n$ make coffee\n```\n", "does not run make coffee"),
        ("```console\n$ exit 0\n```\n", "the shell ended"),
    ],
)
def test_a_page_that_says_what_is_not_so_fails(tmp_path: Path, text: str, fault: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(AssertionError, match=fault):
        perform(page, tmp_path / "session")


def test_a_page_is_one_session_with_its_files(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```toml a/b.toml\nkey = 1\n```\n"
        "```console\n$ cd a   # stays\n$ export SIDE=heads\n```\n"
        "```console\n$ cat b.toml\nkey = 1\n$ echo $SIDE\nheads\n```\n"
    )
    perform(page, tmp_path / "session")
