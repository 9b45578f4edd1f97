"""`mirrorkit demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Json  # noqa: TC001 - typer reads the annotation
from mirrorkit.cli.output import say, say_json

if TYPE_CHECKING:
    from mirrorkit.demo.told import Answer, Ended, Teller, Told
    from mirrorkit.documents.configuration import Listen

Once = Annotated[bool, typer.Option("--once", help="End after the tour instead of serving on.")]
Address = Annotated[
    str | None,
    typer.Option(
        "--listen", metavar="HOST:PORT", help="HOST:PORT [default: 127.0.0.1:5080, or a free port]."
    ),
]
_SHORT = 10
_REAL = "A real class: `mirrorkit up course` in a folder of its own, with a network."


def command(once: Once = False, listen: Address = None, as_json: Json = False) -> int:
    """See a whole class in some seconds: no network, no Docker, nothing left behind.

    An upstream inside this process holds a made-up class. mirrorkit locks, syncs and serves it
    from a temporary folder; then the upstream ends and the pulls of a class are made, each answer
    checked. Ends with 0 only when every answer was right. Without --once it serves until Ctrl-C.

    \b
    Examples:
      mirrorkit demo
      mirrorkit demo --once
    """
    import asyncio

    from mirrorkit.documents.configuration import Listen
    from mirrorkit.errors import UsageError

    try:
        address = None if listen is None else Listen.parse(listen)
    except ValueError as error:
        raise UsageError(f"--listen: {error}", hint="such as --listen 127.0.0.1:5081") from error
    return asyncio.run(run_demo(address, is_once=once, as_json=as_json))


async def run_demo(
    listen: Listen | None, *, is_once: bool, as_json: bool, then: str = _REAL
) -> int:
    """Run the demo; Ctrl-C and SIGTERM end it in order, so that nothing is left behind.

    `then` is the last line: how to come to a real class.
    """
    import asyncio
    import signal
    from functools import partial

    from mirrorkit.errors import EXIT_INTERRUPTED

    tell = _say_told_json if as_json else partial(_say_told, then)
    task = asyncio.create_task(_steps(listen, tell, is_once=is_once))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return EXIT_INTERRUPTED


async def _steps(listen: Listen | None, tell: Teller, *, is_once: bool) -> int:
    import asyncio
    from contextlib import suppress

    from mirrorkit.demo.run import open_demo, take_tour
    from mirrorkit.demo.told import Ended

    async with open_demo(listen, tell) as demo:
        await take_tour(demo, tell)
        tell(Ended(f"http://{demo.address}", is_serving=not is_once))
        if not is_once:
            with suppress(asyncio.CancelledError):  # how a demo ends that goes on serving
                await asyncio.Event().wait()
            say("ended; nothing of it is left behind")
    return 0


def _say_told_json(told: Told) -> None:
    """Print what a demo tells, as one JSON object a line."""
    say_json({"event": type(told).__name__.lower(), "made_up": True, **told._asdict()})


def _say_told(then: str, told: Told) -> None:
    """Print what a demo tells, for people."""
    from mirrorkit.demo.told import Answer, Begun, Ended, Serving, Step, Unplugged

    match told:
        case Begun():
            say("A whole class in some seconds: no network, no Docker, a temporary folder.")
            say("EVERYTHING IS MADE UP: real names, tags that end in -demo, random bytes.\n")
            say("The evening before class, from a made-up upstream inside this process:")
        case Step():
            say(f"  {told.verb:<9} {told.result}")
        case Unplugged():
            say(f"  unplugged after {told.asked} requests: no upstream from here on\n")
        case Serving():
            say(f"In class: {told.url} answers everybody, and every digest is checked.")
        case Answer():
            _say_answer(told)
        case Ended():
            _say_end(told, then)


def _say_answer(answer: Answer) -> None:
    line = f"  {answer.who:<10} {answer.path:<53} {answer.status}"
    is_short = len(answer.result) <= _SHORT and answer.is_right
    say(f"{line}  {answer.result}" if is_short else line)
    if not is_short:
        say(f"  {'':<10} {'' if answer.is_right else 'WRONG: '}{answer.result}")


def _say_end(end: Ended, then: str) -> None:
    say("\nEvery answer was right. All of it was made up; nothing real was downloaded.")
    if end.is_serving:
        say(f"Serving the made-up class until Ctrl-C: open {end.url}/")
    say(then)
