"""containerd 1.x and 2.x: a hosts.toml for each registry (containerd, docs/hosts.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.clients.containerdconfig import HOSTS, PATH, ContainerdConfig
from mirrorkit.classroom.clients.shape import PUBLIC, ConfigFile, Configuration, reach
from mirrorkit.oci.reference import DOCKER_HUB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.clients.shape import Target, There

Release = tuple[int, int]
OLDEST: Final[Release] = (1, 5)
"""The first that reads hosts.toml."""
_DIAL_TIMEOUT: Final[Release] = (2, 1)
_HUB: Final = "registry-1.docker.io"
_OTHERS: Final = "_default"


def containerd(target: Target, there: There, release: Release = OLDEST) -> Configuration:
    """Return the hosts.toml files, and config.toml where that does not read them yet.

    DocumentError where config.toml cannot be edited.
    """
    before = there.read(PATH)
    config = ContainerdConfig.parse(before)
    if config.lacks_cri:
        notes = (f"CRI is off in {PATH}: this containerd is Docker's alone, and that stays so",)
        return Configuration(hosts(target, HOSTS, release), (), notes)
    config, folder = config.with_hosts(is_two=release >= (2, 0))
    return configured(target, before, config, hosts(target, folder, release))


def configured(
    target: Target, before: str | None, config: ContainerdConfig, files: tuple[ConfigFile, ...]
) -> Configuration:
    """Put config.toml to its hosts.toml files, and say whether containerd has to be restarted."""
    is_new = config.text != before
    own = (ConfigFile(PATH, config.text),) if is_new else ()
    commands = ("sudo systemctl restart containerd",) if is_new else ()
    return Configuration((*own, *files), commands, tuple(_notes(target, config, is_new=is_new)))


def _notes(target: Target, config: ContainerdConfig, *, is_new: bool) -> Iterator[str]:
    if is_new:
        yield "containers run on while containerd restarts; hosts.toml is read at each pull"
    else:
        yield "hosts.toml is read at each pull; nothing is restarted"
    if config.document.get("imports"):
        yield f"{PATH} imports other files, which may say something else"
    yield reach(target)
    if target.is_strict:
        yield (
            f"a registry of your own is sent to the mirror too (by {_OTHERS}), unless it gets a"
            " folder of its own beside these"
        )


def hosts(target: Target, folder: str, release: Release) -> tuple[ConfigFile, ...]:
    """Return a hosts.toml for each registry, for all others, and for the mirror by its own name.

    Without the last a pull by the mirror's name would be HTTPS, or be taken for another registry's.
    """
    names = (*target.registries, _OTHERS, target.address)
    return tuple(
        ConfigFile(f"{folder}/{one}/hosts.toml", _text(one, target, release)) for one in names
    )


def _text(registry: str, target: Target, release: Release) -> str:
    """Send a registry to the mirror: in its place, or before it.

    In its place the mirror stands twice: without a `host` table 1.6 takes the whole file for
    invalid and asks the registry itself.
    """
    is_own = registry == target.address
    server = target.url if target.is_strict or is_own else _upstream(registry)
    first = f'server = "{server}"\n\n' if server else ""
    operations = '"pull", "resolve", "push"' if is_own else '"pull", "resolve"'
    host = f'[host."{target.url}"]\n  capabilities = [{operations}]\n'
    # So a mirror that is away costs two seconds, not thirty for each blob.
    timeout = '  dial_timeout = "2s"\n' if release >= _DIAL_TIMEOUT else ""
    return f"{first}{host}{timeout}"


def _upstream(registry: str) -> str | None:
    """Return a public registry's URL; none for another, which is asked as its images' names say."""
    return f"https://{_HUB if registry == DOCKER_HUB else registry}" if registry in PUBLIC else None
