"""Planting by setup.sh goes by what a profile's own config.json says, not by what is usual."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.lab.script import called
from tests.lab.student import SHELLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCKER = """#!/bin/sh
# played: two nodes of one profile, and what is done in them
case $1 in
version) echo 27.1.1 ;;
ps) printf 'second\\nsecond-m02\\n' ;;
exec) echo "$2 $7" >>"$HOME/pulled" ;;
*) exit 1 ;;
esac
"""


class _Mirror(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"mirrorkit" if self.path == "/livez" else b"release v1\nplant quay.io/lab/tool:v1\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Mirror) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("named", ["", "PROFILE=second"])
def test_a_containerd_profile_without_relay_is_planted_as_it_was_made(
    shell: str, named: str, tmp_path: Path
) -> None:
    folder = tmp_path / ".minikube/profiles/second"
    folder.mkdir(parents=True)
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    with serving() as port:
        kept = f"localhost:{port}"
        config = {"Driver": "docker", "ContainerRuntime": "containerd"}
        repository = {"ImageRepository": f"{kept}/k8s"}
        (folder / "config.json").write_text(json.dumps({**config, **repository}, indent="\t"))
        calls = (named, "settle", "PATH=$HOME:$PATH", "do_plant", 'echo "$RECIPE_URL&"')
        done = called(SHELLS[shell], tmp_path, *calls, mirror=f"127.0.0.1:{port}")
    assert done.returncode == 0, done.stderr
    url = done.stdout.splitlines()[-1]
    for word in ("profile=second", f"address={kept}", "driver=docker", "runtime=containerd"):
        assert f"&{word}&" in url
    pulled = (tmp_path / "pulled").read_text().split("\n")
    wanted = f"{kept}/quay.io/lab/tool:v1"
    assert sorted(pulled) == ["", f"second {wanted}", f"second-m02 {wanted}"]
