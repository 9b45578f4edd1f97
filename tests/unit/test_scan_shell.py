from __future__ import annotations

import pytest

from mirrorkit.scan.scripts import read_script, read_session, read_unknown
from tests.unit.scanning import lines_of


def names_in(command: str) -> list[str]:
    return [found.text for found in read_script(command)]


@pytest.mark.parametrize(
    "command, image",
    [
        ("docker pull nginx:alpine", "nginx:alpine"),
        ("docker pull -q nginx", "nginx"),
        ("docker pull nginx --quiet", "nginx"),
        ("docker pull --platform linux/arm64 nginx", "nginx"),
        ("docker pull a b", "a"),
        ("docker image pull quay.io/x/y:1", "quay.io/x/y:1"),
        ("docker run redis", "redis"),
        ("docker run -d --rm nginx:alpine", "nginx:alpine"),
        ("docker run -it --rm alpine:3.15 sh -c 'docker images'", "alpine:3.15"),
        ("docker run -itd busybox", "busybox"),
        ("docker run -h srv alpine hostname", "alpine"),
        ("docker run -p 80:80 -v /tmp:/data -e A=b --name web --network net nginx", "nginx"),
        ("docker run -p80:80 -ePWD=1 --name=web nginx nginx -g x", "nginx"),
        ("docker run -dp 8080:80 nginx", "nginx"),
        ("docker run --env A=b --net=host --gpus all --restart always mariadb:10", "mariadb:10"),
        ("docker run --rm=false --init nginx", "nginx"),
        ("docker run -- nginx", "nginx"),
        ("docker run -v `pwd`/wp.conf:/etc/nginx/x.conf nginx:alpine", "nginx:alpine"),
        ('docker run -v "$(pwd)":/src -w /src golang:1.19 go build', "golang:1.19"),
        ("docker container run --rm hello-world", "hello-world"),
        ("docker create --name c busybox", "busybox"),
        ("docker --host tcp://10.0.0.1:2375 pull nginx", "nginx"),
        ("docker -D -H unix:///x --context lab pull nginx", "nginx"),
        ("sudo docker pull nginx", "nginx"),
        ("sudo -u teacher docker pull nginx", "nginx"),
        ("sudo -E env A=1 timeout 30 docker pull nginx", "nginx"),
        ("DOCKER_CLI_HINTS=false docker pull nginx", "nginx"),
        ("/usr/bin/docker pull nginx", "nginx"),
        ("podman run --replace --name x docker.io/library/nginx", "docker.io/library/nginx"),
        ("podman --remote pull quay.io/a/b", "quay.io/a/b"),
        ("minikube ssh docker pull nginx", "nginx"),
        ("minikube -p lab ssh -- docker pull nginx", "nginx"),
        ("kubectl run ngx --image=nginx:alpine", "nginx:alpine"),
        ("kubectl run ngx --image nginx:alpine --restart=Never", "nginx:alpine"),
        ("kubectl run --image=nginx ngx", "nginx"),
        ('kubectl run ngx --image="nginx:alpine" $out', "nginx:alpine"),
        ("kubectl -n dev run x --image=busybox -- sh -c 'echo --image=y'", "busybox"),
        ("minikube kubectl -- run x --image=busybox", "busybox"),
        ("minikube kubectl -- -n dev run x --image=busybox", "busybox"),
        ("kubectl create deploy ngx --image=nginx:alpine --dry-run=client -o yaml", "nginx:alpine"),
        ("kubectl create deployment ngx --image nginx --replicas=3", "nginx"),
        ("kubectl create job pi --image=perl -- perl -v", "perl"),
        ("kubectl create cronjob c --image=busybox --schedule='*/1 * * * *'", "busybox"),
        ("kubectl create cj c --schedule='' --image=busybox", "busybox"),
        ("kubectl debug ngx -it --image=busybox:1.28 --target=ngx", "busybox:1.28"),
        ("kubectl set image -n dev deployment/ngx-dep nginx=nginx:1.22", "nginx:1.22"),
        ("id=$(docker run -d nginx)", "nginx"),
        ('echo "started $(docker run -d nginx)"', "nginx"),
        ("echo `docker run -d nginx`", "nginx"),
        ("(cd x; docker pull nginx)", "nginx"),
        ("pull() { docker pull nginx; }", "nginx"),
        ("if ! docker pull nginx; then echo; fi", "nginx"),
        ("while true; do docker run nginx; done", "nginx"),
        ("case $1 in a) docker pull nginx;; esac", "nginx"),
        ("diff <(docker run nginx) x", "nginx"),
        ("docker pull nginx&& echo", "nginx"),
        ("docker pull nginx>log 2>&1", "nginx"),
        ("docker >log pull 2>/dev/null nginx", "nginx"),
        ("docker pull ${IMAGE:-nginx:alpine}", "nginx:alpine"),
        ("docker pull nginx:${TAG:-${DEFAULT:-1.2}}", "nginx:1.2"),
        (r"docker run --name it\'s nginx", "nginx"),
        ("docker pull ng'in'\"x\"", "nginx"),
        ("docker pull registry.k8s.io/pause:3.6@sha256:" + "a" * 64, None),
    ],
)
def test_a_command_names_its_image(command: str, image: str | None) -> None:
    expected = image or command.rpartition(" ")[2]
    assert names_in(command) == [expected]


