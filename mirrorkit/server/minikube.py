"""`/api/v1/minikube/flags`: how a minikube is started here, for people and for setup.sh."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirrorkit.classroom.minikube.choice import Choice, start_from
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.render import as_json, rendered
from mirrorkit.classroom.minikube.start import NODES_MOST, Mirror
from mirrorkit.classroom.words import speaker
from mirrorkit.errors import UsageError
from mirrorkit.sentence import Sentence
from mirrorkit.server.page import address_of
from mirrorkit.server.plain import LANGUAGE, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.documents.pins import Lock
    from mirrorkit.server.room import Room

_CLUSTER: Final = ("minikube", "kubernetes", "driver", "runtime", "nodes", "addons", "cni", "ha")
_MACHINE: Final = ("arch", "profile", "storage_driver", "root", "rootless")
_ANSWER: Final = ("mode", "force", "address", "local", "format", LANGUAGE)
_KNOWN: Final = frozenset((*_CLUSTER, *_MACHINE, *_ANSWER))


def add_minikube(app: web.Application, room: Room) -> None:
    """Serve the flags of a room's starts."""

    async def flags(request: web.Request) -> web.Response:
        """Answer a recipe; what is known to fail, or is no word, is 409 with sentence and hint."""
        words = _words(request)
        lock = next(iter(room.locks.values()), None)
        return await asyncio.to_thread(_answer, words, address_of(request), lock)

    app.router.add_get("/api/v1/minikube/flags", plainly(flags))


def _words(request: web.Request) -> dict[str, str]:
    """Read the query; UsageError for what is none of its words, or stands twice."""
    for name in request.query:
        if name not in _KNOWN:
            hint = Sentence("one of {words}", words=", ".join(sorted(_KNOWN)))
            what = Sentence("word of this query")
            told = Sentence("{word!r} is no {what}", word=name[:60], what=what)
            raise UsageError(told, hint=hint)
    if len(set(request.query)) != len(request.query):
        hint = Sentence("addons are joined by commas")
        raise UsageError(Sentence("a word of the query stands twice"), hint=hint)
    return {name: value for name, value in request.query.items() if value}


def _answer(words: Mapping[str, str], host: str, lock: Lock | None) -> web.Response:
    start = start_from(_choice(words), lock)
    address = words.get("address", host)
    local = words.get("local", address)
    mirror = Mirror(address, local, host if local != address else None)
    made, form = recipe(start, mirror, lock), words.get("format", "json")
    say = speaker(words.get(LANGUAGE, "en"))
    if form == "json":
        return web.json_response(as_json(made, mirror, say))
    return web.Response(text=rendered(made, mirror, form, say))


def _choice(words: Mapping[str, str]) -> Choice:
    usual = Choice()
    return Choice(
        minikube=words.get("minikube"),
        kubernetes=words.get("kubernetes"),
        driver=words.get("driver", usual.driver),
        runtime=words.get("runtime", usual.runtime),
        nodes=_number(words.get("nodes", "1")),
        addons=tuple(filter(None, words.get("addons", "").split(","))),
        cni=words.get("cni", usual.cni),
        architecture=words.get("arch"),
        profile=words.get("profile", usual.profile),
        mode=words.get("mode"),
        force=_switch("force", words),
        storage_driver=words.get("storage_driver"),
        as_root=_switch("root", words),
        rootless=_switch("rootless", words),
        ha=_switch("ha", words),
    )


def _switch(name: str, words: Mapping[str, str]) -> bool:
    value = words.get(name, "0")
    if value not in {"0", "1"}:
        hint = Sentence("{name}=1, or leave it out", name=name)
        raise UsageError(Sentence("{name} is {value!r}", name=name, value=value[:60]), hint=hint)
    return value == "1"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(NODES_MOST))):
        told = Sentence("{name} is {value!r}", name="nodes", value=text[:60])
        raise UsageError(told, hint=Sentence("from 1 to {n}", n=NODES_MOST))
    return int(text)
