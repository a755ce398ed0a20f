"""Sections of a TOML file: their keys, and every fault of a file as a sentence that names its key."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flipsite.domain.distribution import KeyFaultError
from flipsite.errors import SettingsError


class Section(BaseModel):
    """A table of a file; how it is checked is worked out for the files that are read, and when they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def setting(default: Any, expected: str, **bounds: Any) -> Any:
    """A key of a section: its default, what it takes in words, and the bounds that pydantic checks."""
    return Field(default, description=expected, **bounds)


def section(shape: "type[Section]", expected: str) -> Any:
    """A section within a file: its shape, and what it is in words."""
    return Field(default_factory=shape, description=expected)


def one_of(choices: Any) -> str:
    """The choices of a literal or an enumeration, in words."""
    return "one of " + ", ".join(
        f'"{choice}"' for choice in get_args(choices) or [kind.value for kind in choices]
    )


Text = Annotated[str, Field(strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False)]
TEXT, TEXTS = "a text", "a list of texts"

_File = TypeVar("_File", bound=Section)


def read_sections(path: Path, shape: type[_File]) -> _File:
    """Read a file into its sections.

    Raises:
        SettingsError: A line for each fault.
    """
    return check_sections(path, parse_toml(path), shape)


def parse_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        SettingsError: If it is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editors write a byte-order mark
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file; write it, or name another study.") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text at byte {error.start}; save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:  # numbers of 5,000 digits and 1,000 brackets among them
        raise SettingsError(f"{path}: not valid TOML: {error}.") from error


def check_sections(path: Path, content: Mapping[str, Any], shape: type[_File]) -> _File:
    """Check a file's content against its sections.

    Raises:
        SettingsError: A line for each fault: file, key, what was expected, nearest valid key.
    """
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        faults = dict.fromkeys(_sentence(path, shape, fault) for fault in error.errors())
        raise SettingsError("\n".join(faults)) from error


def _sentence(path: Path, shape: type[Section], fault: Any) -> str:
    """One fault of pydantic's as a sentence of ours."""
    location = list(fault["loc"])
    misfit = fault["ctx"]["error"] if fault["type"] == "value_error" else None
    if isinstance(misfit, KeyFaultError):
        return f"{path}: {'.'.join([*map(str, location), misfit.key])}: {misfit}."
    section, expected = _expected(shape, location)
    key = ".".join(str(step + 1) if isinstance(step, int) else step for step in location)
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(location[-1]), section.model_fields, n=1, cutoff=0.5)
        remedy = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(section.model_fields)}."
        return f"{path}: {key}: unknown key; {remedy}"
    if fault["type"] == "missing":
        return f"{path}: {key}: missing; expected {expected}."
    return f"{path}: {key}: expected {expected}, found {_shown(fault['input'], location)}."


def _expected(shape: type[Section], location: list[Any]) -> tuple[type[Section], str]:
    """The section a fault lies in and what is expected at its key."""
    section, expected = shape, "something else"
    for step in location:
        field = section.model_fields.get(step) if isinstance(step, str) else None
        if field is None:
            continue
        expected = field.description or expected
        inner = [field.annotation, *get_args(field.annotation)]
        section = next(
            (kind for kind in inner if isinstance(kind, type) and issubclass(kind, Section)), section
        )
    return section, expected


def _shown(value: object, location: list[Any]) -> str:
    if isinstance(value, dict):
        value = value.get(location[-1], value)
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def toml_lines(**values: object) -> str:
    """Keys and values as lines of TOML."""
    # A multi-line TOML string would read back \r\n as \n.
    return tomli_w.dumps(values, multiline_strings="\\r" not in repr(values), indent=2)
