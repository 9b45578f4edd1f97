"""A recipe as shell, PowerShell, variables, calls and words: what programs make of each."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.classroom.minikube import powershell, shell
from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.render import as_json, rendered
from mirrorkit.classroom.minikube.start import Mirror, Mode, Start
from mirrorkit.classroom.minikube.text import text as explained
from mirrorkit.classroom.words import chinese, english
from mirrorkit.classroom.wrapped import columns
from mirrorkit.documents.pins import Lock, PinnedImage
from mirrorkit.errors import UsageError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference
from mirrorkit.sentence import Sentence
from tests.unit.starts import RELAY, lock_of, start_of

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.classroom.words import Say

DASH = shutil.which("dash") or "dash"
NASTY = "a'b\"c$(touch x)`d`\\ \n*~ \u2018\u2019é"
SAID = Sentence("{text}", text=NASTY)
STARTS = [
    start_of("v1.24.0"),
    start_of("v1.25.2", nodes=2, addons=("ingress", "dashboard"), profile="week2", as_root=True),
    start_of("v1.28.0"),
    start_of("v1.32.0", mode=Mode.SEED, storage_driver="overlayfs"),
    start_of("v1.34.0", runtime="containerd"),
    start_of("v1.38.1", runtime="cri-o", cni="calico"),
    start_of("v1.38.1", runtime="containerd", mode=Mode.SEED),
]


def nasty() -> Recipe:
    """Make a recipe no release has: every text of it is hostile."""
    return Recipe(
        start=start_of("v1.25.2"),
        mode=Mode.MIRROR,
        environment=(Setting("MINIKUBE_X", NASTY, SAID),),
        flags=(Setting("--x", NASTY, SAID), Setting("--bare", None, Sentence("one node"))),
        files=(Placed("files/a", NASTY, SAID),),
        seeds=(Seed("cache/a", "/archives/a", SAID, "ab", executable=True),),
        load=Reference.parse("gcr.io/k8s-minikube/kicbase:v0.0.30"),
        plants=(Reference.parse("quay.io/a/b:1"),),
        notes=(SAID,),
    )


def dash(text: str, **environment: str) -> str:
    done = subprocess.run(
        [DASH, "-s"], input=text.encode(), check=True, capture_output=True, env=environment
    )
    assert done.stderr == b""
    return done.stdout.decode()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_quoted_word_is_one_word_to_a_shell(word: str) -> None:
    assert dash(f"printf %s {shell.quoted(word)}") == word


FUNCTIONS = ("release", "kubernetes", "setting", "flag", "place", "seed", "load", "plant", "note")
PRINTED = r"""() { printf '%s\0' NAME "$@"; printf '\0'; }"""
DEFINED = "".join(f"{name}{PRINTED.replace('NAME', name)}\n" for name in FUNCTIONS)


def called(one: Recipe) -> list[list[str]]:
    said = dash(DEFINED + shell.calls(one, RELAY, english), PATH="/nowhere")
    return [call.split("\0") for call in said.removesuffix("\0\0").split("\0\0")]


def test_calls_give_setup_every_value_whatever_is_in_it() -> None:
    said = dash(DEFINED + shell.calls(nasty(), RELAY, english), PATH="/nowhere")
    assert f"place\0files/a\0{NASTY}\0{NASTY}\0" in said
    assert f"setting\0MINIKUBE_X\0{NASTY}\0{NASTY}\0" in said
    assert f"flag\0--x={NASTY}\0{NASTY}\0" in said
    assert "flag\0--bare\0one node\0" in said
    assert "seed\0cache/a\0/archives/a\0ab\0x\0" in said
    assert "load\0gcr.io/k8s-minikube/kicbase:v0.0.30\0" in said
    assert "plant\0quay.io/a/b:1\0" in said
    assert f"note\0{NASTY}\0" in said


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.release.version)
def test_calls_and_data_say_the_same(start: Start) -> None:
    one = recipe(start, RELAY, lock_of(start))
    calls = called(one)
    data = as_json(one, RELAY)
    assert data["limits"] == asdict(start.release.limits)
    assert calls[0] == ["release", data["minikube"]]
    assert calls[1] == ["kubernetes", data["kubernetes"]]
    flags = [call[1] for call in calls if call[0] == "flag"]
    assert [*one.command()[: len(one.environment)], "minikube", "start", *flags] == data["command"]
    assert [call[1] for call in calls if call[0] == "place"] == [file.path for file in one.files]


@pytest.mark.parametrize(
    "mirror, words", [(RELAY, "plant"), (Mirror.at("10.1.2.3:5080"), "--no-relay plant")]
)
def test_images_are_put_into_the_nodes_from_where_the_nodes_may_pull(
    mirror: Mirror, words: str
) -> None:
    (line,) = [
        one for one in shell.shell(nasty(), mirror, english).splitlines() if "/setup.sh" in one
    ]
    assert line.startswith(f"curl -f http://{mirror.local}/setup.sh | sh -s -- {words} --profile ")


FAKES = """
log() { printf '%s\\n' "$*" >>"$LOG"; }
curl() { log curl "$@"; for last; do :; done; case "$*" in *--create-dirs*) made "$@";; esac; }
made() { while [ "$1" != -o ]; do shift; done; mkdir -p "${2%/*}"; : >"$2"; }
docker() { log docker "$@"; [ "$1" != load ] || cat >/dev/null; }
sha256sum() { cat >>"$LOG"; }
sh() { log sh "$@"; }
minikube() { log "${MINIKUBE_IMAGE_REPOSITORY:-none}" minikube "$@"; }
"""


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.release.version)
def test_the_pasted_script_fetches_places_loads_and_starts(start: Start, tmp_path: Path) -> None:
    lock = lock_of(start)
    taught = PinnedImage(Reference.parse("quay.io/a/b:1"), Digest.of(b""))
    one = recipe(start, RELAY, Lock((*lock.images, taught), lock.files, platforms=lock.platforms))
    log, home = tmp_path / "log", tmp_path / "a home"
    home.mkdir()
    text = FAKES + rendered(one, RELAY, "shell")
    dash(text, LOG=str(log), HOME=str(home), PATH="/usr/bin:/bin")
    said = log.read_text()
    for seed in one.seeds:
        path = home / ".minikube" / seed.path
        assert path.is_file()
        assert bool(path.stat().st_mode & 0o100) == seed.executable
        assert f"-o {path} http://localhost:5080{seed.url_path}\n" in said
        assert not seed.sha256 or f"{seed.sha256}  {path}\n" in said
    for file in one.files:
        assert (home / ".minikube" / file.path).read_text() == file.text
    assert ("docker load" in said) == (one.load is not None)
    repository = one.environment[0].value if one.environment else "none"
    flags = " ".join(flag.word for flag in one.flags)
    assert f"{repository} minikube start {flags}\n" in said
    planted = f"sh -s -- plant --profile {start.profile}\n"
    assert (said.count(planted) == 1) == bool(one.plants)


def test_a_step_that_fails_ends_the_script_before_the_start(tmp_path: Path) -> None:
    one = recipe(start_of("v1.34.0"), RELAY)
    text = FAKES + "curl() { return 22; }\n" + rendered(one, RELAY, "shell") + "echo still here\n"
    log = tmp_path / "log"
    said = dash(text, LOG=str(log), HOME=str(tmp_path), PATH="/usr/bin:/bin")
    assert said == "still here\n"
    assert not log.exists()


def test_minikubes_own_folder_is_found_by_its_rule(tmp_path: Path) -> None:
    one = recipe(start_of("v1.28.0"), RELAY)
    text = FAKES + rendered(one, RELAY, "shell")
    for home, folder in (("a", "a/.minikube"), ("b/.minikube", "b/.minikube")):
        minikube_home = str(tmp_path / home)
        dash(text, LOG="/dev/null", MINIKUBE_HOME=minikube_home, PATH="/usr/bin:/bin")
        assert (tmp_path / folder / one.files[0].path).is_file()


def test_variables_are_exported_and_what_minikube_reads_from_no_variable_stays_a_flag() -> None:
    one = recipe(start_of("v1.25.2", nodes=2, addons=("ingress",), as_root=True), RELAY)
    text = rendered(one, RELAY, "env")
    said = dash(text + "export -p\n", PATH="/usr/bin")
    assert "MINIKUBE_NODES='2'" in said
    assert "MINIKUBE_FORCE='true'" in said
    assert "MINIKUBE_INSECURE_REGISTRY" not in said
    last = text.splitlines()[-1]
    assert last == (
        "# then: minikube start --addons=ingress --insecure-registry=192.168.230.1:5080"
    )


# PowerShell's own rule for a verbatim string: from a quote to the next that is not doubled.
_QUOTE = "['\u2018\u2019\u201a\u201b]"


def read(text: str) -> str:
    """Read one verbatim string as PowerShell's about_Quoting_Rules has it."""
    found = re.fullmatch(f"{_QUOTE}((?:{_QUOTE}{{2}}|[^'\u2018\u2019\u201a\u201b])*){_QUOTE}", text)
    assert found
    return re.sub(f"({_QUOTE}){_QUOTE}", r"\1", found[1])


