"""The charts of one build: asked for as soon as the studies are analysed, shown when they are drawn."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from flipsite.drawing_process import DrawingProcess
from flipsite.forks import CAN_FORK
from flipsite.project import Project
from flipsite.store.drawings import read_drawings, write_drawings

if TYPE_CHECKING:
    from flipsite.memory import Memory
    from flipsite.present.drawn import Drawn, Wanted
    from flipsite.write.batches import Batch


class Drawings:
    """What `write` waits for before it makes pages that show charts; as a context it is ended on leaving.

    Where there may be a second process it draws; else this one does when all else is made. What an earlier
    build drew is not drawn again, and what this one drew is kept for the next.
    """

    def __init__(
        self, project: Project, inputs: Mapping[str, str], *, jobs: int, force: bool, memory: "Memory | None"
    ) -> None:
        """Start drawing, with what is known.

        Args:
            project: Where earlier drawings are kept.
            inputs: The digests of this build's inputs.
            jobs: How many processes may work.
            force: Draw all anew.
            memory: What the last build of this process left; it draws in this process.
        """
        self._project, self._force, self._memory = project, force, memory
        self._made_by = f"{inputs['flipsite']} {inputs['libraries']}"
        self._process: DrawingProcess | None = None
        self._then: Callable[[], Sequence[Batch]] | None = None
        has_engine = "vl_convert" in sys.modules  # one that runs does not survive a fork
        if jobs > 1 and CAN_FORK and memory is None and not has_engine:
            import flipsite.analyse.report  # noqa: F401 - both processes need it, so one imports it

            self._process = DrawingProcess(self._earlier)

    def ask(self, wanted: "Wanted", then: "Callable[[Drawn], Sequence[Batch]]") -> None:
        """Tell what to draw, and what is made of it."""
        self._then = lambda: then(self._drawn(wanted))
        if self._process:
            self._process.ask(wanted)

    def is_ready(self) -> bool:
        """Whether all is drawn, or nobody is drawing while this process does other things."""
        return self._process is None or self._process.is_ready()

    def batches(self) -> "Sequence[Batch]":
        """What makes the files that show charts; waits until all are drawn."""
        return self._then() if self._then else ()

    def __enter__(self) -> "Drawings":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.end()

    def _drawn(self, wanted: "Wanted") -> "Drawn":
        if self._memory:
            return self._memory.drawn(wanted, self._draw)
        return self._draw(wanted)

    def _draw(self, wanted: "Wanted") -> "Drawn":
        if self._process:
            figures, used = self._process.drawn()
        else:
            from flipsite.present.drawing import drawn
            from flipsite.present.known_drawings import remembering

            with remembering(self._earlier) as used:
                figures = drawn(wanted)
        if not self._project.packaged and (self._force or not used.keys() <= self._earlier.keys()):
            write_drawings(self._project.cache, used, made_by=self._made_by)
        return figures

    @cached_property
    def _earlier(self) -> dict[str, str]:
        return {} if self._force else read_drawings(self._project.cache, made_by=self._made_by)
