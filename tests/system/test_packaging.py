"""The files by which others run mirrorkit are accepted by those who read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.lab.process import output
from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from pathlib import Path

UNIT = ROOT / "packaging/mirrorkit@.service"
# The unit names a program in /opt; there is one in a mount namespace of our own.
INSTALLED = """
mount -t tmpfs tmpfs /opt
mkdir -p /opt/mirrorkit/bin
cp /bin/true /opt/mirrorkit/bin/mirrorkit
exec systemd-analyze "$@"
"""


def systemd_analyze(*arguments: str) -> str:
    """Run systemd-analyze where the unit's program exists."""
    return output(("unshare", "--mount", "sh", "-euc", INSTALLED, "sh", *arguments))


@pytest.mark.parametrize("verb", ["serve", "sync", "up"])
def test_systemd_accepts_the_unit(tmp_path: Path, verb: str) -> None:
    unit = tmp_path / f"mirrorkit@{verb}.service"
    unit.write_bytes(UNIT.read_bytes())
    systemd_analyze("verify", str(unit))


def test_systemd_refuses_a_unit_whose_program_is_missing(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/bin/mirrorkit", "/bin/missing"))
    with pytest.raises(Exception, match="is not executable"):
        systemd_analyze("verify", str(unit))


def test_systemd_finds_the_unit_well_confined() -> None:
    # In tenths: 96 is a unit without any limit, and what serves a network cannot reach 0.
    systemd_analyze("security", "--offline=yes", "--threshold=20", str(UNIT))


def test_compose_accepts_its_file_and_confines_the_container() -> None:
    said = output(("docker-compose", "--file", str(ROOT / "compose.yaml"), "config"))
    service = yaml.safe_load(said)["services"]["mirrorkit"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"{ROOT}:/class:ro", "store:/var/lib/mirrorkit:rw"]
    assert service["build"]["network"] == "none"
    assert [(one["published"], one["target"]) for one in service["ports"]] == [(5080, 5080)]
