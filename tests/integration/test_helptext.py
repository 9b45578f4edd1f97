"""What `--help` and long lines look like, on a screen of any width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.cli.helptext import readable_help
from mirrorkit.cli.main import app, run
from mirrorkit.cli.output import broken

if TYPE_CHECKING:
    from collections.abc import Iterator


PYTHON = re.compile(r"<(list\[)?[a-z]+\]?>", re.IGNORECASE)


def commands(one: Any, *above: str) -> Iterator[tuple[str, ...]]:  # noqa: ANN401
    yield above
    for name, below in getattr(one, "commands", {}).items():
        yield from commands(below, *above, name)


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("words", list(commands(readable_help(app))), ids=" ".join)
def test_no_help_has_a_python_type_or_a_sentence_cut_short(
    words: tuple[str, ...],
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([*words, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines
    assert not [line for line in lines if PYTHON.search(line)]
    commands_at = lines.index("Commands:") if "Commands:" in lines else len(lines)
    assert not [line for line in lines[commands_at:] if line.endswith("...")]
    assert max(map(len, lines[commands_at:]), default=0) <= columns


@pytest.mark.parametrize(
    "line, pieces",
    [
        ("a line that fits", ["a line that fits"]),
        ("error: one.test answered 429", ["error: one.test", "    answered 429"]),
        ("  complete  one.test/app:1", ["  complete", "      one.test/app:1"]),
        ("sha256:0123456789abcdef0123456789 x", ["sha256:0123456789abcdef0123456789", "    x"]),
        ("re-packed re-packed re-packed", ["re-packed", "    re-packed", "    re-packed"]),
        ("next: `mirrorkit sync --exact`", ["next:", "    `mirrorkit sync --exact`"]),
        ("see `mirrorkit up`, then", ["see", "    `mirrorkit up`,", "    then"]),
    ],
)
def test_a_line_is_broken_between_words_alone(line: str, pieces: list[str]) -> None:
    assert broken(line, 18) == pieces


def test_a_command_after_its_arrow_is_never_broken() -> None:
    line = "        → curl 192.168.1.10:5080 | sh"
    assert broken(line, 18) == [line]
