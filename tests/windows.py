"""Windows of a real Chromium, in which visits take turns: a fresh one costs more than most pages."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize

DESK: ViewportSize = {"width": 1280, "height": 900}
MEDIA = {"media": "null", "color_scheme": "light", "reduced_motion": "no-preference", "forced_colors": "none"}


@dataclass(frozen=True)
class Window:
    """A window with one page, what the page says on its console, and what it asks for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        # As in a fresh window, everything is fetched.
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def empty(self) -> None:
        """Leave the page, and with it what it stored, its permissions and the pointer over it."""
        self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self.page.context.clear_permissions()
        self.page.mouse.move(-9, -9)
        self.page.goto("about:blank")
        self.said.clear()
        self.asked.clear()


class Windows:
    """The windows of a browser: for files or a server, with scripts or without, for a mouse or a finger."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.browser, self.options = browser, options
        self.free: dict[tuple[str, bool, bool], list[Window]] = defaultdict(list)

    @contextmanager
    def visit(
        self,
        address: str,
        *,
        viewport: ViewportSize = DESK,
        permissions: Sequence[str] = (),
        java_script_enabled: bool = True,
        has_touch: bool = False,
        **media: Any,
    ) -> Iterator[Window]:
        """A window at this address, where nothing is left of the visit before; a failed visit is its last."""
        kind = (urlsplit(address).scheme, java_script_enabled, has_touch)
        window = self.free[kind].pop() if self.free[kind] else self._open(*kind[1:])
        page = window.page
        try:
            page.set_viewport_size(viewport)
            page.emulate_media(**{**MEDIA, **media})
            page.context.grant_permissions(permissions)
            page.goto(address)
            yield window
            window.empty()
        except BaseException:
            page.context.close()
            raise
        self.free[kind].append(window)

    def _open(self, java_script_enabled: bool, has_touch: bool) -> Window:
        context = self.browser.new_context(
            java_script_enabled=java_script_enabled, has_touch=has_touch, **self.options
        )
        return Window(context.new_page())
