"""The options that were typed, to stand in a command that is to be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import typer


def retyped(context: typer.Context, without: Collection[str] = ()) -> list[str]:
    """Return the options of a command as they were typed, unquoted; `without` names parameters.

    What came from the environment is left out: the next command has it from there, too.
    """
    return [
        word for name in _typed(context) if name not in without for word in _words(context, name)
    ]


def _typed(context: typer.Context) -> Iterator[str]:
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        is_option = parameter.param_type_name == "option"
        if is_option and parameter.name and source is not None and source.name == "COMMANDLINE":
            yield parameter.name


def _words(context: typer.Context, name: str) -> Iterator[str]:
    option = next(one for one in context.command.params if one.name == name)
    value = context.params[name]
    if isinstance(value, bool):
        yield option.opts[0] if value else option.secondary_opts[0]
        return
    for one in value if isinstance(value, list | tuple) else (value,):
        yield from (option.opts[0], str(one))
