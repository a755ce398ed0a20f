"""Draw the charts of one build in processes of their own.

One process describes the charts with Altair and another renders them, while the build analyses its studies
and makes the pages without charts. Bare processes also make PNGs and read draws (decision 82).

All are forked before any study is read. The renderer's JavaScript engine takes a third of a second to start
and Altair as long to import; both are ready when the studies are analysed.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from flipsite.present.renderer import bundle, bundle_key, palette_png, start_engine, vegalite_svg
from flipsite.present.result_cache import (
    is_kept,
    keep,
    pickled,
    put_in,
    recall,
    remembered,
    remembering,
    trust,
)
from flipsite.processes import CAN_FORK, BareProcesses, Fork, call, calling_elsewhere
from flipsite.project import own_digest
from flipsite.store.build_cache import BuildCache, read_script, write_script

if TYPE_CHECKING:
    from flipsite.analyse.report import StudyReport
    from flipsite.present.charts.chart_set import ChartRequest, ChartSet, Figures, Group
    from flipsite.present.sparklines.interactive import SparklineSpec
    from flipsite.write.site.workers import Batch

    Drawn = tuple[Mapping[Group, Figures | None], Mapping[str, bytes]]
    """Groups of charts, None where they are kept in the user's cache, and the twins' files by path."""

T = TypeVar("T")


def charts_script() -> tuple[str, Callable[[], bytes]]:
    """The site's path of the script that makes charts interactive, and what gives it.

    It takes a second to make, and depends on vl-convert's version alone.
    """
    key = _script_key()

    def script() -> bytes:
        if kept := read_script(key):
            return kept
        made = call(bundle)
        write_script(key, made)
        return made

    return f"assets/vega.{key}.js", script


def _script_key() -> str:
    return hashlib.sha256(bundle_key().encode()).hexdigest()[:10]


MOST_RASTERISERS = 8
"""Processes that make PNGs, however many make pages: a PNG takes 40 ms, and most sites have dozens."""


class DrawingProcess:
    """Draws what it is asked for, once."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        """Start it."""
        self._digests = digests
        self._sending: Thread | None = None
        reading, self._asking = os.pipe()
        self._fork = Fork(lambda: self._draw(reading))
        os.close(reading)

    def ask(self, wanted: "ChartRequest") -> None:
        """Tell what to draw; a report that is kept need not be sent."""
        names = [report_name(self._digests[report.study.id]) for report in wanted.reports]
        reports = [
            name if is_kept(name) else _bare(report)
            for name, report in zip(names, wanted.reports, strict=True)
        ]
        message = pickled((replace(wanted, reports=()), reports, put_in()))
        asking, self._asking = self._asking, -1
        self._sending = Thread(target=_send, args=(asking, message), daemon=True)
        self._sending.start()  # it is read when the engine has started, and nothing waits for that

    def is_ready(self) -> bool:
        """Whether all is drawn."""
        return self._fork.is_ready()

    def drawn(self) -> "Drawn":
        """What was asked for, when all is drawn.

        Raises:
            FlipsiteError: If the process was ended from outside.
        """
        drawn, made = self._fork.result()
        trust(made)
        if self._sending:
            self._sending.join()
        return drawn

    def end(self) -> None:
        """End it, unless what it drew was fetched."""
        if self._asking >= 0:
            os.close(self._asking)
        self._fork.end()

    def _draw(self, reading: int) -> "tuple[Drawn, Collection[str]]":
        """Draw, and have PNGs made of embedded charts meanwhile; tell what was put into the user's cache.

        Groups that are kept need not be sent. Nothing is drawn where a report is not kept any more.
        """
        os.close(self._asking)
        import flipsite.present.charts.render  # noqa: F401 - while the studies are analysed
        from flipsite.present.embeds.image import png_file
        from flipsite.present.embeds.registry import chart_embeds

        with open(reading, "rb") as pipe:
            wanted, sent, made = pickle.load(pipe)  # noqa: S301 - written by this program
        trust(made)
        reports = [recall(each) if isinstance(each, str) else each for each in sent]
        if any(report is None for report in reports):
            return ({}, {}), ()
        wanted = replace(wanted, reports=tuple(map(_bare, reports)))
        names = _names_of_groups(wanted, self._digests)
        groups: dict[Group, Figures | None] = {
            group: None for group, name in names.items() if recall(name) is not None
        }
        embedded = {("study", report.study.id): report for report in wanted.embedded_reports}
        pictures = ThreadPoolExecutor(1)
        for group, figures in _drawn_groups(wanted, names, known=groups):
            groups[group] = None if is_kept(names[group]) else figures
            if report := embedded.get(group):
                for embed in chart_embeds(report, figures).values():
                    pictures.submit(png_file, embed)
        twins = _twins(wanted)
        pictures.shutdown(cancel_futures=True)  # the rest are made with the embeds' files
        return (groups, twins), put_in()


def report_name(digest: str) -> str:
    """The name in the cache of a study's report.

    Args:
        digest: Of all that is read of the study, and of flipsite.
    """
    return f"report {digest}"


def _bare(report: "StudyReport") -> "StudyReport":
    return replace(report, draws=None, counts=None)


def _send(descriptor: int, message: bytes) -> None:
    with suppress(BrokenPipeError), open(descriptor, "wb") as pipe:
        pipe.write(message)  # if the process is gone, `drawn` tells why


class Drawings:
    """Charts being drawn, for which `write` waits before it makes their pages; leaving the context ends it.

    Where there may be a second process it draws; else this one does when all else is made. What an earlier
    build of this user drew or compiled is not drawn or compiled again.
    """

    def __init__(self, digests: Mapping[str, str], *, libraries: str, jobs: int, force: bool) -> None:
        """Prepare to draw.

        Args:
            digests: The digest of all that is read of each study, and of flipsite, by the study's id.
            libraries: The digest of the versions of the libraries that draw.
            jobs: How many processes may work.
            force: Draw all anew.
        """
        self._digests, self._libraries, self._force = digests, libraries, force
        self._process: DrawingProcess | None = None
        self._wanted: ChartRequest | None = None
        self._then: Callable[[ChartSet], Sequence[Batch]] | None = None
        has_engine = "vl_convert" in sys.modules  # one that runs does not survive a fork
        self._jobs = jobs if CAN_FORK and not has_engine else 1
        self._ending, self._reading, self._drawing = ExitStack(), ExitStack(), ExitStack()

    def ask(self, wanted: "ChartRequest") -> None:
        """Tell what to draw, when all studies are read."""
        self._reading.close()
        self._wanted = wanted
        if self._process:
            self._process.ask(wanted)

    def then(self, batches: "Callable[[ChartSet], Sequence[Batch]]") -> None:
        """Tell what is made of the charts that were asked for."""
        self._then = batches

    def is_ready(self) -> bool:
        """Whether all is drawn, or no process draws while this process does other things."""
        return self._process is None or self._process.is_ready()

    def batches(self) -> "Sequence[Batch]":
        """Return the functions that make files with charts; wait until all are drawn."""
        return self._then(self._drawn(self._wanted)) if self._wanted and self._then else ()

    def __enter__(self) -> "Drawings":
        from flipsite.present.charts.svg import drawing_code

        cache = BuildCache(made_by=f"{drawing_code()} {self._libraries}", anew=self._force)
        self._ending.callback(cache.shrink)
        self._ending.enter_context(remembering(cache))
        self._ending.enter_context(self._reading)
        self._ending.enter_context(self._drawing)
        if self._jobs > 1:
            try:
                self._start(draws=not are_drawn(self._digests))
            except BaseException:
                self._ending.close()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _start(self, *, draws: bool) -> None:
        """Fork the other processes, each before this one imports what that one does not need.

        Args:
            draws: Whether there is anything to draw; if not, a process reads the draws and that is all.
        """
        if draws:
            _left_to(BareProcesses(1, start_engine), vegalite_svg, self._drawing)
            _left_to(BareProcesses(min(self._jobs, MOST_RASTERISERS)), palette_png, self._ending)
            if not read_script(_script_key()):
                _left_to(BareProcesses(1, bundle), bundle, self._ending)
        from flipsite.store.snapshot.study import read_study_draws  # with numpy, which all others need

        reader = BareProcesses(1, partial(import_module, "flipsite.store.snapshot.read"))
        _left_to(reader, read_study_draws, self._reading)
        if draws:
            import flipsite.present.embeds.registry  # noqa: F401 - both need this, so one imports it

            self._process = DrawingProcess(self._digests)
            self._ending.callback(self._process.end)

    def _drawn(self, wanted: "ChartRequest") -> "ChartSet":
        drawn = self._process.drawn() if self._process else ({}, {})
        charts = charts_of(wanted, self._digests, drawn=drawn, forks=self._jobs > 1)
        self._drawing.close()
        return charts


def _left_to(processes: BareProcesses, function: Callable[..., object], meanwhile: ExitStack) -> None:
    """Leave calls of a function to these processes until the context ends, and they with it."""
    meanwhile.enter_context(processes)
    meanwhile.enter_context(calling_elsewhere(processes, function))


def charts_of(
    wanted: "ChartRequest",
    digests: Mapping[str, str],
    *,
    drawn: "Drawn" = ({}, {}),
    forks: bool = False,
) -> "ChartSet":
    """The charts of a site; those that neither this build nor an earlier one of this user drew are drawn.

    Args:
        wanted: The charts.
        digests: The digest of all that is read of each study, and of flipsite, by the study's id.
        drawn: What another process of this build drew; what it kept may be lost by now.
        forks: Whether this process is forked later, so that it must not start the renderer's engine.
    """
    names = _names_of_groups(wanted, digests)
    sent, twins = drawn
    groups: dict[Group, Figures] = {}
    for group, name in names.items():
        figures = sent.get(group) or recall(name)
        if figures is not None:
            groups[group] = figures

    def missing() -> "dict[Group, Figures]":
        return dict(_drawn_groups(wanted, names, known=groups))

    if groups.keys() != names.keys():
        groups |= _forked(missing) if forks else missing()
    return _chart_set(wanted, groups, twins or _twins(wanted))


def _forked(work: Callable[[], T]) -> T:
    fork = Fork(work)
    try:
        return fork.result()
    finally:
        fork.end()


def _drawn_groups(
    wanted: "ChartRequest", names: "Mapping[Group, str]", *, known: "Collection[Group]"
) -> "Iterator[tuple[Group, Figures]]":
    """Draw the groups that are not known, and keep each under its name."""
    if names.keys() == set(known):
        return
    from flipsite.present.charts.render import render_groups

    for group, figures in render_groups(wanted, known=set(known)):
        keep(names[group], figures)
        yield group, figures


def _twins(wanted: "ChartRequest") -> dict[str, bytes]:
    return {
        twin.path: remembered(f"{twin.path} {own_digest()}", partial(_twin_file, twin))
        for twin in wanted.twins
    }


def _chart_set(
    wanted: "ChartRequest", groups: "Mapping[Group, Figures]", twins: Mapping[str, bytes]
) -> "ChartSet":
    from flipsite.present.charts.chart_set import ChartSet

    studies = {report.study.id: groups["study", report.study.id] for report in wanted.reports}
    return ChartSet(
        studies=studies | {"": groups["no study", ""]},
        compared=groups["pairs", ""],
        methods=groups["methods", ""],
        families=tuple(groups["family", str(n)] for n in range(len(wanted.alike))),
        tables={report.study.id: groups["tables", report.study.id] for report in wanted.embedded_reports},
        twins=twins,
    )


def _names_of_groups(wanted: "ChartRequest", digests: Mapping[str, str]) -> "dict[Group, str]":
    """A name in the cache for each group of charts: its kind, and the digests of all studies it shows."""
    everything = " ".join(digests.values())
    return {
        ("no study", ""): _of_no_study(digests),
        ("pairs", ""): f"pairs {everything}",
        ("methods", ""): f"methods {everything}",
        **{("study", each.study.id): _of_study(digests[each.study.id]) for each in wanted.reports},
        **{("family", str(n)): f"family {n} of {everything}" for n in range(len(wanted.alike))},
        **{
            ("tables", each.study.id): f"tables of {digests[each.study.id]}"
            for each in wanted.embedded_reports
        },
    }


def are_drawn(digests: Mapping[str, str]) -> bool:
    """Whether an earlier build drew the charts of each of these studies, and of no study."""
    return all(map(is_kept, [_of_no_study(digests), *map(_of_study, digests.values())]))


def _of_no_study(digests: Mapping[str, str]) -> str:
    return f"charts of no study {' '.join(digests.values())}"


def _of_study(digest: str) -> str:
    return f"charts of {digest}"


def _twin_file(twin: "SparklineSpec") -> bytes:
    from flipsite.present.sparklines.specs import twin_file  # with it Altair

    return twin_file(twin)
