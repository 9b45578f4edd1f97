from __future__ import annotations

import pytest

from mirrorkit.scan.markdown import read_markdown
from tests.unit.scanning import lines_of


@pytest.mark.parametrize(
    "info", ["sh", "bash", "shell", "console", " bash ", "BASH", "{.sh}", "sh title=x", "", "text"]
)
def test_commands_count_in_a_fence_of_a_shell(info: str) -> None:
    assert lines_of(read_markdown(f"# x\n```{info}\n$ docker pull nginx\n```\n")) == ["3 nginx"]


@pytest.mark.parametrize("info", ["yaml", "yml", "json", "yaml{1,3}", "", "txt"])
def test_keys_count_in_a_fence_of_yaml(info: str) -> None:
    assert lines_of(read_markdown(f"~~~{info}\nkind: Pod\nimage: nginx\n~~~\n")) == ["3 nginx"]


@pytest.mark.parametrize("info", ["dockerfile", "Dockerfile", "docker", ""])
def test_from_counts_in_a_fence_of_a_dockerfile(info: str) -> None:
    assert lines_of(read_markdown(f"````{info}\nFROM nginx\n```\n````\n")) == ["2 nginx"]


@pytest.mark.parametrize(
    "text",
    [
        "docker pull nginx",
        "Type `docker pull nginx` and\n`image: redis`.",
        "```docker pull nginx```",
        "``` a`b\ndocker pull nginx",
        "---\nimage: cover\n---\n",
        "```python\ndocker pull nginx\n```",
        "```go\nimage: nginx\n```",
        "```sh\n# docker pull nginx\n```",
        "```yaml\ndocker pull nginx\n```",
        "```sh\nimage: nginx\n```",
        "<!--\n```sh\ndocker pull nginx\n```\n-->",
        "<!-- x\n```sh\ndocker pull nginx\n```\n",
        "text\n    docker pull nginx",
        "FROM nginx\n",
    ],
)
def test_prose_comments_and_other_languages_name_nothing(text: str) -> None:
    assert lines_of(read_markdown(text)) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("    docker pull nginx\n", ["1 nginx"]),
        ("text\n\n\tdocker pull a\n\n    docker pull b\ntext", ["3 a", "5 b"]),
        ("text\n\n    spec:\n      image: nginx\n", ["4 nginx"]),
        ("1. text\n\n    ```sh\n    docker pull nginx\n    ```\n", ["4 nginx"]),
        ("- a\n\n    more\n    ```yaml\n    image: nginx\n    ```\n", ["5 nginx"]),
        ("- ```sh\n  docker pull nginx\n  ```\n", ["2 nginx"]),
        ("> ```sh\n> docker pull \\\n>   nginx\n> ```\n", ["3 nginx"]),
        ("```sh\ndocker pull nginx", ["2 nginx"]),
        ("```sh\ndocker pull a\n`````\ndocker pull b\n", ["2 a"]),
        ("````sh\ndocker pull a\n```\ndocker pull b\n````\n", ["2 a", "4 b"]),
        ("<!-- x -->\n```sh\ndocker pull nginx\n```", ["3 nginx"]),
        ("```sh\nx='\n```\n\n```sh\ndocker pull nginx\n```", ["6 nginx"]),
        ("```sh\ncat <<EOF\nimage: nginx\nEOF\ndocker run $X\n```", ["3 nginx", "5 ? $X"]),
        ("```\ncat x.yml\nimage: nginx\ndocker pull redis\n```", ["3 nginx", "4 redis"]),
        ("```\nimages:\n- name: nginx\n  newTag: v2\n```", ["3 nginx:v2"]),
    ],
)
def test_code_counts_with_its_line_in_the_lesson(text: str, found: list[str]) -> None:
    assert lines_of(read_markdown(text)) == found
