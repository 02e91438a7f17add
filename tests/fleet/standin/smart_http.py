"""Git over HTTP, by `git http-backend`."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, route
from litestar.exceptions import NotFoundException

from .repos import environment
from .world import Repo, World

_PASSED = ("content-type", "content-length", "content-encoding", "git-protocol")


@route(
    [f"/{kind}/{{where:path}}" for kind in ("github", "gitlab", "gitea")],
    http_method=["GET", "POST"],
    media_type="text/plain",
)
async def serve_git(request: Request[Any, Any, Any], world: World, where: str) -> Response[bytes]:
    """Serve a fetch or a push.

    Args:
        request: The request.
        world: State of the stand-in.
        where: The path below the prefix.
    """
    name, found, rest = where.strip("/").partition(".git/")
    repo = world.repos.get(name.lower()) or world.moved(name)
    if not found or repo is None:
        raise NotFoundException
    token = request.scope["state"]["token"]
    pushes = "git-receive-pack" in rest or "git-receive-pack" in str(request.url.query)
    if (token is None or token.expired) and (pushes or repo.private):
        return Response(b"", status_code=401, headers={"www-authenticate": 'Basic realm="git"'})
    if pushes and (repo.archived or not token.may_write):
        return Response(b"no right to push\n", status_code=403)
    before = _refs(repo)
    response = await _backend(request, world, repo, rest)
    if request.method == "POST" and pushes and _refs(repo) != before:
        repo.writes["push"] += 1
    return response


def _refs(repo: Repo) -> str:
    return repo.git("for-each-ref")


async def _backend(
    request: Request[Any, Any, Any], world: World, repo: Repo, rest: str
) -> Response[bytes]:
    headers = {name: request.headers.get(name, "") for name in _PASSED}
    variables = {
        **environment(world.folder),
        "GIT_PROJECT_ROOT": str(world.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repo.name}.git/{rest}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": str(request.url.query),
        "REMOTE_USER": "bot",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": headers["content-type"],
        "HTTP_CONTENT_ENCODING": headers["content-encoding"],
        "GIT_PROTOCOL": headers["git-protocol"],
        **({"CONTENT_LENGTH": headers["content-length"]} if headers["content-length"] else {}),
    }
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        env=variables,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate(await request.body())
    head, _, body = printed.partition(b"\r\n\r\n")
    told = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    status = int(told.pop("Status", "200").split()[0])
    kind = told.pop("Content-Type", "text/plain")
    return Response(body, status_code=status, headers=told, media_type=kind)
