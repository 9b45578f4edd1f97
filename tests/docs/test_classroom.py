"""What pages say of a mirror and of setup.sh is what these have: paths, words, codes."""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mirrorkit
from mirrorkit.classroom.setup import setup_script
from mirrorkit.documents.lock import parse_lock
from mirrorkit.server.app import make_app
from mirrorkit.server.room import Room
from mirrorkit.store.disk import DiskStore
from tests.docs.pages import CHINESE, PAGES, Page, read_page
from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_aiohttp.plugin import AiohttpClient

CLASSROOM = Path(mirrorkit.__file__).parent / "classroom"
ASKED = re.compile(r"curl [^|\n]*?(?:http://)?192\.168\.\d+\.\d+:5080(?P<path>/[^\s'\"`]*)?")
SHELL_CODE = re.compile(r"\b(?:fail|finding (?:warn|fail)) (?P<code>[A-Z][A-Z-]+) \"")
DOCTOR_CODE = re.compile(r'(?:Finding\(State\.[A-Z]+, |_CODE: Final = )"(?P<code>[A-Z-]+)"')
ROW = re.compile(r"^\| (?P<codes>`[A-Z-]+`(?:, `[A-Z-]+`)*) \|", re.MULTILINE)
SUB_COMMANDS = {"start", "relay", "plant"}  # what follows is minikube's


def named(page: Page) -> str:
    return page.name


def asked(page: Page) -> set[str]:
    """Return the paths of the mirror that a page asks with curl."""
    texts = (*(block.commands for block in page.blocks), *page.spans)
    return {found["path"] or "/" for text in texts for found in ASKED.finditer(text)}


@pytest.mark.parametrize("page", [page for page in PAGES if asked(page)], ids=named)
async def test_every_path_that_is_asked_is_one_that_a_mirror_of_the_course_answers(
    page: Page, tmp_path: Path, aiohttp_client: AiohttpClient
) -> None:
    locks = {"course": parse_lock((ROOT / "images.lock.yaml").read_bytes())}
    client = await aiohttp_client(make_app(Room(DiskStore(tmp_path), lambda: locks)))
    for path in asked(page):
        answer = await client.get(path, headers={"User-Agent": "curl/8"})
        # 503: it is the course's, and this store is empty.
        assert answer.status in {200, 503}, f"{path}: {await answer.text()}"


@cache
def script() -> str:
    return setup_script("192.168.1.10:5080")


def given(page: Page) -> Iterator[list[str]]:
    """Yield the words that a page gives to setup.sh."""
    texts = (*(block.commands for block in page.blocks), *page.spans)
    for line in (line for text in texts for line in text.splitlines()):
        for mark in ("sh -s -- ", "setup.sh --", "setup.sh start"):
            _, found, after = line.partition(mark)
            if found and "…" not in after:
                rest = mark.removeprefix("sh -s -- ").removeprefix("setup.sh ") + after
                yield shlex.split(rest, comments=True)
                break


def takes(words: list[str]) -> bool:
    """Say whether setup.sh knows words; --help ends it before it does anything."""
    options = list(takewhile(lambda word: word not in SUB_COMMANDS, words))
    done = subprocess.run(
        ["sh", "-s", "--", *options, "--help"],
        input=script(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


@pytest.mark.parametrize("page", [page for page in PAGES if list(given(page))], ids=named)
def test_every_word_for_the_students_line_is_one_that_it_knows(page: Page) -> None:
    for words in given(page):
        assert takes(words), f"{page.name}: {words}"


def test_a_word_that_the_students_line_does_not_know_is_found() -> None:
    assert takes(["--name", "Li Lei", "start", "--anything"])
    assert not takes(["--sead"])


@pytest.mark.parametrize("suffix", [".md", CHINESE])
def test_every_word_of_the_students_line_is_in_the_table_of_their_page(suffix: str) -> None:
    body = script().partition("\nmain() {")[2].partition("\ndo_check() {")[0]
    known = set(re.findall(r"(?<=[ |])(--[a-z-]+)(?=[)=| ])", body)) - {"--help", "--porcelain"}
    spans = " ".join(read_page(ROOT / f"docs/student{suffix}").spans)
    assert len(known) > 8
    assert {word for word in known | SUB_COMMANDS if word not in spans} == set()


@pytest.mark.parametrize("suffix", [".md", CHINESE])
@pytest.mark.parametrize(
    "page, files, code",
    [("student", "setup/*.sh", SHELL_CODE), ("teacher", "doctor/*.py", DOCTOR_CODE)],
)
def test_every_code_is_in_the_table_of_those_who_read_it_and_no_other(
    page: str, files: str, code: re.Pattern[str], suffix: str
) -> None:
    told = {
        word
        for row in ROW.finditer((ROOT / f"docs/{page}{suffix}").read_text("utf-8"))
        for word in re.findall(r"[A-Z-]+", row["codes"])
    }
    sources = "".join(path.read_text("utf-8") for path in CLASSROOM.glob(files))
    known = {found["code"] for found in code.finditer(sources)}
    of_both = {"MIRROR", "START", "MINIKUBE", "KUBECTL"}  # a page may leave them to the other
    assert len(known) > 8
    assert known - told <= of_both
    assert told - known <= of_both
