"""containerd's files: config.toml of every shape, hosts.toml of both kinds."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from mirrorkit.classroom.clients.containerd import Release, containerd
from mirrorkit.classroom.clients.containerdconfig import HOSTS, PATH
from mirrorkit.classroom.clients.shape import Configuration, Target
from mirrorkit.errors import DocumentError
from tests.unit.there import Files

STRICT = Target("192.168.1.10:5080", ("docker.io", "quay.io", "harbor.test:5000"))
FALLBACK = Target(STRICT.address, STRICT.registries, is_strict=False)
V2 = '[plugins."io.containerd.grpc.v1.cri".registry]'
V3 = "[plugins.'io.containerd.cri.v1.images'.registry]"
DEBIAN = """version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni" # Debian's
"""


def made(text: str | None, target: Target = STRICT, release: Release = (1, 6)) -> Configuration:
    return containerd(target, Files({} if text is None else {PATH: text}), release)


def file(found: Configuration, path: str) -> str | None:
    return next((one.text for one in found.files if one.path == path), None)


def registry(text: str | None, release: Release = (1, 6)) -> dict[str, Any]:
    """Return the registry table that a config.toml comes to have."""
    plugins: dict[str, Any] = tomllib.loads(file(made(text, release=release), PATH) or "")[
        "plugins"
    ]
    (found,) = (table["registry"] for table in plugins.values() if "registry" in table)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        DEBIAN,
        DEBIAN.replace("\n", "\r\n"),
        f'version = 2\n{V2}\n  config_path = ""\n',
        f"version = 2\n{V2} # ours\n",
        f"version = 3\n{V3}\n  config_path = '' # empty\n",
        "version = 3\n",
        "[plugins.cri.registry]\n",
        'root = "/srv/containerd"',
    ],
)
def test_config_path_is_set_and_all_else_stays(text: str | None) -> None:
    assert registry(text) == {"config_path": HOSTS}
    done = file(made(text), PATH) or ""
    for line in (text or "").splitlines():
        assert line.partition("#")[2] in done
        assert line in done or "config_path" in line
    assert made(done).commands == ()  # and a second time nothing is to do
    assert file(made(done), PATH) is None


def test_the_table_of_each_version_is_the_one_containerd_documents() -> None:
    assert f"{V2}\n" in (file(made(DEBIAN), PATH) or "")
    assert '[plugins."io.containerd.cri.v1.images".registry]\n' in (
        file(made("version = 3\n"), PATH) or ""
    )


def test_a_folder_that_is_read_already_is_used() -> None:
    found = made(f'version = 2\n{V2}\nconfig_path = "/etc/certs"\n')
    assert all(one.path.startswith("/etc/certs/") for one in found.files)
    assert found.commands == ()


def test_several_folders_become_one_where_containerd_2_reads_none_of_them() -> None:
    both = f"{HOSTS}:/etc/docker/certs.d"
    one = f'version = 2\n{V2}\nconfig_path = "{both}"\n'
    assert file(made(one), PATH) is None
    assert registry(one, (2, 2)) == {"config_path": HOSTS}
    assert registry(f"version = 3\n{V3}\nconfig_path = '{both}'\n") == {"config_path": HOSTS}


@pytest.mark.parametrize(
    "text, said",
    [
        (f'version = 2\n{V2[:-1]}.mirrors."docker.io"]\nendpoint = ["http://x"]\n', "mirrors"),
        (f'version = 2\n{V2[:-1]}.configs."x".tls]\ninsecure_skip_verify = true\n', "configs…tls"),
        ("version = 4\n", "version 4"),
        ("version = \n", "not TOML"),
        (f"version = 2\nplugins = {{cri = 1}}\n{V2}\n", "not TOML"),
        ('version = 2\nplugins = {"io.containerd.grpc.v1.cri" = {}}\n', "laid out"),
        (f'version = 2\n{V2}\nconfig_path = """\n"""\n', "laid out"),
    ],
)
def test_what_cannot_be_edited_safely_says_what_to_do(text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said) as caught:
        made(text)
    assert caught.value.hint


def test_a_head_inside_a_text_is_no_head() -> None:
    text = f'version = 2\n[debug]\nx = """\n{V2}\n"""\n'
    with pytest.raises(DocumentError, match="laid out"):
        made(text)


def test_docker_s_own_containerd_keeps_its_cri_off() -> None:
    found = made('disabled_plugins = ["cri"]\n')
    assert (file(found, PATH), found.commands) == (None, ())
    assert "CRI is off" in found.notes[0]


def test_strict_names_the_mirror_alone() -> None:
    found = made(None)
    for name in (*STRICT.registries, "_default"):
        text = file(found, f"{HOSTS}/{name}/hosts.toml") or ""
        assert tomllib.loads(text) == {
            "server": "http://192.168.1.10:5080",
            "host": {"http://192.168.1.10:5080": {"capabilities": ["pull", "resolve"]}},
        }


def test_fallback_ends_at_the_registry_itself() -> None:
    found = made(None, FALLBACK)
    servers = {
        name: tomllib.loads(file(found, f"{HOSTS}/{name}/hosts.toml") or "").get("server")
        for name in (*STRICT.registries, "_default")
    }
    assert servers == {
        "docker.io": "https://registry-1.docker.io",
        "quay.io": "https://quay.io",
        "harbor.test:5000": None,  # as its name says, and as it is spoken to
        "_default": None,
    }


@pytest.mark.parametrize("target", [STRICT, FALLBACK])
def test_the_mirror_s_own_name_is_plain_http(target: Target) -> None:
    text = file(made(None, target), f"{HOSTS}/192.168.1.10:5080/hosts.toml") or ""
    assert tomllib.loads(text)["server"] == "http://192.168.1.10:5080"


def test_a_mirror_that_is_away_costs_two_seconds_where_containerd_can_say_so() -> None:
    for release, is_there in (((1, 7), False), ((2, 0), False), ((2, 1), True), ((2, 2), True)):
        text = file(made(None, release=release), f"{HOSTS}/quay.io/hosts.toml") or ""
        (host,) = tomllib.loads(text)["host"].values()
        assert (host.get("dial_timeout") == "2s") is is_there
