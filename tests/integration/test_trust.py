"""Authorities and certificates by setting: for all, or for one endpoint and nobody else."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from mirrorkit.documents.trust import Tls, Trust
from mirrorkit.errors import DeniedError, DocumentError, UpstreamError
from mirrorkit.remote.addresses import Reach, reach_of
from tests.fakes.call import honest
from tests.fakes.faults import redirect, status
from tests.fakes.guards import Tokens, user_of
from tests.fakes.registry import fake_registry
from tests.integration.client import IMAGE, LAYER, MANIFEST, app_at, read
from tests.integration.command import Desk, told
from tests.integration.lesson import APP
from tests.integration.logins import write_login
from tests.lab.process import output

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from tests.fakes.call import Call
    from tests.fakes.registry import FakeRegistry

OUTSIDE = "127.0.0.2"


@dataclass
class School:
    """An authority nobody else knows, and what it has signed; files are PEM."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.ca = str(self.folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.ca)
        self.client = str(self.folder / "client.pem")
        client = self.authority.issue_cert("teacher@school.test")
        client.private_key_and_cert_chain_pem.write_to_path(self.client)
        self.cert, self.key = str(self.folder / "cert.pem"), str(self.folder / "key.pem")
        client.cert_chain_pems[0].write_to_path(self.cert)
        client.private_key_pem.write_to_path(self.key)

    def server(
        self, name: str = "127.0.0.1", asks: ssl.VerifyMode = ssl.CERT_NONE
    ) -> ssl.SSLContext:
        """Return what a server of that name needs, and whether it asks clients who they are."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name).configure_cert(context)
        self.authority.configure_trust(context)
        context.verify_mode = asks
        return context


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path / "school")


def one(**tls: Any) -> Trust:  # noqa: ANN401 - the fields of Tls
    """Trust one.test so."""
    return Trust(by_host={"one.test": Tls(**tls)})


async def test_the_authority_of_an_endpoint_vouches_for_it_alone(school: School) -> None:
    with (
        fake_registry({APP: IMAGE}, tls=school.server()) as upstream,
        fake_registry({APP: IMAGE}, tls=school.server()) as other,
    ):
        async with app_at(upstream, trust=one(ca=school.ca)) as app:
            assert await app.manifest(MANIFEST) == IMAGE.data
            upstream.fail("/blobs/", redirect(f"{other.url}{{path}}"))
            with pytest.raises(UpstreamError, match="certificate"):
                await read(app)
        assert other.asked == []


async def test_the_authority_of_all_vouches_for_everybody(school: School) -> None:
    with (
        fake_registry({APP: IMAGE}, tls=school.server()) as upstream,
        fake_registry({APP: IMAGE}, tls=school.server()) as other,
    ):
        upstream.fail("/blobs/", redirect(f"{other.url}{{path}}"))
        async with app_at(upstream, trust=Trust(school.ca)) as app:
            assert await read(app) == (0, LAYER)


async def test_both_authorities_vouch_side_by_side(school: School, tmp_path: Path) -> None:
    second = School(tmp_path / "second")
    trust = one(ca=second.ca)._replace(ca=school.ca)
    for either in (school, second):
        with fake_registry({APP: IMAGE}, tls=either.server()) as upstream:
            async with app_at(upstream, trust=trust) as app:
                assert await read(app) == (0, LAYER)


async def test_an_authority_does_not_vouch_for_another_name(school: School) -> None:
    with fake_registry({APP: IMAGE}, tls=school.server("other.test")) as upstream:
        async with app_at(upstream, trust=one(ca=school.ca)) as app:
            with pytest.raises(UpstreamError, match="certificate"):
                await read(app)
        assert upstream.asked == []


@pytest.mark.parametrize("name", ["127.0.0.1", "other.test"])
async def test_an_insecure_endpoint_is_not_checked_and_those_it_leads_to_are(
    school: School, name: str
) -> None:
    with (
        fake_registry({APP: IMAGE}, tls=school.server(name)) as upstream,
        fake_registry({APP: IMAGE}, tls=school.server(name)) as other,
    ):
        async with app_at(upstream, trust=one(is_insecure=True)) as app:
            assert await read(app) == (0, LAYER)
            upstream.fail("/blobs/", redirect(f"{other.url}{{path}}"))
            with pytest.raises(UpstreamError, match="certificate"):
                await read(app)
        assert other.asked == []


@pytest.mark.parametrize("files", ["one file", "two files"])
async def test_a_client_certificate_opens_its_endpoint(school: School, files: str) -> None:
    pair = (school.client, None) if files == "one file" else (school.cert, school.key)
    required = school.server(asks=ssl.CERT_REQUIRED)
    with fake_registry({APP: IMAGE}, tls=required) as upstream:
        async with app_at(upstream, trust=one(ca=school.ca, cert=pair[0], key=pair[1])) as app:
            assert await read(app) == (0, LAYER)
        async with app_at(upstream, trust=one(ca=school.ca)) as app:
            with pytest.raises(UpstreamError):
                await read(app)


async def test_a_client_certificate_is_shown_to_nobody_else(school: School) -> None:
    asking = [school.server(asks=ssl.CERT_OPTIONAL) for _ in range(2)]
    with (
        fake_registry({APP: IMAGE}, tls=asking[0]) as upstream,
        fake_registry({APP: IMAGE}, tls=asking[1]) as other,
    ):
        shown = [*map(certificates_of, (upstream, other))]
        upstream.fail("/blobs/", redirect(f"{other.url}{{path}}"))
        trust = one(cert=school.client)._replace(ca=school.ca)
        async with app_at(upstream, trust=trust) as app:
            await app.manifest(MANIFEST)
            assert await read(app) == (0, LAYER)
    assert [bool(each) for each in shown] == [True, True]
    assert all(shown[0])
    assert not any(shown[1])


def certificates_of(registry: FakeRegistry) -> list[bool]:
    """Note for each honest answer from now on whether its client showed a certificate."""
    shown: list[bool] = []

    async def answer(call: Call) -> web.StreamResponse:
        transport = call.request.transport
        shown.append(bool(transport and transport.get_extra_info("peercert")))
        return await honest(call)

    registry.always("/v2/", answer)
    return shown


@pytest.mark.parametrize("is_near", [True, False])
async def test_a_token_server_inside_is_asked_for_a_source_inside_only(
    school: School, *, is_near: bool
) -> None:
    def role(address: str) -> Reach:
        return Reach.GLOBAL if address == OUTSIDE else reach_of(address)

    with (
        fake_registry({APP: IMAGE}, host="127.0.0.3" if is_near else OUTSIDE) as upstream,
        fake_registry({}, tls=school.server()) as there,
    ):
        upstream.guard = there.guard = Tokens(f"{there.url}/token")
        async with app_at(upstream, trust=Trust(school.ca), reach=role) as app:
            if is_near:
                assert await app.manifest(MANIFEST) == IMAGE.data
            else:
                with pytest.raises(UpstreamError, match="inside this network"):
                    await app.manifest(MANIFEST)
        assert bool(there.asked) is is_near


async def test_what_is_for_one_endpoint_is_kept_from_an_https_proxy(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_registry({}, tls=school.server()) as proxy:
        monkeypatch.setenv("https_proxy", f"https://me:secret@{proxy.address}")
        async with app_at("https://one.example", trust=one(cert=school.client)) as app:
            with pytest.raises(UpstreamError, match="must not see") as refusal:
                await read(app)
        assert proxy.asked == []
    assert "NO_PROXY" in (refusal.value.hint or "")
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize("key", ["ca", "cert", "key"])
@pytest.mark.parametrize("text", [None, "no certificate\n", ""])
async def test_a_file_that_is_none_is_a_mistake_of_the_settings(
    school: School, tmp_path: Path, key: str, text: str | None
) -> None:
    broken = tmp_path / "broken.pem"
    if text is not None:
        broken.write_text(text)
    files = {"cert": school.cert} if key == "key" else {}
    with pytest.raises(DocumentError, match=r"endpoints\.one\.test\."):
        async with app_at("https://one.example", trust=one(**files, **{key: str(broken)})):
            pass


async def test_a_key_with_a_password_is_a_mistake_and_asks_nobody(
    school: School, tmp_path: Path
) -> None:
    locked = str(tmp_path / "locked.pem")
    output(("openssl", "pkey", "-in", school.key, "-aes256", "-passout", "pass:x", "-out", locked))
    with pytest.raises(DocumentError, match=r"endpoints\.one\.test\.cert"):
        async with app_at("https://one.example", trust=one(cert=school.cert, key=locked)):
            pass


def test_the_command_takes_them_from_the_settings_file(desk: Desk, school: School) -> None:
    required = school.server(asks=ssl.CERT_REQUIRED)
    with fake_registry({APP: IMAGE}, tls=required) as upstream:
        desk.prepare({APP: IMAGE}, upstream.url)
        assert desk.run("sync").status == 4
        add_to_endpoint(desk, ca=school.ca, cert=school.client)
        assert desk.run("sync").status == 0
    assert desk.names() == {APP}
    said = desk.run("settings").out
    assert f"endpoints.one.test.ca    {school.ca}" in said
    assert f"endpoints.one.test.cert  {school.client}" in said


def test_a_certificate_that_is_missing_is_told_once_for_all_images(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, "https://one.example")
    add_to_endpoint(desk, ca="none.pem")
    told(desk.run("sync"), 3, "endpoints.one.test.ca: none.pem cannot be read")


def add_to_endpoint(desk: Desk, **more: str) -> None:
    """Add keys to the one endpoint of the settings."""
    path = desk.folder / "mirrorkit.yaml"
    settings = json.loads(path.read_text())
    settings["endpoints"]["one.test"] |= more
    path.write_text(json.dumps(settings))


async def test_two_hosts_at_one_origin_agree_or_are_refused(school: School) -> None:
    from mirrorkit.remote.transport import Transport  # noqa: PLC0415

    urls = {"one.test": "https://one.example", "two.test": "https://one.example"}
    both = {"one.test": Tls(school.ca), "two.test": Tls(is_insecure=True)}
    with pytest.raises(DocumentError, match="stands elsewhere"):
        Transport(urls, trust=Trust(by_host=both))
    await Transport(urls, trust=Trust(by_host=dict.fromkeys(urls, Tls(school.ca)))).close()


async def test_a_redirect_never_leaves_https_for_an_insecure_endpoint_either(
    school: School,
) -> None:
    with (
        fake_registry({APP: IMAGE}, tls=school.server()) as upstream,
        fake_registry({APP: IMAGE}) as plain,
    ):
        upstream.always("/blobs/", redirect(f"{plain.url}{{path}}"))
        upstream.fail("/v2/app/manifests/", status(307, {"Location": plain.url}))
        async with app_at(upstream, trust=one(is_insecure=True)) as app:
            with pytest.raises(UpstreamError, match="unsafe address"):
                await read(app)
            with pytest.raises(UpstreamError, match="unsafe address"):
                await app.manifest(MANIFEST)
        assert plain.asked == []


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_token_server_elsewhere_sees_the_login_where_the_settings_name_it(
    school: School, docker_config: Path, *, is_named: bool
) -> None:
    with (
        fake_registry({APP: IMAGE}) as upstream,
        fake_registry({}, tls=school.server()) as foreign,
    ):
        upstream.guard = foreign.guard = Tokens(f"{foreign.url}/token", ("teacher", "chalk"))
        write_login(docker_config, upstream.address, "teacher", "chalk")
        trust = Trust(school.ca, realms={"one.test": foreign.url} if is_named else {})
        async with app_at(upstream, trust=trust) as app:
            if is_named:
                assert await app.manifest(MANIFEST) == IMAGE.data
            else:
                with pytest.raises(DeniedError, match="401") as refusal:
                    await app.manifest(MANIFEST)
                hint = f"your login was not shown to {foreign.url}; endpoints.one.test.realm in"
                assert (refusal.value.hint or "").startswith(hint)
        assert [user_of(asked) for asked in foreign.asked] == ["teacher" if is_named else ""]


async def test_a_token_server_named_for_one_registry_sees_no_other_s_login(
    school: School, docker_config: Path
) -> None:
    with (
        fake_registry({APP: IMAGE}) as upstream,
        fake_registry({}, tls=school.server()) as foreign,
    ):
        upstream.guard = foreign.guard = Tokens(f"{foreign.url}/token")
        write_login(docker_config, upstream.address, "teacher", "chalk")
        trust = Trust(school.ca, realms={"two.test": foreign.url})
        async with app_at(upstream, trust=trust) as app:
            assert await app.manifest(MANIFEST) == IMAGE.data
        assert [user_of(asked) for asked in foreign.asked] == [""]
