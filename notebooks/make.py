"""Make coin_flips.ipynb of coin_flips.md: `make notebook`.

A fenced block that begins with three backticks and `python NAME` is a cell of that id; the prose before it is
the cell `before-NAME`. The same source gives the same bytes. There is no output: a reader makes it, as a test
does.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).with_name("coin_flips.md")
NOTEBOOK = SOURCE.with_suffix(".ipynb")

_CODE = re.compile(r"^```python ([a-z-]+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def notebook(source: str) -> str:
    """The notebook of a source, as JSON."""
    metadata = {
        "colab": {"provenance": []},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    shape = {"cells": list(_cells(source)), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(shape, ensure_ascii=False, indent=1) + "\n"


def _cells(source: str) -> Iterator[dict[str, object]]:
    prose, *rest = _CODE.split(source)
    for name, code, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        if prose.strip():
            yield _cell("markdown", f"before-{name}", prose.strip())
        yield _cell("code", name, code) | {"execution_count": None, "outputs": []}
        prose = after


def _cell(kind: str, name: str, text: str) -> dict[str, object]:
    return {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
