"""A bare aiohttp handler: one answer, a file's bytes, whatever is asked.

Run as `python -m bench.bare PORT FILE MEDIA_TYPE DIGEST`: what a manifest costs without us.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aiohttp import web

from tests.lab.process import LOOPBACK


def main() -> None:
    """Serve until ended."""
    port, file, media_type, digest = sys.argv[1:]
    body = Path(file).read_bytes()
    headers = {
        "Docker-Distribution-API-Version": "registry/2.0",
        "Docker-Content-Digest": digest,
        "ETag": f'"{digest}"',
    }

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=media_type, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    web.run_app(app, host=LOOPBACK, port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main()
