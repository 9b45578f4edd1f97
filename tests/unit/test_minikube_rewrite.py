"""A start from a book or a chat comes back as one that works here, and nothing else changes."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import product

import pytest

from mirrorkit.catalog.releases import release, releases
from mirrorkit.classroom.minikube.edits import Kind
from mirrorkit.classroom.minikube.rewrite import SIZE_MAX, Rewritten, rewritten
from mirrorkit.classroom.minikube.start import Mirror, Mode, Start
from mirrorkit.errors import RefusedStartError, UsageError

DRIVERS = ("docker", "podman", "none", "kvm2")
RUNTIMES = ("docker", "containerd", "cri-o")
ADDONS = ("ingress", "dashboard")
MIRROR = Mirror("192.168.230.1:5080", "localhost:5080")
OWN = Mirror.at("10.1.2.3:5080")
USUAL = Start(release("v1.25.2"), "v1.23.3")
ENV = "MINIKUBE_IMAGE_REPOSITORY=192.168.230.1:5080/k8s"
DRIVER, VERSION, RUNTIME = (
    *("--driver=docker", "--kubernetes-version=v1.23.3", "--container-runtime=docker"),
)
HOST = (
    "--preload=false --cache-images=false --binary-mirror=http://localhost:5080/k8s-release"
)  # fmt: skip
CONTAINERD = (
    f"--base-image=gcr.io/k8s-minikube/kicbase:v0.0.30 {HOST} "
    "--insecure-registry=192.168.230.1:5080"
)
DOCKER = f"{CONTAINERD} --registry-mirror=http://192.168.230.1:5080"
ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"
BASE = f"--base-image='{ALIYUN}/kicbase:v0.0.28'"
CN = "--image-mirror-country='cn'"
NONE = "--driver=none --kubernetes-version=v1.23.9"
HUB = "--registry-mirror=https://EXAMPLE.mirror.aliyuncs.com"


def _rewritten(text: str, usual: Start = USUAL) -> Rewritten:
    done = rewritten(text, usual, lambda _: MIRROR)
    again = rewritten(done.text, usual, lambda _: MIRROR)
    assert again.text == done.text
    assert {change.kind for change in again.changes} <= {Kind.KEPT, Kind.NOTE}
    return done


def _said(done: Rewritten, kind: Kind) -> list[str]:
    return [change.text for change in done.changes if change.kind is kind]


@pytest.mark.parametrize(
    "command,expected",
    [
        ("minikube start", f"{ENV} minikube start {DRIVER} {VERSION} {RUNTIME} {DOCKER}"),
        (
            "minikube start --kubernetes-version=v1.23.3",
            f"{ENV} minikube start {VERSION} {DRIVER} {RUNTIME} {DOCKER}",
        ),
        (
            "minikube start --container-runtime=containerd",
            f"{ENV} minikube start --container-runtime=containerd {DRIVER} {VERSION} {CONTAINERD}",
        ),
        (
            "minikube start --driver=docker --container-runtime=containerd",
            f"{ENV} minikube start {DRIVER} --container-runtime=containerd {VERSION} {CONTAINERD}",
        ),
        (
            "minikube start --image-mirror-country=cn",
            f"{ENV} minikube start {DRIVER} {VERSION} {RUNTIME} {DOCKER}",
        ),
        (
            "minikube start --image-mirror-country='cn' --kubernetes-version=v1.23.3 --force",
            f"{ENV} minikube start {VERSION} --force {DRIVER} {RUNTIME} {DOCKER}",
        ),
        (
            f"minikube start --kubernetes-version=v1.23.9 --image-mirror-country='cn' {HUB}",
            f"{ENV} minikube start --kubernetes-version=v1.23.9 {DRIVER} {RUNTIME} {DOCKER}",
        ),
        (
            f"minikube start  {CN} --image-repository='{ALIYUN}' {BASE} {VERSION} --force",
            f"{ENV} minikube start {VERSION} --force {DRIVER} {RUNTIME} {DOCKER}",
        ),
        (
            f"sudo minikube start {NONE} {CN} {HUB}",
            f"sudo {ENV} minikube start {NONE} {RUNTIME} {HOST}",
        ),
        (
            "minikube start --registry-mirror=http://hub-mirror.c.163.com",
            f"{ENV} minikube start {DRIVER} {VERSION} {RUNTIME} {DOCKER}",
        ),
        (
            f"minikube start --image-repository={ALIYUN}/",
            f"{ENV} minikube start {DRIVER} {VERSION} {RUNTIME} {DOCKER}",
        ),
        ("minikube delete --all --purge", "minikube delete --all --purge"),
    ],
)
def test_what_the_courses_readers_typed_works_here(command: str, expected: str) -> None:
    assert _rewritten(command).text == expected


@pytest.mark.parametrize(
    "setting, flag",
    [
        ("driver podman", "--driver=podman"),
        ("vm-driver kvm2", "--driver=kvm2"),
        ("-p x container-runtime containerd", "--container-runtime=containerd"),
        ("driver docker", None),
        ("memory 4096", None),
    ],
)
def test_a_setting_that_no_start_here_hears_is_said_and_stays(
    setting: str, flag: str | None
) -> None:
    text = f"minikube config set {setting}"
    done = _rewritten(f"{text} && minikube start")
    assert done.text.startswith(f"{text} && ")
    told = [change for change in done.changes if change.text == text]
    assert [change.kind for change in told] == ([Kind.KEPT] if flag else [])
    assert all(f"write {flag} into them" in change.why for change in told)


def test_a_purge_stays_and_its_cost_is_said() -> None:
    (change,) = _rewritten("minikube delete --all --purge").changes
    assert change.kind is Kind.KEPT
    assert "cache" in change.why


def test_a_script_keeps_everything_but_its_starts() -> None:
    before = "#!/bin/sh\n# minikube start --image-mirror-country=cn\ncat <<E\nminikube start\nE\n"
    after = " 2>&1 | tee log  # here\n\nminikube addons enable ingress\nkubectl get po\n"
    done = _rewritten(f"{before}minikube start --memory 4g{after}")
    assert done.text.startswith(f"{before}{ENV} minikube start --memory 4g {DRIVER}")
    assert done.text.endswith(f"{DOCKER.rpartition(' ')[2]}{after}")


def test_one_flag_a_line_stays_one_flag_a_line() -> None:
    text = "minikube start \\\r\n    --image-mirror-country cn \\\r\n    --force \\\r\n    -n 1\r\n"
    lines = _rewritten(text).text.split("\r\n")
    assert lines[:3] == [f"{ENV} minikube start \\", "    --force \\", "    -n 1 \\"]
    assert lines[3] == "    --driver=docker \\"
    assert lines[-2:] == ["    --registry-mirror=http://192.168.230.1:5080", ""]


def test_of_a_list_the_foreign_items_go_and_other_registries_stay() -> None:
    done = _rewritten(
        "minikube start --insecure-registry=10.0.0.0/8,192.168.1.5:5080"
        " --registry-mirror https://x,http://192.168.230.1:5080"
    )
    assert (
        "--insecure-registry=10.0.0.0/8 --registry-mirror http://192.168.230.1:5080 " in done.text
    )
    assert done.text.endswith(" --insecure-registry=192.168.230.1:5080")
    assert len(_said(done, Kind.CHANGED)) == 2


def test_a_schools_registry_stays_whatever_port_the_mirror_has() -> None:
    own = Mirror.at("10.1.2.3:5000")
    text = "minikube start --insecure-registry=10.9.9.9:5000,http://10.1.2.3:5000/"
    done = rewritten(text, USUAL, lambda _: own)
    assert " --insecure-registry=10.9.9.9:5000 " in done.text
    assert " --insecure-registry=10.1.2.3:5000 " in done.text
    assert rewritten(done.text, USUAL, lambda _: own).text == done.text


def test_what_is_right_already_is_not_said_again() -> None:
    text = f"{ENV} minikube start {DRIVER} {VERSION} {RUNTIME} {DOCKER}"
    done = _rewritten(text)
    assert done.text == text
    assert {change.kind for change in done.changes} == {Kind.NOTE}


@pytest.mark.parametrize(
    "text,start",
    [
        ("minikube start -p lab -n 2", "lab 2"),
        ("MINIKUBE_PROFILE=lab minikube start --nodes=3 --nodes 2", "lab 2"),
        ("minikube --profile=lab start -n2", "lab 2"),
        ("MINIKUBE_PROFILE=other minikube start -p=lab -n=2", "lab 2"),
        ("minikube start --profile $P --nodes=$N", "minikube 1"),
        ("MINIKUBE_PROFILE=lab sudo minikube start", "minikube 1"),
        ("export MINIKUBE_PROFILE=lab MINIKUBE_NODES=2; minikube start", "lab 2"),
        ("export MINIKUBE_PROFILE=lab; MINIKUBE_PROFILE=mine sudo -E minikube start", "mine 1"),
        ("export MINIKUBE_PROFILE=lab; sudo minikube start", "minikube 1"),
        ("minikube start; export MINIKUBE_PROFILE=lab", "minikube 1"),
    ],
)
def test_the_commands_own_choices_make_the_recipe(text: str, start: str) -> None:
    (recipe,) = _rewritten(text).recipes
    assert f"{recipe.start.profile} {recipe.start.nodes}" == start


def test_what_leaves_the_choice_to_minikube_is_no_choice() -> None:
    done = _rewritten("minikube start --driver= --container-runtime=auto --driver=''")
    assert f"--container-runtime=auto --driver='' {DRIVER} {VERSION} {RUNTIME}" in done.text


@pytest.mark.parametrize(
    "flag,version",
    [
        ("--kubernetes-version=1.23.9", "v1.23.9"),
        ("--kubernetes-version stable", "v1.23.3"),
        ("--kubernetes-version=", "v1.23.3"),
    ],
)
def test_a_version_is_understood_as_minikube_does(flag: str, version: str) -> None:
    (recipe,) = _rewritten(f"minikube start {flag}").recipes
    assert recipe.start.kubernetes == version


@pytest.mark.parametrize(
    "front,rest",
    [
        ("MINIKUBE_IMAGE_MIRROR_COUNTRY=cn A=b minikube", f"A=b {ENV} minikube"),
        ("MINIKUBE_BASE_IMAGE='x y' sudo -E minikube", f"sudo -E {ENV} minikube"),
        (f"{ENV} sudo minikube", f"sudo {ENV} minikube"),
        ("MINIKUBE_IMAGE_REPOSITORY=x env minikube", f"env {ENV} minikube"),
        ("sudo -- minikube", f"sudo -- env {ENV} minikube"),
        ("nohup ~/bin/minikube", f"nohup env {ENV} ~/bin/minikube"),
        (f"A=b {ENV} minikube", f"A=b {ENV} minikube"),
    ],
)
def test_variables_stand_where_they_reach_minikube(front: str, rest: str) -> None:
    start = f"start --driver=none {VERSION} {RUNTIME} {HOST}"
    assert _rewritten(f"{front} {start}").text == f"{rest} {start}"


@pytest.mark.parametrize(
    "text",
    [
        "minikube",
        "minikube start --help",
        "minikube start -h",
        "minikube --help",
        "minikube node start m02",
        "minikube status && minikube stop",
        "`minikube start`",
        "cmd=(minikube start)",
        "alias up='minikube start'",
        "echo minikube start",
        "",
        "\0\r\n\\",
    ],
)
def test_what_is_no_start_stays(text: str) -> None:
    assert _rewritten(text).text == text


def test_a_start_in_backticks_is_named() -> None:
    assert _said(_rewritten("x=`minikube start`"), Kind.KEPT) == ["minikube start"]


@pytest.mark.parametrize(
    "text,kept",
    [
        ("minikube start --nope", "--nope"),
        ("minikube start --preload-source=gcs --ha=false", "--ha=false"),
        (
            "minikube start --docker-env HTTPS_PROXY=http://p:1",
            "--docker-env HTTPS_PROXY=http://p:1",
        ),
        ("HTTPS_PROXY=http://p:1 minikube start", "HTTPS_PROXY=http://p:1"),
        ("minikube start --cni=./net.yaml", "--cni=./net.yaml"),
        ("minikube start --driver=$D", "--driver=$D"),
        ("minikube start --driver=kvm2 --iso-url=http://x/y.iso", "--iso-url=http://x/y.iso"),
        ("MINIKUBE_DRIVER=none sudo minikube start", "MINIKUBE_DRIVER=none"),
        ("export MINIKUBE_IMAGE_REPOSITORY=x; minikube start", "MINIKUBE_IMAGE_REPOSITORY=x"),
        ("minikube start \u2014 --force", "\u2014"),
        ("minikube start --namespace \u2013a", "\u2013a"),
        ("minikube start --dns-domain=a\u2011b", "--dns-domain=a\u2011b"),
        ("minikube start -- \u2013\u2013driver=none", "\u2013\u2013driver=none"),
        ("minikube start --namespace=\u201ca", "--namespace=\u201ca"),
        ("minikube start --namespace='\u201ca\u201d'", "--namespace='\u201ca\u201d'"),
        ("minikube start --namespace=a\u2019s", "--namespace=a\u2019s"),
        ("minikube start \u201ca\\\n b\u201d", "b\u201d"),
        ("minikube start --force\u200b", "--force\u200b"),
        ("minikube stop \u201cx", "\u201cx"),
        ("ssh vm 'minikube -p lab start'; minikube start", "minikube -p lab start"),
        ("minikube start; cat <<E\nminikube start --force\nE\n", "minikube start"),
        ("minikube.exe start", "minikube.exe start"),
    ],
)
def test_what_stays_although_it_may_hurt_is_named(text: str, kept: str) -> None:
    done = _rewritten(text)
    assert kept in done.text
    assert kept in _said(done, Kind.KEPT)


def test_flags_behind_two_dashes_are_words_so_ours_stand_before() -> None:
    done = _rewritten("minikube start --force -- --driver=none")
    assert done.text.startswith(f"{ENV} minikube start --force {DRIVER}")
    assert done.text.endswith(" -- --driver=none")


@pytest.mark.parametrize(
    "text", ['echo "$(minikube start)"', "minikube -p lab start", "# minikube start"]
)
def test_what_is_rewritten_or_a_comment_is_not_said_to_be_data(text: str) -> None:
    assert not _said(_rewritten(text), Kind.KEPT)


def test_data_is_named_with_its_line() -> None:
    done = _rewritten(
        "a\nsh -c 'b\nminikube start\n minikube start'\ncat <<E\nc\nminikube start\nE\n"
    )
    assert [change.line for change in done.changes] == [3, 4, 7]


def test_without_kubernetes_no_version_is_added() -> None:
    assert VERSION not in _rewritten("minikube start --no-kubernetes").text


def test_where_the_mirror_answers_may_depend_on_the_driver() -> None:
    text = "minikube start --driver=none; minikube start"
    done = rewritten(text, USUAL, lambda start: OWN if start.driver == "none" else MIRROR)
    first, second = done.text.split("; ")
    assert first.startswith("MINIKUBE_IMAGE_REPOSITORY=10.1.2.3:5080/k8s minikube")
    assert second.startswith(f"{ENV} minikube")


def test_a_seeded_start_is_not_kept_from_its_cache() -> None:
    usual = Start(release("v1.25.2"), "v1.23.3", mode=Mode.SEED)
    done = _rewritten("minikube start --preload=false --cache-images --image-repository=x", usual)
    assert _said(done, Kind.REMOVED) == ["--preload=false", "--image-repository=x"]
    assert "--cache-images" in done.text


def test_a_blank_that_is_none_becomes_one() -> None:
    done = _rewritten("minikube start\u00a0--force echo\u3000x; echo\u00a0a")
    assert "start --force echo x --driver" in done.text
    assert done.text.endswith("; echo\u00a0a")
    assert _rewritten("\u3000minikube start").text.startswith(f" {ENV} minikube start")


@pytest.mark.parametrize(
    "pasted, plain",
    [
        ("\u2013\u2013driver=docker", "--driver=docker"),
        ("\u2014driver=docker", "--driver=docker"),
        ("\u2013-driver docker", "--driver docker"),
        ("\uff0d\uff0dforce", "--force"),
        ("\u2013p lab", "-p lab"),
        ("\u2013n2", "-n2"),
        ("\u2014nosuch=1", "--nosuch=1"),
        ("--image\u2011mirror\u2011country=cn", "--image-mirror-country=cn"),
        ("--namespace=\u201ca b\u201d", '--namespace="a b"'),
        ("--namespace=\u201da\u201d", '--namespace="a"'),
        ("--namespace=\uff02a\uff02", '--namespace="a"'),
        ("--docker-env=\u2018A=$b\u2019", "--docker-env='A=$b'"),
        ("\u2014namespace=\u201ca\u201d", '--namespace="a"'),
        ("--force\u00a0\u3000--wait\u00a0all", "--force --wait all"),
    ],
)
@pytest.mark.parametrize(
    "before, after", [("sudo ", " --embed-certs; echo"), ("echo \u2014x\u00a0\n", " | cat")]
)
def test_what_a_chat_made_of_a_command_is_mended_and_said_with_its_line(
    pasted: str, plain: str, before: str, after: str
) -> None:
    prose = " \u2013\u2014 \u201ca\u201d \u00a0"
    done, meant = (
        _rewritten(f"{before}minikube start {words}{after}{prose}") for words in (pasted, plain)
    )
    assert done.text == meant.text
    assert done.text.startswith(before)
    assert done.text.endswith(prose)
    found = [change for change in done.changes if change not in meant.changes]
    assert {change.kind for change in found} == {Kind.CHANGED}
    assert {change.line for change in found} == {1 + before.count("\n")}


@pytest.mark.parametrize(
    "before, after, marks",
    [
        ("Type this:\n```sh\n", "\n```\nand wait\n", ["```sh", "```"]),
        ("~~~\r\n", "\r\n~~~\r\n", ["~~~", "~~~"]),
        ("> ", "\n> thanks\n", [">"]),
        ("> > ```console\n> > $ ", "\n> > ```\n", ["> > ```console", "> >", "$", "> > ```"]),
        ("$ ", "\n", ["$"]),
        ("li@vm:~$ sudo ", "\n", ["li@vm:~$"]),
        ("```yaml\nrun: minikube start \u2013n2\n```\n$ ", "", ["```yaml", "```", "$"]),
    ],
)
def test_a_chats_marks_around_a_start_stay_and_are_named(
    before: str, after: str, marks: list[str]
) -> None:
    done = _rewritten(f"{before}minikube start --force{after}")
    assert done.text.startswith(before.removesuffix("sudo "))
    assert done.text.endswith(after)
    assert f"{ENV} minikube start --force {DRIVER}" in done.text
    assert [change.text for change in done.changes if "shell is to read" in change.why] == marks
    assert ("minikube start" in _said(done, Kind.KEPT)) == ("yaml" in before)


def test_a_start_that_goes_on_behind_a_shells_second_prompt_is_read_whole() -> None:
    done = _rewritten("$ minikube start \\\n> --preload \\\n> --force\n")
    lines = done.text.split("\n")
    assert lines[:2] == [f"$ {ENV} minikube start \\", "> --force \\"]
    assert lines[2] == f"> {DRIVER} \\"
    assert _said(done, Kind.REMOVED) == ["--preload"]


@pytest.mark.parametrize(
    "text", ["minikube start \\\n  > log\n", "> minikube\n", "```\nls\n```\n", "cat <<E\n```\nE\n"]
)
def test_what_only_looks_like_a_chats_mark_is_not_named(text: str) -> None:
    assert not [change for change in _rewritten(text).changes if "shell is to read" in change.why]


def test_a_value_with_a_comma_stays_one_item() -> None:
    text = """minikube start --insecure-registry='"a,b",http://old:5080'"""
    assert """--insecure-registry='"a,b"' """ in _rewritten(text).text


@pytest.mark.parametrize(
    "text,message",
    [
        ("minikube start --driver", "line 1: --driver wants a value"),
        ("\nminikube start --nodes=many", "line 2: 'many' is no number"),
        ("minikube start --driver=dokcer", "line 1: .*dokcer"),
        ("minikube start --kubernetes-version=v1.99.0", "line 1: .*v1.99.0"),
        ("minikube start --addons=nope", "line 1: .*nope"),
        ("minikube start `\n  --driver=docker", "line 1: PowerShell"),
        ("minikube start ^\n  --driver=docker", "line 1: cmd"),
        ("$env:A = 'b'\nminikube start", "line 1: PowerShell"),
        ("PS C:\\Users\\li> minikube start", "line 1: a prompt of Windows"),
        ("x" * (SIZE_MAX + 1), "4 MiB"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        rewritten(text, USUAL, lambda _: MIRROR)


def test_a_start_known_to_fail_is_refused_with_its_line() -> None:
    text = "minikube start\nsudo minikube start --driver=none --nodes=2\n"
    with pytest.raises(RefusedStartError, match="line 2"):
        rewritten(text, USUAL, lambda _: MIRROR)


@pytest.mark.parametrize("version", [one.version for one in releases()])
def test_every_release_gets_its_recipe_and_keeps_it(version: str) -> None:
    chosen = release(version)
    usual = Start(chosen, chosen.default_kubernetes, force=True)
    for driver, runtime, mode in product(DRIVERS, RUNTIMES, (None, *Mode)):
        start = replace(usual, driver=driver, runtime=runtime, mode=mode)
        text = f"sudo minikube start -n 2 --driver={driver} --container-runtime {runtime}"
        done = _rewritten(
            f"{text} --addons=ingress,dashboard --preload", replace(start, driver="ssh")
        )
        (recipe,) = done.recipes
        assert recipe.start == replace(start, nodes=2, addons=ADDONS, as_root=True)
        held = {word.partition("=")[0] for word in shlex.split(done.text)}
        wanted = {setting.name for setting in (*recipe.flags, *recipe.environment)}
        assert wanted - {"--nodes"} <= held


@pytest.mark.parametrize(
    "piece",
    [
        *("minikube start\n", "minikube start ", "minikube start --insecure-registry=", "a,"),
        *("'minikube start\n", "minikube -a b ", "cat <<E\nminikube start\nE\n"),
        *("minikube start --unknown ", "$(minikube start ", "`minikube ", "--docker-opt=a "),
        *(
            "\u00a0minikube",
            "\u2018",
            "\u201c\u2018 \u2018",
            "\u2013a\u00a0",
            "```\n",
            "```yaml\nminikube start\n",
            "> minikube start \\\n",
            "\n> ",
            "sudo ",
            "minikube start \\\n",
            "'",
            '"',
            "<<A ",
            "A=b ",
            "export A=b\n",
        ),
    ],
)
def test_a_hostile_text_is_read_in_proportion(piece: str) -> None:
    """It ends well within the test's own limit, for which a quadratic reader is too slow."""
    text = "minikube start " + piece * ((1 << 18) // len(piece)) + "\n"
    assert len(rewritten(text, USUAL, lambda _: MIRROR).text) > len(text) / 2


def test_a_script_of_a_megabyte_is_rewritten() -> None:
    line = "kubectl apply -f lesson.yaml  # and look\n"
    text = line * ((1 << 20) // len(line))
    assert _rewritten(f"{text}minikube start\n{text}").text.endswith(f"{DOCKER}\n{text}")
