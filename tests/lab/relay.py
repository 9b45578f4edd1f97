"""The relay's image, made of this machine's own nginx with its module `stream`, and a busybox."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.lab.images import Made, image
from tests.lab.layers import busybox_layer, file_layer
from tests.lab.process import output

NAME = "docker.io/library/nginx:1.22-alpine"
NGINX = "/usr/sbin/nginx"
STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
ENABLED = "/etc/nginx/modules-enabled/50-mod-stream.conf"


@cache
def relay_image() -> Made:
    """Make it as Debian ships it: the module is loaded by a file of modules-enabled."""
    names = [NGINX, STREAM, *_libraries(NGINX), *_libraries(STREAM)]
    files = {name: Path(name).read_bytes() for name in dict.fromkeys(names)}
    files[ENABLED] = f"load_module {STREAM};\n".encode()
    files["/etc/passwd"] = b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
    files["/etc/group"] = b"root:x:0:\nnogroup:x:65534:\n"
    return image([busybox_layer(), file_layer(files)], path="/usr/sbin:/bin")


def _libraries(program: str) -> list[str]:
    """Return the files that the loader would map, under the names it asks for them."""
    words = output(("ldd", program)).split()
    return [word for word in words if word.startswith("/")]
