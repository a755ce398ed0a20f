"""A model's page: the verdict, its answers, and its draws to download."""
