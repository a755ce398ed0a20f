"""`python -m flipsite`."""

from flipsite.cli.main import main

main()
