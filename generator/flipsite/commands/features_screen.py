"""What `flipsite features` shows: what asking would cost, what came of it, what a person's value kept out."""

from collections.abc import Iterable, Iterator, Sequence

import click
from rich.console import Console

from flipsite.commands.progress import Progress, agreed, dollars
from flipsite.gathering import Classified, Feature, FeatureReport, FeatureWatcher, Inquiry, Refused, one_line

MOST_NAMES = 5
MOST_OVERRULED = 20


class Screen:
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

    def budget_sentence(self, classified: Classified) -> str:
        """Why the budget ended it."""
        return (
            f"The budget ended before {classified.classifier} was asked everything ({classified.budget}); "
            "what was bought is kept, raise --budget and run again."
        )

    def _agree(self, inquiry: Inquiry) -> bool:
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


def _offer(inquiry: Inquiry) -> str:
    limits = [f"spent so far {dollars(inquiry.spent_usd)}"]
    if inquiry.budget_usd is not None:
        limits.append(f"budget {dollars(inquiry.budget_usd)}")
    if inquiry.account_usd is not None:
        limits.append(f"the account has {dollars(inquiry.account_usd)} left")
    return (
        f"{inquiry.n_missing} questions about {inquiry.n_models} models to {inquiry.classifier}: about "
        f"{dollars(inquiry.estimate_usd)}, one at most {dollars(inquiry.worst_usd)} ({', '.join(limits)})"
    )


def _paid(classified: Classified, money: str) -> str:
    tide, doubted = classified.tide, sum(not row.value for row in classified.features)
    unsure = f"; it does not agree with itself on {doubted} values" if doubted else ""
    unpriced = (
        f", {dollars(classified.unpriced_usd)} of it at its worst case" if classified.unpriced_usd else ""
    )
    return (
        f"{classified.classifier}: {tide.n_done} answers: {tide.n_valid} readable, {tide.n_rejected} not "
        f"readable, {tide.n_failed} failed; {tide.n_kept} were there before{unsure}. They have cost "
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


def _refused(refused: Refused) -> str:
    return f"kept: {_place(refused.kept)}: yours is {_value(refused.kept)}, found {_value(refused.found)}"


def _overruled(overruled: Sequence[Refused]) -> Iterator[str]:
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
