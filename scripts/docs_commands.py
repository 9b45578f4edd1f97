"""The page of the commands, from the command line itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mirrorkit.cli.helptext import readable_help
from mirrorkit.cli.main import app
from mirrorkit.documents.configuration import KNOWN
from scripts.docs_words import Words, code, table

_DEFAULT: Final = re.compile(r"\s*\[default: (?P<default>[^\]]+)\]")
_EVERYWHERE: Final = frozenset({"--help", "--install-completion", "--show-completion"})
_VARIABLES: Final = {one.name: f"MIRRORKIT_{one.name.upper()}" for one in KNOWN if one.has_flag}


class Row(NamedTuple):
    """An option or argument of a command."""

    name: str
    meaning: str
    default: str
    variable: str


def commands_page(words: Words) -> list[str]:
    """Write each command: what it does, its options, its examples."""
    root = readable_help(app)
    lines = [f"# {words('Commands')}", "", words(root.help or ""), ""]
    lines += [words("Every command knows --help; most print data with --json."), ""]
    return lines + [line for name, one in commands(root) for line in _command(name, one, words)]


def commands(group: Any, above: str = "mirrorkit") -> Iterator[tuple[str, Any]]:
    """Yield every command with its name, one that stands in a group after the group's own."""
    for name, one in group.commands.items():
        if not hasattr(one, "commands") or one.invoke_without_command:
            yield f"{above} {name}", one
        if hasattr(one, "commands"):
            yield from commands(one, f"{above} {name}")


def _command(name: str, command: Any, words: Words) -> list[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.get_usage(context).split()).removeprefix("Usage: ")
    lines = [f"## {name}", "", code(usage), ""]
    help_text = command.help if command.callback is None else command.callback.__doc__ or ""
    for paragraph in _paragraphs(help_text):
        lines += [*_written(paragraph, words), ""]
    rows = [_row(one, context) for one in command.get_params(context)]
    rows = [row for row in rows if row.name not in _EVERYWHERE]
    head = [words(one) for one in ("Option", "Meaning", "Default", "Variable")]
    return lines + (table(head, [_cells(row, words) for row in rows]) if rows else [])


def _row(parameter: Any, context: Any) -> Row:
    name, meaning = parameter.get_help_record(context)
    found = _DEFAULT.search(meaning)
    backed = parameter.default is None and not parameter.required  # lower layers may speak
    return Row(
        name,
        _DEFAULT.sub("", meaning).replace("[required]", "").strip(),
        found["default"] if found else "",
        _VARIABLES.get(parameter.opts[0].lstrip("-"), "") if backed else "",
    )


def _cells(row: Row, words: Words) -> list[str]:
    is_prose = " " in row.default and not row.default.startswith("`")
    default = words(row.default) if is_prose else code(row.default.strip("`"))
    return [code(row.name), words(row.meaning), default, code(row.variable)]


def _paragraphs(text: str) -> Iterator[str]:
    lines = (line.removeprefix("    ") for line in text.strip().splitlines())
    yield from "\n".join(lines).split("\n\n")


def _written(paragraph: str, words: Words) -> list[str]:
    """Write a paragraph: prose, examples to copy, or a list in two columns."""
    first, *rest = paragraph.splitlines()
    if first.strip() not in {"\b", "\\b"}:
        return [words(" ".join(paragraph.split()))]
    if rest[0].startswith("Example"):
        return ["```sh", *(line.strip() for line in rest[1:]), "```"]
    columns = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in rest]
    return [f"- `{one[0]}`" + "".join(f": {words(text)}" for text in one[1:]) for one in columns]
