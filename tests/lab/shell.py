"""A real shell as a judge: what minikube is called with when a text is run.

In place of minikube stands a script that writes down its arguments and variables; in place of sudo
one that, as sudo does, keeps variables from it unless they are its own arguments or -E is given.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MINIKUBE = r"""#!/bin/sh
{
  printf '%s\0' "$#" "$@"
  env -0 | grep -z '^MINIKUBE_'
  printf '\0'
} >>"$RECORD"
"""
_SUDO = r"""#!/bin/sh
keep=
while :; do
  case $1 in
    -E) keep=1 ;;
    -u) shift ;;
    --) shift; break ;;
    *) break ;;
  esac
  shift
done
[ "$keep" ] || for name in $(env | sed -n 's/^\(MINIKUBE_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
exec env "$@"
"""


@dataclass(frozen=True, slots=True)
class Called:
    """One call of minikube."""

    arguments: list[str]
    variables: dict[str, str]
    """Those whose names begin with MINIKUBE_."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Runs texts in a folder of its own."""

    folder: Path
    shell: tuple[str, ...] = ("dash",)

    def prepare(self) -> None:
        """Put the programs in their place."""
        for name, text in (("minikube", _MINIKUBE), ("sudo", _SUDO)):
            program = self.folder / name
            program.write_text(text)
            program.chmod(0o755)

    def calls(self, text: str) -> list[Called]:
        """Run a text; return the calls of minikube in their order."""
        record = self.folder / "record"
        record.unlink(missing_ok=True)
        path = f"{self.folder}:{os.environ['PATH']}"
        environment = {"PATH": path, "RECORD": str(record), "HOME": str(self.folder)}
        subprocess.run(
            self.shell,
            input=text.encode(),
            env=environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        return list(_read(record.read_bytes())) if record.exists() else []


def _read(record: bytes) -> Iterator[Called]:
    fields = iter(record.decode().split("\0")[:-1])
    for count in fields:
        arguments = [next(fields) for _ in range(int(count))]
        variables = dict(pair.split("=", 1) for pair in iter(fields.__next__, ""))
        yield Called(arguments, variables)
