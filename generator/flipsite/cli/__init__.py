"""One command a module, thin: options in, one call, errors out; the work is imported inside."""
