"""The types of this folder's fixtures."""

from collections.abc import Callable

from flipsite.domain.draws import Draws
from flipsite.domain.study import Study

DrawsOf = Callable[..., Draws]
StudyOf = Callable[..., Study]
