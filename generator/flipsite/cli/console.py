"""How a run that spends money is agreed to and shown: on a terminal a line that moves, else plain lines.

What `flipsite collect` shows: the offer, how the run stands, and what it came to.

What `flipsite features` shows: what asking would cost, what came of it, what a person's value kept out.

How wide a table of the terminal is: no column is lost to a narrow one, and a pipe cuts no name.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from flipsite.analyse.features.merge import RefusedValue
from flipsite.domain.display import one_line, plural
from flipsite.domain.study import Feature, Kind
from flipsite.errors import UsageError
from flipsite.workflows.features import FeatureReport
from flipsite.workflows.run_request import (
    ClassifierQuote,
    ClassifierReport,
    FeatureWatcher,
    ProgressSnapshot,
    RunQuote,
    RunReport,
    Watcher,
)

LINE_EVERY_S = 5.0


class Progress:
    """How a run stands, for whoever looks on; a context manager that leaves the terminal as it was."""

    def __init__(self, console: Console, *, noun: str) -> None:
        """Begin.

        Args:
            console: Where it is shown.
            noun: What is counted, in the plural.
        """
        self._console = console
        self._noun = noun
        self._live: Live | None = None
        self._began = time.monotonic()
        self._told_at = self._began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def look(self, look: ProgressSnapshot) -> None:
        """Show how it stands now."""
        if self._console.is_terminal:
            if self._live is None:
                self._live = Live(console=self._console, refresh_per_second=4, transient=True)
                self._live.start()
            self._live.update(escape(self._line(look)))
            return
        if time.monotonic() - self._told_at >= LINE_EVERY_S:
            self._told_at = time.monotonic()
            click.echo(self._line(look))

    def _line(self, look: ProgressSnapshot) -> str:
        """What is done, valid share, dollars, rate, and what is waiting and why."""
        progress = look.progress
        seconds = max(time.monotonic() - self._began, 1e-3)
        parts = [f"{progress.n_done}/{progress.n_missing} {self._noun}"]
        if progress.n_done:
            parts.append(f"{progress.n_valid / progress.n_done:.0%} valid")
        left = "" if look.left_usd is None else f", {dollars(look.left_usd)} left"
        parts += [f"{dollars(look.spent_usd)} spent{left}", f"{progress.n_done / seconds:.0f}/s"]
        parts.append(f"{progress.in_flight} in flight")
        if look.n_paused:
            parts.append(f"{look.n_paused} models told to wait")
        if progress.skipped:
            parts.append(f"{len(progress.skipped)} skipped")
        if progress.faults:
            model, fault = next(reversed(progress.faults.items()))
            parts.append(f"last fault: {model}: {fault}")
        return " · ".join(parts)


def agreed(*, yes: bool) -> bool:
    """Whether money may be spent: said beforehand, or asked for on a terminal.

    Raises:
        UsageError: If there is nobody to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("Nobody to ask for a yes; add --yes to spend, or --dry-run to look.")
    return click.confirm("Ask them?")


def dollars(usd: float) -> str:
    """Dollars to the cent, or to the first two digits that say something."""
    if usd and usd < 0.005:
        return f"${usd:.6f}"
    return f"${usd:,.2f}"


NARROWEST, PIPE = 80, 160


def show_table(table: Table) -> None:
    """Print a table on standard output; a terminal narrower than 80 signs wraps its lines."""
    screen = Console(highlight=False)
    width = max(NARROWEST, screen.width) if screen.is_terminal else PIPE
    Console(highlight=False, width=width).print(table)


MOST_ROWS = 15


