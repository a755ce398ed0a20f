"""The key goes to the endpoint and nowhere else, even where the endpoint repeats it wherever it can."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flipsite.cli.main import COMMANDS, main
from flipsite.collect.simulated import Endpoint, fair_coin
from flipsite.collect.simulated.endpoint import Conditions
from flipsite.collect.simulated.faults import Message, Receive, Send
from flipsite.collect.simulated.server import serving
from flipsite.project import find_project
from flipsite.workflows.collect import begin

KEY = "sk-or-v1-canary-0123456789abcdef"
MODEL = "crowd/fair"


class Parrot:
    """An endpoint that puts the key it is sent into names, answers, errors and headers."""

    def __init__(self, *, code: int | None = None) -> None:
        self._endpoint = Endpoint(coins=(fair_coin(MODEL),))
        self._code = code
        self.n_heard = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        sent = dict(scope["headers"]).get(b"authorization", b"")
        self.n_heard += KEY.encode() in sent
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._endpoint(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in answer)
        for word in (
            b'"name": "',
            b'"name":"',
            b'"provider": "',
            b'"provider":"',
            b'"id": "gen-',
            b'"id":"gen-',
        ):
            body = body.replace(word, word + sent + b" ")
        body = body.replace(b"Output:", sent + b" Output:")
        code = answer[0]["status"]
        if self._code and scope["path"].endswith("completions"):
            code, body = (
                self._code,
                b'{"error": {"message": "what is ' + sent + b'?", "code": %d}}' % self._code,
            )
        headers = [(b"content-type", b"application/json"), (b"x-generation-id", b"gen-" + sent)]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own; whatever is written anywhere below it is looked through."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int | str | None, str]:
    """A command's status and all it printed; with --debug an error is the interpreter's to show."""
    status: int | str | None = 0
    try:
        main(list(words))
    except SystemExit as ended:
        status = ended.code
    except Exception:  # noqa: BLE001  as the interpreter would show it
        sys.excepthook(*sys.exc_info())
        status = 1
    out, err = capfd.readouterr()
    return status, out + err


def holders(folder: Path) -> list[str]:
    """The files that hold the key, or any large part of it."""
    secret = KEY[9:25].encode()
    return [str(path) for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


@pytest.mark.parametrize("code", [None, 400, 401, 402, 403])
def test_a_parrot_endpoint_does_not_get_the_key_into_a_file_or_onto_the_screen(
    project: Path, capfd: pytest.CaptureFixture[str], code: int | None
) -> None:
    """Answers, refusals and faults of each kind, in names, text, ids and headers; with --debug too."""
    parrot = Parrot(code=code)
    with serving(parrot) as address:
        base = ("--api-base", address)
        asks = ("collect", "mine", "--draws", "2", "--budget", "1", "--yes", *base)
        models = (("models", *base), ("models", "--json", *base), ("--debug", "models", *base))
        for words in (("--debug", *asks), asks, *models):
            assert KEY[9:25] not in run(capfd, *words)[1]
    assert parrot.n_heard > 0
    assert b"Bearer [key]" in Path(".flipsite/cache.sqlite").read_bytes(), "the endpoint did repeat it"
    assert holders(project.parent) == []


@pytest.mark.slow
def test_no_command_prints_or_writes_the_key(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every command there is, as it works and as it fails, with and without --debug."""
    with serving(Parrot()) as address:
        asks = ("collect", "mine", "--draws", "2", "--budget", "1", "--yes", "--api-base", address)
        dead = ("--api-base", "http://127.0.0.1:9/api/v1")
        Path("more.csv").write_text("model,outcome\ncrowd/fair,1\n")
        ways: dict[str, list[tuple[str, ...]]] = {
            "init": [("init",), ("init", "/proc/none")],
            "collect": [asks, ("collect", "mine", *dead, "--yes"), ("collect", "mine", "--reread")],
            "models": [("models", "--study", "mine", "--api-base", address), ("models", *dead)],
            "import": [
                ("import", "more.csv", "--study", "theirs"),
                ("import", "none.csv", "--study", "theirs"),
            ],
            "export": [("export", "mine", "--format", "csv"), ("export", "none", "--format", "csv")],
            "arms": [("arms", "mine", "--method", "seed"), ("arms", "none", "--method", "seed")],
            "rename": [("rename", "theirs", "others"), ("rename", "none", "some")],
            "remove": [("remove", "others"), ("remove", "none")],
            "features": [
                ("features", "mine", "--classifier", MODEL, "--budget", "1", "--yes", "--api-base", address),
                ("features", "mine", "--no-classifier", "--api-base", address),
                ("features", "mine", "--api-base", address),
                ("features", "none"),
            ],
            "plan": [("plan", "mine"), ("plan", "none")],
            "fit": [("fit", "mine"), ("fit", "none")],
            "build": [("build", "--study", "mine", "--jobs", "1"), ("build", "--study", "none")],
            "check": [("check",), ("check", "none")],
            "embed": [("embed", "leaderboard", "--study", "mine"), ("embed", "none")],
            "publish": [("publish", "--dry-run")],
            "serve": [("serve", "--host", "256.0.0.1", "--no-watch")],
        }
        assert ways.keys() >= set(COMMANDS), "a new command is pushed through here too"
        for runs in ways.values():
            for words in runs:
                for option in ((), ("--debug",)):
                    assert KEY[9:25] not in run(capfd, *option, *words)[1], words
    assert KEY[9:25] not in run(capfd)[1]
    assert Path("content/studies/mine/draws.parquet").exists()
    assert Path("site/index.html").exists()
    assert holders(project.parent) == []


