"""Studies of k outcomes as pictures and words."""