class CollectScreen:
    """The offer, the yes, and the report; `progress` shows how the run stands, as a context manager."""

    def __init__(self, *, dry_run: bool, yes: bool) -> None:
        self._dry_run = dry_run
        self._yes = yes
        self.progress = Progress(Console(highlight=False, soft_wrap=True), noun="draws")
        self._money = ""
        self.watcher = Watcher(created=self._created, agree=self._agree, look=self.progress.look)

    def reread(self, n_changed: int, n_answers: int, snapshot: Path | None) -> None:
        """What reading again came to."""
        self._say(f"{n_answers} stored answers read again, {n_changed} of them otherwise than before.")
        self._say(f"Snapshot: {snapshot}" if snapshot else "No snapshot: there are no answers yet.")

    def report(self, report: RunReport) -> None:
        """What the run came to: the spend, the dearest model first, and which models were skipped."""
        progress = report.progress
        self._say(
            f"{progress.n_done} draws: {progress.n_valid} valid, {progress.n_rejected} not readable, "
            f"{progress.n_failed} failed; {progress.n_kept} were there before."
        )
        if any(cost for _, cost in report.by_model):
            table = _table("model", "spent", "share")
            for model, cost in report.by_model[:MOST_ROWS]:
                table.add_row(escape(model), dollars(cost), f"{cost / report.spent_usd:.1%}")
            self._rest(table, len(report.by_model))
            show_table(table)
        open_part = f", {dollars(report.unpriced_usd)} of it at its worst case" if report.unpriced_usd else ""
        if report.settled is not None:
            self._settled(report)
        if report.priced or report.spent_usd:
            self._say(f"The study has cost {dollars(report.spent_usd)}{open_part}{self._money}.")
        else:
            self._say("What the study has cost is not known: the endpoint announces no prices.")
        for model, skipped in sorted(progress.skipped.items()):
            self._say(f"Skipped: {model}: {skipped.reason}")
        for warning in report.warnings:
            self._say(f"Warning: {warning}")
        if report.snapshot is not None:
            self._say(f"Snapshot: {report.snapshot}")

    def _settled(self, report: RunReport) -> None:
        """What needs no more draws, since when, and what that saved."""
        settled = report.settled or ()
        if not settled:
            self._say("No model is settled yet; --draws sets how many it may take.")
            return
        for word in sorted({one.word for one in settled}):
            found = sorted((one.n_draws, one.model) for one in settled if one.word == word)
            told = [f"{model} at draw {n_draws}" for n_draws, model in found[:MOST_ROWS]]
            more = f" and {len(found) - MOST_ROWS} more" if len(found) > MOST_ROWS else ""
            self._say(f"Settled as {word}: {', '.join(told)}{more}.")
        n_spared = sum(one.n_spared for one in settled)
        self._say(
            f"{n_spared} draws of theirs were not asked, which saved about {dollars(report.spared_usd)}."
        )

    def budget_sentence(self, report: RunReport) -> str:
        """Why the budget ended it."""
        model, reason = next(iter(report.budget.items()))
        others = f" and {len(report.budget) - 1} more" if len(report.budget) > 1 else ""
        return (
            f"The budget left out {model}{others} ({reason}); what was bought is kept, "
            "raise --budget or per_model_usd and run again."
        )

    def _created(self, path: Path) -> None:
        self._say(f"Wrote {path}: the article's prompt, every setting at its default.")

    def _agree(self, offer: RunQuote) -> bool:
        plan = offer.plan
        if offer.study.kind is Kind.SIMULATED:
            self._money = ", all of it simulated"
        if offer.n_lost:
            self._say(f"{offer.n_lost} answers were in flight when the last run died; they count as spent.")
        if not plan.n_missing:
            self._say(f"Nothing to ask: all {plan.n_kept} draws are there.")
            return not self._dry_run
        self._show_offer(offer)
        return not self._dry_run and agreed(yes=self._yes or plan.estimate_usd == 0)

    def _show_offer(self, offer: RunQuote) -> None:
        plan = offer.plan
        table = _table("model", "draws", "about", "one draw at most", "spent")
        rows = [one for one in reversed(plan.models) if one.n_missing]
        for one in rows[:MOST_ROWS]:
            table.add_row(
                escape(one.model),
                str(one.n_missing),
                dollars(one.estimate_usd),
                dollars(one.draw_worst_usd),
                dollars(one.spent_usd),
            )
        self._rest(table, len(rows))
        show_table(table)
        most = "At most " if offer.until_settled else ""
        limits = [f"spent so far {dollars(offer.spent_usd)}"]
        if offer.budget_usd is not None:
            whose = f" for shard {offer.shard}, an equal share" if offer.shard else ""
            limits.append(f"budget {dollars(offer.budget_usd)}{whose}")
        if offer.account_usd is not None:
            limits.append(f"the account has {dollars(offer.account_usd)} left")
        about = f"about {dollars(plan.estimate_usd)} ({', '.join(limits)}){self._money}"
        if not offer.priced:
            about = "at a price that is not known: the endpoint announces none, so that no budget can bind"
        self._say(f"{most}{plural(plan.n_missing, 'draw')} of {plural(len(rows), 'model')}, {about}.")
        if plan.left_out:
            dear = sum(one.money for one in plan.left_out)
            self._say(
                f"{len(plan.left_out)} models are left out"
                + (f", {dear} of them by the budget" if dear else "")
                + "; `flipsite models` says why."
            )

    def _say(self, text: str) -> None:
        click.echo(text)

    def _rest(self, table: Table, n_rows: int) -> None:
        if n_rows > MOST_ROWS:
            table.add_row(f"… and {n_rows - MOST_ROWS} cheaper ones")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right", no_wrap=place > 0)
    return table


MOST_NAMES = 5
MOST_OVERRULED = 20


