"""How many pulls Docker Hub still allows: told when it changes, and when it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.cli.display import Display
from mirrorkit.errors import UnreachableError
from mirrorkit.events import QuotaSeen
from tests.fakes.faults import redirect, saying, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import IMAGE, MANIFEST, app_at, read
from tests.integration.lesson import APP

if TYPE_CHECKING:
    from mirrorkit.events import Event
    from tests.integration.command import Desk

ALLOWS = "one.test allows 100 pulls in 6 hours from this address"
IMAGES = {APP: IMAGE}


def quota(left: int, limit: int = 100, source: str = "203.0.113.7") -> dict[str, str]:
    """Return Docker Hub's headers."""
    return {
        "ratelimit-limit": f"{limit};w=21600",
        "ratelimit-remaining": f"{left};w=21600",
        "docker-ratelimit-source": source,
    }


async def test_each_change_is_told_once(upstream: FakeRegistry) -> None:
    heard: list[Event] = []
    answers = (quota(77), quota(77), quota(76), quota(77), quota(190, 200, "an-account"))
    upstream.fail("/manifests/", *map(saying, answers))
    async with app_at(upstream, report=heard.append) as app:
        for _ in range(len(answers) + 1):
            assert await app.manifest(MANIFEST) == IMAGE.data
    assert heard == [  # answers that were under way together come in any order: 77 after 76
        QuotaSeen("one.test", 100, 77, 21600),
        QuotaSeen("one.test", 100, 76, 21600),
        QuotaSeen("one.test", 200, 190, 21600, is_account=True),
    ]


async def test_a_new_window_is_told(upstream: FakeRegistry) -> None:
    heard: list[Event] = []
    upstream.fail("/manifests/", saying(quota(2)), saying(quota(99)))
    async with app_at(upstream, report=heard.append) as app:
        await app.manifest(MANIFEST)
        await app.manifest(MANIFEST)
    assert [each.remaining for each in heard if isinstance(each, QuotaSeen)] == [2, 99]


async def test_a_head_is_not_counted_and_tells_it_too(upstream: FakeRegistry) -> None:
    heard: list[Event] = []
    upstream.fail("/manifests/", saying(quota(50)))
    async with app_at(upstream, report=heard.append) as app:
        assert await app.resolve("1") == MANIFEST
    assert heard == [QuotaSeen("one.test", 100, 50, 21600)]


@pytest.mark.parametrize(
    "limit",
    [
        "",
        "100",
        "100;w=",
        "100;w=0",
        "-1;w=60",
        "many;w=60",
        "1e3;w=60",
        "100;w=60;burst=3",
        "\u0661;w=60",
    ],
)
async def test_another_kind_of_limit_says_nothing(upstream: FakeRegistry, limit: str) -> None:
    heard: list[Event] = []
    upstream.fail("/manifests/", saying({"RateLimit-Limit": limit, "RateLimit-Remaining": "1"}))
    async with app_at(upstream, report=heard.append) as app:
        await app.manifest(MANIFEST)
    assert heard == []


@pytest.mark.parametrize(
    "source, hint",
    [
        ("203.0.113.7", f"{ALLOWS}; log in with `docker login {{login}}`, or use another source"),
        ("2001:db8::7", f"{ALLOWS}; log in with `docker login {{login}}`, or use another source"),
        ("6f7d", "one.test allows 100 pulls in 6 hours to this account; wait, or use another sou"),
    ],
)
async def test_too_many_pulls_are_told_with_what_is_allowed(
    upstream: FakeRegistry, source: str, hint: str
) -> None:
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your limit"}]}'
    upstream.always("/blobs/", status(429, quota(0, source=source), body))
    async with app_at(upstream) as app:
        with pytest.raises(UnreachableError, match="answered 429: You have reached") as refusal:
            await read(app)
    assert (refusal.value.hint or "").startswith(hint.format(login=upstream.address))


async def test_what_an_earlier_answer_said_explains_a_bare_429(upstream: FakeRegistry) -> None:
    upstream.fail("/manifests/", saying(quota(1)))
    upstream.always("/blobs/", status(429))
    async with app_at(upstream) as app:
        with pytest.raises(UnreachableError) as before:
            await read(app)
        await app.manifest(MANIFEST)
        with pytest.raises(UnreachableError) as after:
            await read(app)
    assert before.value.hint is None
    assert ALLOWS in (after.value.hint or "")


async def test_other_trouble_is_not_explained_by_a_quota(upstream: FakeRegistry) -> None:
    upstream.always("/blobs/", status(503, quota(5)))
    async with app_at(upstream) as app:
        with pytest.raises(UnreachableError) as refusal:
            await read(app)
    assert refusal.value.hint is None


def test_a_sync_shows_it_in_lines_and_as_data(desk: Desk, upstream: FakeRegistry) -> None:
    upstream.always("/manifests/", saying(quota(76)))
    desk.prepare({APP: IMAGE}, upstream.url)
    lines = desk.run("sync").err.splitlines()
    assert lines.count(f"note      {ALLOWS}; 76 left") == 1
    data = desk.run("sync", "--json", "--store", "other").events()
    told = [event for event in data if event["event"] == "quota-seen"]
    assert told == [
        {
            "event": "quota-seen",
            "source": "one.test",
            "limit": 100,
            "remaining": 76,
            "window": 21600,
            "is_account": False,
        }
    ]


def test_lines_tell_it_at_first_when_it_is_low_and_when_it_is_used_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = Display()
    for left in (90, 89, 20, 19, 18, 1, 0, 0, 100, 99, 19):
        display(QuotaSeen("one.test", 100, left, 21600))
    display(QuotaSeen("two.test", 100, 9, 21600))
    told = [line for line in capsys.readouterr().err.splitlines() if " left" in line]
    assert told == [
        *(f"note      {ALLOWS}; {left} left" for left in (90, 19, 0, 19)),
        f"note      {ALLOWS.replace('one', 'two')}; 9 left",
    ]


def test_a_sync_that_ran_out_of_pulls_says_what_to_do(desk: Desk, upstream: FakeRegistry) -> None:
    upstream.always("/manifests/", status(429, {**quota(0), "Retry-After": "0"}))
    desk.prepare({APP: IMAGE}, upstream.url)
    done = desk.run("sync")
    assert done.status == 4
    (hint,) = done.lines("hint")
    assert hint.startswith(f"{ALLOWS}; log in with `docker login {upstream.address}`")


async def test_a_cdn_says_nothing_of_the_registry_s_quota(upstream: FakeRegistry) -> None:
    heard: list[Event] = []
    with fake_registry({APP: IMAGE}) as cdn:
        upstream.always("/blobs/", redirect(f"{cdn.url}{{path}}"))
        cdn.always("/blobs/", saying(quota(9)))
        async with app_at(upstream, report=heard.append) as app:
            await read(app)
    assert heard == []
