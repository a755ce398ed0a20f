"""The cache: every request and every raw answer of a study, durable before it counts.

Each request is written before it is sent, and its whole answer the moment it arrives, in one transaction
with the money. Killed at any instant, a collector loses at most the answers in flight; they count as spent,
at their worst case. The project's cache lies under `.flipsite/`, private and never committed.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from flipsite.domain.draws import Declined, Failed, Outcome, OutcomeSequence, Rejected, Result, Status
from flipsite.domain.endpoint import (
    ModelLedger,
    Reading,
    RequestRecord,
    ResponseRecord,
    SettledDraw,
    StoredAnswer,
    StoredDraw,
    UnpricedRequest,
)
from flipsite.domain.money import NOTHING, Usd, total
from flipsite.errors import StoreError
from flipsite.store.cache import changes, queries
from flipsite.store.cache.changes import KeptRow, StudyMark
from flipsite.store.cache.private_folder import hold, private_folder
from flipsite.store.cache.schema import DamagedError, complaints, opened
from flipsite.store.cache.writer import Writer

CACHE_FILE = "cache.sqlite"


class StudyView:
    """A consistent view of a study's cache, whatever is written meanwhile."""

    def __init__(self, connection: sqlite3.Connection, key: int) -> None:
        """See a study's rows on a connection inside a transaction."""
        self._connection = connection
        self._key = key
        self._reading = ExitStack()

    def close(self) -> None:
        """End what is still being read."""
        self._reading.close()

    def models(self) -> tuple[str, ...]:
        """Those that were ever asked."""
        return tuple(ledger.model for ledger in queries.model_ledgers(self._connection, self._key))

    def served_otherwise(self) -> bool:
        """Whether any answer names another model than the one that was asked."""
        return queries.served_otherwise(self._connection, self._key)

    def repeated(self) -> dict[str, int]:
        """How many answers of each model came with an id and a body that had come before."""
        return queries.repeated(self._connection, self._key)

    def mark(self) -> StudyMark:
        """How far the study has come."""
        return changes.mark(self._connection, self._key)

    def written(self) -> str | None:
        """The record of the last snapshot; None where there is none."""
        return changes.written(self._connection, self._key)

    def kept(self, *, since: StudyMark | None = None) -> Iterator[StoredDraw]:
        """Every draw that came to an end, or those that changed since, by model and draw."""
        if since is None:
            found = changes.kept(self._connection, self._key)
        else:
            found = changes.kept_since(self._connection, self._key, since)
        return map(_kept, self._reading.enter_context(closing(found)))


