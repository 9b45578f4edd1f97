"""setup.sh loads the node's image into podman, where that is the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.classroom.setup import setup_script
from tests.lab.classroom import classroom
from tests.lab.clients import podman
from tests.lab.lesson import stored
from tests.lab.process import environment, output
from tests.lab.setupclass import FILES, KICBASE
from tests.lab.student import BEGIN, LAST

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "DRIVER=podman; SCRATCH=$HOME; choose_platform\n"


def test_kicbase_is_loaded_into_podman_once_and_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    product = stored(tmp_path / "class", classroom(0.02), FILES)
    with podman() as engine, product.serving() as served:
        program = tmp_path / "bin/podman"
        program.parent.mkdir()
        # The real one, with a store of this test's own.
        stores = f"--root {engine.directory}/root --runroot {engine.directory}/run"
        lasting = f"--tmpdir {engine.directory}/tmp --storage-driver vfs"
        program.write_text(f'#!/bin/sh\nexec /usr/bin/podman {stores} {lasting} "$@"\n')
        program.chmod(0o755)
        script = tmp_path / "setup.sh"
        env = environment(HOME=str(tmp_path), LANG="C.UTF-8")
        env["PATH"] = f"{program.parent}:{env['PATH']}"

        def run(*calls: str) -> str:
            functions = setup_script(served.address).removesuffix(LAST)
            script.write_text(functions + BEGIN + WORDS + "\n".join(calls) + "\n")
            return output(("dash", str(script)), env=env, seconds=120)

        assert "loading it into podman" in run(f"load_image {KICBASE}")
        assert engine("image", "exists", KICBASE) == ""
        assert run(f"load_image {KICBASE}") == ""
        run("YES=1; uninstall")
        assert KICBASE not in engine("images", "--format", "{{.Repository}}:{{.Tag}}")
