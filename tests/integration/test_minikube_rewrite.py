"""A shell runs what came back as it was meant: the judge is dash, with a script as minikube."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorkit.catalog.releases import release
from mirrorkit.classroom.minikube.rewrite import rewritten
from mirrorkit.classroom.minikube.start import Mirror, Start
from tests.lab.shell import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.parts import Recipe

MIRROR = Mirror("192.168.230.1:5080", "localhost:5080")
USUAL = Start(release("v1.25.2"), "v1.23.3")
_STAYING = (
    *("--force", "--memory=4g", "--cpus", "--embed-certs=false", "--unknown", "word", "a b"),
    *("--docker-env=A=b c", "--extra-config=kubelet.x='y'", "--wait=all", 'say "hi"', "$HOME"),
    *("--namespace=*", "--mount-string=/a;b:/c", "--driver=docker", "--nodes=1", "-p=lab", "é\\"),
)
_GOING = (
    *("--image-mirror-country=cn", "--image-repository=http://x/y/", "--base-image=a:b@c"),
    *("--binary-mirror=http://x", "--registry-mirror=https://x,https://y", "--preload"),
    *("--cache-images=true", "--preload=T", "--docker-opt=registry-mirror=https://x"),
    "--insecure-registry=10.1.2.3:5080",
)
_FRONT = ("MINIKUBE_IN_STYLE=0", "MINIKUBE_IMAGE_REPOSITORY=x y", "MINIKUBE_BASE_IMAGE=z")
_WRAPPERS = ("", "sudo ", "sudo -E ", "sudo -u root ", "env ", "sudo -- ", "nohup ", "if ! ", "{ ")
_AFTER = {"if ! ": "; then echo; fi", "{ ": "; }"}
_AROUND = (
    *(
        "",
        "# minikube start --preload\n",
        "true && ",
        "x='minikube start'; ",
        "cat <<E\nminikube\nE\n",
    ),
    *("minikube status; ", 'echo "$(minikube version)"\n', "f() { true; }\n\n"),
)
_BEHIND = (
    "",
    "\n",
    " >/dev/null",
    " 2>&1 | cat\n",
    " && minikube status",
    " # --preload\n",
    ";true",
)
_GAPS = (" ", "  ", "\t", " \\\n    ", "\\\n ")


@dataclass(frozen=True, slots=True)
class Typed:
    """A start as somebody types it."""

    before: str
    text: str
    after: str
    staying: list[str]
    """The words that must come back, in their order."""


@st.composite
def _quoted(draw: st.DrawFn, word: str) -> str:
    """Write a word in one of a shell's ways."""
    single = "'" + word.replace("'", "'\\''") + "'"
    slashed = "".join(char if char.isalnum() else f"\\{char}" for char in word)
    double = '"' + "".join(f"\\{char}" if char in '"$`\\' else char for char in word) + '"'
    is_plain = all(char.isalnum() or char in "-_=.,:/@" for char in word)
    return draw(st.sampled_from([single, slashed, double, *([word] * 3 if is_plain else [])]))


@st.composite
def _starts(draw: st.DrawFn) -> Typed:
    words = draw(st.lists(st.sampled_from([*_STAYING, *_GOING]), max_size=8))
    front = draw(st.lists(st.sampled_from(_FRONT), max_size=2))
    wrapper = draw(st.sampled_from(_WRAPPERS))
    before = draw(st.sampled_from(_AROUND))
    text = wrapper if wrapper in _AFTER else ""
    for assignment in front:
        name, _, value = assignment.partition("=")
        text += f"{name}={draw(_quoted(value))} "
    text += f"{'' if wrapper in _AFTER else wrapper}minikube{draw(st.sampled_from(_GAPS))}start"
    for word in words:
        text += draw(st.sampled_from(_GAPS)) + draw(_quoted(word))
        text += " 3" if word == "--cpus" else ""
    staying = [part for word in words if word not in _GOING for part in _parts(word)]
    after = _AFTER.get(wrapper, "") + draw(st.sampled_from(_BEHIND))
    return Typed(before, text, after, staying)


