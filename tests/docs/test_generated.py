"""The generated pages are what the program says, whole, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.documents.configuration import KNOWN, parse_configuration
from mirrorkit.errors import DocumentError
from mirrorkit.settings import Flags, load_settings
from scripts import build_docs
from scripts.docs_commands import commands_page
from scripts.docs_words import Words, complaints, read_table
from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pages_are_what_the_program_says_and_its_chinese_is_complete(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert build_docs.main(["--check"]) == 0, capsys.readouterr().err


def test_a_sentence_without_chinese_is_named_as_a_line_to_paste() -> None:
    words = Words({"Settings": "设置", "Gone": "没了"})
    words("Settings")
    words('Say "hello".')
    missing, unused = complaints(words)
    assert missing.splitlines()[1:] == ['"Say \\"hello\\".": ""']
    assert unused.splitlines()[1:] == ["Gone"]


def test_a_table_that_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "zh.yaml").write_text('"A": a: b\n')
    with pytest.raises(SystemExit, match="line 1"):
        read_table(tmp_path / "zh.yaml")


def test_a_page_that_is_out_of_date_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/zh.yaml").write_bytes((ROOT / "docs/zh.yaml").read_bytes())
    monkeypatch.setattr(build_docs, "ROOT", tmp_path)
    assert build_docs.main([]) == 0
    assert build_docs.main(["--check"]) == 0
    page = tmp_path / "docs/errors.zh-CN.md"
    page.write_text(page.read_text("utf-8").replace("disk-full", "disk-empty"), "utf-8")
    assert build_docs.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("docs/errors.zh-CN.md is not what the program says")


def test_every_command_has_its_section_with_an_example() -> None:
    sections = "\n".join(commands_page(Words())).split("\n## ")[1:]
    assert len(sections) > 10
    for section in sections:
        name = section.splitlines()[0]
        assert f"```sh\n{name}" in section or f" {name}" in section.partition("```sh")[2], name


@pytest.mark.parametrize("one", [one for one in KNOWN if one.has_flag], ids=lambda one: one.name)
def test_a_setting_with_a_flag_has_a_variable(one: object) -> None:
    name = getattr(one, "name")  # noqa: B009
    value = {
        "jobs": "3",
        "limit_rate": "3M",
        "students": "3",
        "streams": "3",
        "access_log": "json",
        "source": "aliyun",
    }.get(name, ":1234" if name == "listen" else "there")
    settings = load_settings(Flags(), {f"MIRRORKIT_{name.upper()}": value})
    assert f"MIRRORKIT_{name.upper()}" in {origin for *_, origin in settings.explained()}


def test_the_settings_file_takes_the_keys_of_the_page_and_no_other() -> None:
    for one in KNOWN:
        with pytest.raises(DocumentError) as error:
            parse_configuration(f"{one.name}: [[]]\n".encode())
        assert ("unknown" in str(error.value)) != one.is_in_file, one.name
