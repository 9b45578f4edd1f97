"""Password lines that docker-registry and nginx both accept."""

from __future__ import annotations

import ctypes


def htpasswd_line(user: str, password: str) -> str:
    """Return a bcrypt line; the registry takes no other kind."""
    # Python's crypt module ends with 3.12; the C library under it is in every Debian.
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.argtypes, crypt.restype = (ctypes.c_char_p, ctypes.c_char_p), ctypes.c_char_p
    # A fixed salt and the least cost: these passwords guard nothing.
    hashed: bytes = crypt(password.encode(), b"$2y$04$abcdefghijklmnopqrstuu")
    return f"{user}:{hashed.decode()}\n"
