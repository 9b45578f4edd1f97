"""Answers for people at a shell: plain text, one sentence and a hint."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from aiohttp import web

from mirrorkit.classroom.words import LANGUAGES, english
from mirrorkit.errors import MirrorkitError, NoPlatformError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirrorkit.classroom.words import Say

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LANGUAGE: Final = "lang"
"""The word of a query that asks for a language."""
# What is not here yet may be soon: curl --retry heeds it (RFC 9110 §15.6.4).
_LATER: Final = {"Retry-After": "10"}


def plainly(answer: Handler) -> Handler:
    """Let a handler raise our errors; they become 404, 409 or 503 with sentence and hint.

    `?lang=zh` asks for Chinese; what has none is said in English.
    """

    @wraps(answer)
    async def answered(request: web.Request) -> web.StreamResponse:
        say = LANGUAGES.get(request.query.get(LANGUAGE, ""), english)
        try:
            return await answer(request)
        except NoPlatformError as error:
            raise unknown(error.message, error.hint, say) from error
        except UsageError as error:
            raise web.HTTPConflict(text=_words(error.message, error.hint, say)) from error
        except MirrorkitError as error:
            text = _words(error.message, error.hint, say)
            raise web.HTTPServiceUnavailable(text=text, headers=_LATER) from error

    return answered


def unknown(sentence: str, hint: str | None, say: Say = english) -> web.HTTPNotFound:
    """Make the 404 that says what is not here and what to do."""
    return web.HTTPNotFound(text=_words(sentence, hint, say))


def path_below(request: web.Request, prefix: str) -> str | None:
    """Return what a request's path has after a prefix, unescaped.

    None where it is no UTF-8 or a slash is escaped: no client of ours does that.
    """
    raw = request.raw_path.partition("?")[0].removeprefix(prefix)
    try:
        path = unquote(raw, errors="strict")
    except UnicodeDecodeError:
        return None
    return path if path.count("/") == raw.count("/") else None


def _words(sentence: str, hint: str | None, say: Say) -> str:
    said = say(sentence)
    return f"{said}\n{say('hint: {hint}', hint=hint)}\n" if hint else f"{said}\n"
