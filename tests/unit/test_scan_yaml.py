from __future__ import annotations

import json

import pytest

from mirrorkit.scan.manifests import read_yaml
from tests.unit.scanning import lines_of

POD = """\
apiVersion: v1
kind: Pod
metadata:
  annotations: {note: "image: not-this"}
spec:
  # image: commented
  initContainers:
  - image: busybox:1
    name: a
  containers:
  - name: b
    image: "nginx:alpine"   # image: nor this
  ephemeralContainers:
  - {name: c, image: 'k8s.gcr.io/pause:3.6'}
"""


def test_every_kind_of_container_counts() -> None:
    found = ["8 busybox:1", "12 nginx:alpine", "14 k8s.gcr.io/pause:3.6"]
    assert lines_of(read_yaml(POD)) == found


def test_documents_and_lists_are_read_to_their_end() -> None:
    text = f"{POD}---\n\n---\nkind: List\nitems:\n- spec: {{jobTemplate: {{image: redis}}}}\n...\n"
    assert lines_of(read_yaml(text))[3:] == ["20 redis"]


def test_json_is_yaml() -> None:
    text = json.dumps({"spec": {"containers": [{"image": "nginx"}]}}, indent="\t")
    assert lines_of(read_yaml(text)) == ["5 nginx"]


@pytest.mark.parametrize(
    "value, found",
    [
        ("nginx", ["1 nginx"]),
        ("!!str nginx", ["1 nginx"]),
        ("! nginx", ["1 nginx"]),
        (">-\n  nginx", ["1 nginx"]),
        ("|\n  nginx", ["1 nginx"]),
        ("quay.io/a/b@sha256:" + "0" * 64, ["1 quay.io/a/b@sha256:" + "0" * 64]),
        *((value, []) for value in ("", "~", "null", "true", "no", "1", "1.5", "2022-01-01")),
        *((value, []) for value in ("[]", "{}", "[nginx]", "!x nginx", "Nginx", "<your image>")),
        *((value, []) for value in ("a b", "/x.png", "cover.png", "https://x/y", "''", "# nginx")),
        ("'true'", ["1 true"]),
        ("$IMAGE", ["1 ? $IMAGE"]),
        ("${REGISTRY}/nginx:${TAG:-1}", ["1 ? ${REGISTRY}/nginx:${TAG:-1}"]),
        ("${REGISTRY:-quay.io}/nginx:${TAG-1}", ["1 quay.io/nginx:1"]),
        ("${IMAGE:?say which}", ["1 ? ${IMAGE:?say which}"]),
        ("'{{ .Values.image }}'", ["1 ? {{ .Values.image }}"]),
        ("{{ .Values.image }}", ["1 ? {{ .Values.image }}"]),
        ("{{ .Values.image }}:{{ .Values.tag }}", ["1 ? {{ .Values.image }}:{{ .Values.tag }}"]),
        ("<%= image %>", ["1 ? <%= image %>"]),
    ],
)
def test_the_value_of_image_counts_where_it_is_text_that_names_one(
    value: str, found: list[str]
) -> None:
    assert lines_of(read_yaml(f"image: {value}")) == found


def test_the_image_of_a_compose_service_counts_beside_build() -> None:
    text = """\
x-base: &base
  image: &name nginx:alpine
services:
  web: {<<: *base, build: .}
  app:
    build: {context: ., dockerfile: Dockerfile}
    image: lab/app:1
  other:
    image: *name
  inline:
    build:
      dockerfile_inline: |
        FROM redis
        COPY --from=busybox a b
"""
    found = ["2 nginx:alpine", "7 lab/app:1", "9 nginx:alpine", "13 redis", "14 busybox"]
    assert lines_of(read_yaml(text)) == found


@pytest.mark.parametrize(
    "parts, found",
    [
        ("repository: nginx, tag: '1.21'", ["1 nginx:1.21"]),
        ("repository: nginx, tag: 1.10", ["1 nginx:1.10"]),
        ("registry: quay.io, repository: a/b, tag: v1", ["1 quay.io/a/b:v1"]),
        (
            f"repository: nginx, tag: v1, digest: 'sha256:{'0' * 64}'",
            ["1 nginx:v1@sha256:" + "0" * 64],
        ),
        ("repository: nginx, tag: ''", ["1 ? nginx"]),
        ("repository: nginx", ["1 ? nginx"]),
        ("repository: nginx, tag: $TAG", ["1 ? nginx:$TAG"]),
        ("tag: v1", []),
        ("repository: {type: string}", []),
        ("type: string, description: which image", []),
        ("reference: 'quay.io/models/small:v1', pullPolicy: Always", ["1 quay.io/models/small:v1"]),
    ],
)
def test_an_image_kept_in_parts_is_put_together(parts: str, found: list[str]) -> None:
    assert lines_of(read_yaml(f"image: {{{parts}}}")) == found


def test_the_image_of_a_block_device_is_a_disk() -> None:
    assert read_yaml("volumes: [{rbd: {pool: kube, image: disk-1}}]") == []


def test_a_patch_that_sets_an_image_counts() -> None:
    text = """\
- {op: replace, path: /spec/containers/0/image, value: nginx:1.22}
- {op: replace, path: /spec/replicas, value: redis}
"""
    assert lines_of(read_yaml(text)) == ["1 nginx:1.22"]


def test_a_template_that_is_no_yaml_is_read_line_by_line() -> None:
    text = """\
{{- if .Values.web }}
containers:
  - image: nginx:alpine   # the web
    - image: 'redis'
    image: "{{ .Values.name }}:{{ .Values.tag | default "1, 2" }}"
    image: {{ .Values.image }} # as told
    # image: commented
    other: x # {image: commented}
    - {name: x, image: busybox, image: "kong:3.0"}
    image: *anchor
    image:
    image: &a
    myimage: alpine
    image: [
{{- end }}
"""
    assert lines_of(read_yaml(text)) == [
        "3 nginx:alpine",
        "4 redis",
        '5 ? {{ .Values.name }}:{{ .Values.tag | default "1, 2" }}',
        "6 ? {{ .Values.image }}",
        "9 busybox",
        "9 kong:3.0",
    ]


@pytest.mark.parametrize(
    "text, found",
    [
        ("a: &a [x,x]\nb: &b [*a,*a]\nimage: *b\nc: {image: nginx}", ["4 nginx"]),
        ("image: *nowhere", []),
        ("a: &a {image: nginx, b: *a}", ["1 nginx"]),
        ("a: &x nginx\n---\nimage: *x", []),
        ("[" * 5000 + "\nimage: nginx", ["2 nginx"]),
        ("- " * 101 + "\nimage: nginx", ["2 nginx"]),
        ("{a: " * 5000 + "\nimage: nginx", ["2 nginx"]),
        ("image: nginx\n\x07", ["1 nginx"]),
        ("image: nginx\n\ud800", ["1 nginx"]),
        ("\timage: nginx\nimage: redis", ["2 redis"]),
        ("? [a]\n: image\n? image\n: nginx", ["4 nginx"]),
        ("{image, b}", []),
        ("image: nginx\nimage: redis", ["1 nginx", "2 redis"]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_hostile_yaml_is_read_as_far_as_it_makes_sense(text: str, found: list[str]) -> None:
    assert lines_of(read_yaml(text)) == found


def test_what_is_unresolved_is_shown_in_part_where_it_is_long() -> None:
    (found,) = read_yaml("image: " + "$A" * 1000)
    assert found.text == "$A" * 150 + "…"
