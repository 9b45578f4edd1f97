"""minikube's arguments are read as minikube reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.catalog.releases import releases
from mirrorkit.classroom.minikube.arguments import (
    LISTS,
    REPEATED,
    SWITCHES,
    VALUED,
    is_true,
    join_list,
    read_arguments,
    split_list,
)
from mirrorkit.scan.lexer import parse_script


def _read(text: str) -> list[tuple[str, str]]:
    words = parse_script(f"minikube {text}").commands[0].words
    return [(one.name, one.value) for one in read_arguments(words, 0).given]


def _subcommand(text: str) -> str | None:
    words = parse_script(f"minikube {text}").commands[0].words
    place = read_arguments(words, 0).subcommand
    return None if place is None else words[place].text


def test_every_flag_of_every_release_is_known_as_a_switch_or_to_take_a_value() -> None:
    listed = {flag for release in releases() for flag in release.flags}
    assert not listed - SWITCHES - VALUED
    assert not SWITCHES & VALUED
    assert VALUED >= LISTS | REPEATED


@pytest.mark.parametrize(
    "text,expected",
    [
        ("start --driver=docker", [("driver", "docker")]),
        ("start --driver docker", [("driver", "docker")]),
        ("start --driver= x", [("driver", ""), ("", "x")]),
        ("start --driver --force", [("driver", "--force")]),
        ("start --force false", [("force", "true"), ("", "false")]),
        ("start --force=false", [("force", "false")]),
        ("start -p lab -n2 -n=3", [("profile", "lab"), ("nodes", "2"), ("nodes", "3")]),
        ("start -v 7 -d docker -c containerd", [
            *(("v", "7"), ("driver", "docker"), ("container-runtime", "containerd")),
        ]),
        ("-p lab start --alsologtostderr", [("profile", "lab"), ("alsologtostderr", "true")]),
        ("--driver docker start", [("driver", "docker")]),
        ("start --unknown x", [("unknown", ""), ("", "x")]),
        ("start -- --driver=docker", []),
        ("start --driver -- --force", [("driver", "--"), ("force", "true")]),
        ("start -h", [("help", "true")]),
        ("start -", [("", "-")]),
        ("start --addons=a,b --addons c", [("addons", "a,b"), ("addons", "c")]),
    ],
)  # fmt: skip
def test_a_flag_and_its_value_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert _read(text) == expected


@pytest.mark.parametrize(
    "text,expected",
    [
        ("start", "start"),
        ("--profile start start", "start"),
        ("-p start node start", "node"),
        ("--alsologtostderr start", "start"),
        ("--force start", None),  # at this place cobra does not know it as a switch
        ("-h start", "start"),
        ("-- start", None),
        ("--v=3 delete", "delete"),
        ("", None),
    ],
)
def test_the_subcommand_is_found_behind_the_global_flags(text: str, expected: str | None) -> None:
    assert _subcommand(text) == expected


@pytest.mark.parametrize("text", ["start --driver", "start -p", "start --force --nodes"])
def test_a_value_that_never_comes_is_missed(text: str) -> None:
    words = parse_script(f"minikube {text}").commands[0].words
    assert [one.is_missing for one in read_arguments(words, 0).given][-1]


@pytest.mark.parametrize("text", ["start --driver=", "start --force", "start -p x", "start x"])
def test_a_value_that_is_there_is_not_missed(text: str) -> None:
    words = parse_script(f"minikube {text}").commands[0].words
    assert not any(one.is_missing for one in read_arguments(words, 0).given)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0"), min_size=1)))
def test_a_list_joined_splits_into_the_same_items(items: list[str]) -> None:
    assert split_list(join_list(items)) == items


def test_a_list_is_split_by_the_rules_of_csv() -> None:
    assert split_list('a,"b,c",d') == ["a", "b,c", "d"]
    assert split_list('a,"b') == ['a,"b']
    assert split_list("") == []


def test_a_truth_is_read_as_go_reads_it() -> None:
    assert [is_true(word) for word in ("1", "t", "TRUE", "True")] == [True] * 4
    assert [is_true(word) for word in ("0", "f", "FALSE", "False")] == [False] * 4
    assert [is_true(word) for word in ("yes", "tRUE", "")] == [None] * 3
