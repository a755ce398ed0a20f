"""The functions of `scipy.special`, without the tenth of a second in which all of that package is imported.

They are compiled in one module of it, which takes milliseconds. The package itself brings linear algebra,
polynomials and the arrays of other libraries, none of which a build needs.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import scipy

_PACKAGE = "scipy.special"

if TYPE_CHECKING:
    from scipy.special import *  # noqa: F403 - whatever is asked for
else:

    def __getattr__(name: str) -> Any:
        """The function of this name, from the package itself where the compiled module has none."""
        if name.startswith("_"):
            raise AttributeError(name)
        functions = sys.modules.get(_PACKAGE) or _compiled()
        return getattr(functions if hasattr(functions, name) else import_module(_PACKAGE), name)


def _compiled() -> ModuleType:
    """The compiled module, or an empty one where this scipy has none.

    A package is imported before its modules, so an empty one stands in its place meanwhile.
    """
    package = ModuleType(_PACKAGE)
    package.__path__ = [f"{folder}/special" for folder in scipy.__path__]
    sys.modules[_PACKAGE] = package
    try:
        return import_module(f"{_PACKAGE}._ufuncs")
    except ImportError:
        return package
    finally:
        del sys.modules[_PACKAGE]
