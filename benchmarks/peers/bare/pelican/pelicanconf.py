"""Pelican with a generator of one page a model; its own templates would do more than is compared."""

import json
import os
from pathlib import Path

from markdown_it import MarkdownIt
from pelican import signals
from pelican.generators import Generator

DATA = json.loads(Path(os.environ["PEER_DATA"]).read_text(encoding="utf-8"))
SITENAME, SITEURL, PATH, TIMEZONE = "Coins", "", ".", "UTC"
THEME, THEME_STATIC_PATHS = str(Path(__file__).parent), []
DIRECT_TEMPLATES, PAGINATED_TEMPLATES, FEED_ALL_ATOM, CATEGORY_FEED_ATOM = [], {}, None, None
ARTICLE_PATHS, PAGE_PATHS, STATIC_PATHS = [], [], []


class Models(Generator):
    def generate_output(self, writer) -> None:
        for model in DATA["models"]:
            self.page(writer, f"models/{model['slug']}/", "model", title=model["name"], model=model)
        self.page(writer, "leaderboard/", "leaderboard", title="Leaderboard", models=DATA["models"])
        self.page(writer, "", "story", title="Story", story=MarkdownIt().render(DATA["story"]))

    def page(self, writer, path, template, **context) -> None:
        writer.write_file(f"{path}index.html", self.get_template(template), {}, **context)


def models(pelican):
    return Models


class Plugin:
    @staticmethod
    def register() -> None:
        signals.get_generators.connect(models)


PLUGINS = [Plugin]
