"""Logins with tokens, in the last release and this tree beside each other, on one database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .sides import PASSWORD, Side, both_sides

pytestmark = [pytest.mark.generated, pytest.mark.thorough, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def sides(published: Path, shared: Path) -> Iterator[dict[str, Side]]:
    """Both releases of a service with tokens."""
    with both_sides(published, shared, "parts/authentication_jwt", trials=False) as sides:
        yield sides


@pytest.fixture(params=["forwards", "back"])
def pair(request: pytest.FixtureRequest, sides: dict[str, Side]) -> tuple[Side, Side]:
    """The release that begins, and the one that goes on."""
    order = ("old", "new") if request.param == "forwards" else ("new", "old")
    return sides[order[0]], sides[order[1]]


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def refreshed(side: Side, tokens: dict[str, Any]) -> dict[str, Any]:
    new = side.ask("POST", "/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert isinstance(new, dict)
    return new


def is_logged_in(side: Side, tokens: dict[str, Any]) -> bool:
    status = side.client.get("/auth/me", headers=bearer(tokens)).status_code
    assert status in (200, 401)
    return status == 200


def test_tokens_of_one_release_are_used_refreshed_and_ended_in_the_other(
    pair: tuple[Side, Side],
) -> None:
    first, second = pair
    email = f"{first.release}@example.org"
    first.create_user(email)
    tokens: dict[str, Any] = first.log_in(email).json()
    for side in (second, first, second):
        assert is_logged_in(side, tokens)
        tokens = refreshed(side, tokens)
    logout = {"refresh_token": tokens["refresh_token"]}
    second.ask("POST", "/auth/logout", json=logout, headers=bearer(tokens))
    for side in pair:
        assert not is_logged_in(side, tokens)
        assert side.client.post("/auth/refresh", json=logout).status_code == 401


@pytest.mark.parametrize("at", ["first", "second"])
def test_a_used_refresh_token_ends_the_login_in_both(pair: tuple[Side, Side], at: str) -> None:
    first, second = pair
    email = f"stolen-{first.release}-{at}@example.org"
    second.create_user(email)
    tokens: dict[str, Any] = first.log_in(email).json()
    stolen = tokens = refreshed(second, tokens)
    for side in pair:
        tokens = refreshed(side, tokens)
    reuse = {"refresh_token": stolen["refresh_token"]}
    thief = first if at == "first" else second
    assert thief.client.post("/auth/refresh", json=reuse).status_code == 401
    for side in pair:
        assert not is_logged_in(side, tokens)


def test_a_changed_password_ends_the_other_logins_in_both(pair: tuple[Side, Side]) -> None:
    first, second = pair
    email = f"changed-{first.release}@example.org"
    first.create_user(email)
    kept, ended = (side.log_in(email).json() for side in pair)
    passwords = {"current_password": PASSWORD, "new_password": PASSWORD[::-1]}
    second.ask("POST", "/auth/password", json=passwords, headers=bearer(kept))
    for side in pair:
        assert is_logged_in(side, kept)
        assert not is_logged_in(side, ended)
