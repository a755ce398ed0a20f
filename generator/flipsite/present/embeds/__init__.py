"""Tables and charts to paste elsewhere, in every format."""
