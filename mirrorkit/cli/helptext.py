"""What `--help` prints beside our own words: whole sentences, and types as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE: Final = re.compile(r"<(?:list\[)?(?P<type>[A-Za-z]+)\]?>\Z")
_TYPES: Final = {"path": "PATH", "str": "TEXT", "int": "NUMBER"}


def readable_help(app: typer.Typer) -> Any:  # noqa: ANN401 - typer keeps their types to itself
    """Return an app's command whose help cuts no summary short and names no Python type.

    Typer cuts what does not fit one line, and writes a list of names as `<list[str]>`.
    """
    root = typer.main.get_command(app)
    for command in _all(root):
        command.short_help = command.short_help or _first_sentence(command.help or "")
        context = typer.Context(command)
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                parameter.display_type = _nothing
            elif parameter.metavar is None and (
                found := _TYPE.match(parameter.display_type(context))
            ):
                parameter.metavar = _TYPES.get(found["type"], found["type"].upper())
    return root


def _all(command: Any) -> Iterator[Any]:  # noqa: ANN401
    yield command
    for one in getattr(command, "commands", {}).values():
        yield from _all(one)


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def _nothing(_context: object) -> str:
    """Leave the type of an argument to its name."""
    return ""
