"""How wide a table of the terminal is: no column is lost to a narrow one, and a pipe cuts no name."""

from rich.console import Console
from rich.table import Table

NARROWEST, PIPE = 80, 160


def show_table(table: Table) -> None:
    """Print a table on standard output; a terminal narrower than 80 signs wraps its lines."""
    screen = Console(highlight=False)
    width = max(NARROWEST, screen.width) if screen.is_terminal else PIPE
    Console(highlight=False, width=width).print(table)