@pytest.mark.parametrize(
    "command, images",
    [
        ("docker save -o file.tar a b:1", ["a", "b:1"]),
        ("docker save a b > file.tar", ["a", "b"]),
        ("docker image save --output=x a b | gzip > y", ["a", "b"]),
        ("docker save a -o file.tar", ["a"]),
        ("docker pull a && docker pull b; docker pull c | cat & docker pull d", list("abcd")),
        ("podman pull a b", ["a", "b"]),
        ("kubectl create deploy x --image=a --image b", ["a", "b"]),
        ("kubectl create deploy x --image=a,b", ["a", "b"]),
        ("kubectl set image deploy/x one=a two=b:2 --record", ["a", "b:2"]),
        ("docker run $(docker create a) ", ["a", "$(docker create a)"]),
    ],
)
def test_a_line_names_all_its_images(command: str, images: list[str]) -> None:
    assert names_in(command) == images


@pytest.mark.parametrize(
    "command",
    [
        *(
            "# docker pull nginx",
            "#docker pull nginx",
            "  # docker pull nginx",
            "ls # docker pull x",
        ),
        *("echo docker pull nginx", "echo 'docker pull nginx'", 'echo "docker pull nginx"'),
        *("docker", "docker run", "docker run --rm", "docker pull", "docker images nginx"),
        *("docker rmi nginx", "docker tag nginx x", "docker push nginx", "docker network create x"),
        *("docker exec -it web sh", "docker build -t web .", "docker compose run web"),
        *("sudo apt install docker", "systemctl restart docker", "minikube start --driver=docker"),
        *("kubectl run", "kubectl run x --image", "kubectl run x --image=", "kubectl get pod"),
        *("kubectl create ns x", "kubectl run x -- --image=nginx", "kubectl set env deploy/x A=b"),
        *("docker run <image>", "docker run [OPTIONS] IMAGE [COMMAND]", "docker pull 你的镜像"),
        *(
            "docker pull > nginx",
            "docker save -o nginx",
            "mydocker pull nginx",
            "docker-pull nginx",
        ),
        *("alias d='docker pull nginx'", "x='\ndocker pull nginx\n'"),
    ],
)
def test_what_is_no_such_command_names_nothing(command: str) -> None:
    assert names_in(command) == []


@pytest.mark.parametrize(
    "command, text",
    [
        ("docker pull $repo/$src_name", "$repo/$src_name"),
        ('docker save "$image" -o "tar/$fname.tar"', "$image"),
        ("docker pull nginx:$TAG", "nginx:$TAG"),
        ("docker pull ${repo}/nginx", "${repo}/nginx"),
        ("docker pull ${name#k8s.gcr.io/}", "${name#k8s.gcr.io/}"),
        ("docker run $1", "$1"),
        ("docker save $(docker images -q)", "$(docker images -q)"),
        ("docker save `docker images -q`", "`docker images -q`"),
        ("kubectl run x --image=$IMAGE", "$IMAGE"),
        ("docker pull {{ registry }}", None),
        ("docker pull '{{ registry }}/nginx'", "{{ registry }}/nginx"),
    ],
)
def test_what_only_a_variable_knows_is_unresolved(command: str, text: str | None) -> None:
    found = [(one.text, one.is_resolved) for one in read_script(command)]
    assert found == [(text or "{{", False)]


