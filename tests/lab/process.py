"""Start real programs, wait for them, and end exactly those again."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LOOPBACK = "127.0.0.1"
TAIL = 4000


class LabError(Exception):
    """A component of the lab did not do what it was started for."""


def free_port() -> int:
    """Return a port that nothing listens on."""
    # Below the kernel's range for outgoing connections: a client's own end cannot take it first.
    while True:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


def listening(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether something accepts connections there."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again until the condition holds; the lab's only place that sleeps."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without proxies, which would see the lab's traffic."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return kept | extra


def unmeasured() -> dict[str, str]:
    """Return the environment for a program whose coverage nobody can or should note."""
    return {key: value for key, value in environment().items() if not key.startswith("COVERAGE_")}


def output(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, seconds: float = 120
) -> str:
    """Run a program to its end and return what it printed; raise with its complaint if it fails."""
    done = subprocess.run(
        argv,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-TAIL:]
        raise LabError(f"{' '.join(argv)}: exit {done.returncode}\n{said}")
    return done.stdout


@contextmanager
def running(
    argv: Sequence[str],
    *,
    log: Path,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    seconds: float = 30,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own while the block lasts."""
    with log.open("ab") as sink:
        process = subprocess.Popen(
            argv,
            env=env or environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_ready(process, ready, seconds, log)
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], seconds: float = 15) -> None:
    """End a process group by its own id: politely first, then certainly."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(LabError):
        wait_until(lambda: _ended(process), seconds, "end")
    # The leader is not reaped yet, so its id cannot have passed to a stranger.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    if process.returncode is not None:
        return True
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _wait_ready(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], seconds: float, log: Path
) -> None:
    name = str(process.args[0]) if isinstance(process.args, list | tuple) else str(process.args)
    try:
        wait_until(lambda: process.poll() is not None or ready(), seconds, name)
    except LabError as error:
        raise LabError(f"{error}\n{_tail(log)}") from None
    if process.returncode is not None:
        raise LabError(f"{name}: ended with {process.returncode} before ready\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-TAIL:]
