"""Every page leads where it says, shows commands that exist, and says the same in Chinese."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import typer

from mirrorkit.cli.main import app
from tests.docs.pages import CHINESE, PAGES, Block, Page, read_page
from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What runs in a test is `sh`; what cannot (it needs minikube, or sets a machine up) is `console`.
KINDS = {"sh", "console", "text", "yaml", "toml", "json"}
ENGLISH = [page for page in PAGES if not page.name.endswith(CHINESE)]
FOR_PEOPLE = [page for page in ENGLISH if page.name.startswith(("README", "docs/"))]
SHELL = [page for page in PAGES if any(block.kind in {"sh", "console"} for block in page.blocks)]


def named(page: Page) -> str:
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file(page: Page) -> None:
    inside = [link.partition("#")[0] for link in page.links if "://" not in link]
    missing = [link for link in inside if link and not (page.path.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", FOR_PEOPLE, ids=named)
def test_what_is_for_people_says_the_same_in_chinese(page: Page) -> None:
    other = read_page(page.path.with_name(page.path.stem + CHINESE))
    assert other.levels == page.levels
    assert [block.said_in_any_language for block in other.blocks] == [
        block.said_in_any_language for block in page.blocks
    ]
    assert {page.path.name, other.path.name} <= {*page.links, *other.links}


@pytest.mark.parametrize("page", FOR_PEOPLE, ids=named)
def test_every_block_says_what_it_is(page: Page) -> None:
    assert {block.kind for block in page.blocks} <= KINDS
    assert all(block.commands for block in page.blocks if block.kind in {"sh", "console"})


@pytest.mark.parametrize("page", SHELL, ids=named)
def test_every_command_shown_is_one_that_the_shell_and_mirrorkit_take(page: Page) -> None:
    for block in page.blocks:
        if block.kind in {"sh", "console"}:
            done = subprocess.run(
                ("sh", "-n"), input=block.commands, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{page.name}:{block.line}: {done.stderr}"
            for words in invocations(block.commands):
                accept(words, f"{page.name}:{block.line}: mirrorkit {' '.join(words)}")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_in_the_prose_is_one_that_mirrorkit_takes_or_begins_one(page: Page) -> None:
    for span in page.spans:
        if span.startswith("mirrorkit ") and not re.search(r"…|\[|COMMAND", span):
            for words in invocations(span):
                accept(words, f"{page.name}: {span}", is_whole=False)


def invocations(commands: str) -> Iterator[list[str]]:
    """Yield the words after each `mirrorkit` that stands where a command does."""
    for line in commands.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        while words:
            ends = [place for place, word in enumerate(words) if set(word) <= set("|&;()<>")]
            end = ends[0] if ends else len(words)
            command, words = words[:end], words[end + 1 :]
            while command and re.fullmatch(r"\w+=.*", command[0]):
                del command[0]
            if command[:1] == ["sudo"]:
                del command[0]
            if command[:1] == ["mirrorkit"]:
                yield command[1:]


def accept(words: list[str], where: str, *, is_whole: bool = True) -> None:
    """Let the command line parse these words without running anything."""
    command: Any = typer.main.get_command(app)
    if words == ["--install-completion"]:  # parsing it would write to the home of who tests
        assert any(words[0] in parameter.opts for parameter in command.params)
        return
    try:
        context = command.make_context("mirrorkit", list(words))
        while hasattr(command, "commands"):
            rest = [*context._protected_args, *context.args]  # noqa: SLF001 - click's own name for them
            if not rest:
                return
            name, command, rest = command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
    except typer.Exit:  # --help and --version end here
        return
    except typer.TyperException as error:
        if not is_whole and type(error).__name__ == "MissingParameter":
            return
        pytest.fail(f"{where}: {error.format_message()}")


@pytest.mark.parametrize(
    "line", ["mirrorkit synk", "mirrorkit sync --jbos 2", "MIRRORKIT_JOBS=2 mirrorkit remove"]
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    (words,) = invocations(f"cd /class && {line} | grep x\n")
    with pytest.raises(pytest.fail.Exception, match="page:1"):
        accept(words, "page:1")


def test_a_link_and_a_block_are_read_as_they_stand(tmp_path: Path) -> None:
    text = "# One\n[a](b.md) `x\ny`\n```console\n$ ls  # all\nfile\n```\n## Two\n"
    (tmp_path / "page.md").write_text(text)
    page = read_page(tmp_path / "page.md")
    assert (page.levels, page.links, page.spans) == ((1, 2), ("b.md",), ("x y",))
    (block,) = page.blocks
    assert block == Block("console", "$ ls  # all\nfile\n", 4)
    assert (block.commands, block.said_in_any_language) == (
        "ls  # all\n",
        ("console", "$ ls\nfile\n"),
    )


def test_every_page_of_the_repository_is_looked_at() -> None:
    assert {ROOT / "README.md", ROOT / "docs/errors.md"} <= {page.path for page in PAGES}


def test_chinese_texts_have_one_form_of_you_and_of_lesson() -> None:
    pages = [*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/*.zh-CN.md"), ROOT / "docs/zh.yaml"]
    pages += [*ROOT.glob("mirrorkit/**/zh.json"), *ROOT.glob("mirrorkit/**/*.sh")]
    texts = {page.name: page.read_text() for page in pages}
    others = ("您", "节课", "一课")
    assert len(texts) > 6
    assert [(name, one) for name, text in texts.items() for one in others if one in text] == []
