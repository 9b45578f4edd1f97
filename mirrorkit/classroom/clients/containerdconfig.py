"""containerd's config.toml: where it looks for hosts.toml, and its pause image.

`plugins."io.containerd.grpc.v1.cri"` in version 2 (containerd 1.x, and read by 2.x),
`plugins."io.containerd.cri.v1.images"` in version 3 (2.x): containerd, docs/cri/config.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mirrorkit.classroom.clients.tomltext import UnusualError, with_value
from mirrorkit.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH: Final = "/etc/containerd/config.toml"
HOSTS: Final = "/etc/containerd/certs.d"
_V1: Final = ("plugins", "cri")
_V2: Final = ("plugins", "io.containerd.grpc.v1.cri")
_V3: Final = ("plugins", "io.containerd.cri.v1.images")
_CRI: Final = frozenset({"cri", "io.containerd.grpc.v1.cri"})


class _Place(NamedTuple):
    """A key of config.toml."""

    table: tuple[str, ...]
    key: str


_CONFIG_PATH: Final = {
    1: _Place((*_V1, "registry"), "config_path"),
    2: _Place((*_V2, "registry"), "config_path"),
    3: _Place((*_V3, "registry"), "config_path"),
}
_SANDBOX: Final = {
    1: _Place(_V1, "sandbox_image"),
    2: _Place(_V2, "sandbox_image"),
    3: _Place((*_V3, "pinned_images"), "sandbox"),
}


@dataclass(frozen=True, slots=True)
class ContainerdConfig:
    """A config.toml: its text, and what it says."""

    text: str
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str | None) -> ContainerdConfig:
        """Read it; without one it is what both 1.x and 2.x take. DocumentError for mistakes."""
        text = text if text and text.strip() else "version = 2\n"
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise DocumentError(f"{PATH} is not TOML: {error}", hint="correct it") from error
        found = cls(text, document)
        if found.version not in _CONFIG_PATH:
            raise DocumentError(
                f"{PATH} is of version {found.version}, which is not known here",
                hint=f"set config_path = {HOSTS!r} there, where its registry settings are",
            )
        return found

    @property
    def version(self) -> object:
        """The version of its format; 1 where it does not say."""
        return self.document.get("version", 1)

    @property
    def lacks_cri(self) -> bool:
        """Say whether CRI is off, as in the package of Docker's own."""
        return bool(_CRI.intersection(self.document.get("disabled_plugins", ())))

    def with_cri(self) -> ContainerdConfig:
        """Turn CRI on; DocumentError where that is not a change of one line."""
        listed = self.document.get("disabled_plugins", [])
        left = [one for one in listed if one not in _CRI]
        text = self._set(_Place((), "disabled_plugins"), left)
        # Nothing in it has another meaning in version 2, which containerd 2 wants at least.
        if not {"version", "plugins"} & self.document.keys() and not left:
            text = f"version = 2\n{text}"
        return self.parse(text)

    def with_hosts(self, *, is_two: bool = False) -> tuple[ContainerdConfig, str]:
        """Let it read hosts.toml; return that and the folder, which may be another already.

        With several folders between colons, as 2.2 has by default, containerd 2 reads none of them
        (#12636, #12808), so there it becomes one.
        """
        place = self._at(_CONFIG_PATH)
        registry = self._table(place.table)
        self._refuse_conflict(registry)
        folders = [one for one in str(registry.get(place.key, "")).split(":") if one]
        is_list_read = self.version != 3 and not is_two  # noqa: PLR2004 - of config.toml
        if folders and (len(folders) == 1 or is_list_read):
            return self, HOSTS if HOSTS in folders else folders[0]
        return self.parse(self._set(place, HOSTS)), HOSTS

    def with_sandbox(self, image: str) -> ContainerdConfig:
        """Let pods begin with this pause image."""
        return self.parse(self._set(self._at(_SANDBOX), image))

    def _at(self, places: Mapping[int, _Place]) -> _Place:
        return places[int(str(self.version))]

    def _table(self, path: tuple[str, ...]) -> Mapping[str, Any]:
        found: Any = self.document
        for part in path:
            found = found.get(part, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}

    def _refuse_conflict(self, registry: Mapping[str, Any]) -> None:
        """With either beside config_path containerd leaves CRI out (its pkg/cri/config)."""
        configs = registry.get("configs") or {}
        has_tls = any("tls" in one for one in configs.values() if isinstance(one, dict))
        if registry.get("mirrors") or has_tls:
            what = "registry.mirrors" if registry.get("mirrors") else "registry.configs…tls"
            raise DocumentError(
                f"{PATH} has {what}, with which containerd takes no hosts.toml",
                hint=f"take them out (a hosts.toml below {HOSTS} says the same), then again",
            )

    def _set(self, place: _Place, value: str | list[str]) -> str:
        try:
            return with_value(self.text, place.table, place.key, value)
        except UnusualError as error:
            where = f" of {'.'.join(place.table)}" if place.table else ""
            raise DocumentError(
                f"{PATH} is laid out in a way that is not edited",
                hint=f"set {place.key}{where} to {value!r} yourself, then again",
            ) from error
