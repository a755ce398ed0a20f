"""The population that a study's models come from, and what it tells of each model."""
