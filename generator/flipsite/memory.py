"""What one build leaves for the next one in the same process: its studies as analysed, and their charts.

A preview builds at every keystroke, and hardly ever do the draws change between two of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flipsite.analyse.report import StudyReport
from flipsite.present.drawn import Drawn, Wanted
from flipsite.reuse import inputs_of

State = Mapping[str, str]
"""Digests of inputs, by their names."""


@dataclass(slots=True)
class Memory:
    """Of the last build alone; a study that is put away is forgotten."""

    _reports: dict[Path, tuple[State, StudyReport]] = field(default_factory=dict)
    _charts: tuple[tuple[StudyReport, ...], Drawn] | None = None

    def reports(
        self, folders: Sequence[Path], inputs: State, load: Callable[[Path], StudyReport]
    ) -> list[StudyReport]:
        """The report of each study; the very object of the last build where none of its files has changed.

        Args:
            folders: The studies'.
            inputs: The digests of this build's inputs.
            load: Reads and analyses a study.
        """
        last, self._reports = self._reports, {}
        for folder in folders:
            state = inputs_of(folder.name, inputs)
            known = last.get(folder)
            self._reports[folder] = known if known and known[0] == state else (state, load(folder))
        return [report for _, report in self._reports.values()]

    def drawn(self, wanted: Wanted, draw: Callable[[Wanted], Drawn]) -> Drawn:
        """Every chart of these studies; those of the last build where it had the very same reports."""
        if self._charts is None or not _same(self._charts[0], wanted.reports):
            self._charts = wanted.reports, draw(wanted)
        return self._charts[1]


def _same(one: Sequence[StudyReport], other: Sequence[StudyReport]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
