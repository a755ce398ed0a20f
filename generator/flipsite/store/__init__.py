"""Files on disk: the private cache, the public snapshot, imported files, content."""
