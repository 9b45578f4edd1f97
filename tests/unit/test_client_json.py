"""daemon.json: the mirror among what is there, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.classroom.clients.docker import PATH, docker
from mirrorkit.classroom.clients.jsontext import with_lists
from mirrorkit.classroom.clients.shape import Target
from mirrorkit.errors import DocumentError, SurroundingsError
from tests.unit.there import Files

if TYPE_CHECKING:
    from collections.abc import Mapping

STRICT = Target("192.168.1.10:5080", ("docker.io",))
FALLBACK = Target("192.168.1.10:5080", ("docker.io",), is_strict=False)
OURS = {
    "registry-mirrors": ["http://192.168.1.10:5080"],
    "insecure-registries": ["192.168.1.10:5080"],
}
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(st.text(max_size=6) | st.just("registry-mirrors"), VALUES, max_size=5)


def rendered(text: str | None, target: Target = STRICT) -> str:
    (file,) = docker(target, Files({PATH: text} if text is not None else {})).files
    assert file.path == PATH
    return file.text


@pytest.mark.parametrize("text", [None, "", " \n", "{}", "{\n}\n"])
def test_where_nothing_is_set_the_mirror_is_all(text: str | None) -> None:
    assert json.loads(rendered(text)) == OURS


def test_other_keys_stay_as_they_are_written() -> None:
    text = '{\n    "data-root" : "/srv/docker",\n    "log-opts": {"max-size":"10m"}\n}\n'
    done = rendered(text)
    assert done.startswith(text[:-3] + ",\n    ")
    assert done.endswith("\n    ]\n}\n")
    assert json.loads(done) == {**json.loads(text), **OURS}


def test_a_line_without_breaks_stays_one() -> None:
    assert rendered('{"debug": true}\n') == (
        '{"debug": true, "registry-mirrors": ["http://192.168.1.10:5080"],'
        ' "insecure-registries": ["192.168.1.10:5080"]}\n'
    )


def test_windows_line_ends_stay() -> None:
    done = rendered('{\r\n  "debug": true\r\n}\r\n')
    assert "\n" not in done.replace("\r\n", "")
    assert json.loads(done) == {"debug": True, **OURS}


def test_strict_takes_other_mirrors_out_and_fallback_keeps_them_after_ours() -> None:
    text = '{"registry-mirrors": ["https://m.test/", "http://192.168.1.10:5080/"]}'
    assert json.loads(rendered(text))["registry-mirrors"] == OURS["registry-mirrors"]
    fallback = json.loads(rendered(text, FALLBACK))["registry-mirrors"]
    assert fallback == ["http://192.168.1.10:5080", "https://m.test/"]


def test_other_insecure_registries_stay_before_ours() -> None:
    done = json.loads(rendered('{"insecure-registries": ["10.0.0.0/8"], "registry-mirrors": null}'))
    assert done["insecure-registries"] == ["10.0.0.0/8", "192.168.1.10:5080"]


def test_what_is_so_already_is_left_alone() -> None:
    text = f'{{ "insecure-registries" : {json.dumps(OURS["insecure-registries"])},'
    text += f'\n"registry-mirrors":{json.dumps(OURS["registry-mirrors"])} }}'
    assert rendered(text) == text


@pytest.mark.parametrize(
    "text, mistake",
    [
        ("[1]", "not an object"),
        ("{", "line 1"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"insecure-registries": "x"}', "not a list of strings"),
        ('{"insecure-registries": [1]}', "not a list of strings"),
    ],
)
def test_what_docker_would_not_read_is_refused(text: str, mistake: str) -> None:
    with pytest.raises(DocumentError, match=mistake):
        rendered(text)


@pytest.mark.parametrize(
    "path, text",
    [
        ("/etc/default/docker", 'DOCKER_OPTS="--registry-mirror=http://m.test"\n'),
        (
            "/etc/systemd/system/docker.service.d/10.conf",
            "[Service]\nExecStart=dockerd --insecure-registry 10.0.0.0/8\n",
        ),
    ],
)
def test_flags_with_which_docker_would_not_start_are_refused(path: str, text: str) -> None:
    with pytest.raises(SurroundingsError, match=path):
        docker(STRICT, Files({path: text}))
    assert docker(STRICT, Files({path: f"# {text.splitlines()[-1]}\n"})).files


@given(DOCUMENTS, st.sampled_from([None, 1, 2, "\t"]))
def test_every_object_keeps_its_other_keys_and_a_second_time_changes_nothing(
    document: Mapping[str, object], indent: int | str | None
) -> None:
    text = json.dumps(document, indent=indent)
    done = with_lists(text, OURS)
    assert json.loads(done) == {**document, **OURS}
    assert with_lists(done, OURS) == done