class FeaturesScreen:
    """The offer, the yes, and the report; `progress` shows how the run stands, as a context manager."""

    def __init__(self, *, dry_run: bool, yes: bool) -> None:
        self._dry_run = dry_run
        self._yes = yes
        self._money = ""
        self.progress = Progress(Console(highlight=False, soft_wrap=True), noun="answers")
        self.watcher = FeatureWatcher(agree=self._agree, look=self.progress.look)

    def report(self, report: FeatureReport) -> None:
        """What the run came to; foreign text in it cannot move a cursor."""
        for line in _told(report, dry_run=self._dry_run):
            click.echo(line)
        if report.classified and not self._dry_run:
            click.echo(_paid(report.classified, self._money))

    def budget_sentence(self, classified: ClassifierReport) -> str:
        """Why the budget ended it."""
        return (
            f"The budget ended before {classified.classifier} was asked everything ({classified.budget}); "
            "what was bought is kept, raise --budget and run again."
        )

    def _agree(self, inquiry: ClassifierQuote) -> bool:
        if inquiry.simulated:
            self._money = ", all of it simulated"
        if inquiry.n_lost:
            click.echo(
                f"{inquiry.n_lost} answers were in flight when the last run died; they count as spent."
            )
        if inquiry.unasked:
            click.echo(f"Nobody is asked about {_named(inquiry.unasked)}: no model is called that.")
        if not inquiry.n_missing:
            click.echo(f"Nothing to ask: all {inquiry.n_kept} answers of {inquiry.classifier} are there.")
            return not self._dry_run
        click.echo(_offer(inquiry) + f"{self._money}.")
        return not self._dry_run and agreed(yes=self._yes or inquiry.estimate_usd == 0)


def _offer(inquiry: ClassifierQuote) -> str:
    limits = [f"spent so far {dollars(inquiry.spent_usd)}"]
    if inquiry.budget_usd is not None:
        limits.append(f"budget {dollars(inquiry.budget_usd)}")
    if inquiry.account_usd is not None:
        limits.append(f"the account has {dollars(inquiry.account_usd)} left")
    return (
        f"{inquiry.n_missing} questions about {inquiry.n_models} models to {inquiry.classifier}: about "
        f"{dollars(inquiry.estimate_usd)}, one at most {dollars(inquiry.worst_usd)} ({', '.join(limits)})"
    )


def _paid(classified: ClassifierReport, money: str) -> str:
    counts, doubted = classified.progress, sum(not row.value for row in classified.features)
    unsure = f"; it does not agree with itself on {doubted} values" if doubted else ""
    unpriced = (
        f", {dollars(classified.unpriced_usd)} of it at its worst case" if classified.unpriced_usd else ""
    )
    return (
        f"{classified.classifier}: {counts.n_done} answers: {counts.n_valid} readable, {counts.n_rejected} "
        f"not readable, {counts.n_failed} failed; {counts.n_kept} were there before{unsure}. They have cost "
        f"{dollars(classified.spent_usd)}{unpriced}{money}."
    )


def _told(report: FeatureReport, *, dry_run: bool) -> Iterator[str]:
    added = [change for change in report.joined.changed if change.before is None]
    other = [
        (change.before, change.after)
        for change in report.joined.changed
        if change.before and change.before.value != change.after.value
    ]
    known = sum(bool(row.value) for row in report.joined.features)
    yield from (_changed(before, after) for before, after in other)
    yield from map(_refused, report.joined.refused)
    yield from _overruled(report.joined.overruled)
    if report.unlisted:
        yield f"In no catalogue: {_named(report.unlisted)}."
    yield (
        f"{len(report.models)} models, {known} values known: {len(added)} rows new, {len(other)} changed, "
        f"{len(report.joined.refused)} of yours kept against what was found."
    )
    if not report.joined.changed:
        yield f"Nothing to write: {report.path} says it all."
    else:
        yield f"{'Would write' if dry_run else 'Wrote'} {report.path}"


def _changed(before: Feature, after: Feature) -> str:
    return f"changed: {_place(after)}: {_value(before)} → {_value(after)}"


def _refused(refused: RefusedValue) -> str:
    return f"kept: {_place(refused.kept)}: yours is {_value(refused.kept)}, found {_value(refused.found)}"


def _overruled(overruled: Sequence[RefusedValue]) -> Iterator[str]:
    for one in overruled[:MOST_OVERRULED]:
        yield f"doubted: {_place(one.kept)}: {_value(one.kept)} stands, found {_value(one.found)}"
    if len(overruled) > MOST_OVERRULED:
        yield f"doubted: {len(overruled) - MOST_OVERRULED} more that a surer source stands against."


def _place(row: Feature) -> str:
    return f"{one_line(row.model)} {row.feature}"


def _value(row: Feature) -> str:
    source = ": ".join(part for part in (row.source, one_line(row.note)) if part)
    return f"{one_line(row.value) or 'unknown'}" + (f" ({source})" if source else "")


def _named(models: Iterable[str]) -> str:
    names = [one_line(model) for model in models]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
