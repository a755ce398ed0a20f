"""flipsite makes every language model flip a coin, and publishes the results.

For a notebook or a script there is a small interface; see `flipsite.api`. Its parts are imported at their
first use, so that `import flipsite` and the command line stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flipsite import charts
    from flipsite.api import StudyHandle as Study
    from flipsite.api import (
        build,
        compare,
        draws,
        estimates,
        features,
        import_frame,
        leaderboard,
        plan,
        spend,
        studies,
    )

__version__ = "0.1.0"

__all__ = [
    "Study",
    "__version__",
    "build",
    "charts",
    "compare",
    "draws",
    "estimates",
    "features",
    "import_frame",
    "leaderboard",
    "plan",
    "spend",
    "studies",
]


def __getattr__(name: str) -> object:
    if name == "charts":
        return import_module("flipsite.charts")
    if name in __all__:  # a notebook has one kind of study, the package also what its settings say
        return getattr(import_module("flipsite.api"), "StudyHandle" if name == "Study" else name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