@given(st.text())
def test_a_quoted_string_is_one_string_to_powershell(word: str) -> None:
    assert read(powershell.quoted(word)) == word


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.release.version)
def test_powershell_gets_every_flag_file_and_download(start: Start) -> None:
    one = recipe(start, RELAY, lock_of(start))
    lines = rendered(one, RELAY, "powershell").splitlines()
    words = re.findall(r"'[^']*'", lines[-1])
    assert lines[-1].startswith("minikube start '")
    assert [read(word) for word in words] == [flag.word for flag in one.flags]
    for setting in one.environment:
        assert any(line.startswith(f"$env:{setting.name} = '{setting.value}'") for line in lines)
    for file in one.files:
        (line,) = [line for line in lines if "WriteAllText" in line and f"'{file.path}'" in line]
        parts = line.partition("), ")[2].removesuffix(")").split(' + "`n" + ')
        assert "\n".join(map(read, parts)) == file.text
    for seed in one.seeds:
        assert any(f"'http://localhost:5080{seed.url_path}'" in line for line in lines)
    assert any("docker load -i" in line for line in lines) == (one.load is not None)


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.release.version)
def test_the_explanation_has_a_command_to_copy_and_a_reason_for_every_word(start: Start) -> None:
    one = recipe(start, RELAY, lock_of(start))
    first, *rest = explained(one, RELAY, english, 400).splitlines()
    echoed = dash(f'minikube() {{ printf "%s\\n" "$@"; }}\n{first}\n', PATH="/nowhere")
    assert echoed.splitlines() == ["start", *(flag.word for flag in one.flags)]
    assert "it wants 2 CPUs and 1800 MiB of memory at least" in rest
    for setting in (*one.environment, *one.flags):
        assert any(setting.word in line and setting.why in line for line in rest)
    for path in (*(file.path for file in one.files), *(seed.path for seed in one.seeds)):
        assert any(line.strip().startswith(path) for line in rest)


