"""Functions of setup.sh by themselves, in each shell that a student may have."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from mirrorkit.classroom.findings import State
from mirrorkit.classroom.minikube.choice import Choice, start_from
from mirrorkit.classroom.minikube.notes import notes, topic_of
from mirrorkit.classroom.minikube.rules import FIGHTING
from mirrorkit.classroom.minikube.start import Mirror, Mode
from mirrorkit.classroom.setup import setup_script
from mirrorkit.documents.pins import Lock
from mirrorkit.oci.reference import Reference
from mirrorkit.server.report import parse_report
from tests.lab.script import ADDRESS, called
from tests.lab.student import SHELLS

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = setup_script(ADDRESS)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return SHELLS[str(request.param)]


def told(shell: tuple[str, ...], home: Path, *calls: str) -> str:
    """Call functions of the script; return what they print."""
    done = called(shell, home, *calls)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_code_that_the_script_says_is_one_that_a_report_may_have() -> None:
    found = set(re.findall(r"(?<!trouble )\bfail ([^ ]+) \"", FUNCTIONS))
    found |= set(re.findall(r"\bfinding (?:ok|warn|fail) ([^ ]+) \"", FUNCTIONS))
    found.discard('"$(code_of')
    assert {"ABSENT", "MIRROR", "DOCKER"} < found
    for code in found:
        parse_report(f"id\tseat-0001\nstep\tstuck\nfail\t{code}\tsentence\n".encode())


def test_what_a_program_said_on_several_lines_is_one_finding(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    calls = (
        r"said=$(printf 'Error:\n\tno address\nstep\tready')",
        'finding fail NET "no network: $said" "没有网络" "docker network ls"',
    )
    report = told(shell, tmp_path, "PORCELAIN=1", *calls, 'printf "%s" "$TROUBLE"')
    lines = report.splitlines()
    assert lines[0] == lines[1]
    assert len(lines) == 2
    (finding,) = parse_report(f"id\tseat-0001\nstep\tstuck\n{lines[1]}\n".encode()).findings
    assert finding.state is State.FAIL
    assert finding.sentence.endswith("no address step ready")
    assert finding.command == "docker network ls"


@pytest.mark.parametrize(
    "listed, answer",
    [
        ("*", "direct"),
        ("localhost, 10.1.2.3", "direct"),
        ("10.0.0.0/8", "direct"),
        (".lan,example.com", "asked"),
        ("10.1.2.30", "asked"),
        ("", "asked"),
    ],
)
def test_a_list_of_hosts_without_proxy_is_read_as_it_stands(
    shell: tuple[str, ...], tmp_path: Path, listed: str, answer: str
) -> None:
    (tmp_path / "a file").touch()
    call = f"is_direct 10.1.2.3 '{listed}' && echo direct || echo asked"
    assert told(shell, tmp_path, call) == f"{answer}\n"


def test_a_folder_of_somebody_elses_is_not_taken_for_the_scratch_one(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    """A user's work may lie in SCRATCH, and Ctrl-C come before there is a folder of ours."""
    work = tmp_path / "work"
    work.mkdir()
    ended = subprocess.run(
        (*shell, "-s", "--", "--check"),
        input=setup_script(ADDRESS).replace("    SCRATCH=$(", "    kill -INT $$; SCRATCH=$("),
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "SCRATCH": str(work)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 130
    assert work.is_dir()


def test_the_mirror_of_the_room_comes_before_those_that_were_there(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "daemon.json"
    file.write_text('{"registry-mirrors": ["http://0.before", "http://10.1.2.3:5080"]}')
    merged = told(shell, tmp_path, f"DAEMON={file}", f"merged http://{ADDRESS} {ADDRESS}")
    assert json.loads(merged) == {
        "registry-mirrors": [f"http://{ADDRESS}", "http://0.before"],
        "insecure-registries": [ADDRESS],
    }


@pytest.mark.parametrize("form", ["--{}=of.a.book", "--{} of.a.book"])
def test_what_fights_the_mirror_is_left_out_and_the_rest_handed_on(
    shell: tuple[str, ...], tmp_path: Path, form: str
) -> None:
    typed = " ".join(form.format(name) for name in FIGHTING)
    calls = (f"read_start_words --memory 4g {typed} --wait=all --ha", 'echo "$EXTRA|$ASKED"')
    done = called(shell, tmp_path, *calls)
    assert done.stdout == " --memory 4g --wait=all|&ha=1&nodes=3\n"
    assert [line.split()[0] for line in done.stderr.splitlines()] == [f"--{n}" for n in FIGHTING]


def test_words_of_setup_are_its_own_behind_start_too(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    call = "read_words start --with-seed --memory 4g --no-relay --name=Li --yes --no-report"
    said = told(shell, tmp_path, call, 'echo "$WITH_SEED$YES|$RELAYED|$NICKNAME|$REPORT|$EXTRA"')
    assert said == "11||Li|| --memory 4g\n"


@pytest.mark.parametrize("form", ["-n{} -p{}", "-n={} -p={}", "-n {} -p {}", "--nodes={} -p={}"])
def test_short_options_are_read_in_each_spelling_that_minikube_takes(
    shell: tuple[str, ...], tmp_path: Path, form: str
) -> None:
    call = f"read_start_words {form.format(2, 'week-2')} -v=3"
    assert told(shell, tmp_path, call, 'echo "$ASKED|$PROFILE|$EXTRA"') == (
        "&nodes=2|week-2| -v=3\n"
    )


def test_a_profile_is_judged_only_where_docker_says_what_address_it_should_have(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    _profile(tmp_path, "minikube", "192.168.230.1:5080/k8s")
    calls = ("check_engine >/dev/null", "use_relay_that_is", "REPOSITORY=$ADDRESS/k8s")
    missing = 'has() { [ "$1" != docker ] && command -v "$1" >/dev/null; }'
    assert told(shell, tmp_path, missing, *calls, "check_profiles") == ""
    assert "PROFILE" in told(shell, tmp_path, "REPOSITORY=10.1.1.1:5080/k8s", "check_profiles")


def test_a_profiles_name_is_one_word_of_the_command_that_deletes_it(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    _profile(tmp_path, "a $(touch b)", "10.1.1.1:5080/k8s")
    said = told(shell, tmp_path, "REPOSITORY=10.1.2.3:5080/k8s", "check_profiles")
    assert "→ minikube delete --profile 'a $(touch b)'\n" in said


@pytest.mark.parametrize(
    "now, said",
    [
        ("COMMAND=setup", "other"),
        ("COMMAND=start", "https other"),
        ("OLD_PROFILE=1", "profile other"),
    ],
)
def test_a_student_reads_the_notes_that_matter_now(
    shell: tuple[str, ...], tmp_path: Path, now: str, said: str
) -> None:
    topics = ("lock", "profile", "https", "plants")
    calls = [f"note {topic} {topic}" for topic in topics]
    shown = told(shell, tmp_path, "forget_recipe", now, *calls, "note other ''", 'echo "$NOTES"')
    assert shown.split() == said.split()


def test_each_topic_that_the_script_knows_is_that_of_a_note_which_is_still_written() -> None:
    start = start_from(Choice(minikube="v1.25.2"))
    lock = Lock(())
    planted = (Reference.parse("quay.io/a/b:1"),)
    found = notes(start, Mode.MIRROR, Mirror.at("10.1.2.3:5080"), lock, planted)
    assert {topic_of(note) for note in found} >= {"lock", "profile", "https", "plants"}


def _profile(home: Path, name: str, repository: str) -> None:
    folder = home / ".minikube/profiles" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(f'{{\n\t"ImageRepository": "{repository}"\n}}\n')


def test_without_timeout_too_a_program_that_hangs_is_ended(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    calls = (
        "has() { false; }  # as on a Mac",
        "bounded 600 sh -c 'echo said; exit 3'; echo $?",
        "echo $(bounded 600 echo at once)",
        "bounded 0.1 sleep 600 || echo ended",
        "read -r left <<E\nof standard input\nE\n",
        "echo $left",
    )
    assert told(shell, tmp_path, *calls) == "said\n3\nat once\nended\nof standard input\n"


def test_a_run_that_came_to_nothing_leaves_no_folder(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    calls = ("COMMAND=setup; hold_lock", 'make_folder "$HOME_DIR/partial"; let_go')
    assert told(shell, tmp_path, *calls) == ""
    assert not (tmp_path / ".mirrorkit").exists()
