"""`mirrorkit settings`."""

from __future__ import annotations

from mirrorkit.cli.options import Config, Json, settings_from
from mirrorkit.cli.output import say, say_json


def command(config: Config = None, as_json: Json = False) -> int:
    """Print every setting and where it came from.

    Flags win over `MIRRORKIT_*` variables, those over mirrorkit.yaml, that over what is built in.

    \b
    Example:
      MIRRORKIT_STORE=/mnt/stick/store mirrorkit settings
    """
    found = list(settings_from(config=config).explained())
    if as_json:
        say_json({"version": 1, "settings": [one._asdict() for one in found]}, indent=1)
        return 0
    width = max(len(setting.name) for setting in found)
    for setting in found:
        say(f"{setting.name:<{width}}  {setting.value}  ({setting.origin})")
    return 0
