"""Figures printed elsewhere: the counts that print as them, and their ranks."""
