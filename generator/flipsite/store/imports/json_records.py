"""The objects of a JSON text one by one: JSON lines, lists, pretty-printed and concatenated objects.

At most one object, or one line, is held at a time, so that memory does not grow with the file.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from flipsite.errors import UsageError

Record = dict[str, Any]
Numbered = tuple[int, Record | str]
"""The line (from 1) on which an object begins, and the object; or words for why there is none."""

MOST_CHARACTERS = 2**28
"""A longer object, or line, is refused: it would not fit into memory."""

_BLOCK = 1 << 20
_SPACE = " \t\r\n\ufeff\x1e"


def json_records(path: Path, text: TextIO) -> Iterator[Numbered]:
    """Read the objects of a text that was opened at its beginning.

    The elements of a list are objects of their own. A text that is one object with a list of objects inside
    is left as it is; `list_inside` finds the list.

    Raises:
        UsageError: If an object is too long.
    """
    if is_in_lines(text):
        return json_from_lines(path, text)
    return _from_stream(_Window(path, text))


def json_object(source: str) -> Record | None:
    """Read the object that a text holds; a number that is not finite is missing."""
    try:
        record = _DECODER.decode(source)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def lost_text(source: str) -> str:
    """Words for a text that is no object."""
    return f"is no JSON object: {source.strip()[:60]!r}"


def list_inside(path: Path, record: Record, wanted: Collection[str] = ()) -> list[Any] | None:
    """The list of objects inside an object that shows the most wanted keys, then the longest; or None.

    Raises:
        UsageError: If another list has the same keys: half of the rows would be left out.
    """
    lists = dict(_lists_inside(record))
    best = max(lists, key=lambda name: _shown(lists[name], wanted), default=None)
    if best is None:
        return None
    other = next(
        (name for name in lists if name != best and lists[name][0].keys() == lists[best][0].keys()), None
    )
    if other is not None:
        raise UsageError(
            f"{path}: rows of the same columns stand in two lists, {best!r} and {other!r}; "
            "put them into one list"
        )
    return lists[best]


def _lists_inside(record: Record, above: str = "", depth: int = 3) -> Iterator[tuple[str, list[Any]]]:
    """Lists of objects, by their path."""
    for name, value in record.items():
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            yield f"{above}{name}", value
        elif isinstance(value, dict) and depth:
            yield from _lists_inside(value, f"{above}{name}.", depth - 1)


def _shown(found: list[Record], wanted: Collection[str]) -> tuple[int, int]:
    return len(found[0].keys() & set(wanted)), len(found)


def table_inside(record: Record, wanted: Collection[str]) -> list[Record] | None:
    """The rows of a table that is one object, in any of the forms that pandas writes; None for others."""
    names, rows = record.get("columns"), record.get("data")
    if isinstance(names, list) and isinstance(rows, list) and not set(map(str, names)).isdisjoint(wanted):
        named = [str(name) for name in names]
        return [dict(zip(named, row, strict=False)) for row in rows if isinstance(row, list)]
    columns = list(record.values())
    if columns and all(isinstance(column, dict) for column in columns):
        first = columns[0].keys()
        if not first.isdisjoint(wanted):
            return columns
        if not record.keys().isdisjoint(wanted) and all(column.keys() == first for column in columns):
            return [{name: column[key] for name, column in record.items()} for key in first]
    is_table = not record.keys().isdisjoint(wanted) and all(map(_is_column, columns))
    if is_table and len({*map(len, columns)}) == 1:
        return [dict(zip(record, row, strict=True)) for row in zip(*columns, strict=True)]
    return None


def _is_column(values: Any) -> bool:
    return isinstance(values, list) and not any(isinstance(value, dict) for value in values)


def is_in_lines(text: TextIO) -> bool:
    """Whether each line is an object: the first that is not blank is, or begins like none."""
    first = text.read(1 << 16)
    text.seek(0)
    begun = first.lstrip(_SPACE)
    line, end, rest = begun.partition("\n")
    if line[:1] not in ("{", "["):
        return True
    if json_object(line) is not None:
        return True
    return line[:1] == "[" and bool(end) and rest.lstrip(_SPACE)[:1] == "{" and line.rstrip().endswith("]")


def json_from_lines(path: Path, text: TextIO, *, n_before: int = 0) -> Iterator[Numbered]:
    """Read the objects of lines, and of the lines below one that an object begins on and does not end.

    Args:
        path: The file.
        text: At the beginning of a line.
        n_before: Lines before it.

    Raises:
        UsageError: If an object is too long.
    """
    number = n_before
    while line := text.readline(MOST_CHARACTERS + 1):
        number += 1
        if len(line) > MOST_CHARACTERS:
            raise UsageError(f"{path}: line {number} is longer than {MOST_CHARACTERS:,} characters; split it")
        if not line.strip(_SPACE):
            continue
        record = json_object(line)
        if record is not None:
            yield number, record
        elif _is_unfinished(line):
            yield from _from_stream(_Window(path, text, begun=line, line=number))
        else:
            yield from ((number, each) for each in _several(line))


def _is_unfinished(line: str) -> bool:
    """Whether a line begins an object that goes on below it, as one that is printed over several lines."""
    if line.lstrip(_SPACE)[:1] != "{":
        return False
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line.rstrip())
    except (ValueError, RecursionError):
        pass
    return False


def _several(line: str) -> Sequence[Record | str]:
    """The objects that follow each other on one line; words for the line where it holds anything else."""
    decode, position, found = _DECODER.raw_decode, 0, list[Record | str]()
    while position < len(line):
        if line[position] in _SPACE + ",":
            position += 1
            continue
        try:
            record, position = decode(line, position)
        except (ValueError, RecursionError):
            return [lost_text(line)]
        if not isinstance(record, dict):
            return [lost_text(line)]
        found.append(record)
    return found


def _from_stream(window: "_Window") -> Iterator[Numbered]:
    """The objects of a text that is not in lines, decoded from a window that moves over it."""
    ended, number = False, 1
    while not ended:
        ended = not window.skip()
        if ended:
            break
        number = window.line
        record = window.decode()
        if isinstance(record, dict):
            yield number, record
        elif record is not None:
            yield number, lost_text(json.dumps(record))
        else:
            yield number, lost_text(window.skip_line())


_DECODER = json.JSONDecoder(parse_constant=lambda name: None if name == "NaN" else float(name))
"""Made once: making it takes as long as reading a line."""


class _Window:
    """A piece of a text that holds the next value whole."""

    def __init__(self, path: Path, text: TextIO, *, begun: str = "", line: int = 1) -> None:
        """Begin with what was read of the text already, and with the line on which that begins."""
        self._path, self._text = path, text
        self._piece, self._at, self._depth = begun, 0, 0
        self._decode = _DECODER.raw_decode
        self.line = line

    def skip(self) -> bool:
        """Move to the next value, past blanks, commas and the brackets of a list; False at the end."""
        while True:
            while self._at < len(self._piece):
                mark = self._piece[self._at]
                opens = mark == "[" and not self._depth
                if mark not in _SPACE + ",]" and not opens:
                    return True
                self._depth += opens
                self._advance(self._at + 1)
            if not self._more():
                return False

    def decode(self) -> Any:
        """Read the value here; None, and no move, where there is none."""
        while True:
            try:
                value, end = self._decode(self._piece, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.pos >= len(self._piece) - 8 or error.msg.startswith("Unterminated")
                if unfinished and self._more():
                    continue
                return None
            except (ValueError, RecursionError):
                return None
            self._advance(end)
            return value

    def skip_line(self) -> str:
        """Move past this line, and return its beginning."""
        while (end := self._piece.find("\n", self._at)) < 0 and self._more():
            pass
        end = len(self._piece) if end < 0 else end + 1
        line = self._piece[self._at : min(end, self._at + 200)]
        self._advance(end)
        return line

    def _advance(self, end: int) -> None:
        self.line += self._piece.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        self._piece, self._at = self._piece[self._at :], 0
        block = self._text.read(max(_BLOCK, len(self._piece)))
        self._piece += block
        if len(self._piece) > MOST_CHARACTERS:
            raise UsageError(
                f"{self._path}: line {self.line}: a JSON value of more than {MOST_CHARACTERS:,} characters; "
                "write one object a line (JSON lines)"
            )
        return bool(block)
