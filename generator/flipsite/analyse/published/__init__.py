"""Figures printed elsewhere: the counts that print as them, their ranks, and the kinds of models in them."""