def _parts(word: str) -> Iterator[str]:
    yield word
    if word == "--cpus":
        yield "3"


def _added(recipe: Recipe, staying: list[str]) -> list[str]:
    said = {word.partition("=")[0].replace("-p", "--profile") for word in staying}
    return [flag.word for flag in recipe.flags if flag.name not in said]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with tempfile.TemporaryDirectory() as folder:
        made = Judge(Path(folder))
        made.prepare()
        yield made


@settings(deadline=None, max_examples=150)
@given(typed=_starts())
def test_a_shell_calls_minikube_with_what_was_meant(judge: Judge, typed: Typed) -> None:
    text = typed.before + typed.text + typed.after
    done = rewritten(text, USUAL, lambda _: MIRROR)
    assert rewritten(done.text, USUAL, lambda _: MIRROR).text == done.text
    assert done.text.startswith(typed.before)
    assert done.text.endswith(typed.after)
    was, now = judge.calls(text), judge.calls(done.text)
    (recipe,) = done.recipes
    is_start = [call.arguments[:1] == ["start"] for call in now]
    assert is_start.count(True) == 1
    assert [call for call in now if call.arguments[:1] != ["start"]] == [
        call for call in was if call.arguments[:1] != ["start"]
    ]
    call, old = now[is_start.index(True)], was[is_start.index(True)]
    assert call.arguments == ["start", *typed.staying, *_added(recipe, typed.staying)]
    style = {name: value for name, value in old.variables.items() if name == "MINIKUBE_IN_STYLE"}
    assert call.variables == {**style, "MINIKUBE_IMAGE_REPOSITORY": "192.168.230.1:5080/k8s"}


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_each_shell_agrees(judge: Judge, tmp_path: Path, shell: str) -> None:
    other = Judge(tmp_path, ("busybox", "sh") if shell == "busybox" else (shell,))
    other.prepare()
    text = (
        "A=b sudo minikube -p lab start \\\n  --image-mirror-country=cn --memory '4 g' >/dev/null\n"
    )
    done = rewritten(text, USUAL, lambda _: MIRROR).text
    assert other.calls(done) == judge.calls(done)
    assert other.calls(done)[0].arguments[:5] == ["-p", "lab", "start", "--memory", "4 g"]


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(
    "text,kept",
    [
        ("echo \"$(minikube start --preload)\" 'x'\n", ["start"]),
        ('for p in a; do minikube start -p $p --driver "docker" ; done\n', ["start", "-p", "a"]),
        (
            "if minikube start -n 2 --cni calico; then :; fi\n",
            ["start", "-n", "2", "--cni", "calico"],
        ),
        (
            'x=5; ( minikube start --memory ${x}g --base-image="$x" ) & wait\n',
            ["start", "--memory", "5g"],
        ),
        ("case start in start) minikube start >/dev/null;; esac\n", ["start"]),
        ("A=1 minikube start <<E --force\nminikube start\nE\n", ["start", "--force"]),
        ("minikube \\\nstart \\\n --embed-certs", ["start", "--embed-certs"]),
        ("yes|minikube start>/dev/null&wait", ["start"]),
        ("minikube start --force -- --preload", ["start", "--force"]),
    ],
)
def test_scripts_of_every_shape_run_as_before(
    tmp_path: Path, shell: str, text: str, kept: list[str]
) -> None:
    judge = Judge(tmp_path, (shell,))
    judge.prepare()
    done = rewritten(text, USUAL, lambda _: MIRROR)
    assert rewritten(done.text, USUAL, lambda _: MIRROR).text == done.text
    (before,), (after,) = judge.calls(text), judge.calls(done.text)
    assert before.arguments[0] == "start"
    assert after.arguments[: len(kept)] == kept
    assert "--preload=false" in after.arguments
    assert after.variables == {"MINIKUBE_IMAGE_REPOSITORY": "192.168.230.1:5080/k8s"}
