"""`python -m flipsite`."""

from flipsite.cli import main

main()