class Cache:
    """One study's share of the project's cache, held by one collector at a time.

    Use as a context manager: entering takes the study's lock, leaving writes what is waiting and frees it.
    """

    def __init__(self, folder: Path, *, study: str, protocol: Mapping[str, object] | None, now: str) -> None:
        """Name the study; nothing is opened yet.

        Args:
            folder: The private folder, `.flipsite/` of a project; made where it is missing.
            study: The study's id.
            protocol: What makes draws comparable (prompt, labels, temperature …), for all draws of a study;
                None where nothing is to be asked.
            now: When this collector starts, for a collector that finds the study locked.
        """
        self._path = folder / CACHE_FILE
        self._study = study
        self._protocol: dict[str, object] | None = json.loads(json.dumps(protocol))
        self._now = now
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        """Take the lock, bring the tables up to date, and count what was in flight at a kill as lost.

        Raises:
            StoreError: If another collector holds the study, its protocol has changed, or the cache cannot
                be used.
        """
        with ExitStack() as stack:
            private_folder(self._path.parent)
            stack.enter_context(hold(self._path.parent, study=self._study, now=self._now))
            self._reader = stack.enter_context(opened(self._path))
            with complaints(self._path):
                self._key = queries.enter_study(self._reader, self._study, json.dumps(self._protocol or {}))
                if self._protocol is not None:
                    self._check_protocol(self._protocol)
                if queries.has_negative_money(self._reader, self._key):
                    raise DamagedError("an amount of money is negative")
                self.n_lost = queries.count_lost(self._reader, self._key)
            self._writer = Writer(self._path)
            stack.callback(self._writer.close)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def model_ledgers(self) -> tuple[ModelLedger, ...]:
        """The ledger of each model that was ever asked in this study."""
        with complaints(self._path):
            return tuple(queries.model_ledgers(self._reader, self._key))

    def settled(self, model: str) -> frozenset[tuple[tuple[str, ...], int, int]]:
        """The (labels, order, draw) of a model that need no asking."""
        with complaints(self._path):
            found = queries.settled(self._reader, self._key, model)
            return frozenset((_labels(labels), order, draw) for labels, order, draw in found)

    def outcomes(self) -> list[SettledDraw]:
        """All draws that need not be asked again, by model and draw."""
        with complaints(self._path):
            return list(queries.outcomes(self._reader, self._key))

    def unpriced(self) -> Sequence[UnpricedRequest]:
        """Requests that were answered without a price, and whose price can be asked for."""
        with complaints(self._path):
            return [
                UnpricedRequest(attempt=attempt, model=model, generation=generation, worst_usd=Usd(worst))
                for attempt, model, generation, worst in queries.unpriced(self._reader, self._key)
            ]

    async def ask(self, asked: RequestRecord) -> int:
        """Write a request down, durably; returns its number. Only then may it be sent."""
        return await self._writer.write(
            lambda connection: queries.insert_attempt(connection, self._key, asked)
        )

    async def answer(self, answered: ResponseRecord) -> None:
        """Write down what came back, whole, with its money."""
        await self._writer.write(lambda connection: queries.finish_attempt(connection, answered))

    async def price(self, attempt: int, billed_usd: Usd) -> None:
        """Write down a price that came later."""
        await self._writer.write(lambda connection: queries.price_attempt(connection, attempt, billed_usd))

    async def text_only(self, model: str) -> None:
        """Remember that a model does not know structured output."""
        await self._writer.write(lambda connection: queries.mark_text_only(connection, self._key, model))

    @contextmanager
    def view(self) -> Iterator[StudyView]:
        """All that is held at this instant; safe beside a running collector."""
        with complaints(self._path), opened(self._path) as connection:
            connection.execute("BEGIN")
            with closing(StudyView(connection, self._key)) as view:
                yield view

    def remember(self, written: str) -> None:
        """Remember what the snapshot now holds; reading stored answers anew forgets it."""
        with complaints(self._path), opened(self._path) as connection:
            changes.remember(connection, self._key, written)

    def kept(self) -> Iterator[StoredDraw]:
        """Every draw that came to an end, by model and draw; safe beside a running collector."""
        with self.view() as view:
            yield from view.kept()

    def heard(self) -> Iterator[StoredAnswer]:
        """Every answer to a question that is no flip, by who was asked and how often before."""
        with complaints(self._path), opened(self._path) as connection:
            for row in changes.kept(connection, self._key):
                if answer := _heard(row):
                    yield answer

    def record(self, readings: Iterable[tuple[int, Reading]]) -> None:
        """Replace how stored answers were read, all or none; the answers stay as they are."""
        with complaints(self._path):
            queries.record(self._reader, self._key, readings)

    def note_served(self, served: Mapping[str, str]) -> None:
        """Note models whose answers name another one; an older flipsite did not."""
        with complaints(self._path):
            for model, name in served.items():
                queries.note_served(self._reader, queries.series_number(self._reader, self._key, model), name)

    def known(self, model: str) -> frozenset[tuple[tuple[str, ...], int, int]]:
        """The (labels, order, draw) of a model that were ever asked."""
        with complaints(self._path):
            found = queries.known(self._reader, self._key, model)
            return frozenset((_labels(labels), order, draw) for labels, order, draw in found)

    def adopt(self, records: Iterable[tuple[RequestRecord, ResponseRecord]]) -> None:
        """Write down draws that another cache holds, all or none; each gets an attempt of its own."""
        with complaints(self._path), opened(self._path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for asked, answered in records:
                    attempt = queries.insert_attempt(connection, self._key, asked)
                    queries.finish_attempt(connection, replace(answered, attempt=attempt))
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _check_protocol(self, wanted: dict[str, object]) -> None:
        stored = _protocol(queries.protocol(self._reader, self._key))
        names = stored.keys() | wanted.keys()
        changed = sorted(name for name in names if stored.get(name) != wanted.get(name))
        if not changed:
            return
        if not queries.has_draws(self._reader, self._key):
            queries.replace_protocol(self._reader, self._key, json.dumps(wanted))
            return
        raise StoreError(
            f"{self._study}: {', '.join(changed)} changed since its first draws, which would mix two "
            "experiments; restore it in study.toml, or give the new one a study of its own."
        )


def cached_studies(folder: Path) -> tuple[str, ...]:
    """The studies that a private folder's cache holds; none where there is no cache."""
    path = folder / CACHE_FILE
    if not path.exists():
        return ()
    with complaints(path), opened(path) as connection:
        return tuple(queries.studies(connection))


def spent_usd(folder: Path, study: str, *, of: Callable[[str], bool]) -> Usd:
    """The cost of a study in a private folder's cache, requests in flight at their worst case.

    Args:
        folder: The private folder; where it holds no cache, nothing was spent.
        study: The study's id.
        of: Whether a model counts.
    """
    path = folder / CACHE_FILE
    if not path.exists():
        return NOTHING
    with complaints(path), opened(path) as connection:
        return total(cost for model, cost in queries.committed(connection, study) if of(model))


def rename_studies(folder: Path, names: Mapping[str, str]) -> None:
    """Give studies of a private folder's cache other ids, all or none; one that it lacks is passed over.

    Args:
        folder: The private folder.
        names: The new id of each, which the cache must not know. The studies' locks must be held.

    Raises:
        StoreError: If the cache cannot be written.
    """
    path = folder / CACHE_FILE
    if not path.exists():
        return
    with complaints(path), opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            queries.rename_studies(connection, names)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _protocol(text: str) -> dict[str, object]:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise DamagedError(f"a study's protocol is {text!r}") from error


@lru_cache(maxsize=1024)  # most studies have one
def _labels(labels: str) -> tuple[str, ...]:
    try:
        names = json.loads(labels)
        if not isinstance(names, list) or len(names) < 2 or not all(isinstance(name, str) for name in names):
            raise ValueError
    except (ValueError, TypeError) as error:
        raise DamagedError(f"a draw's labels are {labels!r}") from error
    return tuple(names)


def _rejection(status: str) -> Status:
    try:
        return Status(status)
    except ValueError as error:
        raise DamagedError(f"a draw's status is {status!r}") from error


def _indices(sequence: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, sequence.split()))
    except ValueError as error:
        raise DamagedError(f"an answer's sequence is {sequence!r}") from error


