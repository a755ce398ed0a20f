"""Several draws in one answer."""
