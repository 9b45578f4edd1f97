from __future__ import annotations

import pytest

from mirrorkit.scan.manifests import kustomization_of, read_kustomization, read_yaml
from tests.unit.scanning import lines_of

DIGEST = "sha256:" + "0" * 64


def added(entry: str, *below: str) -> list[str]:
    return [found.text for found in read_kustomization(f"images:\n- {{{entry}}}", below)]


@pytest.mark.parametrize(
    "entry, image, result",
    [
        ("name: nginx, newTag: '1.22'", "nginx:alpine", "nginx:1.22"),
        ("name: nginx, newTag: 1.22", "nginx", "nginx:1.22"),
        ("name: nginx, newName: lab/nginx", "nginx:alpine", "lab/nginx:alpine"),
        ("name: nginx, newName: lab/nginx", "nginx", "lab/nginx"),
        ("name: nginx, newName: lab/nginx", f"nginx@{DIGEST}", f"lab/nginx@{DIGEST}"),
        ("name: nginx, newName: lab/nginx, newTag: v2", f"nginx@{DIGEST}", "lab/nginx:v2"),
        (f"name: nginx, digest: '{DIGEST}'", "nginx:alpine", f"nginx@{DIGEST}"),
        (f"name: nginx, newTag: v2, digest: '{DIGEST}'", "nginx:1", f"nginx:v2@{DIGEST}"),
        ("name: a.io:5000/x, newTag: v2", "a.io:5000/x", "a.io:5000/x:v2"),
    ],
)
def test_an_entry_changes_the_images_below_as_kustomize_does(
    entry: str, image: str, result: str
) -> None:
    assert added(entry, image) == [result]


def test_each_image_below_that_an_entry_names_gives_one_result() -> None:
    below = ("nginx:1", "nginx:2", "nginx:1", "redis:5", "lab/nginx:3")
    assert added("name: nginx, newName: x", *below) == ["x:1", "x:2"]


@pytest.mark.parametrize("below", [(), ("redis:5", "docker.io/nginx:1")])
def test_an_entry_that_meets_no_image_below_is_taken_by_its_word(below: tuple[str, ...]) -> None:
    assert added("name: nginx, newName: lab/nginx", *below) == ["lab/nginx"]
    assert added("name: nginx, newTag: v2", *below) == ["nginx:v2"]


def test_entries_work_one_after_the_other_and_the_last_word_counts() -> None:
    text = "images:\n- {name: a, newName: b}\n- name: b\n  newTag: v2\n"
    assert lines_of(read_kustomization(text, ["a:1", "c"])) == ["3 b:v2"]
    custom = kustomization_of(text)
    assert custom is not None
    assert custom.result(["a:1", "c"]) == ["b:v2", "c"]


@pytest.mark.parametrize(
    "entry", ["name: nginx", "newTag: v2", "name: [x]", "name: nginx, newName: Bad Name"]
)
def test_an_entry_that_changes_nothing_adds_nothing(entry: str) -> None:
    assert added(entry, "nginx:1") == []


def test_what_a_variable_has_to_say_stays_unresolved() -> None:
    assert lines_of(read_kustomization("images: [{name: a, newTag: $TAG}]")) == ["1 ? a:$TAG"]


def test_resources_bases_and_components_are_what_it_builds_on() -> None:
    custom = kustomization_of("resources: [a.yml, ../b]\nbases: [c]\ncomponents: [d, [e]]\n")
    assert custom is not None
    assert custom.resources == ("a.yml", "../b", "c", "d")


@pytest.mark.parametrize("text", ["", "[]", "- x", "\t{"])
def test_a_file_that_is_called_so_and_is_none_has_nothing(text: str) -> None:
    assert kustomization_of(text) is None
    assert read_kustomization(text) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("kind: Kustomization\nimages: [{name: a, digest: 'sha256:1'}]", []),
        ("kind: Kustomization\nimages: [{name: a, newTag: v1}]", ["2 a:v1"]),
        ("images: [{name: a, newTag: v1}]", ["1 a:v1"]),
        (f"version: 1\nimages: [{{name: 'a:1', digest: '{DIGEST}'}}]", []),
        ("images: [a, b]", []),
        ("images: {a: {newTag: v1}}", []),
    ],
)
def test_in_other_yaml_a_kustomization_is_told_by_its_text(text: str, found: list[str]) -> None:
    assert lines_of(read_yaml(text)) == found


def test_patches_inside_it_count_at_their_own_lines() -> None:
    text = """\
resources: [deploy.yml]
patches:
- patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/image
      value: nginx:1.22
  target: {kind: Deployment}
- patch: |
    spec: {containers: [{image: redis}]}
patchesStrategicMerge:
- |

  image: {{
  image: busybox
"""
    assert lines_of(read_kustomization(text)) == ["6 nginx:1.22", "9 redis", "14 busybox"]
