"""A Docker engine that takes images in as tars (Docker Engine API, "Import images")."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import kwargs_from_env

from mirrorkit.content import EngineImage
from mirrorkit.errors import DiskFullError, EngineError, SurroundingsError
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DEFAULT: Final = "unix:///var/run/docker.sock"
# A slow disk may take that long between two signs of life while it unpacks a large layer.
_PATIENCE_SECONDS: Final = 900


class DockerEngine:
    """The engine that the `docker` command would talk to."""

    def __init__(self) -> None:
        """Connect; SurroundingsError when it does not answer or does not let us."""
        self.name = os.environ.get("DOCKER_HOST") or _DEFAULT
        with self._clearly():
            where = _whereabouts(os.environ)
            self.name = str(where.get("base_url", _DEFAULT))
            # Its types are known in part only.
            self._client: Any = docker.APIClient(version="auto", timeout=_PATIENCE_SECONDS, **where)

    def platform(self) -> Platform:
        """Return what its containers run on."""
        with self._clearly():
            said = self._client.version()
        return Platform.of(said["Os"], said["Arch"])

    def storage_driver(self) -> str:
        """Return how it keeps layers: overlay2, or overlayfs with containerd's store."""
        with self._clearly():
            return str(self._client.info()["Driver"])

    def gateway(self, network: str) -> str | None:
        """Return the address of this machine in a network; None where there is no such network."""
        with self._clearly():
            try:
                said = self._client.inspect_network(network)
            except NotFound:
                return None
        found = (one.get("Gateway") for one in said["IPAM"]["Config"] or ())
        return next((str(one) for one in found if one and ":" not in one), None)

    def image(self, name: str) -> EngineImage | None:
        """Return what a name stands for there, or None."""
        with self._clearly():
            try:
                said = self._client.inspect_image(name)
            except ImageNotFound:
                return None
        platform = Platform.of(said["Os"], said["Architecture"], said.get("Variant"))
        return EngineImage(said["Id"], platform)

    def load(self, pieces: Iterable[bytes]) -> None:
        """Hand an archive over piece by piece; EngineError with its words when it refuses."""
        with self._clearly():
            for line in self._client.load_image(iter(pieces), quiet=True):
                if "error" in line:
                    raise _refusal(str(line["error"])[:300])

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    @contextmanager
    def _clearly(self) -> Iterator[None]:
        """Turn what the library raises into a sentence that names the socket."""
        try:
            yield
        except APIError as error:
            said = str(error.explanation or error)[:300]
            raise SurroundingsError(f"Docker at {self.name} refused: {said}") from error
        except (DockerException, OSError) as error:  # those of requests are OSErrors
            raise _trouble(error, self.name) from error


def _whereabouts(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return how the docker command would connect: by environment, then by its current context.

    Docker Desktop, Colima and rootless Docker are contexts. The library looks at the environment
    alone.
    """
    found: dict[str, Any] = {**kwargs_from_env(environment=dict(environment))}
    if "base_url" in found:
        return found
    wanted = environment.get("DOCKER_CONTEXT")
    context: Any = ContextAPI.get_context(wanted)
    if context is None and wanted:
        raise SurroundingsError(
            f"Docker has no context {wanted[:80]!r}",
            hint="`docker context ls` names them; DOCKER_CONTEXT chooses one",
        )
    if context is None or not context.Host:
        return found
    tls = {"tls": context.TLSConfig} if context.TLSConfig else {}
    return {**found, "base_url": context.Host, **tls}


def _refusal(said: str) -> SurroundingsError:
    if "no space left" in said:
        return DiskFullError(f"Docker's disk is full: {said}", hint="`docker system prune`")
    hint = "`mirrorkit sync` mends a store that lost bytes; `docker info` says what it can run"
    return EngineError(f"Docker did not take it: {said}", hint=hint)


def _trouble(error: Exception, name: str) -> SurroundingsError:
    root: BaseException = error
    while root.__context__ is not None:
        root = root.__context__
    if isinstance(root, PermissionError):
        return SurroundingsError(
            f"Docker at {name} does not let you in",
            hint="`sudo usermod -aG docker $USER` and log in again, or run this with sudo",
        )
    if isinstance(root, (FileNotFoundError, ConnectionRefusedError)):
        return SurroundingsError(
            f"Docker does not run at {name}",
            hint="start it (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST",
        )
    return SurroundingsError(
        f"Docker at {name} cannot be talked to: {str(root)[:300]}",
        hint="`docker info` shows whether it works at all",
    )
