"""What all tests share."""

from hypothesis import settings

settings.register_profile(
    "flipsite", deadline=None
)  # the first example pays for imports; two cores are shared
settings.load_profile("flipsite")
