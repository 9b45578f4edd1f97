"""Values that several documents hold, each read by its strict grammar; ValueError says why not."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from mirrorkit.oci.reference import Reference

_URL: Final = re.compile(r"[!-~]+\Z")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_+@][A-Za-z0-9_.+@-]*\Z")
_PATH_MAX: Final = 512


def tagged(text: str) -> Reference:
    """Take an image's name; its digest has a key of its own."""
    reference = Reference.parse(text)
    if reference.digest is not None:
        raise ValueError(f"{text[:300]!r}: the digest has a key of its own")
    return reference


def file_path(text: str) -> str:
    """Take a relative path of plain names: it becomes a URL and never leaves its root."""
    if not all(_FILE_NAME.match(part) for part in text.split("/")) or len(text) > _PATH_MAX:
        raise ValueError(f"{text[:100]!r} is not a plain relative path")
    return text


def web_url(text: str) -> str:
    """Take an absolute http or https URL without blanks."""
    try:
        parts = urlsplit(text)
        is_sound = (parts.port is None or parts.port > 0) and bool(parts.hostname)
    except ValueError:
        is_sound = False
    if not is_sound or not _URL.match(text) or parts.scheme not in ("http", "https"):
        raise ValueError(f"{text[:200]!r} is not an http or https URL")
    return text
