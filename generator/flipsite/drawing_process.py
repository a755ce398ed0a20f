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
        reading, self._asking = os.pipe()
        self._fork = Fork(lambda: self._draw(reading, earlier))
        os.close(reading)

    def ask(self, wanted: "Wanted") -> None:
        """Tell what to draw."""
        bare = replace(wanted, reports=tuple(replace(report, draws=None) for report in wanted.reports))
        asking, self._asking = self._asking, -1
        with suppress(BrokenPipeError), open(asking, "wb") as pipe:  # noqa: PTH123 - a descriptor
            pickle.dump(bare, pipe, pickle.HIGHEST_PROTOCOL)  # if it is gone, `drawn` tells why

    def is_ready(self) -> bool:
        """Whether all is drawn."""
        return self._fork.is_ready()

    def drawn(self) -> tuple["Drawn", dict[str, str]]:
        """The charts, when all are drawn, and what is known now to be drawn from what.

        Raises:
            FlipsiteError: If the process was ended from outside.
        """
        return self._fork.result()

    def end(self) -> None:
        """End it, unless what it drew was fetched."""
        if self._asking >= 0:
            os.close(self._asking)
        self._fork.end()

    def _draw(self, reading: int, earlier: Mapping[str, str]) -> tuple["Drawn", dict[str, str]]:
        os.close(self._asking)
        message: list[bytes] = []
        # Read at once, so that nobody waits for the imports to be over.
        listening = Thread(target=lambda: message.append(_all_of(reading)), daemon=True)
        listening.start()
        from flipsite.present.drawing import drawn
        from flipsite.present.known_drawings import remembering
        from flipsite.present.svg import start_renderer

        if not earlier:
            start_renderer()
        listening.join()
        wanted: Wanted = pickle.loads(message[0])  # noqa: S301 - written by this program
        with remembering(earlier) as used:
            return drawn(wanted), used


def _all_of(reading: int) -> bytes:
    with open(reading, "rb") as pipe:
        return pipe.read()
