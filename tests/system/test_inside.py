"""Where a source may lead the command, with the very addresses: in a network of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.fakes.faults import redirect
from tests.fakes.registry import fake_registry
from tests.integration.lesson import APP, made
from tests.lab.product import PROGRAM, Product
from tests.lab.room import room

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.room import Host

IMAGE = made("app")
OUTSIDE, OUTSIDE_TOO, FAKE = "20.0.0.1", "20.0.0.2", "198.18.0.7"
SITE, SITE_TOO = "10.9.8.7", "192.168.7.7"
METADATA, CLOUD, HERE = "169.254.169.254", "100.100.100.200", "127.0.0.1"


class Case(NamedTuple):
    """Which source leads where."""

    source: str
    there: str


@pytest.fixture(scope="module")
def machine() -> Iterator[Host]:
    """A machine that has all these addresses itself, so that each answers."""
    with room(1) as (host,):
        for address in (OUTSIDE, OUTSIDE_TOO, FAKE, SITE, SITE_TOO, METADATA, CLOUD):
            host.run("ip", "address", "add", f"{address}/32", "dev", "lo")
        yield host


@pytest.mark.parametrize(
    "case, is_followed",
    [
        (Case(OUTSIDE, OUTSIDE_TOO), True),
        (Case(OUTSIDE, FAKE), True),
        (Case(FAKE, OUTSIDE), True),
        (Case(SITE, SITE_TOO), True),
        (Case(SITE, OUTSIDE), True),
        (Case(HERE, METADATA), True),
        *((Case(OUTSIDE, there), False) for there in (SITE, SITE_TOO, METADATA, CLOUD, HERE)),
        *((Case(FAKE, there), False) for there in (SITE, HERE)),
        *((Case(SITE, there), False) for there in (METADATA, HERE)),
    ],
)
def test_a_source_leads_no_nearer_than_it_is_itself(
    machine: Host, tmp_path: Path, case: Case, *, is_followed: bool
) -> None:
    product = Product(tmp_path, (*machine.prefix, *PROGRAM))
    product.lock({APP: IMAGE})
    with (
        fake_registry({APP: IMAGE}, host=case.source, enter=machine.enter) as source,
        fake_registry({APP: IMAGE}, host=case.there, enter=machine.enter) as there,
    ):
        source.always("/blobs/", redirect(f"{there.url}{{path}}?signature=secret"))
        product.configure({"one.test": source.address})
        done = product("sync")
        assert bool(there.asked) is is_followed
        assert source.requests("/blobs/")
    assert done.returncode == (0 if is_followed else 4), done.stderr
    assert ("inside this network" in done.stderr) is not is_followed
    assert "secret" not in done.stderr
