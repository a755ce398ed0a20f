"""Take docs/pictures anew from the built site: `make pictures`. Two widths, both sides, few colours."""

import argparse
import io
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from flipsite.project import find_project

WIDE, PHONE = (1280, 900), (390, 844)
Scheme = Literal["light", "dark"]

SHOWN_WIDE_PX = 1000
MOST_BYTES = 80_000

PICTURES: tuple[tuple[str, str, tuple[int, int], Scheme], ...] = (
    ("home", "index.html", WIDE, "light"),
    ("home-phone", "index.html", PHONE, "dark"),
    ("leaderboard", "controls/leaderboard/index.html#all", WIDE, "light"),
    ("leaderboard-dark", "article-2025/leaderboard/index.html", WIDE, "dark"),
    ("leaderboard-phone", "article-2025/leaderboard/index.html#all", PHONE, "light"),
    ("model-dark", "controls/models/simulated/sticky/index.html", WIDE, "dark"),
    ("model-phone", "article-2025/models/openai/gpt-4/index.html", PHONE, "light"),
    ("spend", "controls/spend/index.html", WIDE, "light"),
    ("predictors", "article-2025/predictors/index.html", WIDE, "light"),
)
"""Name, page, size of the window, side of the page."""


def taken(browser: Browser, address: str, size: tuple[int, int], scheme: Scheme) -> Image.Image:
    """A picture of a window of this size."""
    width, height = size
    window: ViewportSize = {"width": width, "height": height}
    page = browser.new_page(viewport=window, color_scheme=scheme, reduced_motion="reduce")
    page.goto(address)
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return picture


def written(picture: Image.Image, path: Path) -> int:
    """Write it with as many colours as the budget allows; return its bytes."""
    if picture.width > SHOWN_WIDE_PX:
        high = round(picture.height * SHOWN_WIDE_PX / picture.width)
        picture = picture.resize((SHOWN_WIDE_PX, high), Image.Resampling.LANCZOS)
    for colours in (64, 48, 32, 16):  # the palette that keeps a page's few reds and golds
        few = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            break
    return path.stat().st_size


def main() -> None:
    """Take every picture and tell its size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("site", type=Path)
    options.add_argument("--browser", default="/usr/bin/chromium")
    asked = options.parse_args()
    folder = find_project(Path.cwd()).content.parent / "docs" / "pictures"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.browser, args=["--no-sandbox"])
        for name, page, size, scheme in PICTURES:
            picture = taken(browser, f"{asked.site.resolve().as_uri()}/{page}", size, scheme)
            print(f"{name}: {written(picture, folder / f'{name}.png') / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
