"""Four layers of settings, and where each value came from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mirrorkit.documents.trust import Tls, Trust
from mirrorkit.errors import DocumentError, UsageError
from mirrorkit.settings import Flags, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the class, in which the settings are read."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "mirrorkit.yaml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


FILE = """{store: in-file, listen: ':1001', jobs: 11, streams: 21, access_log: json,
  students: 21, advertise: file.school}"""
VARIABLES = {
    "MIRRORKIT_STORE": "in-variable",
    "MIRRORKIT_LISTEN": ":1002",
    "MIRRORKIT_JOBS": "12",
    "MIRRORKIT_STREAMS": "22",
    "MIRRORKIT_ACCESS_LOG": "plain",
    "MIRRORKIT_LOCK": "var.lock.yaml",
    "MIRRORKIT_STUDENTS": "22",
    "MIRRORKIT_ADVERTISE": "192.168.1.12",
}
FLAGS = Flags(
    store=Path("in-flag"),
    listen=":1003",
    jobs=13,
    locks=(Path("a.lock.yaml"), Path("b.lock.yaml")),
    streams=23,
    access_log="off",
    advertise="[fd00::1]:80",
    students=23,
)
NAMES = ["store", "listen", "jobs", "streams", "access_log", "lock", "students", "advertise"]


@pytest.mark.parametrize(
    "flags, variables, file, values, origins",
    [
        (
            FLAGS,
            VARIABLES,
            FILE,
            [
                "in-flag",
                ":1003",
                "13",
                "23",
                "off",
                "a.lock.yaml, b.lock.yaml",
                "23",
                "[fd00::1]:80",
            ],
            [f"--{name.replace('_', '-')}" for name in NAMES],
        ),
        (
            Flags(),
            VARIABLES,
            FILE,
            [
                "in-variable",
                ":1002",
                "12",
                "22",
                "plain",
                "var.lock.yaml",
                "22",
                "192.168.1.12",
            ],
            [f"MIRRORKIT_{name.upper()}" for name in NAMES],
        ),
        (
            Flags(),
            {},
            FILE,
            ["in-file", ":1001", "11", "21", "json", "images.lock.yaml", "21", "file.school"],
            ["mirrorkit.yaml"] * 5 + ["built-in"] + ["mirrorkit.yaml"] * 2,
        ),
        (
            Flags(),
            dict.fromkeys(VARIABLES, ""),
            "",
            ["", ":5080", "8", "256", "off", "images.lock.yaml", "40"],
            ["built-in"] * 7,
        ),
    ],
    ids=["flags", "variables", "file", "built-in"],
)
def test_each_layer_wins_over_those_below_it(
    flags: Flags, variables: dict[str, str], file: str, values: list[str], origins: list[str]
) -> None:
    write(file)
    found = list(load_settings(flags, variables).explained())
    assert [setting.name for setting in found] == NAMES[: len(values)]
    assert [setting.origin for setting in found] == origins
    assert [setting.value for setting in found][1:] == values[1:]
    # The built-in store depends on the user; the others are as they were given.
    assert found[0].value.endswith(values[0] or "mirrorkit/store")


def test_every_layer_may_say_a_part() -> None:
    write("jobs: 11")
    found = load_settings(Flags(listen=":1003"), {"MIRRORKIT_STORE": "in-variable"})
    assert (found.jobs, found.listen.port, found.store) == (11, 1003, Path("in-variable"))


def test_without_a_file_everything_is_built_in() -> None:
    found = load_settings(Flags(), {})
    assert {setting.origin for setting in found.explained()} == {"built-in"}
    assert found.endpoints == {}


def test_a_file_that_was_named_is_read_instead_and_named_as_origin() -> None:
    write("jobs: 1")
    other = write("jobs: 2", "other.yaml")
    found = load_settings(Flags(config=other), {})
    assert found.jobs == 2
    assert found.origins["jobs"] == "other.yaml"


def test_a_tilde_is_the_home_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/teacher")
    assert load_settings(Flags(store=Path("~/store")), {}).store == Path("/home/teacher/store")


def test_endpoints_are_by_canonical_host_and_lose_a_last_slash() -> None:
    write("endpoints: {index.docker.io: {url: 'http://127.0.0.1:5000/hub/'}}")
    found = load_settings(Flags(), {})
    assert found.endpoints == {"docker.io": "http://127.0.0.1:5000/hub"}
    last = list(found.explained())[-1]
    assert last == ("endpoints.docker.io", "http://127.0.0.1:5000/hub", "mirrorkit.yaml")


@pytest.mark.parametrize(
    "flag, variable, file, rate, origin",
    [
        ("3M", "2M", "limit_rate: 1M", 3_000_000, "--limit-rate"),
        (None, "2M", "limit_rate: 1M", 2_000_000, "MIRRORKIT_LIMIT_RATE"),
        (None, "", "limit_rate: 1M", 1_000_000, "mirrorkit.yaml"),
        ("0", "2M", "limit_rate: 1M", 0, "--limit-rate"),
        (None, "", "limit_rate: 0", 0, "mirrorkit.yaml"),
        (None, "", "", 0, "built-in"),
    ],
)
def test_the_rate_has_a_limit_where_somebody_set_one(
    flag: str | None, variable: str, file: str, rate: int, origin: str
) -> None:
    write(file)
    found = load_settings(Flags(limit_rate=flag), {"MIRRORKIT_LIMIT_RATE": variable})
    assert (found.limit_rate, found.origins["limit_rate"]) == (rate, origin)
    shown = [setting for setting in found.explained() if setting.name == "limit_rate"]
    assert shown == ([("limit_rate", f"{rate // 10**6}.0 MB/s", origin)] if rate else [])


def test_whom_to_trust_is_read_for_all_and_for_each_endpoint() -> None:
    write(
        "ca: all.pem\n"
        "endpoints:\n"
        "  index.docker.io: {url: 'https://hub.school.test', ca: ~/school.pem}\n"
        "  harbor.school.test: {cert: me.pem, key: me.key, insecure: false}\n"
        "  quay.io: {insecure: true}\n"
        "  a.test: {realm: 'https://auth.test/'}\n"
    )
    found = load_settings(Flags(), {})
    assert found.endpoints == {"docker.io": "https://hub.school.test"}
    assert found.trust == Trust(
        "all.pem",
        {
            "docker.io": Tls(ca="~/school.pem"),
            "harbor.school.test": Tls(cert="me.pem", key="me.key"),
            "quay.io": Tls(is_insecure=True),
        },
        {"a.test": "https://auth.test"},
    )
    assert [(each.name, each.value) for each in found.explained()][7:] == [
        ("endpoints.docker.io", "https://hub.school.test"),
        ("ca", "all.pem"),
        ("endpoints.docker.io.ca", "~/school.pem"),
        ("endpoints.harbor.school.test.cert", "me.pem"),
        ("endpoints.harbor.school.test.key", "me.key"),
        ("endpoints.quay.io.insecure", "true"),
        ("endpoints.a.test.realm", "https://auth.test"),
    ]


@pytest.mark.parametrize(
    "text, place",
    [
        ("store: ]", "1:8"),
        ("- store", "1:1"),
        ("stroe: x", "1:1: unknown key 'stroe'; did you mean 'store'?"),
        ("store: a\nstore: b", "2:1: duplicate key 'store'"),
        ("store:", "1:7: store: text is expected here"),
        ("store: {a: b}", "1:8: store: text is expected here"),
        ("listen: [1]", "1:9: listen: text is expected here"),
        ("jobs: 0", "1:7: jobs: '0' is not a number from 1 to 64"),
        ("jobs: 65", "1:7: jobs: '65' is not a number from 1 to 64"),
        ("jobs: many", "1:7: jobs: 'many' is not a number from 1 to 64"),
        ("streams: 0", "1:10: streams: '0' is not a number from 1 to 100000"),
        ("access_log: yes", "1:13: access_log: 'yes' is none of off, plain, json"),
        ("jobs: 1.5", "1:7: jobs: '1.5' is not a number from 1 to 64"),
        ("endpoints: x", "1:12: endpoints: a mapping (key: value) is expected here"),
        ("endpoints: {a b: {url: 'http://x'}}", "1:13: endpoints.a b: 'a b' is not a registry's"),
        ("endpoints: {a.b: 'http://x'}", "1:18: endpoints.a.b: a mapping"),
        ("endpoints: {a.b: {}}", "1:18: endpoints.a.b: `url` is missing"),
        ("endpoints: {a.b: {uri: x}}", "1:19: endpoints.a.b: unknown key 'uri'; did you mean"),
        ("endpoints: {a.b: {url: 'ftp://x'}}", "1:24: endpoints.a.b.url: 'ftp://x' is not an"),
        ("endpoints: {a.b: {url: 'http://'}}", "1:24: endpoints.a.b.url: 'http://' is not an"),
        ("endpoints: {a.b: {url: 'http://['}}", "1:24: endpoints.a.b.url: "),
        ("endpoints: {a.b: {url: 'http://x?y'}}", "1:24: endpoints.a.b.url: 'http://x?y' is not"),
        ("endpoints: {a.b: {url: 'http://u:p@x'}}", "1:24: endpoints.a.b.url: a login has no"),
        ("limit_rate: fast", "1:13: limit_rate: 'fast' is not a rate in bytes a second, such as"),
        ("limit_rate: 8Mbit", "1:13: limit_rate: '8Mbit' is in bits; write bytes a second"),
        ("limit_rate: 1k", "1:13: limit_rate: '1k' is not between 16k and 1T a second"),
        ("ca: [x]", "1:5: ca: text is expected here"),
        ('ca: "a\\0b"', "1:5: ca: 'a\\x00b' is not a path"),
        ("endpoints: {a.b: {insecure: maybe}}", "1:29: endpoints.a.b.insecure: 'maybe' is neither"),
        ("endpoints: {a.b: {realm: 'http://x'}}", "1:26: endpoints.a.b.realm: 'http://x': a login"),
        ("endpoints: {a.b: {key: k}}", "1:18: endpoints.a.b: `key` belongs to a `cert`"),
        ("endpoints: {a.b: {ca: c, insecure: true}}", "1:18: endpoints.a.b: `insecure` checks no"),
        ("endpoints: {a.b: {url: 'http://x', ca: c}}", "1:18: endpoints.a.b: `ca` is for https"),
        ("endpoints: {a.b: {url: 'http://x', cert: c}}", "1:18: endpoints.a.b: `cert` is for htt"),
        ("endpoints: {docker.io: {ca: a}, index.docker.io: {ca: b}}", "1:33: endpoints.index.dock"),
        ("jobs: &a 1", "1:7: anchors"),
        ("jobs: !!int 1", "1:7: tags"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(text: str, place: str) -> None:
    write(text)
    with pytest.raises(DocumentError) as refusal:
        load_settings(Flags(), {})
    assert f"mirrorkit.yaml:{place}" in refusal.value.message
    assert ":p@" not in refusal.value.message


def test_all_mistakes_of_the_file_are_told_at_once() -> None:
    write("stroe: x\njobs: 0\nendpoints: {a.b: {}}")
    with pytest.raises(DocumentError, match="3 mistakes"):
        load_settings(Flags(), {})


def test_a_file_that_was_named_must_be_there() -> None:
    with pytest.raises(DocumentError, match=r"none\.yaml is not there"):
        load_settings(Flags(config=Path("none.yaml")), {})
    with pytest.raises(DocumentError, match="cannot be read") as found:
        load_settings(Flags(config=Path()), {})
    assert found.value.hint == "it is a folder; name a file"


@pytest.mark.parametrize(
    "flags, variables, message",
    [
        (Flags(), {"MIRRORKIT_JOBS": "many"}, "MIRRORKIT_JOBS: 'many' is not a number"),
        (Flags(), {"MIRRORKIT_LISTEN": "x:y"}, "MIRRORKIT_LISTEN: 'x:y' is not HOST:PORT"),
        (Flags(listen=":99999"), {}, "--listen: ':99999' is not HOST:PORT"),
        (Flags(limit_rate="8Mbit"), {}, "--limit-rate: '8Mbit' is in bits"),
        (Flags(), {"MIRRORKIT_LIMIT_RATE": "1k"}, "MIRRORKIT_LIMIT_RATE: '1k' is not between"),
        (Flags(jobs=0), {}, "--jobs: '0' is not a number from 1 to 64"),
        (Flags(jobs=-1), {"MIRRORKIT_JOBS": "1"}, "--jobs: '-1' is not a number from 1 to 64"),
    ],
)
def test_a_mistake_elsewhere_is_told_with_the_flag_or_variable(
    flags: Flags, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        load_settings(flags, variables)
    assert refusal.value.message.startswith(message)


def test_the_command_prints_the_same_as_words_and_as_data() -> None:
    write("{jobs: 3, endpoints: {quay.io: {url: 'http://127.0.0.1:1'}}}")
    argv = (sys.executable, "-m", "mirrorkit", "settings")
    env = {**os.environ, "MIRRORKIT_STORE": "/mnt/stick"}
    words = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    data = subprocess.run((*argv, "--json"), env=env, capture_output=True, text=True, check=True)
    found = json.loads(data.stdout)["settings"]
    assert {"name": "store", "value": "/mnt/stick", "origin": "MIRRORKIT_STORE"} in found
    assert {"name": "jobs", "value": "3", "origin": "mirrorkit.yaml"} in found
    url = {"value": "http://127.0.0.1:1", "origin": "mirrorkit.yaml"}
    assert {"name": "endpoints.quay.io", **url} in found
    lines = [line.split() for line in words.stdout.splitlines()]
    assert lines == [[one["name"], one["value"], f"({one['origin']})"] for one in found]
