"""Which reader a file gets: by its name, by its first line, or by what is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.dockerfile import read_dockerfile
from mirrorkit.scan.manifests import fault_of, read_yaml
from mirrorkit.scan.markdown import read_markdown
from mirrorkit.scan.scripts import read_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.scan.findings import Finding

    Reader = Callable[[str], list[Finding]]

_API_VERSION: Final = '"apiVersion"'


def read_manifest(text: str) -> list[Finding]:
    """Read JSON where it is a manifest: every other tool has its JSON beside a class, too."""
    return read_yaml(text) if _API_VERSION in text else []


_SUFFIXES: Final[dict[str, Reader]] = {
    **dict.fromkeys(("yaml", "yml"), read_yaml),
    "json": read_manifest,
    **dict.fromkeys(("sh", "bash", "zsh", "ksh"), read_script),
    **dict.fromkeys(("md", "markdown", "mdx"), read_markdown),
    **dict.fromkeys(("dockerfile", "containerfile"), read_dockerfile),
}
_TEMPLATES: Final = re.compile(r"\.(?:tpl|tmpl|gotmpl|j2|template|example|sample|dist)\Z")
_BUILD: Final = re.compile(r"(?:dockerfile|containerfile)(?:\.[^.]+)?\Z")
_SHEBANG: Final = re.compile(r"#!.*\b(?:ba|da|z|k)?sh\b")


def reader_for(name: str) -> Reader | None:
    """Return the reader of files with this name; None for a name that says nothing."""
    name = _TEMPLATES.sub("", name.lower())
    _, dot, suffix = name.rpartition(".")
    reader = _SUFFIXES.get(suffix) if dot else None
    if reader is None and _BUILD.match(name):
        return read_dockerfile
    return reader


def fault_in(name: str, text: str) -> str | None:
    """Return why a text with such a name cannot be read as YAML, and where; None where it can."""
    return fault_of(text) if reader_for(name) in (read_yaml, read_manifest) else None


def is_script(head: str) -> bool:
    """Say whether a file begins as a shell script, whatever its name."""
    return _SHEBANG.match(head) is not None
