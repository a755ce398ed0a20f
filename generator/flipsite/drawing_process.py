"""The charts are drawn by a process of their own, while this one analyses and makes pages that show none.

It is forked before any study is read: the renderer's JavaScript engine takes half a second to start, Altair a
third to import, and both are done when the studies are analysed.
"""

import os
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from flipsite.forks import Fork

if TYPE_CHECKING:
    from flipsite.present.drawn import Drawn, Wanted


class DrawingProcess:
    """Draws what it is asked for, once."""

    def __init__(self, earlier: Mapping[str, str]) -> None:
        """Start it with what an earlier build drew."""
        self._sending: Thread | None = None
        reading, self._asking = os.pipe()
        self._fork = Fork(lambda: self._draw(reading, earlier))
        os.close(reading)

    def ask(self, wanted: "Wanted") -> None:
        """Tell what to draw."""
        bare = replace(wanted, reports=tuple(replace(report, draws=None) for report in wanted.reports))
        message = pickle.dumps(bare, pickle.HIGHEST_PROTOCOL)
        asking, self._asking = self._asking, -1
        self._sending = Thread(target=_send, args=(asking, message), daemon=True)
        self._sending.start()  # it is read when the engine has started, and nobody waits for that

    def is_ready(self) -> bool:
        """Whether all is drawn."""
        return self._fork.is_ready()

    def drawn(self) -> tuple["Drawn", dict[str, str]]:
        """The charts, when all are drawn, and what is known now to be drawn from what.

        Raises:
            FlipsiteError: If the process was ended from outside.
        """
        result = self._fork.result()
        if self._sending:
            self._sending.join()
        return result

    def end(self) -> None:
        """End it, unless what it drew was fetched."""
        if self._asking >= 0:
            os.close(self._asking)
        self._fork.end()

    def _draw(self, reading: int, earlier: Mapping[str, str]) -> tuple["Drawn", dict[str, str]]:
        os.close(self._asking)
        from flipsite.present.drawing import drawn
        from flipsite.present.known_drawings import remembering
        from flipsite.present.svg import start_renderer

        if not earlier:
            start_renderer()
        with open(reading, "rb") as pipe:
            wanted: Wanted = pickle.load(pipe)  # noqa: S301 - written by this program
        with remembering(earlier) as used:
            return drawn(wanted), used


def _send(descriptor: int, message: bytes) -> None:
    with suppress(BrokenPipeError), open(descriptor, "wb") as pipe:
        pipe.write(message)  # if the process is gone, `drawn` tells why
