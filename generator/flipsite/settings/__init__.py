"""The TOML files of a project: read, checked, frozen. The only home of pydantic outside `collect`."""

from flipsite.settings.project import load_project
from flipsite.settings.published import dump_counts, load_counts, load_printed
from flipsite.settings.study import check_study, default_study, dump_study, load_study, study_keys

__all__ = [
    "check_study",
    "default_study",
    "dump_counts",
    "dump_study",
    "load_counts",
    "load_printed",
    "load_project",
    "load_study",
    "study_keys",
]
