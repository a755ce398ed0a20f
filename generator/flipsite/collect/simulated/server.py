"""Serving: the simulated endpoint over real loopback HTTP, for tests and for other programs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flipsite.collect.transport import Application
from flipsite.errors import UsageError

STARTUP_S = 10.0


@contextmanager
def serving(endpoint: Application, *, port: int = 0) -> Iterator[str]:
    """Serve an endpoint on 127.0.0.1 from a thread of its own, until the block ends.

    Args:
        endpoint: The application; its books may be read while it serves.
        port: 0 takes a free one.

    Yields:
        The address that `--api-base` takes.

    Raises:
        UsageError: If uvicorn is not installed, or the port is taken.
    """
    server = _server(endpoint, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + STARTUP_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise UsageError(f"127.0.0.1:{port}: the server cannot listen there; choose another --port.")
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api/v1"
    finally:
        server.should_exit = server.force_exit = True  # open connections are closed
        thread.join(STARTUP_S)


def _server(endpoint: Application, port: int) -> Any:
    try:
        from uvicorn import Config, Server  # a development tool, absent in an ordinary installation
    except ImportError as error:
        raise UsageError("uvicorn is not installed; pip install uvicorn serves the endpoint.") from error
    config = Config(
        endpoint,
        host="127.0.0.1",
        port=port,
        lifespan="off",
        log_level="critical",
        access_log=False,
        ws="none",
    )
    return Server(config)
