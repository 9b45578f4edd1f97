"""From what somebody types to the start that is run."""

from __future__ import annotations

import pytest

from mirrorkit.catalog.releases import release
from mirrorkit.classroom.minikube.start import Mirror, Start
from mirrorkit.classroom.minikube.startcommand import StartCommand, start_command
from mirrorkit.errors import UsageError

MIRROR = Mirror("192.168.230.1:5080", "localhost:5080")
USUAL = Start(release("v1.25.2"), "v1.23.3")


def started(*typed: str, **around: str) -> StartCommand:
    return start_command(typed, around, USUAL, MIRROR, None)


def test_the_repository_goes_in_by_the_environment() -> None:
    command = started()
    assert command.variables == {"MINIKUBE_IMAGE_REPOSITORY": "192.168.230.1:5080/k8s"}
    assert command.words[0] == "start"
    assert "--base-image=gcr.io/k8s-minikube/kicbase:v0.0.30" in command.words
    assert "--binary-mirror=http://localhost:5080/k8s-release" in command.words


def test_what_fights_the_mirror_is_gone_and_said() -> None:
    command = started("--image-mirror-country=cn", "--nodes=2", "--registry-mirror=https://x.test")
    assert not any("country" in word for word in command.words)
    assert "https://x.test" not in " ".join(command.words)
    assert "--nodes=2" in command.words
    assert any("--image-mirror-country=cn" in change.text for change in command.changes)
    assert command.recipe.start.nodes == 2


def test_words_with_blanks_and_quotes_stay_one_word() -> None:
    command = started("--apiserver-name=it's a $NAME", "--profile", "second")
    assert "--apiserver-name=it's a $NAME" in command.words
    assert command.recipe.start.profile == "second"


def test_variables_that_stand_for_flags_are_rewritten_like_flags() -> None:
    around = {
        "MINIKUBE_IMAGE_REPOSITORY": "registry.cn-hangzhou.aliyuncs.com/google_containers",
        "MINIKUBE_PROFILE": "third",
        "MINIKUBE_HOME": "/data",
        "PATH": "/bin",
    }
    command = started(**around)
    assert command.recipe.start.profile == "third"
    environment = command.environment(around)
    assert environment["MINIKUBE_IMAGE_REPOSITORY"] == "192.168.230.1:5080/k8s"
    assert (environment["MINIKUBE_HOME"], environment["PATH"]) == ("/data", "/bin")


@pytest.mark.parametrize("said", ["NO_PROXY", "no_proxy"])
def test_a_proxy_is_not_asked_for_the_mirror(said: str) -> None:
    around = {"https_proxy": "http://10.9.9.9:7890", said: "school.example, localhost"}
    environment = started(**around).environment(around)
    assert environment["NO_PROXY"] == environment["no_proxy"]
    assert environment["NO_PROXY"].split(",") == [
        *("school.example", "localhost", "192.168.230.1"),
        *("127.0.0.1", "192.168.0.0/16", "10.96.0.0/12"),
    ]


def test_without_a_proxy_no_list_of_hosts_is_made() -> None:
    around = {"https_proxy": "", "no_proxy": "school.example"}
    assert started().environment(around).items() >= around.items()
    assert "NO_PROXY" not in started().environment(around)


def test_help_is_no_start() -> None:
    with pytest.raises(UsageError, match="starts nothing"):
        started("--help")
