"""Pelican with a generator of one page a model; its own templates would do more than is compared."""

import json
import os
from pathlib import Path

from markdown_it import MarkdownIt
from pelican import Pelican, signals
from pelican.generators import Generator
from pelican.writers import Writer

DATA = json.loads(Path(os.environ["PEER_DATA"]).read_text(encoding="utf-8"))
SITENAME, SITEURL, PATH, TIMEZONE = "Coins", "", ".", "UTC"
THEME, PAGINATED_TEMPLATES, FEED_ALL_ATOM, CATEGORY_FEED_ATOM = str(Path(__file__).parent), (), None, None
THEME_STATIC_PATHS, DIRECT_TEMPLATES, ARTICLE_PATHS, PAGE_PATHS, STATIC_PATHS = (), (), (), (), ()


class Models(Generator):  # type: ignore[misc]  # Pelican is installed beside its site only
    def generate_output(self, writer: Writer) -> None:
        for model in DATA["models"]:
            self.page(writer, f"models/{model['slug']}/", "model", title=model["name"], model=model)
        self.page(writer, "leaderboard/", "leaderboard", title="Leaderboard", models=DATA["models"])
        self.page(writer, "", "story", title="Story", story=MarkdownIt().render(DATA["story"]))

    def page(self, writer: Writer, path: str, template: str, **context: object) -> None:
        writer.write_file(f"{path}index.html", self.get_template(template), {}, **context)


def models(_: Pelican) -> type[Generator]:
    return Models


class Plugin:
    @staticmethod
    def register() -> None:
        signals.get_generators.connect(models)


PLUGINS = [Plugin]
