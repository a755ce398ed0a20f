"""`flipsite.toml`: the settings of a whole project: its site, its engine, and where draws lie elsewhere."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field

from flipsite.domain.engine import ENGINE_OPTIONS, EngineChoice, ProjectFile
from flipsite.domain.site import SiteInfo
from flipsite.errors import SettingsError
from flipsite.project import PROJECT_FILE
from flipsite.settings.sections import Section, one_of, read_sections, section, setting


def load_project(root: Path) -> ProjectFile:
    """Read `flipsite.toml` at a project's root; where there is none, nothing is set.

    Raises:
        SettingsError: A line for each fault.
    """
    path = root / PROJECT_FILE
    if not path.exists():
        return ProjectFile()
    read = read_sections(path, _ProjectFile)
    known = ENGINE_OPTIONS[read.engine.name]
    if unknown := [key for key in read.engine.options if key not in known]:
        raise SettingsError(
            f"{path}: engine.options.{unknown[0]}: a project may not set this option of {read.engine.name}; "
            f"it may set {', '.join(known)}."
        )
    engine = EngineChoice(name=read.engine.name, options=read.engine.options)
    return ProjectFile(engine=engine, draws=read.draws, site=_site_info(read.site))


_Option = Annotated[str | bool | int | float, Field(union_mode="left_to_right")]


class _EngineSection(Section):
    name: Literal["duckdb", "pyspark"] = setting("duckdb", one_of(Literal["duckdb", "pyspark"]))
    options: dict[str, _Option] = setting({}, "a table [engine.options] of texts, numbers and truth values")


_Line = Annotated[str, Field(pattern=r"^[^\r\n\x00-\x08]*$")]
_NavEntry = Annotated[list[_Line], Field(min_length=2, max_length=2)]
_SITE = SiteInfo()


class _FooterSection(Section):
    text: _Line = setting("", "one line of text; Markdown's links and emphasis work")


class _SiteSection(Section):
    title: Annotated[str, Field(pattern=r"\S")] = setting(_SITE.title, "a text that is not empty")
    description: _Line = setting("", "one line of text")
    author: _Line = setting("", "a name, on one line")
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = setting(
        None, 'the address of the site, such as "https://me.github.io/coins/"'
    )
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] = setting(
        "en", 'a language such as "en" or "pt-BR"'
    )
    nav: list[_NavEntry] | None = setting(
        None,
        'pairs such as [["Leaderboard", "trial/leaderboard/index.html"], ["Blog", "https://example.org/"]]',
    )
    footer: _FooterSection = section(_FooterSection, "a table [site.footer]")


_ADDRESS = 'the address of a folder, such as "s3://bucket/coins", without a user name or a host of its own'


def _plain_address(text: str) -> str:
    """An address whose host and keys are those that the machine is set up with, not the project's."""
    parts = urlsplit(text)
    options = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    is_plain = bool(re.fullmatch(r"[a-z0-9]+://[^\s@#]+", text)) and options <= {"region"}
    if not is_plain or (parts.scheme == "file" and parts.netloc):
        raise ValueError("address")
    return text


class _ProjectFile(Section):
    engine: _EngineSection = section(_EngineSection, "a table [engine]")
    draws: dict[str, Annotated[str, AfterValidator(_plain_address)]] = setting({}, _ADDRESS)
    site: _SiteSection = section(_SiteSection, "a table [site]")


def _site_info(read: _SiteSection) -> SiteInfo:
    return SiteInfo(
        title=" ".join(read.title.split()),
        description=read.description.strip(),
        author=read.author.strip(),
        url=read.url,
        language=read.language,
        nav=None if read.nav is None else tuple((label, target) for label, target in read.nav),
        footer=read.footer.text.strip(),
    )
