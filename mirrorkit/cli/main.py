"""The entry point: commands, and one way for every error to end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit import __version__
from mirrorkit.cli import (
    catalog,
    client,
    demo,
    doctor,
    init,
    load,
    lock,
    minikube,
    scan,
    serve,
    settings,
    sources,
    status,
    sync,
    up,
    verify,
    wish,
)
from mirrorkit.cli.helptext import readable_help
from mirrorkit.cli.output import note, say, tell_bug, tell_error
from mirrorkit.cli.questions import NotAnsweredError
from mirrorkit.errors import EXIT_BUG, EXIT_INTERRUPTED, MirrorkitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="mirrorkit",
    help="An offline mirror and image cache for Kubernetes classes on minikube.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_COMMANDS: dict[str, Callable[..., int]] = {
    "demo": demo.command,
    "up": up.command,
    "lock": lock.command,
    "sync": sync.command,
    "serve": serve.command,
    "status": status.command,
    "verify": verify.command,
    "load": load.command,
    "init": init.command,
    "add": wish.add,
    "remove": wish.remove,
    "scan": scan.command,
    "settings": settings.command,
    "doctor": doctor.command,
}
for _name, _function in _COMMANDS.items():
    app.command(_name)(_function)
_GROUPS: dict[str, typer.Typer] = {
    "minikube": minikube.app,
    "client": client.app,
    "catalog": catalog.app,
    "sources": sources.app,
}
for _name, _group in _GROUPS.items():
    app.add_typer(_group, name=_name)


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
    import logging

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # what it retries is an event of ours


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def _usage_hint(arguments: list[str]) -> str:
    command, *more = (*arguments, "")
    words = [command] if command in {*_COMMANDS, *_GROUPS} else []
    if command in _GROUPS:
        below = {each.name for each in _GROUPS[command].registered_commands}
        words += [word for word in more[:1] if word in below]
    return " ".join(("mirrorkit", *words, "--help"))


def _foreign_option(error: typer.TyperException, arguments: list[str]) -> UsageError | None:
    """Return the error of an option that is minikube's and stands before `--`."""
    name = getattr(error, "option_name", None)
    if arguments[:2] != ["minikube", "start"] or name is None:
        return None
    import shlex

    from mirrorkit.sentence import Sentence

    at = next((n for n, word in enumerate(arguments) if word.startswith(name)), len(arguments))
    rest = [word for word in arguments[at:] if word != "--"]
    command = shlex.join(["mirrorkit", *arguments[:at], "--", *rest])
    return UsageError(
        Sentence("{option} is no option of mirrorkit's own", option=name),
        hint=Sentence("minikube's own words go after --: {command}", command=command),
    )


def _call(arguments: list[str]) -> int:
    """Let typer run a command; Ctrl-C comes back as 130."""
    command = readable_help(app)
    return int(command.main(args=arguments, prog_name="mirrorkit", standalone_mode=False) or 0)


def run(arguments: list[str]) -> int:
    """Run one command; every error becomes a sentence, a hint and an exit status."""
    as_json = "--json" in arguments
    try:
        status = _call(arguments or ["--help"])
    except MirrorkitError as error:
        if isinstance(error, UsageError):
            error.hint = error.hint or _usage_hint(arguments)
        tell_error(error, as_json=as_json)
        return error.exit_status
    except NotAnsweredError:
        note("interrupted")
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except typer.TyperException as error:
        usage = _foreign_option(error, arguments) or UsageError(
            error.format_message(), hint=_usage_hint(arguments)
        )
        tell_error(usage, as_json=as_json)
        return usage.exit_status
    except Exception:  # noqa: BLE001 - the last resort
        tell_bug()
        return EXIT_BUG
    if status == EXIT_INTERRUPTED:
        fetches = any(word in ("sync", "up", "--repair") for word in arguments)
        kept = "; what was downloaded is kept for the next run" if fetches else ""
        note(f"interrupted{kept}")
    return status