def _result(status: str, outcome: int | None, sequence: str | None, reason: str | None) -> Result:
    if status == Status.VALID and outcome is not None:
        return Outcome(index=outcome)
    if status == Status.VALID and sequence is not None:
        return OutcomeSequence(indices=_indices(sequence))
    if status == Status.VALID:
        return Declined()
    if status == Status.ERROR:
        return Failed(reason=reason or "")
    return Rejected(status=_rejection(status), reason=reason or "")


def _kept(row: KeptRow) -> StoredDraw:
    (draw_id, model, draw, labels, order, status, outcome, sequence, reason) = row[:9]
    (mode, body, latency, asked_at, cost) = row[9:]
    if cost is not None and cost < 0:
        raise DamagedError(f"a draw's cost is {cost}")
    return StoredDraw(
        row=draw_id,
        model=model,
        draw=draw,
        labels=_labels(labels),
        order=order,
        result=_result(status, outcome, sequence, reason),
        mode=mode,
        body=body,
        latency_s=latency,
        asked_at=asked_at,
        cost_usd=Usd(cost or 0),
    )


def _heard(row: KeptRow) -> StoredAnswer | None:
    _, model, asking, labels, _, status, _, _, _, _, body, _, asked_at, _ = row
    if status == Status.ERROR or body is None:
        return None
    about, wording = _labels(labels)
    return StoredAnswer(
        model=model,
        about=about,
        wording=wording,
        asking=asking,
        readable=status == Status.VALID,
        body=body,
        asked_at=asked_at or "",
    )
