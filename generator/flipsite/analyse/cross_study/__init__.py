"""Several studies together: models in two or more of them, and families of targets."""
