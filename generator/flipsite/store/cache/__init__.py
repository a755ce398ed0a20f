"""The private record of every request and raw answer, in SQLite."""
