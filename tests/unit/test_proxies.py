"""Which proxy a URL is asked through: HTTP_PROXY, HTTPS_PROXY, NO_PROXY."""

from __future__ import annotations

import pytest
from yarl import URL

from mirrorkit.errors import UpstreamError
from mirrorkit.remote.proxies import Proxies

PROXY = "http://proxy.school.test:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the variables of this machine out."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    "entry, url, is_direct",
    [
        ("*", "https://quay.io", True),
        ("quay.io", "https://quay.io", True),
        ("quay.io", "https://quay.io:8443", True),
        ("QUAY.IO", "https://quay.io", True),
        ("quay.io", "https://cdn.quay.io", True),
        ("quay.io", "https://notquay.io", False),
        ("quay.io", "https://quay.io.evil.test", False),
        (".quay.io", "https://cdn.quay.io", True),
        (".quay.io", "https://quay.io", True),
        ("*.quay.io", "https://cdn.quay.io", True),
        ("quay.io:8443", "https://quay.io:8443", True),
        ("quay.io:8443", "https://quay.io", False),
        ("quay.io:443", "https://quay.io", True),
        ("10.0.0.0/8", "http://10.1.2.3:5000", True),
        ("10.0.0.0/8", "http://11.1.2.3:5000", False),
        ("10.1.2.3", "http://10.1.2.3:5000", True),
        ("10.1.2.3/8", "http://10.9.9.9", True),
        ("10.1.2.3:5000", "http://10.1.2.3:5000", True),
        ("10.1.2.3:5001", "http://10.1.2.3:5000", False),
        ("fd00::/8", "http://[fd00::1]:5000", True),
        ("[fd00::1]", "http://[fd00::1]", True),
        ("[fd00::1]:5000", "http://[fd00::1]:5000", True),
        ("fd00::/8", "http://10.1.2.3", False),
        ("10.0.0.0/8", "https://ten.example", False),
        ("10.0.0.0/99", "http://10.1.2.3", False),
        ("a.test, quay.io", "https://quay.io", True),
        ("a.test quay.io", "https://quay.io", True),
        ("a.test,,", "https://quay.io", False),
        (".", "https://quay.io", False),
        (":443", "https://quay.io", False),
        ("quay.io:" + "9" * 5000, "https://quay.io", False),
    ],
)
def test_no_proxy_is_read_as_curl_and_go_read_it(entry: str, url: str, *, is_direct: bool) -> None:
    proxies = Proxies({"http": PROXY, "https": PROXY, "no": entry})
    assert proxies.proxy_for(URL(url)) == (None if is_direct else URL(PROXY))


def test_each_scheme_has_its_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert Proxies().proxy_for(URL("https://quay.io")) == URL(PROXY)
    assert Proxies().proxy_for(URL("http://quay.io")) is None
    monkeypatch.setenv("NO_PROXY", "quay.io")
    assert Proxies().proxy_for(URL("https://quay.io")) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]"])
def test_this_machine_is_asked_directly_for_a_proxy_has_a_loopback_of_its_own(url: str) -> None:
    assert Proxies({"http": PROXY}).proxy_for(URL(url)) is None


def test_a_proxy_may_have_no_scheme_and_a_login() -> None:
    proxies = Proxies({"http": "me:secret@proxy.school.test:3128"})
    assert proxies.proxy_for(URL("http://quay.io")) == URL(f"http://me:secret@{PROXY[7:]}")


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://me:secret@127.0.0.1:1080",
        "http://me:secret@[",
        "http://me:secret@h:99999",
        "http://me:secret@h:x",
        "http://me:secret@",
        "://me:secret@h",
        "me:secret@h:x",
        "file:///me/secret",
    ],
)
def test_a_proxy_nobody_can_use_is_told_without_its_login(proxy: str) -> None:
    with pytest.raises(UpstreamError, match="cannot be used") as refusal:
        Proxies({"https": proxy}).proxy_for(URL("https://quay.io"))
    assert "secret" not in f"{refusal.value.message} {refusal.value.hint}"
    assert "https_proxy takes" in (refusal.value.hint or "")
