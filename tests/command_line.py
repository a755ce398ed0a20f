"""The command `flipsite`, run within the test."""

from click.testing import CliRunner, Result

from flipsite.cli.main import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)
