"""What the client does with answers that are no good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import (
    DeniedError,
    IntegrityError,
    UnreachableError,
    UpstreamError,
)
from mirrorkit.oci.manifest import DOCUMENT_MAX
from mirrorkit.remote.transport import Transport
from tests.fakes.faults import ENDLESS, cut, endless, longer, ranged, status, whole
from tests.integration.client import BLOB, IMAGE, LAYER, MANIFEST, app_at, read
from tests.lab.process import free_port

if TYPE_CHECKING:
    from tests.fakes.registry import FakeRegistry


async def test_a_manifest_is_asked_for_again_when_the_registry_was_busy(
    upstream: FakeRegistry,
) -> None:
    upstream.fail("/manifests/", status(503), status(429, {"Retry-After": "0"}))
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data
    assert [asked.status for asked in upstream.requests()] == [503, 429, 200]


async def test_a_plain_no_is_not_asked_again(upstream: FakeRegistry) -> None:
    upstream.always("/manifests/", status(403))
    async with app_at(upstream) as app:
        with pytest.raises(DeniedError):
            await app.manifest(MANIFEST)
    assert len(upstream.requests()) == 1


async def test_a_manifest_cut_short_is_asked_for_again(upstream: FakeRegistry) -> None:
    upstream.fail("/manifests/", cut(20))
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data


@pytest.mark.parametrize("size, is_taken", [(DOCUMENT_MAX, True), (DOCUMENT_MAX + 1, False)])
async def test_a_manifest_may_have_eight_mebibytes(
    upstream: FakeRegistry, size: int, *, is_taken: bool
) -> None:
    upstream.fail("/manifests/", status(200, body=b" " * size))
    async with app_at(upstream) as app:
        if is_taken:
            assert len(await app.manifest(MANIFEST)) == size
        else:
            with pytest.raises(UpstreamError, match=f"more than {DOCUMENT_MAX} bytes"):
                await app.manifest(MANIFEST)


async def test_an_endless_manifest_is_read_no_further_than_its_limit(
    upstream: FakeRegistry,
) -> None:
    upstream.always("/manifests/", endless())
    async with app_at(upstream) as app:
        with pytest.raises(UpstreamError, match="more than"):
            await app.manifest(MANIFEST)
    assert upstream.sent() < ENDLESS


async def test_a_registry_without_ranges_begins_at_the_beginning(upstream: FakeRegistry) -> None:
    upstream.fail("/blobs/", whole)
    async with app_at(upstream) as app:
        assert await read(app, 100) == (0, LAYER)


@pytest.mark.parametrize("said", ["bytes {start}-{end}/*", "bytes {start}-{end}/{size}"])
async def test_a_range_may_leave_the_total_open(upstream: FakeRegistry, said: str) -> None:
    upstream.fail("/blobs/", ranged(said))
    async with app_at(upstream) as app:
        assert await read(app, 100) == (100, LAYER[100:])


@pytest.mark.parametrize(
    "said",
    ["bytes 1-{end}/{size}", "bytes {start}-{end}/7", "bytes */{size}", "{start}-{end}", "", "x"],
)
async def test_a_range_that_was_not_asked_for_is_refused(upstream: FakeRegistry, said: str) -> None:
    upstream.fail("/blobs/", ranged(said))
    async with app_at(upstream) as app:
        with pytest.raises(IntegrityError, match=r"one\.test"):
            await read(app, 100)


async def test_another_size_than_the_manifest_s_is_refused_before_a_byte_is_read(
    upstream: FakeRegistry,
) -> None:
    upstream.fail("/blobs/", longer)
    async with app_at(upstream) as app:
        with pytest.raises(IntegrityError, match=f"{BLOB.size + 1} bytes .* instead of"):
            await read(app)


async def test_a_body_that_ends_too_early_is_no_answer(upstream: FakeRegistry) -> None:
    upstream.fail("/blobs/", cut(1000))
    async with app_at(upstream) as app:
        with pytest.raises(UnreachableError, match=r"one\.test"):
            await read(app)


async def test_a_name_that_nobody_has_is_looked_up_once_and_the_next_asker_told_at_once() -> None:
    transport = Transport({"one.test": "http://nobody.invalid"})
    remembered = []
    for _ in range(2):
        with pytest.raises(UnreachableError, match=r"nobody\.invalid cannot be reached") as refusal:
            async with transport.get("one.test", "v2/", scope=""):
                pass
        remembered.append(refusal.value.is_remembered)
    await transport.close()
    assert remembered == [False, True]


async def test_without_patience_a_host_that_took_no_call_is_not_called_again() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for is_patient in (True, False):
        transport = Transport({"one.test": url}, is_patient=is_patient)
        remembered = []
        for _ in range(2):
            with pytest.raises(UnreachableError, match="cannot be reached") as refusal:
                async with transport.get("one.test", "v2/", scope=""):
                    pass
            remembered.append(refusal.value.is_remembered)
        await transport.close()
        assert remembered == [False, not is_patient]
