"""The command line: a group that finds its commands, prints an error once, and sets the exit status."""

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

import click

from flipsite import __version__
from flipsite.errors import FlipsiteError

COMMANDS: tuple[str, ...] = (
    "build",
    "serve",
    "collect",
    "models",
    "import",
    "export",
    "plan",
    "features",
    "fit",
    "arms",
    "rename",
    "remove",
    "embed",
    "check",
    "init",
    "publish",
)
"""Every command, in the order of `flipsite --help`; each is `commands.<name>.command`."""

MODULE_OF = {"import": "import_"}
"""Commands whose name is a word of Python's."""


class Commands(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a user's way."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; for an unknown word the error names the nearest."""
        if cmd_name not in COMMANDS:
            near = _nearest(cmd_name)
            ctx.fail(f"No such command {cmd_name!r}." + (f" Did you mean {near!r}?" if near else ""))
        module = import_module(f"flipsite.cli.{MODULE_OF.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        for option in (param for param in command.params if isinstance(param, click.Option)):
            # click's own choice is the name of the Python argument, which users do not see.
            shown = max(option.opts, key=len).lstrip("-")
            option.envvar = f"FLIPSITE_{cmd_name}_{shown}".replace("-", "_").upper()
        # Docstrings are raw; click’s mark for lines that stay as they are must not be.
        command.help = (command.help or "").replace("\\b\n", "\b\n")
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error a user can act on becomes the command line's own."""
        try:
            return super().invoke(ctx)
        except FlipsiteError as error:
            if ctx.params.get("debug"):
                raise
            raise _Reported(error) from error
        except BrokenPipeError:
            raise  # click ends quietly
        except OSError as error:  # a disk or a right that failed where no stage has words of its own for it
            if ctx.params.get("debug"):
                raise
            raise _Reported(_system_error(error)) from error


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"auto_envvar_prefix": "FLIPSITE", "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="flipsite %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, *, debug: bool) -> None:
    r"""Make every language model flip a coin, and publish the results.

    Without a command: where your project stands, and what to do next.

    \b
    To complete commands, options and studies, put the line of your shell into its start-up file:
      bash  eval "$(_FLIPSITE_COMPLETE=bash_source flipsite)"
      zsh   eval "$(_FLIPSITE_COMPLETE=zsh_source flipsite)"
      fish  _FLIPSITE_COMPLETE=fish_source flipsite | source

    \b
    Examples:
      flipsite
      flipsite init coins
      flipsite collect trial --simulated --yes
      flipsite serve --open
    """
    _finish_move()
    if context.invoked_subcommand is None:
        from flipsite.cli.status import show_standing

        show_standing()


cli.help = (cli.help or "").replace("\\b\n", "\b\n")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status; a sign that the terminal cannot show becomes `?`."""
    # Where several processes work, and for matrices as small as ours, a second thread only waits.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


class _Reported(click.ClickException):
    """Prints a FlipsiteError, a line a fault, and carries its exit status."""

    def __init__(self, error: FlipsiteError) -> None:
        super().__init__(str(error))
        vars(self)["exit_code"] = error.exit_status  # click declares it of the class

    def show(self, file: IO[Any] | None = None) -> None:
        for line in self.message.splitlines():
            click.echo(f"flipsite: {line}", file=file, err=True)


def _run(arguments: list[str]) -> int:
    try:
        status = cli.main(arguments, prog_name="flipsite", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        click.echo(f"flipsite: {str(error) or 'interrupted.'}", err=True)
        return 130
    except OSError as error:  # of click's own: help, for a full disk
        _Reported(_system_error(error)).show()
        return 1
    return status if isinstance(status, int) else 0


def _finish_move() -> None:
    """Finish a rename or a removal that was killed half way, before anything reads the project."""
    from flipsite.project import find_project

    try:
        project = find_project(Path.cwd())
    except (FlipsiteError, OSError):  # the command says what is wrong with the folder
        return
    if (project.cache / "move.json").is_file():
        from flipsite.workflows.rename_remove import finish_move

        finish_move(project)


def _system_error(error: OSError) -> FlipsiteError:
    """The system's refusal, and the path it concerns."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return FlipsiteError("this folder is no longer there; go to one that is, and run it again.")
    what = error.filename or "the output, or a file"
    return FlipsiteError(f"{what}: {error.strerror or error}; fix that and run it again.")


def _nearest(word: str) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, COMMANDS, n=1)), None)
