"""Commands that name images: docker, podman and kubectl."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.lexer import Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENGINES: Final = frozenset({"docker", "podman"})
_KUBECTL: Final = "kubectl"
_KEYWORDS: Final = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{"})
_WRAPPERS: Final = frozenset(
    {
        *("sudo", "doas", "env", "time", "timeout", "nohup", "nice", "exec", "command", "xargs"),
        *("minikube", "ssh"),  # minikube kubectl -- …, minikube ssh docker …
    }
)
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)

# Options without a value; every other one takes the next word. Read off the help of Docker 29,
# podman 4 and kubectl 1.32: this is the shorter list, and the one that seldom grows.
_ENGINE_GLOBAL: Final = ("Dvr", frozenset({
    *("debug", "tls", "tlsverify", "version", "help", "remote", "noout", "syslog"),
}))  # fmt: skip
_ENGINE_LONG: Final = frozenset({
    *("all-tags", "compress", "detach", "disable-content-trust", "env-host", "help", "http-proxy"),
    *("init", "interactive", "multi-image-archive", "no-healthcheck", "no-hostname", "no-hosts"),
    *("oom-kill-disable", "passwd", "privileged", "publish-all", "quiet", "read-only"),
    *("read-only-tmpfs", "replace", "rm", "rmi", "rootfs", "sig-proxy", "tls-verify", "tty"),
    *("uncompressed", "unsetenv-all", "use-api-socket"),
})  # fmt: skip
_ENGINE_SHORT: Final = {"run": "ditPq", "create": "ditPq", "pull": "aq", "save": "mq"}
_ENGINE_NOUNS: Final = frozenset({"image", "container"})
_KUBECTL_GLOBAL: Final = ("hR", frozenset({
    *("disable-compression", "help", "insecure-skip-tls-verify", "match-server-version"),
    *("warnings-as-errors", "all", "local", "record", "recursive"),
}))  # fmt: skip
_WITH_IMAGE: Final = frozenset({"run", "create", "debug"})


def images_in(words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words of a command at which an image is expected."""
    program, rest = _program(words)
    if program in _ENGINES:
        yield from _engine(program, rest)
    elif program == _KUBECTL:
        yield from _kubectl(rest)


def _program(words: Sequence[Word]) -> tuple[str, Sequence[Word]]:
    """Look behind what may stand before a program: keywords, assignments, sudo and its like."""
    is_wrapped = is_option = False
    for index, word in enumerate(words):
        name = word.text.rpartition("/")[2]
        if name in _ENGINES or name == _KUBECTL:
            return name, words[index + 1 :]
        if name in _KEYWORDS or name in _WRAPPERS:
            is_wrapped, is_option = name in _WRAPPERS, False
        elif word.text.startswith("-") and is_wrapped:
            is_option = True
        elif is_option or _ASSIGNMENT.match(word.text) or (is_wrapped and name.isdigit()):
            is_option = False  # perhaps the option's value: sudo -u teacher docker …
        else:
            break
    return "", ()


def _engine(program: str, words: Sequence[Word]) -> Iterator[Word]:
    verb, rest = _verb(words, _ENGINE_GLOBAL)
    if verb in _ENGINE_NOUNS:
        verb, rest = _verb(rest, _ENGINE_GLOBAL)
    if verb not in _ENGINE_SHORT:
        return
    takes_many = verb == "save" or (verb, program) == ("pull", "podman")
    for _, word in _arguments(rest, (_ENGINE_SHORT[verb], _ENGINE_LONG)):
        yield word
        if not takes_many:
            return


def _kubectl(words: Sequence[Word]) -> Iterator[Word]:
    if words and words[0].text == "--":  # minikube kubectl -- run …
        words = words[1:]
    verb, rest = _verb(words, _KUBECTL_GLOBAL)
    if verb in _WITH_IMAGE:
        yield from _image_options(rest)
    elif verb == "set" and rest and rest[0].text == "image":
        for _, word in _arguments(rest[1:], _KUBECTL_GLOBAL):
            container, is_set, image = word.text.partition("=")
            if container and is_set:
                yield Word(image, word.line)


def _image_options(words: Sequence[Word]) -> Iterator[Word]:
    """Yield what `--image` says, as often as it stands before the container's own command."""
    is_next = False
    for word in words:
        name, is_set, value = word.text.partition("=")
        if is_next or (name == "--image" and is_set):
            text = word.text if is_next else value
            yield from (Word(part, word.line) for part in text.split(","))
            is_next = False
        elif word.text == "--":
            return
        else:
            is_next = name == "--image"


def _verb(words: Sequence[Word], flags: tuple[str, frozenset[str]]) -> tuple[str, Sequence[Word]]:
    for index, word in _arguments(words, flags):
        return word.text, words[index + 1 :]
    return "", ()


def _arguments(
    words: Sequence[Word], flags: tuple[str, frozenset[str]]
) -> Iterator[tuple[int, Word]]:
    """Yield the words that are neither options nor the values of options."""
    skips_next = is_over = False
    for index, word in enumerate(words):
        if skips_next:
            skips_next = False
        elif is_over or not word.text.startswith("-") or word.text == "-":
            yield index, word
        elif word.text == "--":
            is_over = True
        else:
            skips_next = _wants_value(word.text, *flags)


def _wants_value(option: str, short: str, long: frozenset[str]) -> bool:
    """Say whether an option's value is the next word (`-p 80:80`, but not `-p80:80`, `--rm`)."""
    if option.startswith("--"):
        return "=" not in option and option.removeprefix("--") not in long
    letters = option[1:].lstrip(short)
    return len(letters) == 1
