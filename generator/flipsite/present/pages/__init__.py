"""HTML pages of a site, out of Jinja templates."""
