"""The floor: Jinja alone, from the same data to the same pages. `render_jinja.py TEMPLATES DATA OUT`."""

import json
import sys
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt

data, out = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")), Path(sys.argv[3])
templates = jinja2.Environment(loader=jinja2.FileSystemLoader(sys.argv[1]), autoescape=True)


def write(path: str, template: str, **context: object) -> None:
    target = out / path / "index.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(templates.get_template(template).render(**context).encode())


for model in data["models"]:
    write(
        f"models/{model['slug']}",
        "model.html",
        title=model["name"],
        description=model.get("description"),
        model=model,
    )
write("leaderboard", "leaderboard.html", title="Leaderboard", models=data["models"], board=data.get("board"))
write("", "story.html", title="Story", story=MarkdownIt().render(data["story"]))
