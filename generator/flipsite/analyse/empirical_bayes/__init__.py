"""The population that a study's models come from, and the estimate of each model given the others."""
