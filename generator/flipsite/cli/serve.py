"""`flipsite serve`: the site, as its writer sees it grow."""

from pathlib import Path

import click


@click.command("serve", short_help="Show the site here, and rebuild it as you write.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="The port to listen at.  [default: 8000, or the next free one]",
)
@click.option("--open", "open_browser", is_flag=True, help="Show the site in your browser.")
@click.option("--no-watch", is_flag=True, help="Build once, and not again when a file changes.")
@click.option("--allow-remote", is_flag=True, help="Read draws that flipsite.toml says lie elsewhere.")
def command(*, host: str, port: int | None, open_browser: bool, no_watch: bool, allow_remote: bool) -> None:
    r"""Build the site, show it on this machine, and build it again when content or templates change.

    Open pages reload by themselves and keep their place. A build that fails says why in the page, and the
    last good site stays up. Ctrl-C ends it.

    \b
    Examples:
      flipsite serve --open
      flipsite serve --port 8080 --no-watch
    """
    from flipsite.workflows.serve import preview

    preview(
        Path.cwd(),
        host=host,
        port=port,
        open_browser=open_browser,
        watch=not no_watch,
        allow_remote=allow_remote,
        echo=click.echo,
    )
