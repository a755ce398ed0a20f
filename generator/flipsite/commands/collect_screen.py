"""What `flipsite collect` shows: the offer, how the run stands, and what it came to."""

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flipsite.collection import Offer, Report, Watcher
from flipsite.commands.progress import Progress, agreed, dollars
from flipsite.commands.tables import show_table
from flipsite.domain.study import Kind

MOST_ROWS = 15


class Screen:
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

    def report(self, report: Report) -> None:
        """What the run came to: the spend, the dearest model first, and who was set aside."""
        tide = report.tide
        self._say(
            f"{tide.n_done} draws: {tide.n_valid} valid, {tide.n_rejected} not readable, "
            f"{tide.n_failed} failed; {tide.n_kept} were there before."
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
        self._say(f"The study has cost {dollars(report.spent_usd)}{open_part}{self._money}.")
        for model, aside in sorted(tide.aside.items()):
            self._say(f"Set aside: {model}: {aside.reason}")
        if report.snapshot is not None:
            self._say(f"Snapshot: {report.snapshot}")

    def _settled(self, report: Report) -> None:
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

    def budget_sentence(self, report: Report) -> str:
        """Why the budget ended it."""
        model, reason = next(iter(report.budget.items()))
        others = f" and {len(report.budget) - 1} more" if len(report.budget) > 1 else ""
        return (
            f"The budget left out {model}{others} ({reason}); what was bought is kept, "
            "raise --budget or per_model_usd and run again."
        )

    def _created(self, path: Path) -> None:
        self._say(f"Wrote {path}: the article's prompt, every setting at its default.")

    def _agree(self, offer: Offer) -> bool:
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

    def _show_offer(self, offer: Offer) -> None:
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
        self._say(
            f"{most}{plan.n_missing} draws of {len(rows)} models, about {dollars(plan.estimate_usd)} "
            f"({', '.join(limits)}){self._money}."
        )
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