def test_a_key_no_header_may_hold_is_refused_without_being_shown(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for spoiled in (KEY + "\nX: y", KEY + "é", KEY + " " + KEY):
        monkeypatch.setenv("OPENROUTER_API_KEY", spoiled)
        for option in ((), ("--debug",)):
            status, said = run(capfd, *option, "collect", "mine", "--yes", "--budget", "1")
            assert status in {1, 2}
            assert KEY[9:25] not in said
    assert holders(project.parent) == []


def test_a_short_word_for_a_local_server_is_no_secret(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key such as `1` must not strike out the ones of the answers."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "1")
    with serving(Endpoint(coins=(fair_coin(MODEL),))) as address:
        words = ("collect", "mine", "--draws", "6", "--budget", "1", "--yes", "--api-base", address)
        assert "6 valid" in run(capfd, *words)[1]


def test_a_crash_leaves_no_core_and_the_private_folder_is_private(project: Path) -> None:
    """A collector that aborts in flight, where cores are allowed, dumps none."""
    begin(find_project(project), "mine", simulated=False)
    endpoint = Endpoint(coins=(fair_coin(MODEL),), conditions=Conditions(latency_s=30))
    with serving(endpoint) as address:
        command = [sys.executable, "-m", "flipsite", "collect", "mine", "--budget", "1", "--yes"]
        allow = 'ulimit -S -c $(ulimit -H -c); exec "$@"'
        child = subprocess.Popen(["sh", "-c", allow, "sh", *command, "--api-base", address])
        while not endpoint.n_requests and child.poll() is None:
            time.sleep(0.01)
        limits = Path(f"/proc/{child.pid}/limits")
        if limits.exists():
            line = next(line for line in limits.read_text().splitlines() if line.startswith("Max core"))
            assert line.split()[4] == "0"
        child.send_signal(signal.SIGABRT)
        _, status = os.waitpid(child.pid, 0)
        child.returncode = status
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert holders(project.parent) == []
    private = project / ".flipsite"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert (private / ".gitignore").read_text() == "*\n"
    subprocess.run(["git", "init", "-q"], check=True)
    seen = subprocess.run(["git", "status", "--porcelain", "-uall"], check=True, capture_output=True).stdout
    assert b"content/" in seen
    assert b".flipsite" not in seen
