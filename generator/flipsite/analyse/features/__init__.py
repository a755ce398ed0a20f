"""Features of models, gathered and joined."""
