"""The charts of one build: asked for as soon as the studies are analysed, shown when they are drawn.

The charts are drawn by a process of their own, while this one analyses and makes pages that show none.

It is forked before any study is read: the renderer's JavaScript engine takes half a second to start, Altair a
third to import, and both are done when the studies are analysed.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from flipsite.store.build_cache import BuildCache, read_script, write_script
from flipsite.write.site.workers import CAN_FORK, Fork

if TYPE_CHECKING:
    from flipsite.present.charts.chart_set import ChartRequest, ChartSet
    from flipsite.workflows.incremental import Memory
    from flipsite.write.site.workers import Batch


def charts_script() -> tuple[str, bytes | Path]:
    """The site's path of the script that makes charts interactive, and its content or where that is kept.

    It takes a second to make, and depends on vl-convert's version alone.
    """
    from flipsite.present.charts.interactive import bundle, bundle_key

    key = hashlib.sha256(bundle_key().encode()).hexdigest()[:10]
    path = f"assets/vega.{key}.js"
    if kept := read_script(key):
        return path, kept
    script = bundle()
    write_script(key, script)
    return path, script


class DrawingProcess:
    """Draws what it is asked for, once."""

    def __init__(self, *, needs_engine: bool) -> None:
        """Start it, and the renderer's engine with it if that is needed in any case."""
        self._sending: Thread | None = None
        reading, self._asking = os.pipe()
        self._fork = Fork(lambda: self._draw(reading, needs_engine=needs_engine))
        os.close(reading)

    def ask(self, wanted: "ChartRequest") -> None:
        """Tell what to draw."""
        bare = replace(
            wanted, reports=tuple(replace(report, draws=None, counts=None) for report in wanted.reports)
        )
        message = pickle.dumps(bare, pickle.HIGHEST_PROTOCOL)
        asking, self._asking = self._asking, -1
        self._sending = Thread(target=_send, args=(asking, message), daemon=True)
        self._sending.start()  # it is read when the engine has started, and nobody waits for that

    def is_ready(self) -> bool:
        """Whether all is drawn."""
        return self._fork.is_ready()

    def drawn(self) -> "ChartSet":
        """The charts, when all are drawn.

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

    def _draw(self, reading: int, *, needs_engine: bool) -> "ChartSet":
        os.close(self._asking)
        from flipsite.present.charts.render import drawn
        from flipsite.present.charts.svg import start_renderer

        if needs_engine:
            start_renderer()
        with open(reading, "rb") as pipe:
            wanted: ChartRequest = pickle.load(pipe)  # noqa: S301 - written by this program
        return drawn(wanted)


def _send(descriptor: int, message: bytes) -> None:
    with suppress(BrokenPipeError), open(descriptor, "wb") as pipe:
        pipe.write(message)  # if the process is gone, `drawn` tells why


class Drawings:
    """Charts being drawn, for which `write` waits before it makes their pages; leaving the context ends it.

    Where there may be a second process it draws; else this one does when all else is made. What an earlier
    build of this user drew or compiled is not drawn or compiled again.
    """

    def __init__(self, inputs: Mapping[str, str], *, jobs: int, force: bool, memory: "Memory | None") -> None:
        """Prepare to draw.

        Args:
            inputs: The digests of this build's inputs.
            jobs: How many processes may work.
            force: Draw all anew.
            memory: What the last build of this process left; it draws in this process.
        """
        self._libraries, self._force, self._memory = inputs["libraries"], force, memory
        self._process: DrawingProcess | None = None
        self._then: Callable[[], Sequence[Batch]] | None = None
        has_engine = "vl_convert" in sys.modules  # one that runs does not survive a fork
        self._may_fork = jobs > 1 and CAN_FORK and memory is None and not has_engine
        self._ending = ExitStack()

    def ask(self, wanted: "ChartRequest", then: "Callable[[ChartSet], Sequence[Batch]]") -> None:
        """Tell what to draw, and what is made of it."""
        self._then = lambda: then(self._drawn(wanted))
        if self._process:
            self._process.ask(wanted)

    def is_ready(self) -> bool:
        """Whether all is drawn, or nobody is drawing while this process does other things."""
        return self._process is None or self._process.is_ready()

    def batches(self) -> "Sequence[Batch]":
        """Return the functions that make files with charts; wait until all are drawn."""
        return self._then() if self._then else ()

    def __enter__(self) -> "Drawings":
        from flipsite.present.charts.svg import drawing_code
        from flipsite.present.result_cache import remembering

        cache = BuildCache(made_by=f"{drawing_code()} {self._libraries}", anew=self._force)
        self._ending.callback(cache.shrink)
        self._ending.enter_context(remembering(cache))
        if self._may_fork:
            import flipsite.present.embeds.registry  # noqa: F401 - both need this, so one imports it

            self._process = DrawingProcess(needs_engine=cache.is_empty())
            self._ending.callback(self._process.end)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _drawn(self, wanted: "ChartRequest") -> "ChartSet":
        if self._memory:
            return self._memory.drawn(wanted, self._draw)
        return self._draw(wanted)

    def _draw(self, wanted: "ChartRequest") -> "ChartSet":
        if self._process:
            return self._process.drawn()
        from flipsite.present.charts.render import drawn

        return drawn(wanted)
