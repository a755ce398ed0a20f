"""Values inside nested records, named by paths such as `response.body.choices[0].message.content`."""

import json
import re
from functools import lru_cache
from typing import Any

from flipsite.store.imports.json_records import Record

Step = str | int

_STEP = re.compile(r"\[(-?\d{1,6})\]|\.?([^.\[\]]+)")


@lru_cache(maxsize=1024)
def steps_of(path: str) -> tuple[Step, ...]:
    """Split a path into keys and places in lists; one step where it is no path."""
    steps: list[Step] = []
    position = 0
    while found := _STEP.match(path, position):
        steps.append(found[2] if found[1] is None else int(found[1]))
        position = found.end()
    return tuple(steps) if position == len(path) and steps else (path,)


def base_of(path: str) -> str:
    """The column that a path begins at."""
    first = steps_of(path)[0]
    return first if isinstance(first, str) else path


def has_value(record: Record, path: str) -> bool:
    """Whether a record has a key of this name, or a value at this path."""
    return path in record or (len(steps_of(path)) > 1 and value_at(record, path) is not None)


def value_at(record: Record, path: str) -> Any:
    """The value of the key of this name, or at this path; None where there is none.

    A text on the way that is JSON itself, as proxies write into a column of a table, is looked into.
    """
    if path in record:
        return record[path]
    value: Any = record
    for step in steps_of(path):
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
