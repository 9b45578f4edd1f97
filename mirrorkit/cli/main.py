"""The entry point: commands, and one way for every error to end."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Annotated

import click
import typer

from mirrorkit import __version__
from mirrorkit.cli import serve, settings, status, sync
from mirrorkit.cli.output import note, say, tell_error
from mirrorkit.errors import EXIT_BUG, EXIT_INTERRUPTED, MirrorkitError, UsageError

app = typer.Typer(
    name="mirrorkit",
    help="An offline mirror and image cache for Kubernetes classes on minikube.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("up")(serve.up)
app.command("sync")(sync.command)
app.command("serve")(serve.serve)
app.command("status")(status.command)
app.command("settings")(settings.command)


def _print_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        say(f"mirrorkit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit with its status."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # what it retries is an event of ours
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; every error becomes a sentence, a hint and an exit status."""
    as_json = "--json" in arguments
    try:
        return int(app(args=arguments, prog_name="mirrorkit", standalone_mode=False) or 0)
    except MirrorkitError as error:
        tell_error(error, as_json=as_json)
        return error.exit_status
    except click.ClickException as error:
        usage = UsageError(error.format_message(), hint="mirrorkit --help")
        tell_error(usage, as_json=as_json)
        return usage.exit_status
    except (KeyboardInterrupt, click.Abort):
        note("interrupted; what was downloaded is kept for the next run")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - the last resort
        traceback.print_exc()
        note("error: this is a bug in mirrorkit")
        note("hint: please report it with the lines above")
        return EXIT_BUG
