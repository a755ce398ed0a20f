"""Regressions of how models flip on what they are; only `flipsite fit` comes here, with `flipsite[bayes]`."""
