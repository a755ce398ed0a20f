"""A page of the documentation as a test runs it: its blocks, and a shell in a folder of its own."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
LONGEST_S = 900
"""A session that takes longer is ended; it is a minute's work on a machine of one's own."""

SHOWN_ONLY = {"text", "json"}
"""Languages of blocks that show something and ask for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, the file it stands for (empty for none), its text, its line."""

    language: str
    path: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page; one that is indented instead is refused, for nothing says what it is."""
    found = []
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        line = token.map[0] + 1 if token.map else 0
        assert token.type != "code_block", f"{page}:{line}: fence this block, and name its language"
        if token.type == "fence":
            language, _, path = token.info.partition(" ")
            found.append(Block(language=language, path=path, text=token.content, line=line))
    return found


def steps(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the parts of lines that its output must have."""
    command, wanted = "", list[str]()
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, wanted
            command, wanted = line.removeprefix("$ "), []
        else:
            assert command, f"line {block.line}: a console block begins with a command"
            wanted.append(line.strip())
    yield command, wanted


class Session:
    """A shell in an empty folder, with `flipsite` on its path and addresses of others led to loopback."""

    def __init__(self, folder: Path, env: Mapping[str, str], *, instead: Mapping[str, str]) -> None:
        (folder / ".bin").mkdir(parents=True)
        shim = folder / ".bin" / "flipsite"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m flipsite "$@"\n')
        shim.chmod(0o755)
        self._instead = instead
        self._work = folder / "work"
        self._work.mkdir()
        self._env = {**env, "PATH": f"{shim.parent}:{env['PATH']}", "PYTHONPATH": str(ROOT / "generator")}
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._work,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Session":
        self._limit = threading.Timer(LONGEST_S, lambda: os.killpg(self._shell.pid, signal.SIGKILL))
        self._limit.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._limit.cancel()
        if self._shell.stdin:
            self._shell.stdin.close()
        self._shell.wait(30)
        if self._shell.stdout:
            self._shell.stdout.close()

    def perform(self, block: Block) -> None:
        """Do what a block says; a block nobody knows how to run is a fault of the page."""
        if block.path:
            target = self.folder() / block.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command, wanted in steps(block):
                self.check(command, wanted, line=block.line)
        elif block.language == "python":
            (self._work / ".script.py").write_text(block.text, encoding="utf-8")
            status, said = self.run(f'"{sys.executable}" "{self._work / ".script.py"}"')
            assert status == 0, f"line {block.line}: {said}"
        else:
            known = block.language in SHOWN_ONLY
            assert known, f"line {block.line}: no test knows how to run a block of {block.language!r}"

    def folder(self) -> Path:
        """Where the shell is."""
        return Path(self.run("pwd")[1].strip())

    def run(self, command: str) -> tuple[int, str]:
        """A command's status, and all it said."""
        assert self._shell.stdin
        assert self._shell.stdout
        for theirs, ours in self._instead.items():
            command = command.replace(theirs, ours)
        # On a line of its own the mark ends a comment, too.
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n<<%s>>\\n' $?\n")
        self._shell.stdin.flush()
        said: list[str] = []
        for line in self._shell.stdout:
            if done := re.fullmatch(r"<<(\d+)>>", line.strip()):
                return int(done[1]), "".join(said)
            said.append(line)
        raise AssertionError(f"{command}: the shell ended or took too long: {''.join(said)}")

    def check(
        self, command: str, wanted: Sequence[str] = (), *, line: int = 0, statuses: Sequence[int] = (0,)
    ) -> None:
        """A command that must end with one of `statuses`, and say each of `wanted`."""
        words = shlex.split(command, comments=True)
        if words[0] == "make":  # not within itself: .ci/run runs it
            run = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
            assert shlex.join(words) in run, f"line {line}: .ci/run does not run {command}"
            return
        if words[:2] == ["flipsite", "serve"]:
            self._serve(words[2:])
            return
        status, said = self.run(command)
        assert status in statuses, f"line {line}: {command} ended with {status}: {said}"
        for part in wanted:
            assert part in said, f"line {line}: {command} does not say {part!r} but: {said}"

    def _serve(self, options: list[str]) -> None:
        """Until it shows a page, then Ctrl-C."""
        server = subprocess.Popen(
            [sys.executable, "-m", "flipsite", "serve", *options],
            cwd=self.folder(),
            env={**self._env, "BROWSER": "true"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout
        with server.stdout:
            address = next(filter(None, (re.search(r"http://[\d.:]+/", said) for said in server.stdout)))[0]
            with urlopen(address, timeout=30) as page:  # noqa: S310 - our own loopback server
                assert page.status == 200
            server.send_signal(signal.SIGINT)
            assert "Stopped." in server.stdout.read()
        assert server.wait(30) == 0
