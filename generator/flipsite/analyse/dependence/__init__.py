"""Are a model's draws independent draws of one coin, and what follows where they are not."""
