"""Special functions without the rest of scipy: the same functions, sooner."""

import subprocess
import sys

IMPORTS_BOTH = """
import sys
from flipsite.special import betainc, gammaln
assert "scipy.special" not in sys.modules and "scipy.linalg" not in sys.modules
from flipsite.analyse import report
assert "scipy.special" not in sys.modules
from scipy import special
assert special.betainc is betainc and special.gammaln is gammaln
assert special.logsumexp([0.0]) == 0
from flipsite.special import logsumexp, ndtr
assert logsumexp is special.logsumexp and ndtr is special.ndtr
"""


def test_a_build_imports_the_functions_and_not_the_package_and_others_may_import_it_later() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS_BOTH], check=True)


def test_what_the_compiled_module_lacks_comes_from_the_package() -> None:
    lacking = "from flipsite.special import logsumexp; assert logsumexp([0.0]) == 0"
    subprocess.run([sys.executable, "-c", lacking], check=True)