@pytest.mark.parametrize("width", [20, 60, 80, 120])
@pytest.mark.parametrize("say", [english, chinese])
@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.release.version)
def test_the_explanation_fits_the_terminal_and_nothing_to_copy_is_broken(
    start: Start, say: Say, width: int
) -> None:
    lock = lock_of(start)
    taught = PinnedImage(Reference.parse("quay.io/a/b:1"), Digest.of(b""))
    one = recipe(start, RELAY, Lock((*lock.images, taught), lock.files, platforms=lock.platforms))
    command, *rest = explained(one, RELAY, say, width).splitlines()
    assert command.endswith(one.flags[-1].word)
    for line in rest:
        # A line that is too wide is one thing: a word, or a command in backticks.
        is_whole = not re.search(r"\S \S", re.sub("`[^`]*`", "`", line.removeprefix("note: ")))
        assert columns(line) <= width or is_whole
    told = re.sub(r"\s", "", "".join(rest))
    reasons = [part.why for part in (*one.environment, *one.flags)]
    reasons += [file.why for file in one.files] + [seed.why for seed in one.seeds]
    for sentence in (*map(say, reasons), *(say("note: {note}", note=note) for note in one.notes)):
        assert re.sub(r"\s", "", sentence) in told
    words = [part.word for part in (*one.environment, *one.flags)]
    words += [*map(str, one.plants), *([str(one.load)] if one.load else [])]
    words += [file.path for file in one.files] + [seed.path for seed in one.seeds]
    for word in words:
        assert any(line.startswith(f"  {word}") for line in rest)


def test_a_reason_hangs_beside_a_short_word_and_below_a_long_one() -> None:
    lines = explained(recipe(start_of("v1.25.2"), RELAY), RELAY, english, 60).splitlines()
    at = lines.index("  --driver=docker             what the node runs on")
    assert lines[at + 1 : at + 5] == [
        "  --kubernetes-version=v1.23.3",
        "                              one that this release lists",
        "  --container-runtime=docker  what runs the containers in",
        "                              the node",
    ]


def test_the_last_line_is_the_command_that_does_all_of_it_in_one_piece() -> None:
    one, whole = recipe(start_of("v1.25.2"), RELAY), "mirrorkit minikube flags " * 9
    for say in (english, chinese):
        *_, blank, last = explained(one, RELAY, say, 60, whole).splitlines()
        assert (blank, last) == ("", say("all of this at once: {command}", command=whole))


@pytest.mark.parametrize("form", ["text", "shell"])
def test_a_start_through_the_relay_says_what_the_relay_is_and_how_it_is_made(form: str) -> None:
    one = recipe(start_of("v1.25.2"), RELAY)
    told = "192.168.230.1 is the relay; `curl {} | sh -s -- relay` makes it, or say --no-relay"
    assert told.format("ADDRESS:5080") in " ".join(rendered(one, RELAY, form).split())
    known = replace(RELAY, origin="10.1.2.3:5080")
    assert told.format("10.1.2.3:5080") in " ".join(rendered(one, known, form).split())
    assert "relay" not in rendered(one, Mirror.at("10.1.2.3:5080"), form)
    step = "curl -f http://10.1.2.3:5080/setup.sh | sh -s -- relay"
    assert (step in rendered(one, known, form).splitlines()) == (form == "shell")


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no format"):
        rendered(nasty(), RELAY, "xml")
