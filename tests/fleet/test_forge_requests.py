"""Pace, retries and errors of requests to forges."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fleet.clients import VARIABLE, Use, Waits
from tests.fleet.standin import Standin
from twelvestar.fleet.forges import (
    Clock,
    Find,
    Forge,
    ForgeError,
    Limits,
    NotAllowed,
    Repository,
    Throttle,
    Unavailable,
    make_forge,
    read_token,
    redact,
)

READ = "^GET .*/repos/"


@pytest.fixture
def pay(forge: Standin, org: str, source: Path) -> str:
    forge.add(f"{org}/pay", source)
    return f"{org}/pay"


def read(name: str) -> Callable[[Forge], Any]:
    return lambda client: client.repository(name)


@pytest.mark.parametrize("drop", [False, True])
def test_a_failing_request_is_sent_eight_times(forge: Standin, pay: str, drop: bool) -> None:
    use = Use(forge, "github")
    forge.fault(READ, times=-1, drop=drop, status=503)
    before = len(forge.requests(pay))
    with pytest.raises(Unavailable) as caught:
        use(read(pay))
    assert caught.value.transient
    assert len(forge.requests(pay)) - before == 8
    assert use.waits.slept == [1, 2, 4, 8, 16, 32, 64]


def test_a_request_succeeds_when_the_forge_recovers(forge: Standin, pay: str) -> None:
    use = Use(forge, "github", Limits(first_delay=5))
    forge.fault(READ, times=7, status=502)
    assert use(read(pay)).name == pay
    assert sum(use.waits.slept) >= 600


def test_an_unreachable_forge() -> None:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{chosen.getsockname()[1]}"
    limits = Limits(tries=2, first_delay=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "secret")
        client = make_forge("github", url, f"env:{VARIABLE}", limits=limits)
        with pytest.raises(Unavailable, match="cannot be reached"):
            asyncio.run(client.check_token())


def test_a_failing_write_is_retried_like_a_read(forge: Standin, pay: str) -> None:
    """The requests within one try are not retried separately."""
    use = Use(forge, "github")

    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        forge.down()
        await client.propose(repo, branch="update/1.0", base="main", title="T", body="")

    with pytest.raises(Unavailable):
        use(act)
    assert len(use.waits.slept) == 7


@pytest.mark.parametrize(
    ("status", "headers", "body", "waited"),
    [
        (403, {"retry-after": "42"}, "You have exceeded a secondary rate limit", 42),
        (429, {"retry-after": "42"}, "slow down", 42),
        (429, {}, "slow down", 60),
        (403, {}, "You have exceeded a secondary rate limit. Please wait.", 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "+90"}, "API rate limit", 91),
        (429, {"ratelimit-remaining": "0", "ratelimit-reset": "+90"}, "Retry later", 91),
        (503, {"retry-after": "7"}, "maintenance", 7),
        (429, {"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, "slow down", 0),
    ],
)
def test_the_forge_s_retry_delay_is_respected(
    forge: Standin, pay: str, status: int, headers: dict[str, str], body: str, waited: float
) -> None:
    use = Use(forge, "github")
    told = {
        key: str(int(time.time() + float(value))) if value.startswith("+") else value
        for key, value in headers.items()
    }
    forge.fault(READ, status=status, headers=told, body=body)
    assert use(read(pay)).name == pay
    assert sum(use.waits.slept) == pytest.approx(waited, abs=4)


def test_a_limit_holds_for_all_requests_to_the_forge(forge: Standin, pay: str) -> None:
    use = Use(forge, "github", clock=Clock())
    forge.fault("^POST .*/statuses/", status=429, headers={"retry-after": "1"})

    async def act(client: Forge) -> float:
        repo = await client.repository(pay)
        head = forge.git(pay, "rev-parse", "main")
        begun = time.monotonic()
        writing = asyncio.create_task(
            client.set_status(repo, head, state="success", description="")
        )
        while not forge.requests(f"{pay}/statuses/{head}"):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        await client.repository(pay)
        read = time.monotonic() - begun
        await writing
        return read

    assert use(act) >= 1


def test_a_limit_that_is_extended_during_the_wait() -> None:
    waits = Waits()

    async def sleep(seconds: float) -> None:
        await waits.sleep(seconds)
        if len(waits.slept) == 1:
            throttle.hold(30)

    throttle = Throttle(Limits(), Clock(now=waits.now, sleep=sleep))

    async def act() -> None:
        throttle.hold(10)
        async with throttle.write():
            assert sum(waits.slept) == pytest.approx(40, abs=1)

    asyncio.run(act())


def test_the_delay_has_a_maximum() -> None:
    waits = Waits()
    throttle = Throttle(Limits(longest_delay=10), waits.clock())

    async def act() -> None:
        throttle.hold(1e9)
        async with throttle.read():
            pass

    asyncio.run(act())
    assert sum(waits.slept) == pytest.approx(10, abs=1)
    assert throttle.delay(30) == 10


def test_writes_are_paced_and_reads_are_not(forge: Standin, pay: str) -> None:
    use = Use(forge, "github", Limits(pace=1.0))

    async def act(client: Forge) -> float:
        repo = await client.repository(pay)
        head = forge.git(pay, "rev-parse", "main")
        begun = use.waits.now()
        writes = [
            client.set_status(repo, head, state="success", description="", context=str(number))
            for number in range(5)
        ]
        await asyncio.gather(*writes, *[client.repository(pay) for _ in range(20)])
        return use.waits.now() - begun

    assert use(act) >= 4
    assert sum(use.waits.slept) <= 4


def test_concurrent_reads_are_limited(forge: Standin, pay: str) -> None:
    use = Use(forge, "github", Limits(reads=3))
    forge.fault(READ, times=-1, delay=0.2)

    async def act(client: Forge) -> float:
        begun = time.monotonic()
        await asyncio.gather(*[client.repository(pay) for _ in range(9)])
        return time.monotonic() - begun

    assert use(act) >= 0.6


def test_a_slow_forge_times_out(forge: Standin, pay: str) -> None:
    use = Use(forge, "github", Limits(timeout=0.5))
    forge.fault(READ, delay=1.5)
    assert use(read(pay)).name == pay
    assert use.waits.slept == [1]


def test_a_response_that_is_not_json_is_retried(forge: Standin, pay: str) -> None:
    use = Use(forge, "github")
    forge.fault(READ, status=200, raw="<html>maintenance</html>")
    assert use(read(pay)).name == pay
    assert use.waits.slept == [1]


@pytest.mark.parametrize("data", [[], {}, {"full_name": 3}, "text", {"full_name": None}])
def test_an_unexpected_response_is_an_error(forge: Standin, pay: str, data: Any) -> None:
    use = Use(forge, "github")
    forge.fault(READ, status=200, data=data)
    with pytest.raises(ForgeError, match="an unexpected response"):
        use(read(pay))


@pytest.mark.parametrize(
    "field",
    [
        {"full_name": "../../etc"},
        {"full_name": "acme/pay\nX: y"},
        {"full_name": "acme/..%2f"},
        {"clone_url": "https://evil.example/acme/pay.git"},
        {"clone_url": "HERE/../../x.git?x"},
        {"clone_url": "ext::sh -c id"},
        {"clone_url": "file:///etc"},
        {"clone_url": "http://bot:pw@127.0.0.1:1/x.git"},
        {"default_branch": "--upload-pack=id"},
        {"default_branch": "a..b"},
    ],
)
def test_names_of_a_hostile_forge_are_refused(
    forge: Standin, pay: str, field: dict[str, str]
) -> None:
    use = Use(forge, "github")
    data = {
        "full_name": pay,
        "clone_url": forge.clone_url("github", pay),
        "default_branch": "main",
        "archived": False,
        "size": 1,
        **{key: value.replace("HERE", forge.url("github")) for key, value in field.items()},
    }
    forge.fault(READ, status=200, data=data)
    with pytest.raises(ForgeError, match=r"^Invalid|refused"):
        use(read(pay))


def test_the_token_is_not_sent_to_other_hosts(forge: Standin, pay: str) -> None:
    use = Use(forge, "github")
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.2)
        where = f"http://127.0.0.1:{other.getsockname()[1]}/steal"
        forge.fault(READ, status=302, headers={"location": where})
        with pytest.raises(ForgeError, match="another host"):
            use(read(pay))
        link = f'<{where}>; rel="next"'
        forge.fault("^GET .*/orgs/", status=200, data=[], headers={"link": link})

        async def find(client: Forge) -> list[Repository]:
            return [repo async for repo in client.find(Find(org=pay.split("/")[0]))]

        use(find)
        with pytest.raises(TimeoutError):
            other.accept()


def test_a_write_follows_no_redirect(forge: Standin, pay: str, org: str) -> None:
    use = Use(forge, "github")

    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        forge.rename(pay, f"{org}/paid")
        head = forge.git(f"{org}/paid", "rev-parse", "main")
        await client.set_status(repo, head, state="success", description="")

    with pytest.raises(ForgeError, match="renamed, use its new name"):
        use(act)


def test_a_redirect_loop_ends(forge: Standin, pay: str) -> None:
    use = Use(forge, "github")
    where = f"/github/api/v3/repos/{pay}"
    forge.fault(READ, times=-1, status=302, headers={"location": where})
    with pytest.raises(ForgeError, match="again and again"):
        use(read(pay))


def test_an_echoed_token_is_redacted(forge: Standin, pay: str) -> None:
    use = Use(forge, "github")
    forge.fault(READ, echo=True)
    with pytest.raises(ForgeError) as caught:
        use(read(pay))
    assert "no entry for Bearer ***" in str(caught.value)
    told = "".join(map(str, _chain(caught.value)))
    assert forge.token not in told
    assert base64.b64encode(forge.token.encode()).decode()[4:-4] not in told
    assert not [one for one in forge.requests() if forge.token in one["line"]]


def test_a_token_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("abc\n")
    assert read_token(f"file:{tmp_path / 'token'}") == "abc"
    monkeypatch.setenv(VARIABLE, " abc ")
    assert read_token(f"env:{VARIABLE}") == "abc"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"a\nb", b"\xff"])
def test_a_token_that_cannot_be_read_is_named_by_its_file(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(NotAllowed, match="token") as caught:
        read_token(f"file:{tmp_path / 'token'}")
    assert str(tmp_path / "token") in str(caught.value)


@pytest.mark.parametrize("spec", ["", "ghp_abcdef", "env:", "vault:x"])
def test_a_literal_token_is_refused(spec: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        read_token(spec)
    assert "ghp_abcdef" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://git.example.org", "https://bot:pw@git.example.org", "git"])
def test_only_https_is_accepted(url: str) -> None:
    with pytest.raises(ForgeError, match="https://HOST"):
        make_forge("github", url, "env:X")


def test_an_unknown_kind_of_forge() -> None:
    with pytest.raises(ForgeError, match="no kind of forge 'svn': it is one of github"):
        make_forge("svn", "https://git.example.org", "env:X")


SECRET = "glpat-Ab/c+d~e=f0123456789"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        *(
            base64.b64encode(f"{user}:{SECRET}{after}".encode()).decode()
            for user in ("x-access-token", "oauth2", "bot", "", "a")
            for after in ("", "@", "more")
        ),
        base64.urlsafe_b64encode(f"x:{SECRET}".encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_secrets_are_redacted_in_every_encoding(form: str) -> None:
    shown = redact(f"before {form} after", ["", SECRET])
    assert shown in ("before *** after", "before *** after".lower())


def test_messages_of_forges_are_shortened_to_one_line() -> None:
    assert redact("a\x1b[31m\r\nb\u202ec", []) == "a [31m b c"
    assert len(redact("x" * 10_000, [])) <= 303


def _chain(error: BaseException | None) -> list[str]:
    told = []
    while error is not None:
        told += [str(error), repr(error), repr(error.args)]
        error = error.__cause__ or error.__context__
    return told
