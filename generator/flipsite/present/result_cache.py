"""Results that an earlier build of this user worked out: analyses, charts, pictures, compiled templates.

Only builds use it: elsewhere, as in a notebook, nothing is remembered.
"""

import pickle
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from operator import attrgetter
from typing import Any, Protocol


class ResultCache(Protocol):
    """Results by all that they depend on."""

    def get(self, source: str) -> bytes | None:
        """The result of this source; None where it is not known."""

    def put(self, source: str, made: bytes) -> None:
        """Remember a result."""

    def knows(self, source: str) -> bool:
        """Whether there is a result of this source, which may yet prove damaged."""

    @property
    def put_in(self) -> Collection[str]:
        """The names of the results that this process has put in."""

    def trust(self, names: Iterable[str]) -> None:
        """Count results as put in by this process."""


_caches: list[ResultCache] = []
"""Of the builds that are going on."""


@contextmanager
def remembering(cache: ResultCache) -> Iterator[None]:
    """Make nothing meanwhile that this cache has, and put into it what is made."""
    _caches.append(cache)
    try:
        yield
    finally:
        _caches.pop()


def current_cache() -> ResultCache | None:
    """The cache of the build that is going on; None where none is."""
    return _caches[-1] if _caches else None


def remembered(source: str, make: Callable[[], bytes]) -> bytes:
    """The result of a source: as it is known, else made.

    Args:
        source: All that the result depends on but the code that draws, and the libraries.
        make: Makes it.
    """
    if (cache := current_cache()) is None:
        return make()
    found = cache.get(source)
    if found is None:
        found = make()
        cache.put(source, found)
    return found


def recall(source: str) -> Any:
    """The object that a build of this user kept under this source; None where it is not known.

    Args:
        source: All that the object depends on, the digest of flipsite's own code among it.
    """
    cache = current_cache()
    found = cache.get(source) if cache else None
    return None if found is None else pickle.loads(found)  # noqa: S301 - from the user's own cache


def put_in() -> Collection[str]:
    """The names of all results that this process has put in, for `trust` in another of the same build."""
    cache = current_cache()
    return cache.put_in if cache else ()


def trust(names: Iterable[str]) -> None:
    """Read what another process of this build has put in, where else only what this one has is read."""
    if cache := current_cache():
        cache.trust(names)


def is_kept(source: str) -> bool:
    """Whether `recall` may find an object; it is not read."""
    cache = current_cache()
    return cache is not None and cache.knows(source)


def keep(source: str, made: object) -> None:
    """Keep an object for `recall`."""
    if cache := current_cache():
        cache.put(source, pickled(made))


def pickled(made: object) -> bytes:
    """An object as `pickle.loads` makes it again."""
    written = BytesIO()
    _RecordPickler(written, pickle.HIGHEST_PROTOCOL).dump(made)
    return written.getvalue()


class _RecordPickler(pickle.Pickler):
    """Writes frozen records by their fields: in half of the time that their own methods take."""

    def reducer_override(self, obj: Any) -> Any:
        """The fields of such a record in their order; all else goes its usual way."""
        kind: Any = type(obj)
        values = _reader(kind)
        return NotImplemented if values is None else (_record, (kind, *values(obj)))


def _record(kind: type, *values: object) -> object:
    """The record of a kind that has these values."""
    made: object = object.__new__(kind)
    for fill, value in zip(_fillers(kind), values, strict=True):
        fill(made, value)
    return made


@cache
def _reader(kind: Any) -> Callable[[object], Iterable[object]] | None:
    """Reads all fields of a record with slots; None of any other kind."""
    if not is_dataclass(kind) or "__slots__" not in vars(kind):
        return None
    names = [field.name for field in fields(kind)]
    return attrgetter(*names) if len(names) > 1 else lambda record: [getattr(record, name) for name in names]


@cache
def _fillers(kind: Any) -> list[Callable[[object, object], None]]:
    """Fills the fields of a record past its class, which is frozen."""
    return [getattr(kind, field.name).__set__ for field in fields(kind)]
