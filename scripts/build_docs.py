"""Write docs/commands, docs/settings and docs/errors in both languages, from the program itself.

python scripts/build_docs.py           writes the pages
python scripts/build_docs.py --check   writes nothing; ends with 1 where a page is not what the
                                       program says, or docs/zh.yaml lacks a sentence's Chinese
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mirrorkit import errors
from mirrorkit.documents.configuration import KNOWN
from mirrorkit.errors import EXIT_BUG, EXIT_INTERRUPTED, MirrorkitError
from scripts.docs_commands import commands_page
from scripts.docs_words import TABLE, Words, code, complaints, read_table, table

ROOT: Final = Path(__file__).resolve().parent.parent
NOTE: Final = (
    "<!-- Written by scripts/build_docs.py from the program's own words and docs/zh.yaml:"
    " change those, then `make docs`. -->"
)


def settings_page(words: Words) -> list[str]:
    """Write each setting: where it can be made, and what it is where nobody makes it."""
    head = ["Setting", "Flag", "Variable", "In mirrorkit.yaml", "Built in", "Meaning"]
    rows = [
        [
            code(one.name),
            code(f"--{one.name.replace('_', '-')}" if one.has_flag else ""),
            code(f"MIRRORKIT_{one.name.upper()}" if one.has_flag else ""),
            code(f"{one.name}:" if one.is_in_file else ""),
            words(one.builtin) if " " in one.builtin else code(one.builtin),
            words(one.meaning),
        ]
        for one in KNOWN
    ]
    order = (
        "Flags win over variables, those over mirrorkit.yaml, that over what is built in;"
        " `mirrorkit settings` prints each value and where it came from."
    )
    return [f"# {words('Settings')}", "", words(order), "", *table([*map(words, head)], rows)]


def errors_page(words: Words) -> list[str]:
    """Write each exit status and each error: its code, its status, its meaning, what to do."""
    statuses = {
        0: "Done, complete.",
        **{kind.exit_status: _said(kind)[0] for kind in MirrorkitError.__subclasses__()},
        EXIT_BUG: "A bug in mirrorkit; please report it with the lines above the error.",
        EXIT_INTERRUPTED: "Interrupted; what was downloaded is kept.",
    }
    about = "Every error is one sentence and a hint; with --json the same as data, with its code."
    lines = [f"# {words('Errors')}", "", words(about), "", f"## {words('Exit status')}", ""]
    head = [words("Status"), words("Meaning")]
    lines += table(head, [[str(status), words(said)] for status, said in statuses.items()])
    lines += [f"## {words('Codes')}", ""]
    head = [words(one) for one in ("Code", "Status", "Meaning", "What to do")]
    rows = [
        [code(kind.code), str(kind.exit_status), *map(words, _said(kind))]
        for kind in kinds(MirrorkitError)
    ]
    return lines + table(head, rows)


def kinds(above: type[MirrorkitError]) -> Iterator[type[MirrorkitError]]:
    """Yield the classes of errors.py below one, parents before children."""
    for kind in above.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from kinds(kind)


def _said(kind: type[MirrorkitError]) -> tuple[str, str]:
    """Return what an error's docstring says it means, and what to do."""
    meaning, *more = (" ".join(part.split()) for part in (kind.__doc__ or "").split("\n\n"))
    if len(more) != 1:
        sys.exit(f"{kind.__name__}: its docstring is one line, and one paragraph on what to do")
    return meaning, more[0]


PAGES: Final[dict[str, Callable[[Words], list[str]]]] = {
    "commands": commands_page,
    "settings": settings_page,
    "errors": errors_page,
}


def build(english: Words, chinese: Words) -> dict[str, str]:
    """Return the text of each page, by its path."""
    pages = {}
    for name, write in PAGES.items():
        for language, other, words in (("", ".zh-CN", english), (".zh-CN", "", chinese)):
            link = f"[{'English' if language else '中文'}]({name}{other}.md)"
            title, *lines = write(words)
            text = "\n".join([NOTE, "", title, "", link, *lines]).rstrip()
            pages[f"docs/{name}{language}.md"] = f"{text}\n"
    return pages


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not what the program says."""
    chinese = Words(read_table(ROOT / TABLE))
    pages = build(Words(), chinese)
    wrong = complaints(chinese)
    for path, text in pages.items():
        there = ROOT / path
        if there.exists() and there.read_text("utf-8") == text:
            continue
        if "--check" in arguments:
            wrong.append(f"{path} is not what the program says; run `make docs`")
        else:
            there.write_text(text, "utf-8")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
