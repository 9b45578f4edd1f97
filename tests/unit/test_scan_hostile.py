"""Whatever the text, a reader returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.oci.reference import Reference
from mirrorkit.scan.dockerfile import read_dockerfile
from mirrorkit.scan.files import text_of
from mirrorkit.scan.lines import read_lines
from mirrorkit.scan.manifests import read_kustomization, read_yaml
from mirrorkit.scan.markdown import read_markdown
from mirrorkit.scan.scripts import read_script, read_session, read_unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.scan.findings import Finding

READERS = (
    *(read_dockerfile, read_kustomization, read_lines, read_markdown),
    *(read_script, read_session, read_unknown, read_yaml),
)
_PARTS = (
    *(
        "docker",
        "kubectl",
        "run",
        "pull",
        "save",
        "create",
        "--image",
        "--image=",
        "-it",
        "-v",
        "--",
    ),
    *("image:", "images:", "name: a", "newTag: b", "FROM", "ARG A=", "COPY --from=", "AS", "RUN"),
    *(
        " ",
        "  ",
        "    ",
        "\n",
        "\n\n",
        "\t",
        "\\\n",
        "\\",
        "'",
        '"',
        "`",
        "```",
        "~~~",
        "$",
        "${",
        "}",
    ),
    *(
        "$(",
        "(",
        ")",
        "<<E",
        "\nE\n",
        "<",
        ">",
        "|",
        "&",
        ";",
        "#",
        "- ",
        "{",
        "{{",
        "}}",
        "[",
        "]",
    ),
    *(
        ": ",
        ",",
        "*a",
        "&a ",
        "!",
        "nginx",
        "a/b:1",
        "@sha256:",
        "é",
        "\x07",
        "sh",
        "yaml",
        "<!--",
        "-->",
    ),
)
soup = st.lists(st.sampled_from(_PARTS), max_size=60).map("".join)


@pytest.mark.parametrize("read", READERS)
@given(text=st.one_of(st.text(), soup, st.text("docker run$(){}'\"`\\\n#<>|&;")))
def test_arbitrary_text_never_raises_and_every_finding_is_a_name_on_a_line_of_it(
    read: Callable[[str], list[Finding]], text: str
) -> None:
    for found in read(text):
        assert 1 <= found.line <= text.count("\n") + 1
        assert found.text
        if found.is_resolved:
            Reference.parse(found.text)


@given(data=st.one_of(st.binary(), soup.map(lambda text: text.encode("utf-16"))))
def test_arbitrary_bytes_are_text_or_binary(data: bytes) -> None:
    text = text_of(data)
    assert text is None or ("\r" not in text and "\0" not in text)


@pytest.mark.parametrize(
    "read, piece",
    [
        *(
            (read_script, piece)
            for piece in ("$(", "`", "a'", "<<A\n", "(", 'x"$(', "sudo -u ", "${")
        ),
        *(
            (read_yaml, piece)
            for piece in ("[", "- ", "&a x\n---\n", "image: a\n", "{image: {{", "{a: ")
        ),
        *(
            (read_dockerfile, piece)
            for piece in ("FROM $A\n", "ARG A=$A$A\n", "RUN <<A\nA\n", "\\\n")
        ),
        *(
            (read_markdown, piece)
            for piece in ("```\n", "    x\n\n", "<!--\n", "> ", "```sh\n$ x\n")
        ),
        *((read_unknown, piece) for piece in ("a@a:", "$ docker pull a\n", "{image: ", "[a]$ ")),
    ],
    ids=lambda value: getattr(value, "__name__", None) or repr(value),
)
def test_a_piece_repeated_without_end_is_read_to_its_end(
    read: Callable[[str], list[Finding]], piece: str
) -> None:
    count = 100_000 // len(piece)
    assert len(read(piece * count)) <= count


def test_a_name_of_any_length_is_looked_at_and_let_go() -> None:
    assert read_script("docker pull " + "a" * 1_000_000) == []
    assert read_script("docker pull " + "a." * 500_000 + "!/x") == []
