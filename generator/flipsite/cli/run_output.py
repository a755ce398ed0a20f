"""The screens of `flipsite collect` and `flipsite features`: the quote, the progress, the report."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from flipsite.analyse.features.merge import RefusedValue
from flipsite.cli.console import ProgressBar, agreed, same_command, show_table
from flipsite.collect.run_state import names_text
from flipsite.domain.display import one_line, plural, usd_text
from flipsite.domain.money import Usd
from flipsite.domain.study import Feature, Kind
from flipsite.workflows.run_request import (
    ClassifierQuote,
    ClassifierReport,
    FeatureWatcher,
    ProgressSnapshot,
    RunQuote,
    RunReport,
    Watcher,
)

if TYPE_CHECKING:
    from flipsite.collect.run_plan import CollectPlan
    from flipsite.workflows.batch import BatchFile
    from flipsite.workflows.features import FeatureReport

MOST_ROWS = 15
MOST_OVERRULED = 20

_UNPRICED = "at an unknown price: the endpoint announces none, so no budget can bind"


class CollectScreen:
    """The quote, the yes to it, and the report; `bar` shows the progress, as a context manager."""

    def __init__(self, *, dry_run: bool, yes: bool) -> None:
        self._dry_run = dry_run
        self._yes = yes
        self._money = ""
        self.bar = ProgressBar("draw")
        self.watcher = Watcher(
            created=self._created,
            agree=self._agree,
            look=lambda look: show_progress(self.bar, look),
            adopted=_adopted,
            begin=confirm_new_study,
        )

    def reread(self, n_changed: int, n_answers: int, snapshot: Path | None) -> None:
        """Show how many stored answers are read differently now."""
        click.echo(f"Read {plural(n_answers, 'stored answer')} again; {n_changed:,} changed.")
        click.echo(f"Snapshot: {snapshot}" if snapshot else "No snapshot: there are no answers yet.")

    def batch(self, batch: "BatchFile") -> None:
        """Show what a batch request file holds, and what to do with it."""
        for line in grouped(((one.model, one.reason) for one in batch.left_out), "left out"):
            click.echo(line)
        requests = f"{plural(batch.n_requests, 'request')} of {plural(len(batch.models), 'model')}"
        price = f", about {usd_text(batch.estimate_usd)} at half the price" if batch.estimate_usd else ""
        click.echo(f"Wrote {batch.path}: {requests}{price}.")

    def report(self, report: RunReport) -> None:
        """Show what the run did: the spend by model, which models were skipped, and how to go on."""
        progress = report.progress
        click.echo(
            f"{plural(progress.n_done, 'draw')}: {progress.n_valid:,} valid, {progress.n_rejected:,} not "
            f"readable, {progress.n_failed:,} failed; {progress.n_kept:,} were there before."
        )
        if any(cost for _, cost in report.by_model):
            table = _table("model", "spent", "share")
            for model, cost in report.by_model[:MOST_ROWS]:
                table.add_row(escape(model), usd_text(cost), f"{cost / report.spent_usd:.1%}")
            _rest(table, len(report.by_model))
            show_table(table)
        if report.settled is not None:
            click.echo("\n".join(_settled(report)))
        unpriced = f", {usd_text(report.unpriced_usd)} of it at its worst case" if report.unpriced_usd else ""
        if report.priced or report.spent_usd:
            click.echo(f"The study has cost {usd_text(report.spent_usd)}{unpriced}{self._money}.")
        else:
            click.echo("What the study has cost is not known: the endpoint announces no prices.")
        skipped = {model: skipped.reason for model, skipped in progress.skipped.items()}
        for line in grouped(skipped.items(), "skipped"):
            click.echo(line)
        failed = {model: why for model, why in progress.failed.items() if model not in progress.skipped}
        for line in grouped(failed.items(), "with failed draws"):
            click.echo(line)
        for warning in report.warnings:
            click.echo(f"Warning: {warning}")
        if report.snapshot is not None:
            click.echo(f"Snapshot: {report.snapshot}")
        if progress.n_done < progress.n_missing or progress.n_failed:
            click.echo(f"To ask what is missing: {same_command()}")

    def budget_sentence(self, report: RunReport) -> str:
        """Say which models the budget left out, and how to go on."""
        model, reason = next(iter(report.budget.items()))
        others = f" and {len(report.budget) - 1:,} more" if len(report.budget) > 1 else ""
        return (
            f"the budget left out {model}{others} ({reason}); every answer so far is kept, "
            "raise --budget or per_model_usd and run again."
        )

    def _created(self, path: Path) -> None:
        click.echo(f"Wrote {path}: the article's prompt, every setting at its default.")

    def _agree(self, quote: RunQuote) -> bool:
        plan = quote.plan
        if quote.study.kind is Kind.SIMULATED:
            self._money = ", all of it simulated"
        _echo_lost(quote.n_lost)
        if not plan.n_missing:
            if plan.models:
                click.echo(f"Nothing to ask: all {plural(plan.n_kept, 'draw')} are there.")
            _echo_left_out(plan)
            return not self._dry_run
        self._show_quote(quote)
        return not self._dry_run and agreed(yes=self._yes or not plan.estimate_usd)

    def _show_quote(self, quote: RunQuote) -> None:
        plan = quote.plan
        money = ("about", "one draw at most", "spent") if quote.priced else ()
        table = _table("model", "draws", *money)
        rows = [one for one in reversed(plan.models) if one.n_missing]
        for one in rows[:MOST_ROWS]:
            costs = (one.estimate_usd, one.draw_worst_usd, one.spent_usd) if quote.priced else ()
            table.add_row(escape(one.model), f"{one.n_missing:,}", *map(usd_text, costs))
        _rest(table, len(rows))
        show_table(table)
        most = "At most " if quote.until_settled else ""
        whose = f" for shard {quote.shard}, an equal share" if quote.shard else ""
        about = f"about {usd_text(plan.estimate_usd)} ({_limits(quote, whose)}){self._money}"
        if not quote.priced:
            about = _UNPRICED
        click.echo(f"{most}{plural(plan.n_missing, 'draw')} of {plural(len(rows), 'model')}, {about}.")
        if (per_answer := quote.study.sampling.per_answer) > 1:
            each = plan.estimate_usd / plan.n_missing
            price = f": about {usd_text(each)} an answer, {usd_text(each / per_answer)} a draw in it"
            click.echo(f"One answer states {per_answer:,} draws{price if quote.priced else ''}.")
        _echo_left_out(plan)


class FeaturesScreen:
    """The quote, the yes to it, and the report; `bar` shows the progress, as a context manager."""

    def __init__(self, *, dry_run: bool, yes: bool) -> None:
        self._dry_run = dry_run
        self._yes = yes
        self._money = ""
        self.bar = ProgressBar("answer")
        self.watcher = FeatureWatcher(agree=self._agree, look=lambda look: show_progress(self.bar, look))

    def report(self, report: "FeatureReport") -> None:
        """Show what changed and what it cost; foreign text in it cannot move a cursor."""
        for line in _feature_lines(report, dry_run=self._dry_run):
            click.echo(line)
        if report.classified and not self._dry_run:
            click.echo(_paid(report.classified, self._money))

    def budget_sentence(self, classified: ClassifierReport) -> str:
        """Say what the budget ended, and how to go on."""
        return (
            f"the budget ended before {classified.classifier} was asked everything ({classified.budget}); "
            "every answer so far is kept, raise --budget and run again."
        )

    def _agree(self, quote: ClassifierQuote) -> bool:
        if quote.simulated:
            self._money = ", all of it simulated"
        _echo_lost(quote.n_lost)
        if quote.unasked:
            click.echo(f"Not asked about {names_text(quote.unasked)}: these cannot be names of models.")
        if not quote.n_missing:
            n_kept = plural(quote.n_kept, "answer")
            click.echo(f"Nothing to ask: all {n_kept} of {quote.classifier} are there.")
            return not self._dry_run
        price = f"about {usd_text(quote.estimate_usd)}, one at most {usd_text(quote.worst_usd)}"
        price += f" ({_limits(quote)}){self._money}"
        click.echo(
            f"{plural(quote.n_missing, 'question')} about {plural(quote.n_models, 'model')} to "
            f"{quote.classifier}: {price if quote.priced else _UNPRICED}."
        )
        return not self._dry_run and agreed(yes=self._yes or not quote.estimate_usd)


def show_progress(bar: ProgressBar, look: ProgressSnapshot) -> None:
    """Show the state of a run: what is done, the valid share, dollars, and what waits."""
    progress = look.progress
    details = [f"{progress.n_valid / progress.n_done:.0%} valid"] if progress.n_done else []
    if look.left_usd is not None:
        details.append(f"{usd_text(look.spent_usd)} of {usd_text(look.spent_usd + look.left_usd)} spent")
    elif look.spent_usd:  # a host that announces no prices spends nothing that is known
        details.append(f"{usd_text(look.spent_usd)} spent")
    details.append(f"{progress.in_flight:,} in flight")
    if look.n_paused:
        details.append(f"{plural(look.n_paused, 'model')} paused")
    if progress.skipped:
        details.append(f"{len(progress.skipped):,} skipped")
    if progress.faults:
        model, fault = next(reversed(progress.faults.items()))
        details.append(one_line(f"{model}: {fault}"))
    bar.update(progress.n_done, progress.n_missing, *details)


def confirm_new_study(study: str, near: str) -> bool:
    """Ask whether a new study is meant, not the one with nearly its name; False without a terminal."""
    return sys.stdin.isatty() and click.confirm(f"There is a study {near!r}. Create a new study {study!r}?")


def _adopted(n_draws: int, cost_usd: Usd) -> None:
    cost = f", which cost {usd_text(cost_usd)}" if cost_usd else ""
    if n_draws:
        click.echo(f"Adopted {plural(n_draws, 'draw')} of the snapshot{cost}.")


def _echo_left_out(plan: "CollectPlan") -> None:
    left_out = ((one.model, _reason_group(one.reason, money=one.money)) for one in plan.left_out)
    for line in grouped(left_out, "left out"):
        click.echo(line)


def _echo_lost(n_lost: int) -> None:
    if n_lost:
        verb = "it counts" if n_lost == 1 else "they count"
        click.echo(f"The last run was killed with {plural(n_lost, 'request')} in flight; {verb} as spent.")


def _limits(quote: RunQuote | ClassifierQuote, whose: str = "") -> str:
    limits = [f"spent so far {usd_text(quote.spent_usd)}"]
    if quote.budget_usd is not None:
        limits.append(f"budget {usd_text(quote.budget_usd)}{whose}")
    if quote.account_usd is not None:
        limits.append(f"the account has {usd_text(quote.account_usd)} left")
    return ", ".join(limits)


def _reason_group(reason: str, *, money: bool) -> str:
    """A reason without the amounts, dates and names that differ from model to model."""
    if money:
        return "too expensive for the budget"
    return re.sub(r" \([^)]*\)(; .*)?$|\d{4}-\d\d-\d\d", "", reason).removesuffix(" on ")


def grouped(reasons: Iterable[tuple[str, str]], verb: str) -> Iterator[str]:
    """`12 models skipped: why: a, b and 10 more`, the largest group first."""
    groups = defaultdict[str, list[str]](list)
    for model, reason in sorted(reasons):
        groups[reason.replace(model, "the model").rstrip(".")].append(model)
    for reason, models in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        yield f"{plural(len(models), 'model')} {verb}: {one_line(reason)}: {names_text(models)}"


def _settled(report: RunReport) -> Iterator[str]:
    """Which models need no more draws, since when, and what that saved."""
    settled = report.settled or ()
    if not settled:
        yield "No model is settled yet; --draws sets how many draws it may take."
        return
    for word in sorted({one.word for one in settled}):
        found = sorted((one.n_draws, one.model) for one in settled if one.word == word)
        named = [f"{model} at draw {n_draws}" for n_draws, model in found[:MOST_ROWS]]
        more = f" and {len(found) - MOST_ROWS:,} more" if len(found) > MOST_ROWS else ""
        yield f"Settled as {word}: {', '.join(named)}{more}."
    n_spared = sum(one.n_spared for one in settled)
    yield f"This saved {plural(n_spared, 'draw')}, about {usd_text(report.spared_usd)}."


def _rest(table: Table, n_rows: int) -> None:
    if n_rows > MOST_ROWS:
        table.add_row(f"… and {n_rows - MOST_ROWS:,} cheaper")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        if place:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, no_wrap=True)
    return table


def _paid(classified: ClassifierReport, money: str) -> str:
    counts, doubted = classified.progress, sum(not row.value for row in classified.features)
    unsure = f"; it contradicts itself on {plural(doubted, 'value')}" if doubted else ""
    unpriced = (
        f", {usd_text(classified.unpriced_usd)} of it at its worst case" if classified.unpriced_usd else ""
    )
    over = (
        f" It billed {usd_text(classified.overcharged_usd)} for one answer, more than its announced prices "
        "allow, and was asked one at a time from there."
        if classified.overcharged_usd
        else ""
    )
    return (
        f"{classified.classifier}: {plural(counts.n_done, 'answer')}: {counts.n_valid:,} readable, "
        f"{counts.n_rejected:,} not readable, {counts.n_failed:,} failed; {counts.n_kept:,} were there "
        f"before{unsure}. Spent in all: {usd_text(classified.spent_usd)}{unpriced}{money}.{over}"
    )


def _feature_lines(report: "FeatureReport", *, dry_run: bool) -> Iterator[str]:
    merged = report.joined
    added = [change for change in merged.changed if change.before is None]
    other = [
        (change.before, change.after)
        for change in merged.changed
        if change.before and change.before.value != change.after.value
    ]
    known = sum(bool(row.value) for row in merged.features)
    for before, after in other:
        yield f"changed: {_place(after)}: {_value(before)} → {_value(after)}"
    for one in merged.refused:
        yield f"kept: {_place(one.kept)}: yours is {_value(one.kept)}, found {_value(one.found)}"
    yield from _overruled(merged.overruled)
    if report.unlisted:
        yield f"In no catalogue: {names_text(report.unlisted)}."
    yield (
        f"{plural(len(report.models), 'model')}, {plural(known, 'known value')}: {plural(len(added), 'row')} "
        f"new, {len(other):,} changed; {plural(len(merged.refused), 'value')} of yours kept."
    )
    if not merged.changed:
        yield f"{report.path} is up to date."
    else:
        yield f"{'Would write' if dry_run else 'Wrote'} {report.path}"


def _overruled(overruled: Sequence[RefusedValue]) -> Iterator[str]:
    for one in overruled[:MOST_OVERRULED]:
        yield f"doubted: {_place(one.kept)}: {_value(one.kept)} stays, found {_value(one.found)}"
    if len(overruled) > MOST_OVERRULED:
        n_more = plural(len(overruled) - MOST_OVERRULED, "more value")
        yield f"doubted: {n_more}, where a better source says otherwise."


def _place(row: Feature) -> str:
    return f"{one_line(row.model)} {row.feature}"


def _value(row: Feature) -> str:
    source = ": ".join(part for part in (row.source, one_line(row.note)) if part)
    return f"{one_line(row.value) or 'unknown'}" + (f" ({source})" if source else "")
