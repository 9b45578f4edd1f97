"""Https registries: never weakened, and strangers among them see no login."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from tests.fakes.faults import redirect
from tests.fakes.guards import Tokens, user_of
from tests.fakes.registry import fake_registry
from tests.integration.command import Desk, told
from tests.integration.lesson import APP, made
from tests.integration.logins import write_login
from tests.lab.process import output

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = made("app")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key in one file."""
    file = tmp_path_factory.mktemp("tls") / "pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    name = ("-subj", "/CN=lab", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(file), "-out", f"{file}.crt")
    output(("openssl", "req", "-x509", *curve, *name, *files))
    return file


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server of that certificate needs; commands trust it."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    return context


def test_a_registry_with_a_trusted_certificate_is_synced_from(
    desk: Desk, tls: ssl.SSLContext
) -> None:
    with fake_registry({APP: IMAGE}, tls=tls) as upstream:
        desk.prepare({APP: IMAGE}, upstream.url)
        assert desk.run("sync").status == 0
    assert desk.names() == {APP}


def test_a_certificate_nobody_vouches_for_is_refused(
    desk: Desk, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with fake_registry({APP: IMAGE}, tls=tls) as upstream:
        desk.prepare({APP: IMAGE}, upstream.url)
        done = desk.run("sync")
        assert upstream.asked == []
    assert done.status == 4
    assert "certificate" in done.err


def test_https_is_never_given_up_for_http(desk: Desk, tls: ssl.SSLContext) -> None:
    with (
        fake_registry({APP: IMAGE}, tls=tls) as upstream,
        fake_registry({APP: IMAGE}) as plain,
    ):
        upstream.always("/blobs/", redirect(f"{plain.url}{{path}}"))
        desk.prepare({APP: IMAGE}, upstream.url)
        told(desk.run("sync"), 4, "redirects to an unsafe address")
        assert plain.asked == []


def test_a_foreign_token_server_is_asked_without_the_login(
    desk: Desk, tls: ssl.SSLContext, docker_config: Path
) -> None:
    with (
        fake_registry({APP: IMAGE}) as upstream,
        fake_registry({}, tls=tls) as foreign,
    ):
        guard = Tokens(f"{foreign.url}/token")
        upstream.guard = foreign.guard = guard
        write_login(docker_config, upstream.address, "teacher", "chalk")
        desk.prepare({APP: IMAGE}, upstream.url)
        assert desk.run("sync").status == 0
        assert [user_of(asked) for asked in foreign.asked] == [""]
        assert "Basic" not in str([asked.headers for asked in upstream.asked])
    assert guard.given == ["repository:app:pull"]