def test_a_variable_that_the_script_sets_stays_unresolved_for_it_may_be_set_again() -> None:
    assert lines_of(read_script("repo=quay.io/x\ndocker pull $repo/y\n")) == ["2 ? $repo/y"]


def test_an_image_stands_on_its_own_line_of_a_continued_command() -> None:
    script = "docker run -d \\\n  --env A=1 \\\n  mariadb:10\ndocker pull nginx\n"
    assert lines_of(read_script(script)) == ["3 mariadb:10", "4 nginx"]


def test_a_commented_command_does_not_continue_into_the_next_line() -> None:
    script = "# docker run -d \\\n#   mariadb:10\ndocker run \\\n  wordpress:5\n"
    assert lines_of(read_script(script)) == ["4 wordpress:5"]


def test_lines_are_counted_through_quotes_and_substitutions() -> None:
    script = "echo 'a\nb' \"c\nd\" $(echo\ndocker pull one\n)\ndocker pull two"
    assert lines_of(read_script(script)) == ["4 one", "6 two"]


def test_a_here_document_is_read_by_what_is_in_it() -> None:
    script = (
        "cat <<EOF | kubectl apply -f -\n"
        "apiVersion: v1\n"
        "spec: {containers: [{image: nginx:alpine}]}\n"
        "EOF\n"
        "cat > Dockerfile <<'END'\n"
        "FROM busybox\n"
        "  END\n"
        "ssh host <<-\\X\n"
        "\tdocker pull redis\n"
        "\tX\n"
        "docker pull kong:3.0\n"
    )
    assert lines_of(read_script(script)) == [
        "3 nginx:alpine",
        "6 busybox",
        "9 redis",
        "11 kong:3.0",
    ]


@pytest.mark.parametrize(
    "script", ["cat << EOF\ndocker pull nginx", "echo $((x<<y))\ndocker pull nginx"]
)
def test_a_here_document_that_never_ends_hides_nothing(script: str) -> None:
    assert lines_of(read_script(script)) == ["2 nginx"]


def test_text_after_a_here_document_mark_on_its_line_is_still_a_command() -> None:
    script = "cat <<A <<B; docker pull nginx\ndocker\nA\ndocker\nB\ndocker pull redis"
    assert lines_of(read_script(script)) == ["1 nginx", "6 redis"]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quote_that_never_closes_hides_nothing(quote: str) -> None:
    assert lines_of(read_script(f"echo a{quote}\ndocker pull nginx")) == ["2 nginx"]


def test_prompts_and_answers_are_told_apart_from_commands() -> None:
    session = (
        "$ docker pull nginx\n"
        "can't connect\n"
        "user@host:~/k8s$ docker pull redis\n"
        "[root@master ~]# docker pull busybox\n"
        "root@host:/# docker pull alpine\n"
        "# docker pull not-this\n"
        "$ docker run \\\n"
        "    kong:3.0\n"
    )
    assert lines_of(read_session(session)) == [
        *("1 nginx", "3 redis", "4 busybox", "5 alpine", "8 kong:3.0")
    ]


@pytest.mark.parametrize(
    "text, found",
    [
        ("cat pod.yml\n\nimage: nginx\n", ["3 nginx"]),
        ('docker pull redis\n{"image": "nginx"}\n', ["1 redis", "2 nginx"]),
        ("# a comment\nFROM nginx\nRUN docker pull x", ["2 nginx"]),
        ("ARG T=1\nFROM nginx:$T", ["2 nginx:1"]),
        ("SELECT *\nFROM users", []),
        ("see image nginx", []),
        ("", []),
    ],
)
def test_a_text_of_no_known_language_is_read_by_content(text: str, found: list[str]) -> None:
    assert lines_of(read_unknown(text)) == found
