"""Calls of minikube are found where a shell would make them, with what stands in front."""

from __future__ import annotations

import pytest

from mirrorkit.classroom.minikube.words import Call, calls_in
from mirrorkit.scan.lexer import parse_script


def _calls(text: str) -> list[Call]:
    return list(calls_in(parse_script(text).commands, text))


def _only(text: str) -> Call:
    (call,) = _calls(text)
    return call


@pytest.mark.parametrize(
    "text",
    [
        "minikube start",
        "/usr/local/bin/minikube start",
        "~/bin/minikube start",
        '"$HOME/bin/minikube" start',
        "./minikube-linux-amd64 start",
        "if ! minikube start; then echo no; fi",
        "docker info && minikube start",
        "sudo -u student -E minikube start",
        "env -u A B=c minikube start",
        "nohup timeout -k 5 600 minikube start &",
        "x=$(minikube start)",
        'echo "it says $(minikube start)"',
        "f() { minikube start; }",
        "case $1 in go) minikube start;; esac",
        "$ minikube start",
        "student@vm:~$ minikube start",
    ],
)
def test_a_call_is_found(text: str) -> None:
    call = _only(text)
    assert call.words[call.program + 1].text == "start"
    assert call.command.is_bare


@pytest.mark.parametrize(
    "text",
    [
        "# minikube start",
        "echo minikube start",
        "echo 'minikube start'",
        "cat <<EOF\nminikube start\nEOF",
        "apt install minikube",
        "alias m='minikube start'",
        "my-minikube start",
        "minikubes start",
        "minikube.exe start",
        "for x in minikube start; do echo; done",
        "nohup A=b minikube start",
    ],
)
def test_what_is_no_call_is_none(text: str) -> None:
    assert not _calls(text)


@pytest.mark.parametrize(
    "text", ["`minikube start`", "list=(\n minikube start\n)", "a+=(minikube)"]
)
def test_what_stands_in_backticks_or_in_an_array_is_not_itself(text: str) -> None:
    assert not _only(text).command.is_bare


def test_after_an_array_a_call_is_itself_again() -> None:
    assert [call.command.is_bare for call in _calls("a=(minikube x); (minikube y)")] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    "text,reaching,lost",
    [
        ("A=b minikube", ["A"], []),
        ("A=b C='d e' minikube", ["A", "C"], []),
        ("A=b sudo minikube", [], ["A"]),
        ("A=b sudo -E minikube", ["A"], []),
        ("A=b sudo -nE minikube", ["A"], []),
        ("A=b sudo --preserve-env=A minikube", ["A"], []),
        ("A=b sudo C=d minikube", ["C"], ["A"]),
        ("sudo A=b env C=d minikube", ["A", "C"], []),
        ("A=b env -i C=d minikube", ["C"], ["A"]),
        ("A=b nohup minikube", ["A"], []),
    ],
)
def test_a_variable_reaches_minikube_unless_sudo_or_env_keeps_it(
    text: str, reaching: list[str], lost: list[str]
) -> None:
    call = _only(text)
    assert list(call.assignments.values()) == reaching
    assert list(call.lost.values()) == lost


@pytest.mark.parametrize(
    "text,is_root",
    [
        ("minikube", False),
        ("sudo minikube", True),
        ("sudo -u root minikube", True),
        ("sudo -u student minikube", False),
        ("sudo --user=student minikube", False),
        ("sudo -u student sudo minikube", True),
        ("doas minikube", True),
    ],
)
def test_root_is_told_from_others(text: str, is_root: bool) -> None:  # noqa: FBT001
    assert _only(text).is_root is is_root


@pytest.mark.parametrize(
    "text,may",
    [
        ("minikube", True),
        ("sudo minikube", True),
        ("sudo -- minikube", False),
        ("env -- minikube", True),
        ("nohup minikube", False),
        ("time minikube", False),
        ("sudo nohup minikube", False),
    ],
)
def test_where_a_variable_may_stand_is_known(text: str, may: bool) -> None:  # noqa: FBT001
    assert _only(text).takes_assignment is may


def test_each_word_says_where_it_stands() -> None:
    text = "a  'b c' \\\n  \"$d\"e >f  g\\ h;i"
    words = [word for command in parse_script(text).commands for word in command.words]
    assert [text[word.start : word.end] for word in words] == ["a", "'b c'", '"$d"e', "g\\ h", "i"]
    assert [text[word.gap : word.start] for word in words] == ["", "  ", " \\\n  ", "  ", ""]
    assert [word.is_exact for word in words] == [True, True, False, True, True]


def test_a_line_joined_in_the_way_of_windows_is_joined() -> None:
    (command,) = parse_script("a \\\r\n b\r\n").commands
    assert [word.text for word in command.words] == ["a", "b"]
