"""`fit.json`: the results of a study's regressions, written by `flipsite fit` and read by the build."""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from flipsite.domain.fit import Fit
from flipsite.errors import SettingsError, StoreError
from flipsite.files import replacing

FORMAT: Final = 2

READ: Final = (1, FORMAT)
"""Formats that can be read. The smallest effects of format 1 were wrong; the page leaves them out."""

DIGITS: Final = 6
"""Significant digits kept: more than a sampler gives."""


def read_fit(path: Path) -> Fit:
    """Read a fit.

    Raises:
        SettingsError: If the file cannot be read, is damaged, or is of a later format.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        made_by_format = record["format"] if isinstance(record, dict) else None
        if made_by_format not in READ:
            raise SettingsError(
                f"{path}: format {made_by_format!r} is not known here; run `flipsite fit` again."
            )
        fit: Fit = _read(Fit, record, "")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise SettingsError(f"{path}: damaged ({error}); run `flipsite fit` again.") from error
    return fit


def write_fit(path: Path, fit: Fit) -> Fit:
    """Write a fit, whole or not at all.

    Returns:
        The fit as it is read from the file, whose numbers have fewer digits.

    Raises:
        StoreError: If the file cannot be written, or no build could read it because a figure is not finite;
            the old one is as it was.
    """
    content = fit_json(fit)
    try:
        written: Fit = _read(Fit, json.loads(content), "")
    except ValueError as error:
        raise StoreError(
            f"{path}: not written, because a figure of the fit is not finite ({error}); run `flipsite fit` "
            "again with another --seed or more --draws."
        ) from error
    with replacing(path) as file:
        file.write(content)
    return written


def fit_json(fit: Fit) -> bytes:
    """The file's content: the same bytes for the same fit; numbers are numbers or null."""
    return (json.dumps(_brief(asdict(fit)), ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _brief(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _brief(part) for key, part in value.items()}
    return [_brief(part) for part in value] if isinstance(value, (list, tuple)) else value


def _read(kind: Any, value: Any, where: str) -> Any:
    """A JSON value as the type that a field declares.

    Raises:
        ValueError: If it is of another, with the place.
    """
    origin = get_origin(kind)
    if is_dataclass(kind) and isinstance(value, dict):
        hints = get_type_hints(kind)
        known = {one.name for one in fields(kind)} & value.keys()
        return kind(**{name: _read(hints[name], value[name], f"{where}.{name}") for name in known})  # type: ignore[operator]
    if origin is tuple and isinstance(value, list):
        return tuple(_read(get_args(kind)[0], part, f"{where}[{place}]") for place, part in enumerate(value))
    if origin is Literal and value in get_args(kind):
        return value
    if origin in {Union, types.UnionType}:
        return _of_several(get_args(kind), value, where)
    if kind is float and type(value) in {int, float} and math.isfinite(value):
        return float(value)
    if kind in {int, str, bool, type(None)} and type(value) is kind:
        return value
    raise ValueError(f"{where.lstrip('.')}: {value!r}"[:80])


def _of_several(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    for kind in kinds:
        try:
            return _read(kind, value, where)
        except ValueError:
            continue
    raise ValueError(f"{where.lstrip('.')}: {value!r}"[:80])
